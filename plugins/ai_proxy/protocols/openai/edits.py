"""Small changes to documents of OpenAI's protocol that single providers need. Rows refer to them."""

from __future__ import annotations

import re
from typing import Final

from ...config.settings import LongcatSettings, OpenAISettings
from ...profiles.facts import Thinking
from ...wire import lenient
from ...wire.json import Json
from ..exchange import Exchange
from ..pivot import content_lists, finish_reasons


def response_format(exchange: Exchange, body: Json) -> bool:
    """`responseJsonSchema`: the configuration sets the format of answers."""
    settings = exchange.settings
    assert isinstance(settings, (OpenAISettings, LongcatSettings))
    if not settings.response_json_schema:
        return False
    body["response_format"] = settings.response_json_schema
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
ODD_FINISHES: Final = re.compile(rb'"finish_reason"\s*:\s*"(?:eos|abort|error)"')
"""Of services with other words than OpenAI's. Source: docs.vllm.ai and docs.sglang.io (`abort`); openrouter.ai/docs,
"Error Handling" (`error`); the Python client of Together AI (`eos`)."""
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
    """The edits of chats for Mistral. Its models that think have their reasoning back as a part of the content."""
    changed = mistral_names(exchange, body)
    if exchange.profile.thinking is Thinking.NONE:
        return changed
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
