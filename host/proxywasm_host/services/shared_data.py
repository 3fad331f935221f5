"""Data that plugin instances share."""

from __future__ import annotations

import threading

from proxywasm.wire import LimitError

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
            size = self._size + _size(key, value) - (0 if stored is None else _size(key, stored[0]))
            if size > max(self._limit, self._size):
                raise LimitError(
                    f"the shared data {key[:100]!r} is not set: all shared data would take {size} bytes, more than "
                    f"the {self._limit} that are allowed"
                )
            self._size = size
            # One counter for all keys: a number never comes back, so a stale one never fits by chance. The greatest
            # is never given out: the SDK uses it to create a value without overwriting one.
            self._last_cas = self._last_cas % 0xFFFF_FFFE + 1
            self._values[key] = value, self._last_cas
            return True

    def delete(self, key: str) -> None:
        """Delete a value, for the operator of the host; plugins cannot. Raises `KeyError`."""
        with self._lock:
            value, _ = self._values.pop(key)
            self._size -= _size(key, value)

    def keys(self) -> list[str]:
        return list(self._values)


def _size(key: str, value: bytes) -> int:
    return size_of(key) + len(value) + ENTRY
