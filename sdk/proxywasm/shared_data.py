"""Data that all instances of all plugins in one gateway process share.

>>> def count(old: bytes | None) -> bytes:
...     return str(int(old or b"0") + 1).encode()
>>> shared_data.update("my-plugin:visitors", count)  # doctest: +SKIP
b'1'

Another instance may write at any time between two calls; `update` and `set` with `cas` notice it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from . import checks
from .checks import MAX_U32
from .core.running import current
from .wire import CREATE

ATTEMPTS = 100


class SharedValue(NamedTuple):
    """A value and its number for compare-and-swap."""

    value: bytes
    cas: int


def get(key: str) -> SharedValue | None:
    """The value of a key; None if there is none."""
    entry = current("shared_data.get").host.get_shared_data(key)
    return None if entry is None else SharedValue(*entry)


def set(key: str, value: bytes, cas: int = 0) -> bool:  # noqa: A001  # shared_data.set("key", b"value") reads best
    """Write a value; with `cas` only if nobody has written since it was read. Whether it was written."""
    value = checks.data(value, "a value of shared data")
    cas = checks.number(cas, "the number for compare-and-swap", 0, MAX_U32)
    return current("shared_data.set").host.set_shared_data(key, value, cas)


def create(key: str, value: bytes) -> bool:
    """Write a value only if there is none. Whether it was written."""
    return set(key, value, CREATE)


def update(key: str, function: Callable[[bytes | None], bytes]) -> bytes:
    """Replace a value by what the function makes of it (None: there is none yet); returns the new value.

    When another instance writes in between, the function is called again with what that one wrote.
    """
    checks.function(function, "what makes the new value")
    for _ in range(ATTEMPTS):
        entry = get(key)
        value = function(entry.value if entry else None)
        if set(key, value, entry.cas if entry else CREATE):
            return value
    raise RuntimeError(f"shared data {key!r} changed {ATTEMPTS} times while it was being updated")
