"""What Anthropic's messages consist of, whole ones and streamed ones: blocks, counts, stop reasons, errors."""

from __future__ import annotations

import uuid
from typing import Any, Final

from ..errors import ApiError
from ..jsonx import Json, loads

STOP_REASONS: Final = {
    "stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use", "function_call": "tool_use",
    "content_filter": "refusal",
}  # fmt: skip
"""From the finish reasons of OpenAI. Others are told as they are."""

_CACHED: Final = ("cached_tokens", "prompt_cache_hit_tokens")
"""Where Moonshot and DeepSeek have told what OpenAI tells in `prompt_tokens_details`."""

_ERROR_TYPES: Final = {
    400: "invalid_request_error", 401: "authentication_error", 402: "billing_error", 403: "permission_error",
    404: "not_found_error", 413: "request_too_large", 429: "rate_limit_error", 504: "timeout_error",
    529: "overloaded_error",
}  # fmt: skip

DELTAS: Final = {
    "text": ("text_delta", "text"),
    "thinking": ("thinking_delta", "thinking"),
    "tool_use": ("input_json_delta", "partial_json"),
}


class Block:
    """A block and what has been said of it; the first `written` pieces have gone out."""

    __slots__ = ("closed", "id", "kind", "name", "said", "written")

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.id = self.name = ""
        self.said: list[str] = []
        self.written = 0
        self.closed = False

    @property
    def ready(self) -> bool:
        """It can begin: what a tool is called is told at once."""
        return self.kind != "tool_use" or bool(self.name)

    @property
    def complete(self) -> bool:
        """It can end."""
        if self.kind != "tool_use":
            return True
        if not self.said or not self.said[-1].rstrip().endswith("}"):
            return False
        try:
            loads("".join(self.said))
        except ValueError:
            return False
        return True

    def content(self) -> Json:
        if self.kind == "text":
            return {"type": "text", "text": ""}
        if self.kind == "thinking":
            return {"type": "thinking", "signature": "", "thinking": ""}
        return {"type": "tool_use", "id": self.id or f"toolu_{uuid.uuid4()}", "name": self.name, "input": {}}


def usage(usage: Json | None) -> Json:
    """Anthropic does not count what came from its cache among the input tokens, OpenAI does."""
    usage = usage or {}
    details = usage.get("prompt_tokens_details")
    details = details if isinstance(details, dict) else {}
    cached = next(filter(None, map(_count, (details.get("cached_tokens"), *map(usage.get, _CACHED)))), 0)
    written = _count(details.get("cache_creation_tokens"))
    result: Json = {
        "input_tokens": max(_count(usage.get("prompt_tokens")) - cached - written, 0),
        "output_tokens": _count(usage.get("completion_tokens")),
    }
    if cached:
        result["cache_read_input_tokens"] = cached
    if written:
        result["cache_creation_input_tokens"] = written
    return result


def error_document(error: ApiError) -> Json:
    kind = _ERROR_TYPES.get(error.status) or ("invalid_request_error" if error.status < 500 else "api_error")
    return {"type": "error", "error": {"type": kind, "message": error.message}}


def _count(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def text_of(value: Any) -> str:
    """A text, or the texts of a list of parts."""
    if isinstance(value, list):
        parts = (part.get("text") for part in value if isinstance(part, dict))
        return "".join(part for part in parts if isinstance(part, str))
    return value if isinstance(value, str) else ""
