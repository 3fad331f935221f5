"""Requests that two servers could understand differently: a gateway has to refuse each (RFC 9112, 11.2)."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from typing import Final

_HOST: Final = b"Host: gateway.example.com\r\n"
_HIDDEN: Final = b"GET /hidden HTTP/1.1\r\n" + _HOST + b"\r\n"


def _post(fields: bytes, body: bytes, line: bytes = b"POST / HTTP/1.1\r\n") -> bytes:
    return line + _HOST + fields + b"\r\n" + body


BAD_REQUESTS: Final = {
    "two lengths": _post(b"Content-Length: 0\r\nContent-Length: 44\r\n", _HIDDEN),
    "two lengths in one field": _post(b"Content-Length: 0, 44\r\n", _HIDDEN),
    "length and chunks": _post(b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", b"0\r\n\r\n" + _HIDDEN),
    "a length with a sign": _post(b"Content-Length: +5\r\n", b"abcde"),
    "a length in hexadecimal": _post(b"Content-Length: 0x5\r\n", b"abcde"),
    "an empty length": _post(b"Content-Length: \r\n", _HIDDEN),
    "another coding after chunks": _post(b"Transfer-Encoding: chunked, identity\r\n", b"0\r\n\r\n" + _HIDDEN),
    "a coding that nobody knows": _post(b"Transfer-Encoding: xchunked\r\n", b"0\r\n\r\n" + _HIDDEN),
    "two codings": _post(b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", b"0\r\n\r\n" + _HIDDEN),
    "chunks in HTTP/1.0": _post(b"Transfer-Encoding: chunked\r\n", b"0\r\n\r\n" + _HIDDEN, b"POST / HTTP/1.0\r\n"),
    "space before the colon": _post(b"Content-Length : 5\r\n", b"abcde"),
    "a folded field": _post(b"X-A: b\r\n Content-Length: 5\r\n", b"abcde"),
    "LF alone at the end of a field": _post(b"X-A: b\nContent-Length: 5\r\n", b"abcde"),
    "LF alone at the end of the head": b"GET / HTTP/1.1\n" + _HOST.replace(b"\r", b"") + b"\n",
    "CR alone in a value": _post(b"X-A: b\rContent-Length: 5\r\n", b"abcde"),
    "NUL in a value": _post(b"X-A: b\0c\r\n", b""),
    "a chunk's size with 0x": _post(b"Transfer-Encoding: chunked\r\n", b"0x5\r\nabcde\r\n0\r\n\r\n"),
    "a chunk's size with a sign": _post(b"Transfer-Encoding: chunked\r\n", b"+5\r\nabcde\r\n0\r\n\r\n"),
    "a chunk that is longer than its size": _post(b"Transfer-Encoding: chunked\r\n", b"3\r\nabcde\r\n0\r\n\r\n"),
    "LF alone after a chunk's size": _post(b"Transfer-Encoding: chunked\r\n", b"5\nabcde\r\n0\r\n\r\n"),
    "LF alone in a chunk's extension": _post(b"Transfer-Encoding: chunked\r\n", b"5;a\nb\r\nabcde\r\n0\r\n\r\n"),
    "no host": b"GET / HTTP/1.1\r\nX-A: b\r\n\r\n",
    "two hosts": b"GET / HTTP/1.1\r\n" + _HOST + b"Host: other.example.com\r\n\r\n",
    "a control character in the path": b"GET /a\x01b HTTP/1.1\r\n" + _HOST + b"\r\n",
}


class Witness:
    """An upstream that answers whatever comes, and keeps what it was sent."""

    def __init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self.received: list[bytes] = []
        self._thread = threading.Thread(target=self._accept)

    @contextlib.contextmanager
    def running(self) -> Iterator[Witness]:
        self._thread.start()
        try:
            yield self
        finally:
            self._listening.shutdown(socket.SHUT_RDWR)
            self._thread.join()
            self._listening.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listening.accept()
                threading.Thread(target=self._serve, args=(connection,)).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            while data := connection.recv(1 << 16):
                self.received.append(data)
                # It cannot tell where a request of this kind ends, so it answers each packet.
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")


def passed(port: int, witness: Witness, request: bytes, seconds: float = 1.0) -> bool:
    """Whether a gateway that listens there takes the request for one, or for two: it answers that all is well."""
    witness.received.clear()
    answer = b""
    with socket.create_connection(("127.0.0.1", port), timeout=seconds) as client, contextlib.suppress(OSError):
        client.sendall(request)
        while data := client.recv(1 << 16):
            answer += data
    return b"HTTP/1.1 200" in answer


def all_passed(port: int, witness: Witness) -> list[str]:
    """The names of those that are not refused."""
    return [name for name, request in BAD_REQUESTS.items() if passed(port, witness, request)]
