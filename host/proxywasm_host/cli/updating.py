"""`proxywasm replay --update`: expectations become what the plugin answers now."""
# ruff: noqa: PLC0415  # what is slow to import is imported when the command runs

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .terminal import UserError, console, fail

if TYPE_CHECKING:
    from ..recordings.exchange import Exchange
    from ..recordings.replay import Session


def update_all(loaded: Mapping[Path, Sequence[Exchange]], sessions: Sequence[Session]) -> None:
    """Show what differs, and write it: of each file all or nothing. Ends with 1 if a plugin failed, whose answers are
    no expectation. Raises `UserError`.
    """
    for file in loaded:
        if file.suffix == ".har":
            raise UserError(f"{file}: a HAR file has no key `expect`; `proxywasm convert` makes an exchange file of it")
    failures = sum([_update(file, exchanges, sessions) for file, exchanges in loaded.items()])
    if failures:
        click.echo(f"{failures} of them not updated: the plugin failed", err=True)
        sys.exit(1)


def _update(file: Path, exchanges: Sequence[Exchange], sessions: Sequence[Session]) -> int:
    """How many exchanges the plugin failed at."""
    from ..recordings.compare import judge, own_failure
    from ..recordings.render import Lines, VerdictView
    from ..recordings.replay import ReplayError, replay
    from ..recordings.update import update

    view = VerdictView(Lines(console()))
    results, failures = {}, 0
    for exchange in exchanges:
        try:
            result = replay(exchange, sessions)
        except ReplayError as error:
            fail(error)
        verdict = judge(result, exchange)
        view.show(exchange, verdict)
        if any(own_failure(result)):
            failures += 1
        elif not verdict.passed or verdict.status == "nothing expected":
            results[exchange.name] = result
    if results:
        try:
            update(file, results)
        except OSError as error:
            fail(f"{file}: cannot be written: {error.strerror}")
    click.echo(f"{file}: {len(results)} of {len(exchanges)} updated")
    return failures
