"""Converts OpenAI's messages to Google's contents, for Gemini and Vertex AI.

Source: ai.google.dev/api/caching#Content. A function's result refers to the function by name; one content has the
results of all calls that were made together.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from ...wire.errors import ApiError, check_repeated
from ...wire.files import Data
from ...wire.json import Json
from ..pivot import call_signatures as signatures
from ..pivot import chat_fields, message_content

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

Remote = Callable[[str], Json]
"""Converts the address of a file to a part."""


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
            results.add(name, message.get("content"), remote)
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
        else:
            result.append({"role": "user", "parts": _parts(message.get("content"), remote)})
    results.finish()
    return result


def system(given: list[Json]) -> Json | None:
    found = [
        part.get("text")
        for one in given
        if chat_fields.is_system(one)
        for part in message_content.parts(one.get("content"))
    ]
    texts = [text for text in found if isinstance(text, str) and text]
    return {"parts": [{"text": text} for text in texts]} if texts else None


def file_part(url: str) -> Json:
    """A file that Google fetches itself. Google needs its media type, which is guessed from the name."""
    name = url.partition("?")[0].rpartition("/")[2].lower()
    kind = _MEDIA_TYPES.get(name.rpartition(".")[2], "application/octet-stream")
    return {"fileData": {"mimeType": kind, "fileUri": url}}


class _Results:
    """Collects function results; consecutive ones share a content."""

    def __init__(self, contents: list[Json]) -> None:
        self._contents = contents
        self._last: Json | None = None
        self._ends: list[tuple[list[Json], list[Json]]] = []
        """For each such content: its results, and the parts that follow them."""
        self._named = 0
        """Characters of all names of functions."""

    def add(self, name: str, content: Any, remote: Remote) -> None:
        """Add a result. Results are text; other parts (images) follow after the results of all calls."""
        self._named += len(name)
        check_repeated(self._named)
        if self._last is None or self._contents[-1] is not self._last:
            self._ends.append(([], []))
            self._last = {"role": "user", "parts": self._ends[-1][0]}
            self._contents.append(self._last)
        parts, more = self._ends[-1]
        parts.append({"functionResponse": {"name": name, "response": {"output": message_content.text(content)}}})
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
        return {"text": part[kind]} if isinstance(part.get(kind), str) else None
    if kind in {"image_url", "video_url", "audio_url"}:
        url = message_content.url_of(part)
        data = message_content.data_url(url)
        return remote(url) if data is None else _inline(data)
    if kind == "input_audio" and isinstance(audio := part.get("input_audio"), dict):
        sound = str(audio.get("format") or "wav")
        return _inline(Data(_AUDIO.get(sound, f"audio/{sound}"), str(audio.get("data") or "")))
    if kind == "file" and isinstance(file := part.get("file"), dict):
        if isinstance(file.get("file_data"), str):
            return _inline(message_content.data_url(file["file_data"]) or Data("application/pdf", file["file_data"]))
        if isinstance(file.get("file_id"), str):
            return file_part(file["file_id"])  # An address in Google's file service.
    return None


def _inline(data: Data) -> Json:
    if not data.base64:
        raise ApiError(400, "a file in a message is empty", param="messages")
    return {"inlineData": {"mimeType": data.media_type, "data": data.base64}}
