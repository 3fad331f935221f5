"""The candidates for what workers share their data in: a read, a write, and compare-and-swap, alone and in turns."""

from __future__ import annotations

import fcntl
import mmap
import multiprocessing
import sqlite3
import statistics
import struct
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, Protocol

from proxywasm.wire import CREATE
from proxywasm_host.services import SharedData
from proxywasm_host.services.stored import Store, StoredData

_KEYS: Final = 1000
"""Stored beside the one that is measured."""
_VALUE: Final = b"v" * 50
_TIMES: Final = 2000
_TURNS: Final = 7
_NUMBERS: Final = struct.Struct("<QI")


class Candidate(Protocol):
    def read(self) -> int: ...

    def write(self, number: int) -> None: ...

    def add(self) -> None:
        """One more, by compare-and-swap; again, if another one was faster."""


class Shared:
    """A host's shared data."""

    def __init__(self, data: SharedData) -> None:
        self._data = data
        for key in range(_KEYS):
            data.set(f"key {key}", _VALUE, 0)

    def read(self) -> int:
        return int((self._data.get("count") or (b"0", 0))[0])

    def write(self, number: int) -> None:
        self._data.set("count", b"%d" % number, 0)

    def add(self) -> None:
        while True:
            value, cas = self._data.get("count") or (b"0", CREATE)
            if self._data.set("count", b"%d" % (int(value) + 1), cas):
                return


class Sqlite:
    """SQLite with a write-ahead log and without waiting for a disk."""

    def __init__(self, folder: Path) -> None:
        self._connection = sqlite3.connect(folder / "data.sqlite", isolation_level=None, timeout=60)
        for line in ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=OFF"):
            self._connection.execute(line)
        table = "CREATE TABLE IF NOT EXISTS data (key TEXT PRIMARY KEY, value BLOB, cas INTEGER) WITHOUT ROWID"
        self._connection.execute(table)
        rows = [(f"key {key}", _VALUE) for key in range(_KEYS)]
        self._connection.executemany("INSERT OR REPLACE INTO data VALUES (?, ?, 1)", rows)

    def _row(self) -> tuple[bytes, int]:
        found = self._connection.execute("SELECT value, cas FROM data WHERE key = 'count'").fetchone()
        return found or (b"0", 0)

    def read(self) -> int:
        return int(self._row()[0])

    def write(self, number: int) -> None:
        self._connection.execute("INSERT OR REPLACE INTO data VALUES ('count', ?, 1)", (b"%d" % number,))

    def add(self) -> None:
        while True:
            value, cas = self._row()
            new = b"%d" % (int(value) + 1), cas + 1
            if cas == 0:
                done = self._connection.execute("INSERT OR IGNORE INTO data VALUES ('count', ?, ?)", new)
            else:
                done = self._connection.execute(
                    "UPDATE data SET value=?, cas=? WHERE key='count' AND cas=?", (*new, cas)
                )
            if done.rowcount == 1:
                return


class Memory:
    """Shared memory under a lock of the file, which the system frees if its owner dies: one value only. What a table in
    shared memory of our own would cost at least, without the table; and a writer that dies leaves it half written.
    """

    def __init__(self, folder: Path) -> None:
        self._file = (folder / "memory").open("a+b")
        self._file.truncate(mmap.PAGESIZE)
        self._map = mmap.mmap(self._file.fileno(), mmap.PAGESIZE)

    def read(self) -> int:
        fcntl.lockf(self._file, fcntl.LOCK_SH)
        number: int = _NUMBERS.unpack_from(self._map)[0]
        fcntl.lockf(self._file, fcntl.LOCK_UN)
        return number

    def write(self, number: int) -> None:
        fcntl.lockf(self._file, fcntl.LOCK_EX)
        _NUMBERS.pack_into(self._map, 0, number, 1)
        fcntl.lockf(self._file, fcntl.LOCK_UN)

    def add(self) -> None:
        fcntl.lockf(self._file, fcntl.LOCK_EX)
        number, cas = _NUMBERS.unpack_from(self._map)
        _NUMBERS.pack_into(self._map, 0, number + 1, cas + 1)
        fcntl.lockf(self._file, fcntl.LOCK_UN)


CANDIDATES: Final[Mapping[str, Callable[[Path], Candidate]]] = {
    "in one process: a dictionary": lambda _: Shared(SharedData()),
    "LMDB": lambda folder: Shared(StoredData(Store(folder, 0), 0)),
    "SQLite, WAL": Sqlite,
    "shared memory, locked": Memory,
}
_ONE_PROCESS: Final = "in one process: a dictionary"


def measure(processes: int) -> list[str]:
    """The table, as Markdown."""
    head = f"| | read | write | compare-and-swap | the same, {processes} processes at once |"
    rows = [_row(name, processes) for name in CANDIDATES]
    return [head, "| --- | ---: | ---: | ---: | ---: |", *rows]


def _row(name: str, processes: int) -> str:
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as folder:  # noqa: S108
        candidate = CANDIDATES[name](Path(folder))
        candidate.write(0)
        steps: list[Callable[[], object]] = [candidate.read, lambda: candidate.write(1), candidate.add]
        alone = [f"{statistics.median(_microseconds(step) for _ in range(_TURNS)):.1f} us" for step in steps]
        candidate.write(0)
        together = "" if name == _ONE_PROCESS else f"{_together(name, Path(folder), processes):.1f} us"
        if together and (counted := candidate.read()) != processes * _TIMES:
            raise AssertionError(f"{name}: {counted} instead of {processes * _TIMES}")
    return f"| {name} | {' | '.join([*alone, together])} |"


def _microseconds(step: Callable[[], object]) -> float:
    began = time.perf_counter()
    for _ in range(_TIMES):
        step()
    return (time.perf_counter() - began) / _TIMES * 1e6


def _together(name: str, folder: Path, processes: int) -> float:
    """For one of all compare-and-swaps of all processes."""
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(processes + 1)
    workers = [context.Process(target=_count, args=(name, folder, barrier)) for _ in range(processes)]
    for worker in workers:
        worker.start()
    barrier.wait()
    began = time.perf_counter()
    for worker in workers:
        worker.join()
    return (time.perf_counter() - began) / processes / _TIMES * 1e6


def _count(name: str, folder: Path, barrier: multiprocessing.synchronize.Barrier) -> None:
    candidate = CANDIDATES[name](folder)
    barrier.wait()
    for _ in range(_TIMES):
        candidate.add()
