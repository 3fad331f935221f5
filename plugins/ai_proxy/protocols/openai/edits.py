"""Small changes to documents of OpenAI's protocol that single providers need. Rows refer to them."""

from __future__ import annotations

import re
from typing import Final

from ...config.settings import LongcatSettings, OpenAISettings
from ...wire import lenient
from ...wire.json import Json
from ..exchange import Exchange
from ..pivot import content_lists, finish_reasons

_REASONING_MODELS: Final = ("o1", "o3", "o4", "gpt-5")
"""Prefixes of the names of OpenAI's reasoning models."""


def openai_chat(exchange: Exchange, body: Json) -> bool:
    """The edits of chats for OpenAI itself."""
    changed = response_format(exchange, body)
    return completion_tokens(exchange, body) or changed


def completion_tokens(exchange: Exchange, body: Json) -> bool:
    """OpenAI's reasoning models refuse `max_tokens`: their limit includes the reasoning and has another name.

    Source: OpenAI API reference, "Create chat completion", `max_completion_tokens`.
    """
    if "max_tokens" not in body:
        return False
    model = exchange.model.rpartition("/")[2].lower()  # Routers put the vendor in front.
    if not model.startswith(_REASONING_MODELS):
        return False
    limit = body.pop("max_tokens")
    if body.get("max_completion_tokens") is None and limit is not None:
        body["max_completion_tokens"] = limit
    return True


def response_format(exchange: Exchange, body: Json) -> bool:
    """`responseJsonSchema`: the configuration sets the format of answers."""
    settings = exchange.settings
    assert isinstance(settings, (OpenAISettings, LongcatSettings))
    if not settings.response_json_schema:
        return False
    body["response_format"] = settings.response_json_schema
    return True


def openrouter_reasoning(exchange: Exchange, body: Json) -> bool:
    """A budget for reasoning is `reasoning.max_tokens` at OpenRouter, and excludes an effort.

    Source: OpenRouter docs, "Reasoning Tokens". `reasoning_max_tokens` is this plugin's name for it.
    """
    budget = body.get("reasoning_max_tokens")
    if not _positive(budget):
        thinking = exchange.thinking
        budget = thinking.budget if thinking is not None and thinking.enabled else None
        if not _positive(budget):
            return False
    body.pop("reasoning_max_tokens", None)
    body.pop("reasoning_effort", None)
    reasoning = body.get("reasoning")
    body["reasoning"] = {**(reasoning if isinstance(reasoning, dict) else {}), "max_tokens": budget}
    return True


def zhipu_thinking(exchange: Exchange, body: Json) -> bool:
    """GLM models can switch thinking on and off, not set a budget; it is on by default. For clients whose protocol has
    a switch it is off by default. Source: Zhipu AI docs, "thinking".
    """
    if body.get("reasoning_effort"):
        del body["reasoning_effort"]
        body["thinking"] = {"type": "enabled"}
    elif exchange.thinking is not None and not exchange.thinking.enabled:
        body["thinking"] = {"type": "disabled"}
    else:
        return False
    return True


def doubao_responses(exchange: Exchange, body: Json) -> bool:  # noqa: ARG001
    """Ark's responses API refuses two fields that OpenAI's SDKs send by default."""
    found = body.keys() & {"parallel_tool_calls", "tool_choice"}
    for name in found:
        del body[name]
    return bool(found)


def doubao_images(exchange: Exchange, body: Json) -> bool:  # noqa: ARG001
    """Ark puts a watermark on images by default; OpenAI's clients expect none."""
    if "watermark" in body:
        return False
    body["watermark"] = False
    return True


MISTRALS_ANSWERS: Final = re.compile(rb'"content"\s*:\s*\[|"(?:model_length|error)"')
ZHIPUS_ANSWERS: Final = re.compile(rb'"(?:sensitive|network_error|model_context_window_exceeded)"')
DEEPSEEKS_ANSWERS: Final = re.compile(rb'"insufficient_system_resource"')
MOONSHOTS_ANSWERS: Final = re.compile(rb'"usage"')
"""What the answers have that `openais_answer` and `moonshot_usage` change."""


def openais_answer(exchange: Exchange, answer: Json) -> bool:  # noqa: ARG001
    """Contents that are lists of parts, and finish reasons that OpenAI does not have: whole answers and events."""
    changed = False
    for choice in lenient.objects(answer.get("choices")):
        for name in ("message", "delta"):
            message = choice.get(name)
            if isinstance(message, dict) and isinstance(message.get("content"), list):
                choice[name] = content_lists.flattened(message)
                changed = True
        reason = choice.get("finish_reason")
        if isinstance(reason, str) and reason not in finish_reasons.WORDS:
            choice["finish_reason"] = finish_reasons.known(reason)
            changed = True
    return changed


def mistral_chat(exchange: Exchange, body: Json) -> bool:
    """The edits of chats for Mistral."""
    changed = mistral_names(exchange, body)
    messages = body.get("messages")
    if isinstance(messages, list) and any(isinstance(one, dict) and "reasoning_content" in one for one in messages):
        body["messages"] = [content_lists.listed(one) if isinstance(one, dict) else one for one in messages]
        changed = True
    return changed


def mistral_names(exchange: Exchange, body: Json) -> bool:  # noqa: ARG001
    """Mistral refuses unknown fields, and has other names for two of OpenAI's. Its streams always include the usage.

    Source: Mistral API reference, "Chat Completion".
    """
    changed = body.pop("stream_options", None) is not None
    for name, own in (("max_completion_tokens", "max_tokens"), ("seed", "random_seed")):
        if name in body:
            body.setdefault(own, body.pop(name))
            changed = True
    return changed


def moonshot_usage(exchange: Exchange, chunk: Json) -> bool:  # noqa: ARG001
    """Moonshot sends the usage of a stream inside the last choice. Source: Moonshot API docs, "streaming"."""
    choices = chunk.get("choices")
    first = choices[0] if isinstance(choices, list) and choices else None
    if not isinstance(first, dict) or not isinstance(first.get("usage"), dict):
        return False
    chunk["usage"] = first.pop("usage")
    return True


def _positive(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0
