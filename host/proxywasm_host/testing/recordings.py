"""Recordings as tests: replay an exchange file and compare with what it expects."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from proxywasm.wire import Program

from ..recordings.compare import judge
from ..recordings.exchange import load
from ..recordings.replay import replay
from ..services import HostServices
from .played import close
from .programs import PluginSource, start_of


class RecordingError(AssertionError):
    """The plugin does not do what a recording expects. The message lists the differences."""


def check_recording(plugin: PluginSource, file: Path, *, only: str = "") -> None:
    """Replay every exchange of a file (or those with this text in their name), each in a fresh instance.

    Raises `RecordingError`.
    """
    __tracebackhide__ = True
    start = start_of(plugin)

    @contextlib.contextmanager
    def session(services: HostServices) -> Iterator[Program]:
        program = start.program(services)
        try:
            yield program
        finally:
            close(program)

    exchanges = [exchange for exchange in load(file) if only in exchange.name]
    if not exchanges:
        raise RecordingError(f"{file} has no exchange{f' with {only!r} in its name' if only else ''}")
    failed: list[str] = []
    for exchange in exchanges:
        verdict = judge(replay(exchange, session), exchange)
        if verdict.status == "nothing expected":
            failed.append(f"{exchange.name}\nhas no key `expect`: there is nothing to compare with")
        elif not verdict.passed:
            failed.append("\n".join([exchange.name, *(str(difference) for difference in verdict.differences)]))
    if failed:
        raise RecordingError(f"{len(failed)} of {len(exchanges)} exchanges of {file} differ\n\n" + "\n\n".join(failed))
