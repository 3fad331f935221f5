"""The commands of the command line, one module each. Only the module of the command that runs is imported."""

from __future__ import annotations

from importlib import import_module
from typing import Final

import click

_MODULES: Final = (
    "proxywasm_host.cli.commands.bench",
    "proxywasm_host.cli.commands.build",
    "proxywasm_host.cli.commands.check",
    "proxywasm_host.cli.commands.convert",
    "proxywasm_host.cli.commands.dev",
    "proxywasm_host.cli.commands.envoy",
    "proxywasm_host.cli.commands.new",
    "proxywasm_host.cli.commands.package",
    "proxywasm_host.cli.commands.record",
    "proxywasm_host.cli.commands.replay",
    "proxywasm_host.cli.commands.schema",
    "proxywasm_host.cli.commands.serve",
    "proxywasm_host.cli.commands.test",
)
"""Each has a command of its own name. In alphabetical order, as help lists them."""
COMMANDS: Final = {module.rpartition(".")[2]: module for module in _MODULES}
"""By the name of the command."""


class Commands(click.Group):
    """A group of commands that are imported when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # as click declares it
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(import_module(COMMANDS[cmd_name]), cmd_name)
        return command
