"""`SharedData` of a plugin whose instances are in several processes."""

from __future__ import annotations

import struct
from typing import Final

import lmdb

from proxywasm.wire import LEASE_PREFIX, LimitError

from ..limits import Limits
from ..shared_data import SharedData, entry_size, next_cas, too_much
from .store import Store, Transaction, entries, key_of

_CAS: Final = struct.Struct(">I")
_TOTAL: Final = struct.Struct(">QI")  # bytes of all entries, and the last number for compare-and-swap
_LEASES: Final = b"lease:"  # followed by the key of the lease itself
_LEASE: Final = struct.Struct(">QQ")  # whose it is, and the bytes of its entry


class StoredData(SharedData):
    """Compare-and-swap is a transaction of the store, so of all processes one wins.

    `place` is the plugin's in the chain: each has data of its own, as in Envoy.
    """

    def __init__(self, store: Store, place: int, limits: Limits | None = None) -> None:
        super().__init__(limits)
        self._store = store
        self._prefix = b"data:%d:" % place
        self._totals = b"total:%d" % place

    def get(self, key: str) -> tuple[bytes, int] | None:
        with self._store.reading() as transaction:
            return _entry(transaction.get(key_of(self._prefix, key)))

    def set(self, key: str, value: bytes, cas: int) -> bool:
        name = key_of(self._prefix, key)
        try:
            with self._store.writing() as transaction:
                stored = _entry(transaction.get(name))
                if cas and stored is not None and stored[1] != cas:
                    return False
                before, last = _totals(transaction, self._totals)
                size = before + entry_size(key, value) - (0 if stored is None else entry_size(key, stored[0]))
                if size > max(self._limit, before):
                    raise LimitError(too_much(key, size, self._limit))
                last = next_cas(last)
                transaction.put(name, _CAS.pack(last) + value)
                transaction.put(self._totals, _TOTAL.pack(size, last))
                if key.startswith(LEASE_PREFIX):
                    transaction.put(_LEASES + name, _LEASE.pack(self._store.owner, entry_size(key, value)))
                return True
        except lmdb.MapFullError:
            raise LimitError(f"the shared data {key[:100]!r} is not set: the workers' common store is full") from None

    def delete(self, key: str) -> None:
        with self._store.writing() as transaction:
            stored = _entry(transaction.get(key_of(self._prefix, key)))
            if stored is None:
                raise KeyError(key)
            self._remove(transaction, key, stored[0])

    def withdraw(self, key: str, value: bytes) -> None:
        with self._store.writing() as transaction:
            stored = _entry(transaction.get(key_of(self._prefix, key)))
            if stored is not None and stored[0] == value:
                self._remove(transaction, key, value)

    def keys(self) -> list[str]:
        """But for those that are stored by their checksum, because they are long."""
        start = self._prefix + b"="
        with self._store.reading() as transaction:
            return [key[len(start) :].decode(errors="surrogatepass") for key, _ in entries(transaction, start)]

    def _remove(self, transaction: Transaction, key: str, value: bytes) -> None:
        name = key_of(self._prefix, key)
        _delete(transaction, name, self._totals, entry_size(key, value))
        transaction.delete(_LEASES + name)


def withdraw_leases(store: Store, owner: int) -> None:
    """A process has died: others may lead at once in the place of its instances."""
    with store.writing() as transaction:
        for lease, value in [*entries(transaction, _LEASES)]:
            leader, size = _LEASE.unpack(value)
            if leader == owner:
                name = lease.removeprefix(_LEASES)
                _delete(transaction, name, b"total:" + name.split(b":", 2)[1], size)
                transaction.delete(lease)


def _delete(transaction: Transaction, name: bytes, totals: bytes, size: int) -> None:
    before, last = _totals(transaction, totals)
    transaction.delete(name)
    transaction.put(totals, _TOTAL.pack(before - size, last))


def _totals(transaction: Transaction, key: bytes) -> tuple[int, int]:
    total = transaction.get(key)
    return (0, 0) if total is None else _TOTAL.unpack(total)


def _entry(stored: bytes | None) -> tuple[bytes, int] | None:
    return None if stored is None else (stored[_CAS.size :], _CAS.unpack_from(stored)[0])
