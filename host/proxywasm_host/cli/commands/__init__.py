"""The commands of the command line, one module each. Only the module of the command that runs is imported."""

from __future__ import annotations

from importlib import import_module
from typing import Final

import click

NAMES: Final = (
    "bench", "build", "check", "convert", "dev", "envoy", "new", "package", "record", "replay", "schema", "serve",
    "test",
)  # fmt: skip
"""In alphabetical order, as help lists them. Each module has a command of its own name."""


class Commands(click.Group):
    """A group of commands that are imported when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # as click declares it
        return list(NAMES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in NAMES:
            return None
        command: click.Command = getattr(import_module(f".{cmd_name}", __name__), cmd_name)
        return command
