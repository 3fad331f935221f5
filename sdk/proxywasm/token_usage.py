"""Read how many tokens an answer of a model service has used, in any of several protocols.

OpenAI (chat, completions, images, responses), Anthropic, Gemini and Doubao report it in different places, some of them
in several events of a stream. The values so far are user attributes, for the access log.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .helpers import get_value
from .json_bounds import JsonBounds
from .sse import SSEDecoder, SSEError

if TYPE_CHECKING:
    from .context import HttpContext

_DECODER = "proxywasm.token_usage"
_GIVEN_UP = "proxywasm.token_usage.given_up"
_BOUNDS = JsonBounds()

_MODEL = ("model", "body.model", "response.model", "message.model", "modelVersion")
_CHAT_ID = ("id", "response.id", "responseId", "message.id")
_INPUT = (
    "usage.prompt_tokens",
    "usage.input_tokens",
    "response.usage.input_tokens",
    "usageMetadata.promptTokenCount",
    "message.usage.input_tokens",
)
_OUTPUT = (
    "usage.completion_tokens",
    "usage.output_tokens",
    "response.usage.output_tokens",
    "usageMetadata.candidatesTokenCount",
    "message.usage.output_tokens",
)
_TOTAL = ("usage.total_tokens", "response.usage.total_tokens", "usageMetadata.totalTokenCount")
_INPUT_DETAILS = (
    "usage.prompt_tokens_details",
    "response.usage.input_tokens_details",
    "usage.input_tokens_details",
    "usageMetadata.promptTokensDetails",
)
_OUTPUT_DETAILS = (
    "usage.completion_tokens_details",
    "response.usage.output_tokens_details",
    "usage.output_tokens_details",
    "usageMetadata.candidatesTokensDetails",
)
# Numbers outside of the details, and their names among the details. Anthropic reports its cache in the first event
# (`message.usage`) and in the last (`usage`).
_MORE_INPUT = {
    "usageMetadata.cachedContentTokenCount": "cached_content_token_count",
    "usageMetadata.toolUsePromptTokenCount": "tool_use_prompt_token_count",
    "message.usage.cache_creation_input_tokens": "cache_creation_input_tokens",
    "message.usage.cache_read_input_tokens": "cache_read_input_tokens",
    "usage.cache_creation_input_tokens": "cache_creation_input_tokens",
    "usage.cache_read_input_tokens": "cache_read_input_tokens",
}
_MORE_OUTPUT = {
    "usageMetadata.thoughtsTokenCount": "thoughts_token_count",
    "usage.generated_images": "generated_images",
}
_CACHE = ("cache_creation_input_tokens", "cache_read_input_tokens")


@dataclass(slots=True)
class TokenUsage:
    """The values so far. If the model is empty, there are none."""

    model: str = ""
    input_token: int = 0
    output_token: int = 0
    total_token: int = 0
    input_token_details: dict[str, int] = field(default_factory=dict)
    output_token_details: dict[str, int] = field(default_factory=dict)
    chat_id: str = ""


def get_token_usage(ctx: HttpContext, body: bytes, *, request_model: str = "") -> TokenUsage:
    """Read a whole JSON body, or the next chunk of a stream of events, cut anywhere.

    Reading ends at an event of more than `sse.MAX_EVENT` bytes; a document beyond `JsonBounds` is ignored. The values
    so far stay. `request_model` is for answers that do not name their model. The values so far are
    also the user attributes `model`, `input_token`, `output_token`, `total_token`, `input_token_details`,
    `output_token_details`, `chat_id`.
    """
    state: tuple[SSEDecoder, TokenUsage] | None = ctx.get_context(_DECODER)
    if state is None:
        state = SSEDecoder(), TokenUsage()
        ctx.set_context(_DECODER, state)
    decoder, usage = state
    if "event-stream" in ctx.response_headers.get("content-type", ""):
        texts = _texts(ctx, decoder, body)
    else:
        texts = [body.decode(errors="replace")]
    for text in texts:
        # Most events of a stream say nothing about tokens: not worth parsing.
        if '"usage"' in text or '"usageMetadata"' in text:
            _read(_parse(text), usage, request_model)
            for name in TokenUsage.__slots__:
                ctx.set_user_attribute(name, getattr(usage, name))
    return usage


def _texts(ctx: HttpContext, decoder: SSEDecoder, chunk: bytes) -> list[str]:
    if ctx.get_context(_GIVEN_UP):
        return []
    try:
        return [event.data for event in decoder.feed(chunk)]
    except SSEError:
        ctx.set_context(_GIVEN_UP, True)
        return []


def _parse(text: str) -> Any:
    try:
        if len(text) > _BOUNDS.depth:
            _BOUNDS.check(text.encode(errors="replace"))
        return json.loads(text)
    except ValueError:
        return None


def _read(document: Any, usage: TokenUsage, request_model: str) -> None:
    usage.model = _text(document, _MODEL) or usage.model or request_model or "unknown"
    usage.chat_id = _text(document, _CHAT_ID) or usage.chat_id
    usage.input_token = _number(document, _INPUT, usage.input_token)
    usage.output_token = _number(document, _OUTPUT, usage.output_token)
    _details(document, _INPUT_DETAILS, _MORE_INPUT, usage.input_token_details)
    _details(document, _OUTPUT_DETAILS, _MORE_OUTPUT, usage.output_token_details)
    cached = sum(usage.input_token_details.get(name, 0) for name in _CACHE)
    usage.total_token = _number(document, _TOTAL, usage.input_token + usage.output_token + cached)


def _text(document: Any, paths: tuple[str, ...]) -> str:
    return next((value for path in paths if isinstance(value := get_value(document, path), str) and value), "")


def _number(document: Any, paths: tuple[str, ...], default: int) -> int:
    return next((int(value) for path in paths if isinstance(value := get_value(document, path), int)), default)


def _details(document: Any, paths: tuple[str, ...], more: dict[str, str], details: dict[str, int]) -> None:
    found = next((value for path in paths if isinstance(value := get_value(document, path), dict)), {})
    details.update({name: value for name, value in found.items() if isinstance(value, int)})
    for path, name in more.items():
        if isinstance(value := get_value(document, path), int):
            details[name] = value
