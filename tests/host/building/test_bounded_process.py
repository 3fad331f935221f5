"""The process that runs an author's code: it ends, whatever that does."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from proxywasm_host.building.bounded_process import Bounds, Ended, OverrunError, run_bounded

BOUNDS = Bounds(seconds=60, memory=2**28, disk=2**20)


def run(folder: Path, program: str, bounds: Bounds = BOUNDS) -> Ended:
    return run_bounded([sys.executable, "-c", program], folder, os.environ, bounds)


def test_it_says_how_it_ended_and_the_end_of_what_it_wrote(tmp_path: Path) -> None:
    assert run(tmp_path, "print('out')") == Ended(0, "out")
    program = "import sys; sys.stderr.write('x' * 100_000 + 'end'); sys.exit(3)"
    ended = run(tmp_path, program)
    assert (ended.status, len(ended.said), ended.said[-4:]) == (3, 2**16, "xend")


def test_it_ends_when_its_time_is_up(tmp_path: Path) -> None:
    with pytest.raises(OverrunError, match=r"is not done after 0\.5 seconds"):
        run(tmp_path, "while True: pass", Bounds(0.5, BOUNDS.memory, BOUNDS.disk))


@pytest.mark.parametrize(
    "program",
    [
        "while True: print('x' * 1000)",
        "n = 0\nwhile True:\n    n += 1; open(str(n), 'w').write('x' * 1000)",
        "import tempfile\nfile = tempfile.NamedTemporaryFile()\nwhile True: file.write(b'x' * 10_000)",
    ],
    ids=["stdout", "files", "temporary file"],
)
def test_it_ends_when_it_writes_too_much(tmp_path: Path, program: str) -> None:
    with pytest.raises(OverrunError, match="has written more than 1 MiB of files"):
        run(tmp_path, program)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux counts what a process can write to")
def test_it_gets_no_more_memory_than_it_may_have(tmp_path: Path) -> None:
    ended = run(tmp_path, "kept = []\nwhile True: kept.append(bytearray(1_000_000))")
    assert (ended.status, ended.said.splitlines()[-1]) == (1, "MemoryError")
