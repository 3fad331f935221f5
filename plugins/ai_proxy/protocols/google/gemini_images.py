"""Google's Gemini API for images, with Imagen. Source: ai.google.dev/gemini-api/docs/imagen."""

from __future__ import annotations

import time
from typing import Final

from proxywasm import Event

from ...wire.errors import bad_upstream
from ...wire.json import Json
from ..exchange import Exchange
from ..interface import StreamWriter
from ..interface import no_state as new_state
from ..interface import sse_decoder as decoder
from ..pivot import chat_fields
from .answer import error
from .gemini import path_of

__all__ = [
    "accepts_signed_thinking", "decoder", "error", "event", "new_state", "request", "response",
]  # fmt: skip

accepts_signed_thinking: Final = False


def request(exchange: Exchange, body: Json) -> Json:
    exchange.path = path_of(exchange, "predict")
    parameters = {} if body.get("n") is None else {"sampleCount": body["n"]}
    return {"instances": [{"prompt": chat_fields.prompt(body)}], "parameters": parameters}


def response(exchange: Exchange, document: Json) -> Json:  # noqa: ARG001
    if (failure := error(200, document)) is not None:
        raise failure
    images = document.get("predictions")
    if not isinstance(images, list) or not all(isinstance(image, dict) for image in images):
        raise bad_upstream("the upstream's answer has no predictions")
    data = [{"b64_json": image.get("bytesBase64Encoded")} for image in images]
    return {"created": int(time.time()), "data": data}


def event(exchange: Exchange, state: None, event: Event, document: Json, writer: StreamWriter) -> None:  # noqa: ARG001
    raise bad_upstream("the upstream streams images")
