"""Small changes to documents of OpenAI's protocol that single providers need. Rows refer to them."""

from __future__ import annotations

from ...config.settings import LongcatSettings, OpenAISettings
from ...wire.json import Json
from ..exchange import Exchange


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
