"""Read HTTP/1.1 messages: bytes in, calls of a handler out.

llhttp parses in its strict mode: two lengths, a length together with chunks, a line that ends with LF alone, and a
folded header are errors. This module refuses what llhttp leaves open: more than one `host`, any transfer coding but
`chunked`, another version than 1.x, targets that are no path, and heads that never end.

Fields are those of `proxywasm.wire`: pseudo-headers first, names in lower case, without the headers of the connection.
"""

from __future__ import annotations

import re
from typing import Any, Final, NamedTuple, Protocol, TypeAlias

import httptools

from proxywasm.connection_headers import CONNECTION_HEADERS
from proxywasm.text import to_text
from proxywasm.wire import Fields

RawFields: TypeAlias = list[tuple[bytes, bytes]]

_CODING: Final = "transfer-encoding"
_LENGTH: Final = "content-length"
_OF_CONNECTION: Final = CONNECTION_HEADERS - {_LENGTH, "trailer"}
_is_authority: Final = re.compile(r"[A-Za-z0-9._~!$&'()*+,;=%:\[\]-]+").fullmatch
_is_path: Final = re.compile(r"/[!-~]*").fullmatch
_absolute: Final = re.compile(r"https?://([^/?#]+)([!-~]*)", re.IGNORECASE).fullmatch


class MessageError(Exception):
    """What arrived is no message that can be passed on. `status` is what a client is told."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class RequestHead(NamedTuple):
    fields: Fields
    """With `:method`, `:scheme`, `:authority` and `:path`; `content-length` if there is one."""
    ends: bool
    """No body follows."""
    keep_alive: bool
    """The client wants to use the connection again."""
    upgrade: str
    """The protocol that the client wants to change to, in lower case; mostly empty."""
    expects: bool
    """The client waits for `100 Continue` before it sends the body."""
    http10: bool
    """The client knows no chunks."""


class ResponseHead(NamedTuple):
    fields: Fields
    """With `:status`; `content-length` if there is one."""
    ends: bool
    upgrade: str
    """With status 101: the protocol that follows."""


class RequestHandler(Protocol):
    def on_head(self, head: RequestHead, /) -> None: ...

    def on_body(self, data: bytes, /) -> None: ...

    def on_end(self, rest: bytes, trailers: Fields, /) -> None:
        """The message is complete. `rest` is what of its body has come with the end."""


class ResponseHandler(Protocol):
    def on_informational(self, fields: Fields, /) -> None:
        """100, 102, 103: the response itself still comes."""

    def on_head(self, head: ResponseHead, /) -> None: ...

    def on_body(self, data: bytes, /) -> None: ...

    def on_end(self, rest: bytes, trailers: Fields, /) -> None:
        """As for a request."""


class _Reader:
    """What both directions have in common. A subclass says what a head is."""

    _parser: Any
    _refusal: int  # what a client is told of what is no message
    _too_large: int
    _not_implemented: int

    def __init__(self, largest_head: int) -> None:
        self._largest_head = largest_head
        self._size = 0  # of the head or the trailers that are being read
        self._silence = 0  # bytes that came since llhttp last had anything to say
        self._raw: RawFields = []
        self._pieces: list[bytes] = []

    def feed(self, data: bytes) -> bytes | None:
        """Read on. What is returned comes behind a head that asks for another protocol; None: no such head has come.

        All bytes of a body that come at once are one call of the handler. Raises `MessageError`.
        """
        rest: bytes | None = None
        self._silence += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            rest = data[upgrade.args[0] :]
        except httptools.HttpParserCallbackError as error:
            if isinstance(error.__context__, MessageError):
                raise error.__context__ from None
            raise
        except httptools.HttpParserError as error:
            raise MessageError(self._refusal_of(error), f"this is no HTTP/1.1: {_reason(error)}") from None
        # A name, a value or an extension of a chunk that never ends is kept by llhttp.
        if self._silence > self._largest_head:
            raise MessageError(self._too_large, f"a header or a chunk's extension is longer than {self._most}")
        self._flush()
        return rest

    def _refusal_of(self, error: httptools.HttpParserError) -> int:  # noqa: ARG002  # for subclasses
        return self._refusal

    @property
    def _most(self) -> str:
        return f"{self._largest_head:,} bytes"

    # What llhttp calls.

    def on_message_begin(self) -> None:
        self._size = 0
        self._raw = []

    def on_header(self, name: bytes, value: bytes) -> None:
        self._silence = 0
        self._size += len(name) + len(value) + 4
        if self._size > self._largest_head:
            raise MessageError(self._too_large, f"the header fields are longer than {self._most} in all")
        self._raw.append((name, value))

    def on_body(self, data: bytes) -> None:
        self._silence = 0
        self._pieces.append(data)

    def _flush(self) -> None:
        if self._pieces:
            self._tell_body(self._taken())

    def _taken(self) -> bytes:
        """What of the body has come and is not told."""
        pieces, self._pieces = self._pieces, []
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _tell_body(self, data: bytes) -> None:
        raise NotImplementedError

    def _head(self) -> tuple[list[tuple[str, str]], dict[str, str]]:
        """The fields of the message itself, and the headers of the connection."""
        raw, self._raw = self._raw, []
        self._size = self._silence = 0
        fields = [(name.decode("ascii").lower(), to_text(value)) for name, value in raw]
        connection = {name: value.lower() for name, value in fields if name in _OF_CONNECTION}
        if not connection:
            return fields, connection
        named: set[str] = set()
        for name, value in fields:
            if name == "connection":
                named.update(word.strip().lower() for word in value.split(","))
        if sum(name == _CODING for name, _ in fields) > 1:
            raise MessageError(self._refusal, "there are several `transfer-encoding` headers")
        if _CODING in connection and connection[_CODING].strip() != "chunked":
            raise MessageError(self._not_implemented, "the body has another transfer coding than `chunked`")
        if {_LENGTH, "host", _CODING} & named:
            raise MessageError(self._refusal, "`connection` names a header that says where the message ends or goes")
        return [pair for pair in fields if pair[0] not in _OF_CONNECTION and pair[0] not in named], connection

    def _trailers(self) -> Fields:
        raw, self._raw = self._raw, []
        fields = [(name.decode("ascii").lower(), to_text(value)) for name, value in raw]
        # What says where a message ends or goes has no place behind its end (RFC 9110, 6.5.1).
        return [pair for pair in fields if pair[0] not in CONNECTION_HEADERS and pair[0] != "host"]


class RequestReader(_Reader):
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
        chunked = _CODING in connection
        if chunked and version == "1.0":
            raise MessageError(400, "HTTP/1.0 has no chunks")
        length = next((value for name, value in fields if name == _LENGTH), "0")
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


class ResponseReader(_Reader):
    """Responses of one connection. `expect` says what the next one answers."""

    _refusal = _too_large = _not_implemented = 502

    def __init__(self, handler: ResponseHandler, *, largest_head: int) -> None:
        super().__init__(largest_head)
        self._handler = handler
        self._to_head = self._may_upgrade = False
        self._informational = self._silent = self._until_end = self._open = False
        self.surplus = False
        """Bytes have come that belong to no response: the connection cannot be used again."""
        self.keep_alive = True
        self._parser = httptools.HttpResponseParser(self)

    def expect(self, method: str, upgrade: str = "") -> None:
        """A request with this method has gone out; it may have asked for another protocol."""
        self._to_head = method == "HEAD"
        self._may_upgrade = bool(upgrade)
        self._open = True

    def feed(self, data: bytes) -> bytes | None:
        if not self._open:
            self.surplus = True
            return None
        rest = super().feed(data)
        if self._silent and not self._open:
            # llhttp does not know that no body follows.
            self._silent = False
            self._parser = httptools.HttpResponseParser(self)
        return rest

    def end(self) -> None:
        """The server has closed the connection. Raises `MessageError` if that is not where the response ends."""
        if not self._open:
            return
        if not self._until_end:
            raise MessageError(502, "the upstream has closed the connection before the end of its response")
        self._open = False
        self._handler.on_end(b"", [])

    def on_message_begin(self) -> None:
        super().on_message_begin()
        if not self._open:
            self.surplus = True

    def on_headers_complete(self) -> None:
        if not self._open:
            return
        version = self._parser.get_http_version()
        if version not in ("1.1", "1.0"):
            raise MessageError(502, f"the upstream speaks HTTP/{version}")
        status = self._parser.get_status_code()
        fields, connection = self._head()
        fields.insert(0, (":status", str(status)))
        if status < 200 and status != 101:
            self._informational = True
            self._handler.on_informational(fields)
            return
        if status == 101 and not self._may_upgrade:
            raise MessageError(502, "the upstream changes to another protocol, which the request did not ask for")
        chunked = _CODING in connection
        lengths = [value for name, value in fields if name == _LENGTH]
        self._silent = self._to_head or status in (204, 304)
        self._until_end = not self._silent and not chunked and not lengths and status != 101
        self.keep_alive = self._parser.should_keep_alive() and not self._until_end
        if self._to_head:
            self.keep_alive = "close" not in connection.get("connection", "") and version == "1.1"
        ends = self._silent or (not chunked and bool(lengths) and lengths[0].strip("0") == "")
        upgrade = connection.get("upgrade", "").strip() if status == 101 else ""
        self._handler.on_head(ResponseHead(fields, ends, upgrade))
        if self._to_head:
            self._open = False
            self._handler.on_end(b"", [])

    def on_body(self, data: bytes) -> None:
        if self._open:  # and not by `super`: there is a call for each chunk
            self._silence = 0
            self._pieces.append(data)
        else:
            self.surplus = True

    def on_message_complete(self) -> None:
        if self._informational:
            self._informational = False
            self._silence = 0
            return
        if not self._open:
            return
        self._silence = 0
        self._open = False
        self._handler.on_end(self._taken(), self._trailers())

    def _tell_body(self, data: bytes) -> None:
        self._handler.on_body(data)


def _reason(error: httptools.HttpParserError) -> str:
    text = str(error.args[0]) if error.args else "it cannot be read"
    return text if text.isascii() and text.isprintable() else "it cannot be read"
