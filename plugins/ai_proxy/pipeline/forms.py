"""Forms that name a model: image edits, image variations, and transcriptions if the upstream path has the model."""

from __future__ import annotations

import base64
from typing import Any

from ..protocols.exchange import Exchange
from ..providers.row import Provider
from ..wire import multipart
from ..wire.errors import ApiError
from ..wire.files import media_type
from ..wire.json import Json
from ..wire.multipart import MultipartError, Part


def map_model(provider: Provider, exchange: Exchange, raw: bytes, content_type: str) -> bytes | None:
    """The form with its model mapped; None if nothing changes. Raises `ApiError`."""
    try:
        boundary = multipart.boundary(content_type)
        parts = multipart.read(raw, boundary)
        field = next((part for part in parts if part.name == "model" and not part.filename), None)
        requested = "" if field is None else field.data.decode(errors="replace").strip()
        mapping = provider.settings.model_mapping
        exchange.requested_model = requested
        exchange.model = mapping.of(requested) if requested else mapping.fallback
        exchange.stream = any(part.name == "stream" and part.data.strip() == b"true" for part in parts)
        if exchange.model == requested:
            return None
        _set_model(parts, field, exchange.model)
        return multipart.write(parts, boundary)
    except MultipartError as error:
        raise _invalid(error) from None


def document(raw: bytes, content_type: str) -> Json:
    """A form as a document for a service protocol: texts as strings, images as lists of URLs. Raises `ApiError`."""
    try:
        parts = multipart.read(raw, multipart.boundary(content_type))
    except MultipartError as error:
        raise _invalid(error) from None
    fields: dict[str, Any] = {}
    for part in parts:
        name = part.name.partition("[")[0]  # image, image[] and image[0] are the same
        if name in _IMAGES:
            fields.setdefault(name, []).append(_image_url(part))
        elif not part.filename:
            text = part.data.decode(errors="replace")
            fields[name] = text == "true" if name == "stream" else text
    return fields


_IMAGES = ("image", "mask")


def _image_url(part: Part) -> str:
    """The address in a part, or its image as a data URL."""
    if part.data.startswith((b"data:", b"http://", b"https://")):
        return part.data.decode(errors="replace")
    kind = part.content_type
    if not kind or kind == "application/octet-stream":
        kind = media_type(part.data) or kind
    return f"data:{kind or 'application/octet-stream'};base64,{base64.b64encode(part.data).decode()}"


def _invalid(error: MultipartError) -> ApiError:
    return ApiError(400, f"the request body is not a valid form: {error}", code="invalid_form")


def _set_model(parts: list[Part], field: Part | None, model: str) -> None:
    if field is None:
        parts.append(multipart.field("model", model))
    else:
        field.data = model.encode(errors="replace")
