"""The client of a comparison: sends the request of an exchange as it stands, and keeps all that comes back."""

from __future__ import annotations

from dataclasses import dataclass
from http.client import HTTPException, IncompleteRead
from pathlib import Path

from proxywasm.wire import Fields
from proxywasm_host.gateway.envoy.unix_http import UnixConnection
from proxywasm_host.recordings.exchange import Message

from .lines import LINE

TIMEOUT = 120.0
"""Seconds for what takes milliseconds, unless the machine is busy."""


@dataclass(frozen=True, slots=True)
class Got:
    headers: Fields
    body: bytes
    whole: bool
    """False: the connection was closed before the end."""


def ask(path: Path, line: int, request: Message) -> Got | None:
    """None: nothing came back but the end of the connection."""
    headers = dict(request.headers)
    connection = UnixConnection(path, TIMEOUT)
    try:
        connection.putrequest(headers[":method"], headers[":path"], skip_host=True, skip_accept_encoding=True)
        connection.putheader("host", headers[":authority"])
        connection.putheader(LINE, str(line))
        length = sum(map(len, request.body))
        plain = not request.body or headers.get("content-length") == str(length)
        for name, value in request.headers:
            if not name.startswith(":") and (plain or name != "content-length"):
                connection.putheader(name, value.encode())
        if not plain:
            connection.putheader("transfer-encoding", "chunked")
        connection.endheaders()
        for chunk in request.body:
            if chunk:
                connection.send(chunk if plain else f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n")
        if not plain:
            connection.send(b"0\r\n\r\n")
        response = connection.getresponse()
        fields = [(":status", str(response.status)), *((name.lower(), value) for name, value in response.getheaders())]
        try:
            return Got(fields, response.read(), True)
        except IncompleteRead as error:
            return Got(fields, error.partial, False)
    except (HTTPException, ConnectionError):
        return None
    finally:
        connection.close()
