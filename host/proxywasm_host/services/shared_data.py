"""Data that plugin instances share."""

from __future__ import annotations

import threading

from proxywasm.wire import CREATE, LimitError

from .limits import ENTRY, Limits, size_of


class SharedData:
    """Key-value data shared by plugin instances, with compare-and-swap. Safe for threads."""

    def __init__(self, limits: Limits | None = None) -> None:
        self._limit = (limits or Limits()).shared_data
        self._lock = threading.Lock()
        self._values: dict[str, tuple[bytes, int]] = {}
        self._size = 0
        self._last_cas = 0

    def get(self, key: str) -> tuple[bytes, int] | None:
        return self._values.get(key)

    def set(self, key: str, value: bytes, cas: int) -> bool:
        """False: `cas` is neither 0 nor the number of the stored value. What has no value is always written.

        Raises `LimitError` if it would be too much; a smaller value in place of another always fits.
        """
        with self._lock:
            stored = self._values.get(key)
            if cas and stored is not None and stored[1] != cas:
                return False
            size = self._size + entry_size(key, value) - (0 if stored is None else entry_size(key, stored[0]))
            if size > max(self._limit, self._size):
                raise LimitError(too_much(key, size, self._limit))
            self._size = size
            self._last_cas = next_cas(self._last_cas)
            self._values[key] = value, self._last_cas
            return True

    def delete(self, key: str) -> None:
        """Delete a value, for the operator of the host; plugins cannot. Raises `KeyError`."""
        with self._lock:
            value, _ = self._values.pop(key)
            self._size -= entry_size(key, value)

    def withdraw(self, key: str, value: bytes) -> None:
        """Delete it, if that is still its value: its owner is gone."""
        with self._lock:
            if (stored := self._values.get(key)) is not None and stored[0] == value:
                del self._values[key]
                self._size -= entry_size(key, value)

    def keys(self) -> list[str]:
        return list(self._values)


def next_cas(last: int) -> int:
    """One counter for all keys: a number never comes back, so a stale one never fits by chance. `CREATE` is never given
    out: the SDK uses it to create a value without overwriting one."""
    return last % (CREATE - 1) + 1


def entry_size(key: str, value: bytes) -> int:
    return size_of(key) + len(value) + ENTRY


def too_much(key: str, size: int, limit: int) -> str:
    return (
        f"the shared data {key[:100]!r} is not set: all shared data would take {size} bytes, more than the {limit} "
        "that are allowed"
    )
