"""Times as the API has them."""

from __future__ import annotations

import datetime


def iso(seconds: float) -> str:
    """Seconds since 1970 as a text.

    >>> iso(1.5)
    '1970-01-01T00:00:01.500+00:00'
    """
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).isoformat(timespec="milliseconds")
