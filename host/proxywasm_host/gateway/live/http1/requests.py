"""Read the requests of a client's connection."""

from __future__ import annotations

import re
from typing import Final

import httptools

from .messages import MessageError, RequestHandler, RequestHead
from .reading import CODING, LENGTH, Reader

_is_authority: Final = re.compile(r"[A-Za-z0-9._~!$&'()*+,;=%:\[\]-]+").fullmatch
_is_path: Final = re.compile(r"/[!-~]*").fullmatch
_absolute: Final = re.compile(r"https?://([^/?#]+)([!-~]*)", re.IGNORECASE).fullmatch


class RequestReader(Reader):
    """Requests of one connection, one after the other."""

    _refusal = 400
    _too_large = 431
    _not_implemented = 501

    def __init__(self, handler: RequestHandler, *, scheme: str, largest_head: int) -> None:
        super().__init__(largest_head)
        self._handler = handler
        self._scheme = scheme
        self._target = b""
        self._upgrade = ""
        self._parser = httptools.HttpRequestParser(self)

    def feed(self, data: bytes) -> bytes | None:
        rest = super().feed(data)
        while rest is not None and not self._upgrade:
            # An upgrade that this gateway does not make is none: what follows is the next request.
            self._parser = httptools.HttpRequestParser(self)
            rest = super().feed(rest) if rest else None
        return rest

    def _refusal_of(self, error: httptools.HttpParserError) -> int:
        return 501 if isinstance(error, httptools.HttpParserInvalidMethodError) else 400

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._target = b""
        self._upgrade = ""

    def on_url(self, data: bytes) -> None:
        self._target += data
        self._size += len(data)
        if self._size > self._largest_head:
            raise MessageError(414, f"the target of the request is longer than {self._most}")

    def on_headers_complete(self) -> None:
        version = self._parser.get_http_version()
        if version not in ("1.1", "1.0"):
            raise MessageError(505, f"this gateway speaks HTTP/1.1, not HTTP/{version}")
        fields, connection = self._head()
        method = self._parser.get_method().decode("ascii")
        if method == "CONNECT":
            raise MessageError(501, "this gateway makes no tunnels (CONNECT)")
        hosts = [value for name, value in fields if name == "host"]
        if len(hosts) > 1:
            raise MessageError(400, "there are several `host` headers")
        if not hosts and version == "1.1":
            raise MessageError(400, "there is no `host` header")
        authority, path = self._where(method, hosts[0] if hosts else "")
        chunked = CODING in connection
        if chunked and version == "1.0":
            raise MessageError(400, "HTTP/1.0 has no chunks")
        length = next((value for name, value in fields if name == LENGTH), "0")
        ends = not chunked and length.strip("0") == ""
        self._upgrade = connection.get("upgrade", "").strip() if self._parser.should_upgrade() and ends else ""
        if self._upgrade != "websocket":
            self._upgrade = ""
        pseudo = [(":method", method), (":scheme", self._scheme), (":authority", authority), (":path", path)]
        self._handler.on_head(
            RequestHead(
                pseudo + [pair for pair in fields if pair[0] != "host"],
                ends,
                self._parser.should_keep_alive(),
                self._upgrade,
                "100-continue" in connection.get("expect", "") and version == "1.1",
                version == "1.0",
            )
        )

    def _where(self, method: str, host: str) -> tuple[str, str]:
        target = self._target.decode("ascii", "replace")
        if target == "*" and method == "OPTIONS":
            return self._authority(host), target
        if (absolute := _absolute(target)) is not None:
            # RFC 9112, 3.2.2: the `host` header does not count then.
            path = absolute[2] if absolute[2].startswith("/") else f"/{absolute[2]}"
            return self._authority(absolute[1]), path.partition("#")[0]
        if _is_path(target) is None or "#" in target:
            raise MessageError(400, "the target of the request is no path")
        return self._authority(host), target

    def _authority(self, text: str) -> str:
        if text and _is_authority(text) is None:
            raise MessageError(400, "the `host` is no host")
        return text

    def on_message_complete(self) -> None:
        self._silence = 0
        self._handler.on_end(self._taken(), self._trailers())

    def _tell_body(self, data: bytes) -> None:
        self._handler.on_body(data)
