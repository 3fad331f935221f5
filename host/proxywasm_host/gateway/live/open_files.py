"""Each connection is an open file, of which the system allows a process so many (`ulimit -n`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from ..model import Gateway

_OTHERS: Final = 100
"""Open files that are no connections."""


def most_clients(gateway: Gateway, log: Callable[[str], None]) -> int:
    """How many clients may be connected to a worker: its share of `limits.connections`, or fewer if the system does not
    allow so many files.

    It allows this process as many as it may have. A part is left for connections to upstreams.
    """
    wanted = -(-gateway.limits.connections // gateway.workers)
    try:
        import resource  # noqa: PLC0415  # Windows has no such limit
    except ImportError:
        return wanted
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return wanted
    needed = 2 * wanted + _OTHERS
    files = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
    if soft < files:
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, hard))
    if files >= needed:
        return wanted
    allowed = min(wanted, max(files * 9 // 10 - _OTHERS, 1))
    if "connections" in gateway.limits.model_fields_set:
        log(
            f"limits.connections: {wanted:,} clients, and as many connections to upstreams, need {needed:,} open "
            f"files, and this process may have {files:,} (ulimit -n): at most {allowed:,} clients are accepted"
        )
    return allowed
