"""Converts OpenAI's messages to Google's contents, for Gemini and Vertex AI.

Source: ai.google.dev/api/caching#Content. A function's result refers to the function by name; one content has the
results of all calls that were made together.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from ...wire import lenient
from ...wire.errors import ApiError, check_repeated
from ...wire.files import Data, registered
from ...wire.json import Json
from ..pivot import call_signatures as signatures
from ..pivot import chat_fields, message_content
from ..pivot.blank import is_blank

_AUDIO: Final = {"mp3": "audio/mp3", "wav": "audio/wav"}

# By extension. Python's own table needs files, and a plugin has no file system.
_MEDIA_TYPES: Final = {
    "jpg": "image/jpeg", "jpeg": "image/jpeg", "png": "image/png", "gif": "image/gif", "webp": "image/webp",
    "bmp": "image/bmp", "svg": "image/svg+xml", "tif": "image/tiff", "tiff": "image/tiff", "heic": "image/heic",
    "heif": "image/heif", "avif": "image/avif", "ico": "image/x-icon",
    "mp4": "video/mp4", "mpeg": "video/mpeg", "mpg": "video/mpeg", "mov": "video/quicktime", "avi": "video/x-msvideo",
    "webm": "video/webm", "mkv": "video/x-matroska", "flv": "video/x-flv", "wmv": "video/x-ms-wmv", "3gp": "video/3gpp",
    "mp3": "audio/mpeg", "wav": "audio/wav", "ogg": "audio/ogg", "opus": "audio/opus", "flac": "audio/flac",
    "aac": "audio/aac", "m4a": "audio/mp4",
    "pdf": "application/pdf", "json": "application/json", "txt": "text/plain", "md": "text/markdown",
    "html": "text/html", "htm": "text/html", "css": "text/css", "csv": "text/csv", "xml": "text/xml",
}  # fmt: skip

_USUAL: Final = {
    "image_url": "image/jpeg",
    "video_url": "video/mp4",
    "audio_url": "audio/mpeg",
    "file": "application/pdf",
}
"""The media type of a file whose address does not show it, by the type of its part."""
_OWN_FILES: Final = (
    "https://generativelanguage.googleapis.com/",
    "gs://",
    "https://www.youtube.com/",
    "https://youtu.be/",
)
"""Addresses that Gemini's API reads itself. Source: ai.google.dev, "Files API" and "Video understanding"."""

Remote = Callable[[str, str], Json]
"""Converts the address of a file to a part, with its media type."""


def contents(given: list[Json], remote: Remote, *, call_signatures: bool = False) -> list[Json]:
    """The contents of a conversation, without its system messages. `call_signatures`: the model requires them."""
    result: list[Json] = []
    names: dict[str, str] = {}
    results = _Results(result)
    for message in given:
        role = message.get("role")
        if chat_fields.is_system(message):
            continue
        if role == "tool":
            name = names.get(str(message.get("tool_call_id") or "")) or str(message.get("name") or "")
            name = name or next(reversed(names.values()), "")
            results.add(name, message, remote)
        elif role == "assistant":
            parts = _parts(message.get("content"), remote)
            for call in chat_fields.calls(message):
                names[call.id] = call.name
                signature = signatures.of_call(call.raw)
                if not signature and call_signatures and not any("functionCall" in part for part in parts):
                    # The model requires that of the first call of each turn.
                    signature = signatures.STAND_IN
                part: Json = {"functionCall": {"name": call.name, "args": call.arguments}}
                parts.append({**part, "thoughtSignature": signature} if signature else part)
            if parts:
                result.append({"role": "model", "parts": parts})
        elif content := message.get("content"):
            result.append({"role": "user", "parts": _parts(content, remote) or [{"text": message_content.UNREADABLE}]})
    results.finish()
    return result


def system(given: list[Json], more: str = "") -> Json | None:
    """The system prompt. `more`: what the request itself adds to it."""
    found = [
        part.get("text")
        for one in given
        if chat_fields.is_system(one)
        for part in message_content.parts(one.get("content"))
    ]
    texts = [text for text in (*found, more) if isinstance(text, str) and text]
    return {"parts": [{"text": text} for text in texts]} if texts else None


def is_own_file(url: str) -> bool:
    """Whether Gemini's API reads a file at this address itself."""
    return url.startswith(_OWN_FILES)


def file_part(url: str, kind: str) -> Json:
    """A file that Google fetches itself. Vertex AI needs its media type."""
    return {"fileData": {"mimeType": kind, "fileUri": url}}


def media_type_of(url: str, part: str) -> str:
    """The media type of the file at an address: what its name shows, otherwise the usual one for this type of part."""
    name = url.partition("?")[0].rpartition("/")[2].lower()
    return _MEDIA_TYPES.get(name.rpartition(".")[2]) or _USUAL[part]


class _Results:
    """Collects function results; consecutive ones share a content."""

    def __init__(self, contents: list[Json]) -> None:
        self._contents = contents
        self._last: Json | None = None
        self._ends: list[tuple[list[Json], list[Json]]] = []
        """For each such content: its results, and the parts that follow them."""
        self._named = 0
        """Characters of all names of functions."""

    def add(self, name: str, message: Json, remote: Remote) -> None:
        """Add a result. Results are text; other parts (images) follow after the results of all calls."""
        self._named += len(name)
        check_repeated(self._named)
        if self._last is None or self._contents[-1] is not self._last:
            self._ends.append(([], []))
            self._last = {"role": "user", "parts": self._ends[-1][0]}
            self._contents.append(self._last)
        content = message.get("content")
        parts, more = self._ends[-1]
        # Source: ai.google.dev/api/caching#FunctionResponse, `response`.
        kind = "error" if message.get("is_error") is True else "output"
        parts.append({"functionResponse": {"name": name, "response": {kind: message_content.text(content)}}})
        more += _parts(message_content.other_parts(content), remote)

    def finish(self) -> None:
        for parts, more in self._ends:
            parts.extend(more)


def _parts(given: Any, remote: Remote) -> list[Json]:
    """Converts a content to parts. Parts without an equivalent are dropped with a log line."""
    result = []
    for part in message_content.parts(given):
        if (made := _part(part, remote)) is None:
            message_content.log_dropped(part, "Gemini")
        else:
            result.append(made)
    return result


def _part(part: Json, remote: Remote) -> Json | None:
    kind = part.get("type")
    if kind in {"text", "refusal"}:
        text = part.get(kind)
        return {"text": text} if isinstance(text, str) and not is_blank(text) else None
    if kind in {"image_url", "video_url", "audio_url"}:
        url = message_content.url_of(part)
        data = message_content.data_url(url)
        return remote(url, _declared(part) or media_type_of(url, kind)) if data is None else _inline(data)
    if kind == "input_audio" and isinstance(audio := part.get("input_audio"), dict):
        sound = str(audio.get("format") or "wav")
        return _inline(Data(_AUDIO.get(sound, f"audio/{sound}"), str(audio.get("data") or "")))
    if kind == "file" and isinstance(file := part.get("file"), dict):
        if isinstance(file.get("file_data"), str):
            return _inline(message_content.data_url(file["file_data"]) or Data("application/pdf", file["file_data"]))
        if isinstance(own := file.get("file_id"), str):  # An address in Google's file service.
            return file_part(own, _declared(part) or media_type_of(own, kind))
        if isinstance(given := file.get("file_url"), str):
            return remote(given, _declared(part) or media_type_of(given, kind))
    return None


def _declared(part: Json) -> str:
    """The media type that a client gives beside an address; OpenAI has no field for it, other gateways call it so."""
    inner = lenient.mapping(part.get(str(part.get("type"))))
    return registered(lenient.text(inner.get("format")) or lenient.text(inner.get("mime_type")))


def _inline(data: Data) -> Json:
    if not data.base64:
        raise ApiError(400, "a file in a message is empty", param="messages")
    return {"inlineData": {"mimeType": data.media_type, "data": data.base64}}
