"""Read HTTP/1.1 messages: what requests and responses have in common. Bytes in, calls of a handler out.

llhttp parses in its strict mode: two lengths, a length together with chunks, a line that ends with LF alone, and a
folded header are errors. These modules refuse what llhttp leaves open: more than one `host`, any transfer coding but
`chunked`, another version than 1.x, targets that are no path, and heads that never end.
"""

from __future__ import annotations

from typing import Any, Final, TypeAlias

import httptools

from proxywasm.connection_headers import CONNECTION_HEADERS
from proxywasm.text import to_text
from proxywasm.wire import Fields

from .messages import MessageError

RawFields: TypeAlias = list[tuple[bytes, bytes]]

CODING: Final = "transfer-encoding"
LENGTH: Final = "content-length"
_OF_CONNECTION: Final = CONNECTION_HEADERS - {LENGTH, "trailer"}


class Reader:
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
        if sum(name == CODING for name, _ in fields) > 1:
            raise MessageError(self._refusal, "there are several `transfer-encoding` headers")
        if CODING in connection and connection[CODING].strip() != "chunked":
            raise MessageError(self._not_implemented, "the body has another transfer coding than `chunked`")
        if {LENGTH, "host", CODING} & named:
            raise MessageError(self._refusal, "`connection` names a header that says where the message ends or goes")
        return [pair for pair in fields if pair[0] not in _OF_CONNECTION and pair[0] not in named], connection

    def _trailers(self) -> Fields:
        raw, self._raw = self._raw, []
        fields = [(name.decode("ascii").lower(), to_text(value)) for name, value in raw]
        # What says where a message ends or goes has no place behind its end (RFC 9110, 6.5.1).
        return [pair for pair in fields if pair[0] not in CONNECTION_HEADERS and pair[0] != "host"]


def _reason(error: httptools.HttpParserError) -> str:
    text = str(error.args[0]) if error.args else "it cannot be read"
    return text if text.isascii() and text.isprintable() else "it cannot be read"
