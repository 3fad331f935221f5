"""`proxywasm serve` as a process of its own."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

_TOOL = Path(sys.executable).with_name("proxywasm")
_READY = "ready: http://"


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextlib.contextmanager
def serving(*words: str | Path) -> Iterator[str]:
    """Where it listens."""
    command = [_TOOL, "serve", "--native", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603  # our own tool
        try:
            line = process.stdout.readline() if process.stdout else ""
            if not line.startswith(_READY):
                raise RuntimeError(f"proxywasm serve has not started: {line}")
            yield line.removeprefix(_READY).strip()
        finally:
            process.terminate()
