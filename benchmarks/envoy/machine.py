"""Processes of a measurement: where they run, what they use, what they say."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from .load import Report

_PACKAGE = __name__.rpartition(".")[0]
_ROOT = Path(__file__).parents[2]
"""Where Python finds the package, whatever folder this process is in."""
_TICKS = os.sysconf("SC_CLK_TCK")


def processors() -> tuple[int, int]:
    """One for Envoy, and one for everything else; the same if there is no other."""
    available = sorted(os.sched_getaffinity(0))
    return available[0], available[-1]


@contextmanager
def upstream(processor: int, port: int = 0) -> Iterator[int]:
    """The port of a running `upstream`; 0: any that is free."""
    process = subprocess.Popen(  # noqa: S603  # us
        [sys.executable, "-m", f"{_PACKAGE}.upstream", str(port)],
        cwd=_ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        os.sched_setaffinity(process.pid, {processor})
        assert process.stdout is not None
        yield int(process.stdout.readline())
        # The end of its input ends it.


def load(
    processor: int,
    port: int,
    *,
    connections: int,
    seconds: float,
    chunks: int = 0,
    pause: float = 0,
    headers: Sequence[str] = (),
) -> Report:
    """Run `load` in a process of its own."""
    words = [*map(str, (processor, port, connections, seconds, chunks, pause)), *headers]
    done = subprocess.run(  # noqa: S603  # us
        [sys.executable, "-m", f"{_PACKAGE}.load", *words],
        cwd=_ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return Report(**json.loads(done.stdout))


def processor_seconds(pid: int) -> float:
    """That a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def tree_seconds(pid: int) -> float:
    """Processor time of a process and of those that it has started."""
    return processor_seconds(pid) + sum(map(tree_seconds, _children(pid)))


def tree_resident(pid: int) -> int:
    """Bytes of memory that a process and those that it has started use."""
    return resident(pid) + sum(map(tree_resident, _children(pid)))


def _children(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return [int(child) for task in tasks for child in (task / "children").read_text().split()]


def resident(pid: int) -> int:
    """Bytes of memory that a process uses."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


class Highest:
    """The most memory that a process uses from now on; what V8 took to compile has been given back by then."""

    def __init__(self, pid: int) -> None:
        self.bytes = 0
        self._pid = pid
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> Highest:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(0.05):
            self.bytes = max(self.bytes, resident(self._pid))
