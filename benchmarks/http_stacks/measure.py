"""Measure one candidate after the other, on one processor; client and upstream have another."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Final

from ..envoy.machine import load, processors, tree_seconds, upstream
from .candidates import CANDIDATES, Candidate
from .smuggling import BAD_REQUESTS, Witness, all_passed

_ROOT: Final = Path(__file__).parents[2]
_CONNECTIONS: Final = 16
_CHUNKS: Final = 100
_PACED: Final = 0.02
_STARTING_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class Figures:
    name: str
    versions: str
    requests: float
    """A second of the processor's time, pass-through, 16 connections."""
    requests_of_wall_time: float
    """A second; with a slow client this is the client's."""
    chunks: float
    """A second of the processor's time, 16 streams of 100 chunks as fast as they come."""
    first_byte: float
    """Milliseconds that a paced stream's first byte comes later than without a gateway, median."""
    websockets: str
    released: str
    passed: Sequence[str]
    """Bad requests that are not refused."""
    failures: int

    @property
    def refused(self) -> str:
        return f"{len(BAD_REQUESTS) - len(self.passed)} of {len(BAD_REQUESTS)}"


def measure(names: Sequence[str], seconds: float, report: Callable[[str], None]) -> list[Figures]:
    chosen = [each for each in CANDIDATES if not names or each.name in names]
    mine, others = processors()
    with tempfile.TemporaryDirectory(prefix="proxywasm-stacks-") as folder, upstream(others) as service:
        direct = load(others, service, connections=1, seconds=seconds, chunks=5, pause=_PACED).first_byte
        found = []
        for candidate in chosen:
            report(candidate.title)
            found.append(_figures(candidate, service, Path(folder), (mine, others), seconds, direct))
    return found


def _figures(
    candidate: Candidate, service: int, folder: Path, where: tuple[int, int], seconds: float, direct: float
) -> Figures:
    mine, others = where
    with _running(candidate, service, folder, mine) as (port, pid):
        load(others, port, connections=_CONNECTIONS, seconds=min(1.0, seconds))
        before = tree_seconds(pid)
        whole = load(others, port, connections=_CONNECTIONS, seconds=seconds)
        middle = tree_seconds(pid)
        streamed = load(others, port, connections=_CONNECTIONS, seconds=seconds, chunks=_CHUNKS)
        after = tree_seconds(pid)
        paced = load(others, port, connections=1, seconds=seconds, chunks=5, pause=_PACED)
    with Witness().running() as witness, _running(candidate, witness.port, folder, mine) as (port, _):
        passed = all_passed(port, witness)
    return Figures(
        candidate.title,
        ", ".join(f"{package} {version(package)}" for package in candidate.packages),
        whole.requests / max(middle - before, 0.01),
        whole.requests / whole.seconds,
        streamed.events / max(after - middle, 0.01),
        (paced.first_byte - direct) * 1000,
        candidate.websockets,
        candidate.released,
        passed,
        whole.failures + streamed.failures + paced.failures,
    )


@contextlib.contextmanager
def _running(candidate: Candidate, service: int, folder: Path, processor: int) -> Iterator[tuple[int, int]]:
    """Its port and the number of its process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    start = candidate.start(port, service, folder)
    with subprocess.Popen(  # noqa: S603  # ours
        start.words, cwd=_ROOT, env={**os.environ, **start.environment}, stdout=subprocess.DEVNULL
    ) as process:
        os.sched_setaffinity(process.pid, {processor})
        try:
            _wait_until_it_listens(port, process)
            yield port, process.pid
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


def _wait_until_it_listens(port: int, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + _STARTING_SECONDS
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise RuntimeError(f"it does not listen: {' '.join(map(str, process.args))}")  # type: ignore[arg-type]
