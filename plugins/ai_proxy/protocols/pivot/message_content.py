"""Reads the contents of messages, for all service protocols."""

from __future__ import annotations

import base64
import binascii
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from proxywasm import log

from ...wire.errors import ApiError
from ...wire.files import Data, registered
from ...wire.json import Json

UNREADABLE: Final = "(a file that this model cannot read)"
"""Says what a user's message had, if nothing else in it reaches the service. No service accepts an empty message."""


def parts(content: Any) -> list[Json]:
    """A content as a list of parts; a text is one part. Raises `ApiError`."""
    if isinstance(content, str):
        return [{"type": "text", "text": content}] if content else []
    if isinstance(content, list):
        result = [{"type": "text", "text": part} if isinstance(part, str) else part for part in content if part]
        if not all(isinstance(part, dict) and isinstance(part.get("type", ""), str) for part in result):
            raise ApiError(400, "the parts of a content must be objects with a type", param="messages")
        return result
    return []


def text(content: Any) -> str:
    """The texts in a content, with line breaks between parts. Raises `ApiError`."""
    if isinstance(content, str):
        return content
    return "\n".join(
        part_text for part in parts(content) if isinstance(part_text := part.get("text"), str) and part_text
    )


def text_or_none(content: Any) -> str | None:
    """The text in a content that has nothing else; None for any other, whatever it is."""
    try:
        return None if not isinstance(content, (str, list)) or other_parts(content) else text(content)
    except ApiError:
        return None


def lenient_text(content: Any) -> str:
    """A text, or the texts of a list of parts; anything else is ignored."""
    if isinstance(content, list):
        parts = (part.get("text") for part in content if isinstance(part, dict))
        return "".join(part for part in parts if isinstance(part, str))
    return content if isinstance(content, str) else ""


def other_parts(content: Any) -> list[Json]:
    """The parts of a content other than text. Raises `ApiError`."""
    return [part for part in parts(content) if not isinstance(part.get("text"), str)]


def text_only(content: Any, service: str) -> str:
    """The text in a content, for services that accept only text; other parts are dropped. Raises `ApiError`."""
    others = other_parts(content)
    for part in others:
        log_dropped(part, service)
    return text(content) or (UNREADABLE if others else "")


def log_dropped(part: Json, service: str) -> None:
    """Log that a part is dropped because the service has no place for it."""
    log.warn("a content part of type %s dropped: %s has no place for it", part.get("type"), service)


def url_of(part: Json) -> str:
    """The address in a part of type `image_url` or another `*_url`; some clients send it without an object."""
    value = part.get(str(part.get("type")))
    url = value.get("url") if isinstance(value, dict) else value
    if not isinstance(url, str) or not url:
        raise ApiError(400, f"a content part of type {part.get('type')} must have a url", param="messages")
    return url


def data_url(url: str) -> Data | None:
    """The file in a `data:` URL (RFC 2397); None for another kind of address. Raises `ApiError`."""
    if url[:5].lower() != "data:":
        return None
    head, comma, data = url[5:].partition(",")
    media_type, *parameters = head.split(";")
    if not comma or "/" not in media_type:
        raise ApiError(400, "a data URL must have a media type and data", param="messages")
    media_type = registered(media_type)
    if "base64" not in parameters:
        return Data(media_type, base64.b64encode(unquote_to_bytes(data)).decode())
    return Data(media_type, data)


def decoded(data: str) -> bytes:
    """Decodes base64. Raises `ApiError`."""
    try:
        return base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        raise ApiError(400, "a file in a message is not base64", param="messages") from None
