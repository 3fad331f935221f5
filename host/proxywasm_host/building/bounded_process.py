"""Run a process that executes a plugin author's code, with limits of time, memory and disk."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_POLL_S: Final = 0.1
_LIMITED: Final = (
    "import resource, os, sys; most = int(sys.argv[1]); resource.setrlimit(resource.RLIMIT_DATA, (most, most)); "
    "os.execv(sys.argv[2], sys.argv[2:])"
)


@dataclass(frozen=True, slots=True)
class Bounds:
    seconds: float
    memory: int
    """Bytes that it may write to; on Linux only. Elsewhere the 4 GiB of a WebAssembly memory are the bound."""
    disk: int
    """Bytes of files in its folder."""


class OverrunError(Exception):
    """The process was ended. The message says what it did."""


@dataclass(frozen=True, slots=True)
class Ended:
    status: int
    said: str
    """The end of what it wrote to stderr, or else to stdout."""


def run_bounded(command: Sequence[str | Path], folder: Path, environment: Mapping[str, str], bounds: Bounds) -> Ended:
    """Run a Python command in a folder, which also gets the temporary files of the process.

    Raises `OverrunError` if it had to be ended.
    """
    temporary = folder / "tmp"
    temporary.mkdir(exist_ok=True)
    environment = {**environment, **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(temporary))}
    out, err = folder / "stdout", folder / "stderr"
    with out.open("wb") as stdout, err.open("wb") as stderr:
        process = subprocess.Popen(  # noqa: S603  # our own interpreter and paths, no shell
            _within_memory(command, bounds), cwd=folder, env=environment, stdout=stdout, stderr=stderr
        )
        try:
            _wait(process, folder, bounds)
        finally:
            process.kill()
            process.wait()
    return Ended(process.returncode, _end_of(err) or _end_of(out))


def _within_memory(command: Sequence[str | Path], bounds: Bounds) -> list[str | Path]:
    if sys.platform != "linux":
        return [*command]
    return [sys.executable, "-I", "-S", "-c", _LIMITED, str(bounds.memory), *command]


def _wait(process: subprocess.Popen[bytes], folder: Path, bounds: Bounds) -> None:
    end = time.monotonic() + bounds.seconds
    while True:
        try:
            process.wait(_POLL_S)
        except subprocess.TimeoutExpired:
            pass
        else:
            return
        if time.monotonic() > end:
            raise OverrunError(f"is not done after {bounds.seconds:g} seconds")
        if _size(folder) > bounds.disk:
            raise OverrunError(f"has written more than {bounds.disk // 2**20} MiB of files")


def _size(folder: Path) -> int:
    total = 0
    for name, _, files in os.walk(folder):
        for file in files:
            try:
                total += os.lstat(os.path.join(name, file)).st_size  # noqa: PTH118  # ten times a second
            except FileNotFoundError:
                continue  # it was a temporary one
    return total


_SHOWN: Final = 64 * 2**10


def _end_of(file: Path) -> str:
    with file.open("rb") as content:
        content.seek(max(0, file.stat().st_size - _SHOWN))
        return content.read().decode(errors="replace").strip()
