"""Google's Vertex AI for chat, with Gemini models and Anthropic's.

Source: cloud.google.com/vertex-ai/generative-ai/docs/model-reference/inference, and ".../partner-models/claude".
"""

from __future__ import annotations

from typing import Final, TypeAlias

from proxywasm import Event, log

from ...profiles.claude import is_claude
from ...wire import lenient
from ...wire.errors import ApiError
from ...wire.json import Json
from ...wire.paths import segment
from ..anthropic import service as claude
from ..exchange import Exchange
from ..interface import StreamWriter
from ..interface import sse_decoder as decoder
from ..pivot import chat_fields
from ..pivot.claude import without_foreign_citations
from . import answer as google_answer
from . import request as google
from .contents import contents, file_part, system
from .settings import VertexSettings

__all__ = [
    "accepts_signed_thinking", "as_vertex_request", "decoder", "edit_messages", "error", "event",
    "new_state", "path_of", "request", "response",
]  # fmt: skip

accepts_signed_thinking: Final = False

_WITHOUT_FORMATS: Final = frozenset({"gemini-2.0"})
"""As in the original: the models for images refuse any format, and all of these models are being retired."""

_ANTHROPIC_VERSION: Final = "vertex-2023-10-16"  # Vertex AI takes it in the body, and the model in the path.


def request(exchange: Exchange, body: Json) -> Json:
    if is_claude(exchange.profile):
        result = claude.body_of(exchange, body)
        return as_vertex_request(exchange, result)
    settings = exchange.settings
    assert isinstance(settings, VertexSettings)
    exchange.path = path_of(
        exchange, "google", "streamGenerateContent?alt=sse" if exchange.stream else "generateContent"
    )
    given = chat_fields.messages(body)
    result = {"contents": contents(given, file_part, call_signatures=exchange.profile.call_signatures)}
    config, about_format = google.generation_config(exchange.profile, body), ""
    if exchange.profile.family not in _WITHOUT_FORMATS:
        about_format = google.structured(exchange.profile, body, config, nullable=True)
    elif body.get("response_format") is not None:
        log.warn("response_format dropped: %s is not asked for one on Vertex AI", exchange.model)
    if (instruction := system(given, about_format)) is not None:
        result["systemInstruction"] = instruction
    if settings.gemini_safety_setting:
        result["safetySettings"] = google.safety(settings.gemini_safety_setting)
    if (thinking := google.thinking_config(exchange.profile, body)) is not None:
        config["thinkingConfig"] = thinking
    result["generationConfig"] = config  # Google's own clients also send an empty object.
    if declarations := google.functions(body, nullable=True):
        result["tools"] = [{"functionDeclarations": declarations}]
        if (choice := google.function_calling(body)) is not None:
            result["toolConfig"] = choice
    if tools := google.search(exchange, body, beside_functions=bool(declarations)):
        result["tools"] = tools
    return result


def response(exchange: Exchange, document: Json) -> Json:
    if is_claude(exchange.profile) and "candidates" not in document:
        return claude.response(exchange, document)
    return google_answer.response(exchange, document, _id(document))


State: TypeAlias = claude.State | google_answer.State
"""The state of a stream of Anthropic's models or of Google's."""


def new_state(exchange: Exchange) -> State:
    return claude.new_state(exchange) if is_claude(exchange.profile) else google_answer.new_state(exchange)


def event(exchange: Exchange, state: State, event: Event, document: Json, writer: StreamWriter) -> None:
    if isinstance(state, claude.State):
        claude.event(exchange, state, event, document, writer)
    else:
        google_answer.event(state, document, writer, _id(document))


def error(status: int, document: Json) -> ApiError | None:
    if document.get("type") == "error":
        return claude.error(status, document)
    return google_answer.error(status, document)


def edit_messages(exchange: Exchange, body: Json) -> bool:
    """An edit for Anthropic's own API."""
    body.setdefault("max_tokens", claude.MAX_TOKENS)
    without_foreign_citations(body)
    as_vertex_request(exchange, body)
    return True


def as_vertex_request(exchange: Exchange, body: Json) -> Json:
    """Convert a request for Anthropic's API to one for Vertex AI, in place."""
    exchange.path = path_of(exchange, "anthropic", "streamRawPredict" if exchange.stream else "rawPredict")
    exchange.headers["anthropic-version"] = None
    body.pop("model", None)
    body["anthropic_version"] = _ANTHROPIC_VERSION
    return body


def path_of(exchange: Exchange, publisher: str, action: str, *, model: str = "") -> str:
    """The path of a model, by default that of the request. With an API key it has no project, because the key belongs
    to one."""
    settings = exchange.settings
    assert isinstance(settings, VertexSettings)
    place = f"publishers/{publisher}/models/{segment(model or exchange.model, 'model', safe='@')}:{action}"
    if settings.api_tokens:
        return f"/v1/{place}"
    return f"/v1/projects/{settings.vertex_project_id}/locations/{settings.vertex_region}/{place}"


def _id(document: Json) -> str:
    return lenient.text(document.get("responseId"))
