"""HTTP to a Unix socket."""

from __future__ import annotations

import socket
from http.client import HTTPConnection
from pathlib import Path


class UnixConnection(HTTPConnection):
    """To the socket at a path. `timeout`, in seconds, is for each wait."""

    def __init__(self, path: Path, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = str(path)

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)
