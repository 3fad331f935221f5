"""`proxywasm replay --to`: send recorded requests to a gateway."""
# ruff: noqa: PLC0415  # what is slow to import is imported when the command runs

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .terminal import UserError, console

if TYPE_CHECKING:
    from ..recordings.exchange import Exchange


def credential_of(variable: str | None, file: Path | None) -> str | None:
    """From a variable of the environment or from a file. Raises `UserError`."""
    from ..reading import read_text

    if variable is not None and file is not None:
        raise UserError("--credential-env and --credential-file exclude each other")
    if variable is None and file is None:
        return None
    where = f"the environment variable {variable}" if file is None else str(file)
    text = os.environ.get(variable or "", "") if file is None else read_text(file, UserError, 2**20)
    credential = text.strip()
    if not credential:
        raise UserError(f"{where} has no credential; set it before you start")
    if not credential.isprintable() or not credential.isascii():
        raise UserError(f"{where} has characters that no header can have")
    return credential


def send(
    exchanges: Sequence[Exchange],
    url: str,
    *,
    credential: str | None,
    concurrency: int,
    timeout: float,
    keep_host: bool,
    pace: bool,
) -> None:
    """Shows the verdicts. Ends with 1 if an answer differs, with 2 if nothing could be compared."""
    import asyncio

    from ..recordings.render import Lines, VerdictView
    from ..recordings.sending import Sending, Target, TargetError, has_placeholder, send_all

    try:
        target = Target.of(url)
    except TargetError as error:
        raise UserError(str(error)) from None
    usable = [each for each in exchanges if not each.request.unfinished]
    for each in exchanges:
        if each.request.unfinished:
            click.echo(f"left out: {each.name}: its request has no end", err=True)
    if not usable:
        raise UserError("no exchange in these files has a whole request")
    if credential is None and any(has_placeholder(each.request) for each in usable):
        click.echo("the recordings have placeholders for credentials; --credential-env names a real one", err=True)
    sending = Sending(
        target=target, concurrency=concurrency, seconds=timeout, credential=credential, keep_host=keep_host, pace=pace
    )
    view, began = VerdictView(Lines(console())), time.monotonic()
    verdicts = asyncio.run(send_all(usable, sending, view.show))
    view.summary(verdicts)
    click.echo(_duration(usable, time.monotonic() - began), err=True)
    if not all(verdict.passed for verdict in verdicts):
        sys.exit(1)
    if all(verdict.status == "nothing expected" for verdict in verdicts):
        raise UserError("nothing was compared: no exchange in these files has an answer")


def _duration(exchanges: Sequence[Exchange], seconds: float) -> str:
    times = [each.time_ns for each in exchanges if each.time_ns is not None]
    recorded = (max(times) - min(times)) / 1e9 if len(times) > 1 else 0.0
    return f"sent in {seconds:.1f} s" + (f"; recorded over {recorded:.1f} s" if recorded else "")
