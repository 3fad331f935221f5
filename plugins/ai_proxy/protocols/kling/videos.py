"""Kling's videos.

Source: Kling AI API reference, "Text to Video", "Image to Video", "Authentication". Text-to-video and image-to-video
tasks have different paths, and the id of a task does not show which one it is. So the plugin adds a prefix to ids in
answers, and removes it from ids in requests.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from typing import Final

from proxywasm import Event

from ...config.settings import Settings
from ...wire import apis
from ...wire.errors import ApiError, bad_upstream
from ...wire.json import Json, dump_bytes
from ...wire.paths import segment
from ..exchange import Exchange
from ..interface import StreamWriter
from ..interface import no_state as new_state
from ..interface import sse_decoder as decoder
from .settings import KlingSettings

__all__ = [
    "accepts_signed_thinking", "choose_path", "credential", "decoder", "error",
    "event", "new_state", "request", "response",
]  # fmt: skip

accepts_signed_thinking: Final = False

_TEXT: Final = "/v1/videos/text2video"
_IMAGE: Final = "/v1/videos/image2video"
_PREFIXES: Final = {_TEXT: "kling-t2v-", _IMAGE: "kling-i2v-"}

_IMAGE_FIELDS: Final = frozenset(
    {
        "image", "image_url", "image_urls", "images", "image_tail", "image_tail_url", "input_image",
        "first_frame_image", "last_frame_image",
    }
)  # fmt: skip

# Source: Kling AI API reference, "Error Codes"; a code divided by 100 is its kind.
_STATUS: Final = {10: 401, 11: 403, 12: 400, 13: 429, 50: 502, 51: 503}
_SINGLE_STATUS: Final = {1101: 402, 1102: 402, 1203: 404, 1300: 400, 1301: 400, 1304: 403}

_LIFETIME: Final = 1800
_CLOCK_SKEW: Final = 5


def choose_path(exchange: Exchange) -> str:
    """The path of an existing task; empty for other requests."""
    if exchange.api != apis.RETRIEVE_VIDEO:
        return ""
    video = exchange.route.parameters["video_id"]
    for path, prefix in _PREFIXES.items():
        if video.startswith(prefix):
            return f"{path}/{segment(video.removeprefix(prefix), 'video_id')}"
    return ""


def request(exchange: Exchange, body: Json) -> Json:
    exchange.path = _IMAGE if _IMAGE_FIELDS & body.keys() else _TEXT
    document = {name: value for name, value in body.items() if name != "model"}
    if exchange.model:
        document["model_name"] = exchange.model
    elif isinstance(own := body.get("model_name"), str):
        exchange.model = document["model_name"] = exchange.settings.model_mapping.of(own)
    return document


def response(exchange: Exchange, answer: Json) -> Json:
    if (failure := error(200, answer)) is not None:
        raise failure
    data = answer.get("data")
    # A request that is not read, for example because it is compressed, goes to the path of the row.
    prefix = _PREFIXES[exchange.path or _TEXT]
    for place in (answer, data):
        if isinstance(place, dict) and isinstance(task := place.get("task_id"), str) and task:
            place["task_id"] = task if task.startswith(tuple(_PREFIXES.values())) else prefix + task
    return answer


def event(exchange: Exchange, state: None, event: Event, document: Json, writer: StreamWriter) -> None:  # noqa: ARG001
    raise bad_upstream("the upstream streams videos, but they come whole")


def error(status: int, document: Json) -> ApiError | None:
    """`{"code": 1102, "message": ...}`. The code 0 is success, whatever the status."""
    code = document.get("code")
    if not isinstance(code, int) or code == 0:
        return None
    if status < 400:
        status = _SINGLE_STATUS.get(code) or _STATUS.get(code // 100, 502)
    message = document.get("message")
    return ApiError(status, message if isinstance(message, str) and message else f"error {code}", code=str(code))


def credential(settings: Settings) -> str:
    """A JSON web token signed with the secret key; empty without keys."""
    assert isinstance(settings, KlingSettings)
    access, secret = settings.kling_access_key.strip(), settings.kling_secret_key.strip()
    if not access:
        return ""
    now = int(time.time())
    claims = {"iss": access, "exp": now + _LIFETIME, "nbf": now - _CLOCK_SKEW}
    signed = b".".join(_base64(dump_bytes(part)) for part in ({"alg": "HS256", "typ": "JWT"}, claims))
    return b".".join((signed, _base64(hmac.new(secret.encode(), signed, hashlib.sha256).digest()))).decode()


def _base64(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")
