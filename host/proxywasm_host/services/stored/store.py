"""The file that the processes share."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Final, Protocol, cast

import lmdb

_MEMORY: Final = Path("/dev/shm")  # noqa: S108  # a folder is made in it that only this user can enter
_SIZE: Final = 2**34
"""Bytes of addresses that the file may take. What it takes of the memory is what is in it; limits count that."""
_ROOM: Final = 2**29
"""Bytes that have to be free: a page of the file that there is no room for ends the process that writes it."""
_READERS: Final = 2048
_LONGEST_KEY: Final = 400
"""LMDB takes keys of 511 bytes."""


class Transaction(Protocol):
    """What is used of LMDB's."""

    def get(self, key: bytes, /) -> bytes | None: ...

    def put(self, key: bytes, value: bytes, /) -> bool: ...

    def delete(self, key: bytes, /) -> bool: ...

    def cursor(self) -> Any: ...


class StoreError(Exception):
    """There is no place for a store. The message is for people."""


class Store:
    """One for each process; `owner` is who writes, for `withdraw_leases`."""

    def __init__(self, folder: Path, owner: int) -> None:
        self.folder = folder
        self.owner = owner
        # Nothing is written to a disk for its own sake: when the machine is gone, so is the gateway.
        self._environment = lmdb.open(
            str(folder),
            map_size=min(_SIZE, max(shutil.disk_usage(folder).free, _ROOM) // 2),
            max_readers=_READERS,
            writemap=True,
            sync=False,
            metasync=False,
            meminit=False,
        )

    @classmethod
    def make(cls, owner: int) -> Store:
        """A new store, in a folder of its own, which `remove` removes. Raises `StoreError`."""
        places = (_MEMORY, Path(tempfile.gettempdir()))
        for place in places:
            try:
                if shutil.disk_usage(place).free >= _ROOM:
                    return cls(Path(tempfile.mkdtemp(prefix="proxywasm-", dir=place)), owner)
            except OSError:  # there is none, or it is read-only
                continue
        raise StoreError(
            f"neither {places[0]} nor {places[1]} has {_ROOM // 2**20} MiB free, where workers share their data"
        )

    def reading(self) -> AbstractContextManager[Transaction]:
        return cast("AbstractContextManager[Transaction]", self._environment.begin())

    def writing(self) -> AbstractContextManager[Transaction]:
        """One at a time, of all processes."""
        return cast("AbstractContextManager[Transaction]", self._environment.begin(write=True))

    def forget_dead_readers(self) -> None:
        """A process that has died while it was reading would keep what it was reading from being overwritten."""
        self._environment.reader_check()

    def close(self) -> None:
        self._environment.close()

    def remove(self) -> None:
        self.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def key_of(prefix: bytes, name: str) -> bytes:
    """The key of a name of any length."""
    text = name.encode(errors="surrogatepass")
    return prefix + (b"=" + text if len(text) <= _LONGEST_KEY else b"#" + hashlib.sha256(text).digest())


def entries(transaction: Transaction, prefix: bytes) -> Iterator[tuple[bytes, bytes]]:
    """All keys that begin like this, each with its value."""
    with transaction.cursor() as cursor:
        here = cursor.set_range(prefix)
        while here and cursor.key().startswith(prefix):
            yield cursor.item()
            here = cursor.next()
