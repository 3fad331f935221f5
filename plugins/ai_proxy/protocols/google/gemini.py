"""Google's Gemini API for chat. Source: ai.google.dev/api/generate-content."""

from __future__ import annotations

from typing import Final

from proxywasm import Event

from ...profiles.facts import Thinking
from ...wire.json import Json
from ...wire.paths import segment
from ..exchange import Exchange
from ..interface import FilesWanted, StreamWriter
from ..interface import sse_decoder as decoder
from ..pivot import chat_fields
from . import answer as google_answer
from . import request as google
from .answer import State, error, new_state
from .contents import contents, file_part, is_own_file, system
from .settings import GeminiSettings

__all__ = [
    "accepts_signed_thinking", "decoder", "error", "event", "new_state", "path_of", "request", "response",
]  # fmt: skip

accepts_signed_thinking: Final = False

_SHOWN: Final = {"includeThoughts": True}


def request(exchange: Exchange, body: Json) -> Json:
    settings = exchange.settings
    assert isinstance(settings, GeminiSettings)
    exchange.path = path_of(exchange, "streamGenerateContent?alt=sse" if exchange.stream else "generateContent")
    given = chat_fields.messages(body)
    wanted: list[str] = []

    def remote(url: str, kind: str) -> Json:
        """The API reads only a few addresses, its file service's among them; the plugin fetches all others."""
        if is_own_file(url):
            return file_part(url, kind)
        data = exchange.files.get(url)
        if data is None:
            wanted.append(url)
            return {}
        known = data.media_type if data.media_type != "application/octet-stream" else kind
        return {"inlineData": {"mimeType": known, "data": data.base64}}

    result: Json = {"contents": contents(given, remote, call_signatures=exchange.profile.call_signatures)}
    if wanted:
        raise FilesWanted(wanted)
    config = google.generation_config(exchange.profile, body)
    about_format = google.structured(exchange.profile, body, config)
    if (instruction := system(given, about_format)) is not None:
        result["system_instruction"] = instruction
    if settings.gemini_safety_setting:
        result["safetySettings"] = google.safety(settings.gemini_safety_setting)
    if (thinking := _thinking(exchange, settings, body)) is not None:
        config["thinkingConfig"] = thinking
    result["generationConfig"] = config  # Google's own clients also send an empty object.
    if declarations := google.functions(body):
        result["tools"] = [{"function_declarations": declarations}]
        if (choice := google.function_calling(body)) is not None:
            result["toolConfig"] = choice
    if tools := google.search(exchange, body, beside_functions=bool(declarations)):
        result["tools"] = tools
    return result


def response(exchange: Exchange, document: Json) -> Json:
    return google_answer.response(exchange, document, "")


def event(exchange: Exchange, state: State, event: Event, document: Json, writer: StreamWriter) -> None:  # noqa: ARG001
    google_answer.event(state, document, writer, "")


def path_of(exchange: Exchange, action: str) -> str:
    assert isinstance(exchange.settings, GeminiSettings)
    return f"/{exchange.settings.api_version}/models/{segment(exchange.model, 'model', safe='@')}:{action}"


def _thinking(exchange: Exchange, settings: GeminiSettings, body: Json) -> Json | None:
    """The configured budget, otherwise the client's effort, otherwise the model's own choice."""
    profile = exchange.profile
    requested = google.thinking_config(profile, body)
    if profile.thinking is not Thinking.BUDGET:
        return requested
    if settings.gemini_thinking_budget:
        return {**_SHOWN, "thinkingBudget": settings.gemini_thinking_budget}
    return dict(_SHOWN) if requested is None else requested
