"""What clients may use."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerLimits:
    """Times in seconds, sizes in bytes."""

    head: int = 64 * 1024
    """Of a request's head, and of its trailers."""
    head_seconds: float = 10.0
    """From the first byte of a request to the end of its head, then 408; also until the first byte of a connection."""
    keep_alive_seconds: float = 75.0
    """That a connection may be open without a request."""
    requests: int = 10_000
    """Of one connection. It is closed then, so that clients spread over workers again."""
    write_buffer: int = 256 * 1024
    """That waits for a slow client before the exchange is told."""
    linger_seconds: float = 2.0
