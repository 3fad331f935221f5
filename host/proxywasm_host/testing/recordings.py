"""Recordings as tests: replay an exchange file and compare with what it expects."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from proxywasm.wire import Program

from ..recordings.compare import judge
from ..recordings.exchange import load
from ..recordings.replay import Session, replay
from ..services import HostServices
from .gateways import Start
from .played import close
from .programs import PluginSource, starts_of


class RecordingError(AssertionError):
    """The plugin does not do what a recording expects. The message lists the differences."""


def check_recording(plugin: PluginSource | Sequence[PluginSource], file: Path, *, only: str = "") -> None:
    """Replay every exchange of a file (or those with this text in their name), each in a fresh instance.

    Of a chain, a list of plugins. Raises `RecordingError`.
    """
    __tracebackhide__ = True
    sessions = [_session(start) for start in starts_of(plugin)]
    exchanges = [exchange for exchange in load(file) if only in exchange.name]
    if not exchanges:
        raise RecordingError(f"{file} has no exchange{f' with {only!r} in its name' if only else ''}")
    failed: list[str] = []
    for exchange in exchanges:
        verdict = judge(replay(exchange, sessions), exchange)
        if verdict.status == "nothing expected":
            failed.append(f"{exchange.name}\nhas no key `expect`: there is nothing to compare with")
        elif not verdict.passed:
            failed.append("\n".join([exchange.name, *(str(difference) for difference in verdict.differences)]))
    if failed:
        raise RecordingError(f"{len(failed)} of {len(exchanges)} exchanges of {file} differ\n\n" + "\n\n".join(failed))


def _session(start: Start) -> Session:
    @contextlib.contextmanager
    def session(services: HostServices) -> Iterator[Program]:
        program = start.program(services)
        try:
            yield program
        finally:
            close(program)

    return session
