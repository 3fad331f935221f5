"""The administration of a running Envoy, and how it finishes what is under way before it ends: on a signal alone it
ends at once."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Final

from ..values import Address
from .unix_http import UnixConnection

_PAUSE: Final = 0.05
_ANSWER: Final = 2.0
"""Seconds for an answer of the admin interface."""
_ACTIVE: Final = "/stats?filter=%5Ehttp%5C.gateway%5C.downstream_rq_active%24"


class Admin:
    """The administration of a running Envoy, at a Unix socket or a port."""

    def __init__(self, where: Path | Address) -> None:
        self._where = where

    def drain(self, seconds: float, ended: Callable[[], bool]) -> None:
        """Take no more connections, and answer `connection: close` on those that there are; return when no request is
        under way, or after so many seconds, or when Envoy has ended or cannot be asked."""
        with contextlib.suppress(OSError, HTTPException):  # it is starting, or has ended
            self.ask("POST", "/healthcheck/fail")
            self.ask("POST", "/drain_listeners")
            end = time.monotonic() + seconds
            while time.monotonic() < end and not ended() and self._active():
                time.sleep(_PAUSE)

    def _active(self) -> int:
        found = re.search(rb": (\d+)", self.ask("GET", _ACTIVE))
        return int(found[1]) if found else 0

    def ask(self, method: str, path: str, seconds: float = _ANSWER) -> bytes:
        """What it answers. Raises `OSError` or `HTTPException`."""
        connection = (
            UnixConnection(self._where, seconds)
            if isinstance(self._where, Path)
            else HTTPConnection(*self._where, timeout=seconds)
        )
        with contextlib.closing(connection):
            connection.request(method, path)
            return connection.getresponse().read()
