"""Google's Vertex AI for images: generation, edits and variations with Gemini models.

Source: cloud.google.com/vertex-ai/generative-ai/docs/multimodal/image-generation.
"""

from __future__ import annotations

import time
from typing import Any, Final

from proxywasm import Event

from ...wire import apis, lenient
from ...wire.errors import ApiError, bad_upstream
from ...wire.json import Json
from ..exchange import Exchange
from ..interface import StreamWriter
from ..interface import no_state as new_state
from ..interface import sse_decoder as decoder
from ..pivot import chat_fields, message_content
from . import request as google
from .answer import error, usage
from .contents import file_part, media_type_of
from .settings import VertexSettings
from .vertex import path_of

__all__ = [
    "accepts_signed_thinking", "decoder", "error", "event", "new_state", "request", "response",
]  # fmt: skip

accepts_signed_thinking: Final = False

_SIZES: Final = {
    "2048x2048": ("1:1", "2k"), "4096x4096": ("1:1", "4k"),
    "1792x1024": ("16:9", "2k"), "1024x1792": ("9:16", "2k"),
    "1536x1024": ("3:2", "2k"), "1024x1536": ("2:3", "2k"),
    "1024x768": ("4:3", "1k"), "1365x1024": ("4:3", "1k"), "768x1024": ("3:4", "1k"), "1024x1365": ("3:4", "1k"),
    "1280x1024": ("5:4", "1k"), "1024x1280": ("4:5", "1k"), "2560x1080": ("21:9", "2k"),
}  # fmt: skip
_ANY_SIZE: Final = ("1:1", "1k")

_MEDIA_TYPES: Final = {"jpeg": "image/jpeg", "jpg": "image/jpeg", "webp": "image/webp"}
_VARY: Final = "Create variations of the provided image."


def request(exchange: Exchange, body: Json) -> Json:
    settings = exchange.settings
    assert isinstance(settings, VertexSettings)
    exchange.stream = False
    exchange.path = path_of(exchange, "google", "generateContent")
    images = [] if exchange.api == apis.IMAGE_GENERATION else _images(body)
    prompt = chat_fields.prompt(body, _VARY if exchange.api == apis.IMAGE_VARIATION else "")
    if exchange.api == apis.IMAGE_EDIT and body.get("mask"):
        raise ApiError(400, "a mask is not supported with this model service", param="mask")
    ratio, size = _SIZES.get(str(body.get("size")), _ANY_SIZE)
    config: Json = {
        "temperature": 1.0,
        "maxOutputTokens": 32768,
        "responseModalities": ["TEXT", "IMAGE"],
        "imageConfig": {
            "aspectRatio": ratio,
            "imageSize": size,
            "imageOutputOptions": {"mimeType": _MEDIA_TYPES.get(str(body.get("output_format")).lower(), "image/png")},
            "personGeneration": "ALLOW_ALL",
        },
    }
    count = lenient.count(body.get("n"))
    if count > 1:
        config["candidateCount"] = count
    result: Json = {"contents": [{"role": "user", "parts": [*images, {"text": prompt}]}], "generationConfig": config}
    if settings.gemini_safety_setting:
        result["safetySettings"] = google.safety(settings.gemini_safety_setting)
    return result


def response(exchange: Exchange, document: Json) -> Json:  # noqa: ARG001
    if (failure := error(200, document)) is not None:
        raise failure
    candidates = document.get("candidates")
    if not isinstance(candidates, list):
        raise bad_upstream("the upstream's answer has no candidates")
    data = [{"b64_json": inline["data"]} for inline in _inline(candidates) if isinstance(inline.get("data"), str)]
    counted = usage(document) or {}
    return {
        "created": int(time.time()),
        "data": data,
        "usage": {
            "total_tokens": counted.get("total_tokens", 0),
            "input_tokens": counted.get("prompt_tokens", 0),
            "output_tokens": counted.get("completion_tokens", 0),
            "input_tokens_details": {"text_tokens": 0, "image_tokens": 0},
        },
    }


def event(exchange: Exchange, state: None, event: Event, document: Json, writer: StreamWriter) -> None:  # noqa: ARG001
    raise bad_upstream("the upstream streams images")


def _inline(candidates: list[Any]) -> list[Json]:
    found = []
    for candidate in candidates:
        inner = candidate.get("content") if isinstance(candidate, dict) else None
        parts = inner.get("parts") if isinstance(inner, dict) else None
        for part in parts if isinstance(parts, list) else []:
            data = part.get("inlineData") if isinstance(part, dict) and part.get("thought") is not True else None
            if isinstance(data, dict):
                found.append(data)
    return found


def _images(body: Json) -> list[Json]:
    """The images of a request, which forms and JSON clients send as addresses under different names."""
    urls: list[str] = []
    for name in ("image", "images", "image_url"):
        value = body.get(name)
        urls += [url for one in (value if isinstance(value, list) else [value]) if (url := _url(one))]
    if not urls:
        raise ApiError(400, "an image is missing", param="image")
    parts = []
    for url in urls:
        data = message_content.data_url(url)
        inline = data and {"inlineData": {"mimeType": data.media_type, "data": data.base64}}
        parts.append(inline or file_part(url, media_type_of(url, "image_url")))
    return parts


def _url(value: Any) -> str:
    if isinstance(value, dict):
        inner = value.get("image_url")
        value = value.get("url") or (inner.get("url") if isinstance(inner, dict) else inner)
    return value if isinstance(value, str) else ""
