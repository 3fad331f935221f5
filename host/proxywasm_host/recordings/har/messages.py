"""Requests and responses of HAR entries."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from proxywasm.connection_headers import CONNECTION_HEADERS
from proxywasm.fields import breaks, is_name
from proxywasm.wire import Fields

from ...reading import shown
from ..exchange import Message

_METHOD: Final = re.compile(r"[A-Z]{1,20}")
_OF_TRANSPORT: Final = CONNECTION_HEADERS | {"host", "content-length", "content-encoding"}
"""Headers that say how a message was sent. In HAR files bodies are decoded."""
_EVENT_END: Final = re.compile(rb"\r\n\r\n|\n\n|\r\r")


class Unusable(Exception):
    """An entry cannot be used. The message says why."""


def request_of(request: dict[str, Any]) -> Message:
    """Raises `Unusable`."""
    method = str(request.get("method")).upper()
    try:
        url = urlsplit(request["url"])
        host = url.netloc.rpartition("@")[2]
    except ValueError:
        raise Unusable("its URL is not valid") from None
    if not _METHOD.fullmatch(method) or not host or breaks(request["url"]):
        raise Unusable("its method or URL is not valid")
    path = (url.path or "/") + (f"?{url.query}" if url.query else "")
    fields = _fields(request.get("headers"))
    body = _posted(request, {name.lower(): value for name, value in _pairs(request.get("headers"))})
    pseudo = [(":method", method), (":scheme", url.scheme.lower()), (":authority", host), (":path", path)]
    if body:
        fields.append(("content-length", str(len(body))))
    return Message([*pseudo, *fields], (body,) if body else ())


def response_of(response: dict[str, Any], method: object) -> tuple[Message, str]:
    """The response, and what has to be said of it. Raises `Unusable`."""
    status = response.get("status")
    if not isinstance(status, int) or not 200 <= status <= 599:
        raise Unusable(f"its status is {shown(str(status), 20)}")
    content = response.get("content")
    content = content if isinstance(content, dict) else {}
    size = content.get("size")
    body, remark = _content(content), ""
    without_body = method == "HEAD" or status in (204, 304)
    if body is None and isinstance(size, int) and size > 0 and not without_body:
        raise Unusable("the body of the response is not in the file")
    body = b"" if body is None or without_body else body
    unfinished = isinstance(size, int) and size > len(body) > 0
    if unfinished:
        remark = f"its response is cut: the file has {len(body):,} of {size:,} bytes"
    fields = _fields(response.get("headers"))
    types = [value for name, value in fields if name == "content-type"]
    if not types and body and isinstance(kind := content.get("mimeType"), str) and kind and not breaks(kind):
        fields.append(("content-type", kind))
        types = [kind]
    if any("text/event-stream" in kind for kind in types):
        chunks = tuple(events(body))
    else:
        chunks = (body,) if body else ()
        if not unfinished and not without_body:
            fields.append(("content-length", str(len(body))))
    return Message([(":status", str(status)), *fields], chunks, unfinished=unfinished), remark


def _posted(request: dict[str, Any], headers: dict[str, str]) -> bytes:
    data = request.get("postData")
    declared = headers.get("content-length", "")
    length = int(declared) if declared.isdecimal() and len(declared) < 16 else None
    body = b""
    if isinstance(data, dict):
        body = _decoded(data.get("text"), data.get("encoding") or data.get("_encoding")) or b""
        params = data.get("params")
        if not body and isinstance(params, list) and "urlencoded" in str(data.get("mimeType")):
            body = urlencode(_pairs(params)).encode()
    size = length if length is not None else request.get("bodySize")
    if not body and isinstance(size, int) and size > 0:
        raise Unusable("the body of the request is not in the file")
    if length is not None and "content-encoding" not in headers and length != len(body):
        raise Unusable(f"the file has {len(body):,} of the {length:,} bytes of its request's body")
    if "content-encoding" in headers:
        raise Unusable("the body of the request was compressed")
    return body


def _content(content: dict[str, Any]) -> bytes | None:
    return _decoded(content.get("text"), content.get("encoding"))


def _decoded(text: Any, encoding: Any) -> bytes | None:
    """None: there is no text. Raises `Unusable`."""
    if not isinstance(text, str):
        return None
    if encoding == "base64":
        try:
            return base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            raise Unusable("a body is not valid base64") from None
    return text.encode(errors="surrogatepass")


def events(body: bytes) -> Iterator[bytes]:
    """A chunk for each event, as a service sends them."""
    start = 0
    for end in _EVENT_END.finditer(body):
        yield body[start : end.end()]
        start = end.end()
    if start < len(body):
        yield body[start:]


def _pairs(items: Any) -> list[tuple[str, str]]:
    return [
        (item["name"], item["value"])
        for item in (items if isinstance(items, list) else ())
        if isinstance(item, dict) and isinstance(item.get("name"), str) and isinstance(item.get("value"), str)
    ]


def _fields(items: Any) -> Fields:
    """Without pseudo-headers, which HTTP/2 has among the others, and without those of the connection. Browsers write
    headers of one name in one value, with line breaks."""
    fields = []
    for name, joined in _pairs(items):
        name = name.lower()  # noqa: PLW2901
        if not is_name(name) or name in _OF_TRANSPORT:
            continue
        fields += [(name, value.strip()) for value in joined.split("\n") if not breaks(value.strip())]
    return fields
