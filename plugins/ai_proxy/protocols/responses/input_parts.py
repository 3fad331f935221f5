"""Converts the parts of input items' contents. Source: OpenAI API reference, "Create a model response", `input`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from proxywasm import log

from ...wire import lenient
from ...wire.errors import ApiError
from ...wire.files import Data
from ...wire.json import Json

_TEXTS: Final = {
    "input_text": "text", "output_text": "text", "text": "text", "refusal": "refusal", "summary_text": "text",
    "reasoning_text": "text",
}  # fmt: skip
"""Types of parts that are texts, with the field that has the text."""


class PartRules(NamedTuple):
    """What the service takes in parts."""

    cache_points: bool = False
    """Marks for the service's cache."""
    files: Mapping[str, Data] | None = None
    """Fetched files by their addresses. None: the service protocol takes addresses."""


def content(given: Any, where: str, rules: PartRules) -> Any:
    """A text, or a list of parts. Raises `ApiError`."""
    if given is None or isinstance(given, str):
        return given or ""
    if not isinstance(given, list) or not all(isinstance(part, dict) for part in given):
        raise ApiError(400, f"{where} must be a text or an array of objects", param=where, code="invalid_type")
    parts = []
    for index, part in enumerate(given):
        converted = _part(part, f"{where}[{index}]", rules)
        if converted is None:
            continue
        if rules.cache_points and part.get("prompt_cache_breakpoint") is not None:
            converted["cache_control"] = {"type": "ephemeral"}
        parts.append(converted)
    return parts


def simplified(parts: Any) -> Any:
    """A content with a single plain text as this text, which all services understand."""
    if isinstance(parts, list) and len(parts) == 1 and parts[0].keys() == {"type", "text"}:
        return parts[0]["text"]
    return parts


def _part(part: Json, where: str, rules: PartRules) -> Json | None:
    kind = lenient.text(part.get("type"))
    if kind in _TEXTS:
        return {"type": "text", "text": lenient.text(part.get(_TEXTS[kind]))}
    if kind == "input_image":
        return _image(part, where)
    if kind == "input_file":
        return {"type": "file", "file": _file(part, where, rules)}
    if kind == "input_audio":
        return {"type": "input_audio", "input_audio": lenient.mapping(part.get("input_audio"))}
    if kind == "encrypted_content":
        log.warn("%s: a content part of type %s dropped: only its service can read it", where, kind)
        return None
    raise ApiError(
        400, f"{where} has the type {kind!r}, which is not known", param=f"{where}.type", code="invalid_value"
    )


def _image(part: Json, where: str) -> Json:
    url = part.get("image_url")
    if isinstance(url, dict):  # As in chats; some clients send it so.
        url = url.get("url")
    if not isinstance(url, str) or not url:
        raise _not_stored(part, where, "image_url")
    image: Json = {"url": url}
    if lenient.text(part.get("detail")) in {"low", "high"}:
        image["detail"] = part["detail"]
    return {"type": "image_url", "image_url": image}


def _file(part: Json, where: str, rules: PartRules) -> Json:
    name = lenient.text(part.get("filename"))
    file: Json = {"filename": name} if name else {}
    data, url = lenient.text(part.get("file_data")), _address(part)
    if url and rules.files is not None:
        fetched = rules.files[url]
        data = f"data:{fetched.media_type};base64,{fetched.base64}"
    if data:
        return {"filename": "document.pdf", **file, "file_data": data}
    if url:
        return {**file, "file_url": url}
    raise _not_stored(part, where, "file_data` or `file_url")


def addresses(items: list[Json]) -> Iterator[str]:
    """The addresses of all files in these items."""
    for item in items:
        for part in (*lenient.objects(item.get("content")), *lenient.objects(item.get("output"))):
            if part.get("type") == "input_file" and (url := _address(part)):
                yield url


def _address(part: Json) -> str:
    return "" if part.get("file_data") else lenient.text(part.get("file_url"))


def _not_stored(part: Json, where: str, instead: str) -> ApiError:
    if part.get("file_id"):
        why = f"{where}: the model service behind this route does not have OpenAI's files; send `{instead}`"
        return ApiError(400, why, param=f"{where}.file_id", code="unsupported_parameter")
    return ApiError(400, f"{where} must have `{instead}`", param=where, code="missing_required_parameter")
