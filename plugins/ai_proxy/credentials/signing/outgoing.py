"""The parts of a request that a signature covers."""

from __future__ import annotations

from typing import NamedTuple


class Outgoing(NamedTuple):
    """A request as it is sent upstream."""

    method: str
    host: str
    path: str
    body: bytes
