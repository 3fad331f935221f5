"""AWS Bedrock for images, with the models Titan and Nova Canvas.

Source: docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-image.html.
"""

from __future__ import annotations

import re
import time
from typing import Final

from proxywasm import Event

from ...wire import lenient
from ...wire.errors import bad_upstream
from ...wire.json import Json
from ..exchange import Exchange
from ..interface import StreamWriter
from ..interface import no_state as new_state
from ..interface import sse_decoder as decoder
from ..pivot import chat_fields
from .answer import error
from .chat import path_of

__all__ = [
    "accepts_signed_thinking", "decoder", "error", "event", "new_state", "request", "response",
]  # fmt: skip

accepts_signed_thinking: Final = False

_SIZE: Final = re.compile(r"(\d{1,5})x(\d{1,5})")
_SIDE: Final = 1024


def request(exchange: Exchange, body: Json) -> Json:
    exchange.headers["accept"] = "*/*"
    exchange.path = path_of(exchange.model, "invoke")
    prompt = chat_fields.prompt(body)
    size = _SIZE.fullmatch(str(body.get("size") or ""))
    config: Json = {"width": int(size[1]) if size else _SIDE, "height": int(size[2]) if size else _SIDE}
    if body.get("quality"):
        config["quality"] = body["quality"]
    config["numberOfImages"] = lenient.count(body.get("n")) or 1
    return {"taskType": "TEXT_IMAGE", "imageGenerationConfig": config, "textToImageParams": {"text": prompt}}


def response(exchange: Exchange, document: Json) -> Json:  # noqa: ARG001
    if (failure := error(200, document)) is not None:
        raise failure
    images = document.get("images")
    if not isinstance(images, list):
        problem = document.get("error")
        raise bad_upstream(problem if isinstance(problem, str) and problem else "the upstream's answer has no images")
    return {"created": int(time.time()), "data": [{"b64_json": image} for image in images]}


def event(exchange: Exchange, state: None, event: Event, document: Json, writer: StreamWriter) -> None:  # noqa: ARG001
    raise bad_upstream("the upstream streams images")
