"""Write HTTP/1.1 messages. What cannot be a head of one message only is refused here, whoever has made it."""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus
from typing import Final, NamedTuple

from proxywasm.text import to_bytes
from proxywasm.wire import Fields

LAST_CHUNK: Final = b"0\r\n\r\n"
CHUNKED: Final = ("transfer-encoding", "chunked")
CLOSE: Final = ("connection", "close")

_STATUS_LINES: Final = {
    status: f"HTTP/1.1 {status} {HTTPStatus(status).phrase if status in list(HTTPStatus) else ''}".encode()
    for status in range(100, 600)
}


def request_head(fields: Fields, extra: Iterable[tuple[str, str]] = ()) -> bytes:
    """`fields` with `:method`, `:path` and `:authority`; `extra` are the connection's own. Raises `ValueError`."""
    pseudo = dict(fields[: _pseudo_count(fields)])
    line = f"{pseudo[':method']} {pseudo[':path']} HTTP/1.1"
    if line.count(" ") != 2 or not line.isascii() or not line.isprintable():
        raise ValueError("the method or the path of the request has spaces, or characters that are not ASCII")
    return _block(line.encode("ascii"), [("host", pseudo.get(":authority", "")), *fields[len(pseudo) :], *extra])


def response_head(fields: Fields, extra: Iterable[tuple[str, str]] = ()) -> bytes:
    """`fields` with `:status`. Raises `ValueError`."""
    (name, status), *rest = fields
    if name != ":status" or not status.isascii() or not status.isdecimal() or int(status) not in _STATUS_LINES:
        raise ValueError("a response begins with a status of three digits")
    return _block(_STATUS_LINES[int(status)], [*rest, *extra])


class Framing(NamedTuple):
    """How a client learns where a response ends."""

    headers: Fields
    """Of the connection, to be added to those of the response."""
    chunked: bool
    keep_alive: bool


def frame_response(fields: Fields, ends: bool, to_head: bool, *, http10: bool, keep_alive: bool) -> Framing:
    """For a response with these `fields`. `ends`: there is no body. `keep_alive`: whether the connection may stay."""
    headers: Fields = []
    chunked = False
    silent = to_head or fields[0][1] in ("204", "304")
    if not silent and "content-length" not in dict(fields):
        if ends:
            headers.append(("content-length", "0"))
        elif http10:
            keep_alive = False  # the end of the connection is the end of the body
        else:
            chunked = True
            headers.append(CHUNKED)
    if not keep_alive:
        headers.append(CLOSE)
    elif http10:
        headers.append(("connection", "keep-alive"))
    return Framing(headers, chunked, keep_alive)


def chunk(data: bytes) -> bytes:
    """No chunk may be empty: that would be the end of the body."""
    return b"%x\r\n%b\r\n" % (len(data), data) if data else b""


def last_chunk(trailers: Fields) -> bytes:
    """Raises `ValueError`."""
    return _block(b"0", trailers) if trailers else LAST_CHUNK


def _pseudo_count(fields: Fields) -> int:
    for count, (name, _) in enumerate(fields):
        if name[:1] != ":":
            return count
    return len(fields)


def _block(line: bytes, fields: Iterable[tuple[str, str]]) -> bytes:
    lines = [line]
    lines += [b"%b: %b" % (name.encode("ascii"), to_bytes(value)) for name, value in fields]
    block = b"\r\n".join(lines)
    breaks = len(lines) - 1
    if block.count(b"\n") != breaks or block.count(b"\r") != breaks or b"\0" in block:
        raise ValueError("a header field has a line break or NUL in it")
    return block + b"\r\n\r\n"
