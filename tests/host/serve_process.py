"""`proxywasm serve` as a process of its own, for tests."""

from __future__ import annotations

import contextlib
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
TOOL = Path(sys.executable).with_name("proxywasm")


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextlib.contextmanager
def serving(*words: str | Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The process, and where it listens."""
    with subprocess.Popen(
        [TOOL, "serve", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout
            line = process.stdout.readline()
            found = re.fullmatch(r"ready: http://(.+)\n", line)
            assert found, line + (process.stderr.read() if process.stderr and not line else "")
            yield process, found[1]
        finally:
            process.kill()
