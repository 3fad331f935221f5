"""Numbers of a request within what its service accepts."""

from __future__ import annotations

from typing import Any

from proxywasm import log

from ...wire import lenient


def within(value: Any, most: float, least: float = 0) -> Any:
    """The number, or the nearest that is accepted. Anything but a number is left for the service to refuse.

    >>> within(1.5, 1), within(0.2, 1), within("warm", 1)
    (1, 0.2, 'warm')
    """
    if not lenient.is_number(value) or least <= value <= most:
        return value
    nearest = min(max(value, least), most)
    log.debug("%s becomes %s: the upstream accepts numbers from %s to %s", value, nearest, least, most)
    return nearest
