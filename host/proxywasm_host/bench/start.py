"""Measure starts: of an instance, and of the command line."""

from __future__ import annotations

import subprocess
import sys
import time

from proxywasm.wire import LogLevel

from ..services import HostServices
from ..wasm.component import ComponentProgram
from .measure import Row, row, take_turns
from .setup import CHAT, Setup


def starting(setup: Setup) -> list[Row]:
    def start() -> None:
        ComponentProgram(setup.identity, HostServices()).configure("{}", LogLevel.INFO)

    def command() -> None:
        code = "from proxywasm_host.cli.main import main; main()"
        arguments = ["replay", "--wasm", str(setup.flagship_file), "--json", str(CHAT)]
        subprocess.run([sys.executable, "-c", code, *arguments], check=True, capture_output=True)  # noqa: S603  # us

    samples = take_turns({"start": start}) | take_turns(
        {"command": command}, rounds=7, seconds=0, clock=time.perf_counter
    )
    return [
        row("a new instance, configured", samples, "start", "ms"),
        row("second start of the command line: one exchange replayed", samples, "command", "s", target=0.5),
    ]
