"""Moments as files have them: `2025-01-01T00:00:00.000Z`."""

from __future__ import annotations

import datetime
from typing import Final

_EPOCH: Final = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_LAST_DAY: Final = 106_000
"""Since 1970: later moments do not fit into 64 bits of nanoseconds."""


def time_text(time_ns: int) -> str:
    """Nanoseconds since 1970 as a text.

    >>> time_text(1_735_689_600_123_999_999)
    '2025-01-01T00:00:00.123Z'
    """
    seconds, below = divmod(time_ns, 10**9)
    moment = datetime.datetime.fromtimestamp(seconds, datetime.UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{below // 10**6:03}Z"


def time_ns_of(text: str) -> int | None:
    """Nanoseconds since 1970. None: it is no moment, or one before 1970 or after 2260.

    >>> time_ns_of("2025-01-01T01:00:00+01:00")
    1735689600000000000
    """
    try:
        moment = datetime.datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        return None
    since = moment - _EPOCH
    if not 0 <= since.days < _LAST_DAY:
        return None
    return (since.days * 86_400 + since.seconds) * 10**9 + since.microseconds * 1000
