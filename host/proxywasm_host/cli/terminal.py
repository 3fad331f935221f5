"""Errors, warnings and progress messages of all commands.

Slow modules are imported when they are needed, so that `--help` starts at once.
"""
# ruff: noqa: PLC0415

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn

import click

from ..escapes import visible

if TYPE_CHECKING:
    from rich.console import Console


class UserError(click.ClickException):
    """An error that the user can correct."""

    exit_code = 2

    def show(self, file: Any = None) -> None:  # noqa: ARG002  # click's signature
        click.echo(f"{click.style('error:', fg='red')} {visible(self.message)}", err=True)


def fail(error: object) -> NoReturn:
    raise UserError(str(error)) from None


class Messages(logging.Handler):
    """Warnings of the host, such as a cache that cannot be used, and what it says of builds.

    Not of the root logger: that one is the plugin's.
    """

    def emit(self, record: logging.LogRecord) -> None:
        kind = f"{click.style('warning:', fg='yellow')} " if record.levelno >= logging.WARNING else ""
        click.echo(f"{kind}{record.getMessage()}", err=True)


def show_messages() -> None:
    """Show warnings, and without a terminal, where `progress` shows nothing, also when builds begin and end."""
    log = logging.getLogger("proxywasm")
    if not log.handlers:
        log.addHandler(Messages())
    log.getChild("build").setLevel(logging.WARNING if sys.stderr.isatty() else logging.INFO)


def console(*, err: bool = False) -> Console:
    from rich.console import Console

    return Console(stderr=err, highlight=False, markup=False, emoji=False, soft_wrap=False)


@contextmanager
def progress() -> Iterator[Callable[[str], None]]:
    """Say what is being done while it takes long, on a terminal only: it is one line that changes."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    with console(err=True).status("starting") as status:
        yield lambda what: status.update(f"{what} …")
