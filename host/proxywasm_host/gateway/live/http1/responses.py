"""Read the responses of a connection to a server."""

from __future__ import annotations

import httptools

from .messages import MessageError, ResponseHandler, ResponseHead
from .reading import CODING, LENGTH, Reader


class ResponseReader(Reader):
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
        chunked = CODING in connection
        lengths = [value for name, value in fields if name == LENGTH]
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
