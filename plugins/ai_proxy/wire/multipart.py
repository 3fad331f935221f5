"""Reads and writes forms as `multipart/form-data` (RFC 7578)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from . import limits

_CRLF: Final = b"\r\n"
_END_OF_DELIMITER: Final = re.compile(rb"(--)?[ \t]*(?:\r\n|\Z)")


class MultipartError(ValueError):
    """A body is not a valid form."""


@dataclass(slots=True)
class Part:
    """One field of a form. Header names are lower case."""

    headers: dict[str, str]
    data: bytes

    @property
    def name(self) -> str:
        return _parameter(self.headers.get("content-disposition", ""), "name")

    @property
    def filename(self) -> str:
        return _parameter(self.headers.get("content-disposition", ""), "filename")

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "")


def is_form(content_type: str) -> bool:
    return content_type.lstrip().lower().startswith("multipart/form-data")


def boundary(content_type: str) -> bytes:
    """Raises `MultipartError` if the content type has no boundary."""
    value = _parameter(content_type, "boundary").encode("latin-1", "replace")
    if not value or len(value) > 70:  # RFC 2046
        raise MultipartError("the content type has no boundary")
    return value


def read(body: bytes, boundary: bytes) -> list[Part]:
    """The parts in order; text before the first and after the last is ignored. Raises `MultipartError`."""
    parts: list[Part] = []
    start = -1
    for found, end in _delimiters(body, boundary):
        if start >= 0:
            if len(parts) == limits.FORM_PARTS:
                raise MultipartError(f"the form has more than {limits.FORM_PARTS} parts")
            parts.append(_part(body[start : max(found - 2, start)]))
        if end[1]:
            return parts
        start = end.end()
    raise MultipartError("the form is not complete" if start >= 0 else "there is no part in the form")


def _delimiters(body: bytes, boundary: bytes) -> Iterator[tuple[int, re.Match[bytes]]]:
    """The boundaries: each has a line of its own, with optional white space at the end (RFC 2046)."""
    marker = b"--" + boundary
    position = 0
    while (found := body.find(marker, position)) >= 0:
        position = found + len(marker)
        end = _END_OF_DELIMITER.match(body, position)
        if end is not None and (found == 0 or body[found - 2 : found] == _CRLF):
            yield found, end


def write(parts: list[Part], boundary: bytes) -> bytes:
    """Raises `MultipartError` if a part contains the boundary."""
    lines = []
    for part in parts:
        if next(_delimiters(_CRLF + part.data + _CRLF, boundary), None) is not None:
            raise MultipartError("the boundary is in a part of the form")
        headers = [f"{name.title()}: {value}" for name, value in sorted(part.headers.items())]
        lines += [b"--" + boundary, *(line.encode("utf-8", "surrogateescape") for line in headers), b"", part.data]
    return _CRLF.join([*lines, b"--" + boundary + b"--", b""])


def field(name: str, value: str) -> Part:
    """A text field."""
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    return Part({"content-disposition": f'form-data; name="{quoted}"'}, value.encode(errors="replace"))


def _part(raw: bytes) -> Part:
    # A part without headers begins with its blank line.
    head, separator, data = (_CRLF + raw).partition(_CRLF + _CRLF)
    if not separator:
        raise MultipartError("a part of the form has no blank line after its headers")
    if len(head) > limits.FORM_HEADERS:
        raise MultipartError(f"a part of the form has more than {limits.FORM_HEADERS} bytes of headers")
    headers: dict[str, str] = {}
    for line in re.sub(rb"\r\n[ \t]+", b" ", head).split(_CRLF)[1:]:
        name, colon, value = line.partition(b":")
        if not colon:
            raise MultipartError("a part of the form has a header without colon")
        headers[name.decode("latin-1").strip().lower()] = value.decode("utf-8", "surrogateescape").strip()
    return Part(headers, data)


# A parameter's value is a token or a quoted string (RFC 2045); browsers write quotation marks in names as %22.
_PARAMETER: Final = re.compile(r';\s*([^\s=;"]+)\s*=\s*(?:"((?:\\.|[^"\\])*)"|([^\s;"]*))')


def _parameter(header: str, name: str) -> str:
    for found in _PARAMETER.finditer(header):
        if found[1].lower() == name:
            return re.sub(r"\\(.)", r"\1", found[2]) if found[2] is not None else found[3]
    return ""
