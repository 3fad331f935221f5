"""Finish reasons: OpenAI's words for those of all services.

Typed clients refuse words that are not their protocol's, so a reason that is not known becomes `stop`. The service's
own word is in the log.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from proxywasm import log

from ...wire.errors import ApiError

WORDS: Final = frozenset({"stop", "length", "tool_calls", "content_filter", "function_call"})
"""Source: OpenAI API reference, "The chat completion object", `finish_reason`."""

_OTHERS: Final = {
    # Zhipu AI, Tencent, and other services with OpenAI's protocol.
    "sensitive": "content_filter", "moderation": "content_filter", "safety": "content_filter",
    "content_filtered": "content_filter", "refusal": "content_filter", "blocked": "content_filter",
    # Mistral, vLLM, Together.
    "model_length": "length", "max_tokens": "length", "max_output": "length", "max_length": "length",
    "model_context_window_exceeded": "length",
    "eos": "stop", "end_turn": "stop", "stop_sequence": "stop", "complete": "stop",
    "tool_use": "tool_calls", "tool_call": "tool_calls",
}  # fmt: skip
"""Words of services whose protocol is OpenAI's but for them."""

FAILED: Final = frozenset({"error", "network_error", "insufficient_system_resource", "abort"})
"""Words for an answer that broke off: Mistral and OpenRouter, Zhipu AI, DeepSeek, vLLM and SGLang."""


def is_filter(reason: str) -> bool:
    """Whether a content filter has ended an answer."""
    return reason == "content_filter" or _OTHERS.get(reason.lower()) == "content_filter"


def known(reason: str, own: Mapping[str, str] = {}) -> str:  # It is only read.
    """OpenAI's word for a service's. `own`: words of the service's protocol. Raises `ApiError` for a failure."""
    found = own.get(reason)
    if found is not None:
        return found
    if reason in WORDS:
        return reason
    word = reason.lower()
    if word in FAILED:
        raise broken(reason)
    found = _OTHERS.get(word, "stop")
    log.debug("finish reason %s of the upstream: the client gets %s", reason, found)
    return found


def broken(reason: str, why: str = "") -> ApiError:
    """The error for an answer that the model or the service did not finish."""
    return ApiError(502, f"the upstream's answer broke off: {why or reason}", code=reason.lower())


def of_choice(reason: str, *, calls: Any) -> str:
    """A reason that says that tools are called needs calls; without them the answer has simply ended."""
    return "stop" if reason in {"tool_calls", "function_call"} and not calls else reason
