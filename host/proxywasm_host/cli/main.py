"""The command line `proxywasm`."""

from __future__ import annotations

import sys

import click

from .commands import Commands
from .terminal import show_messages


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="proxywasm")
def main() -> None:
    """Write plugins for HTTP gateways in Python, test them natively, ship them as WebAssembly."""
    # Traffic and messages are UTF-8, whatever the terminal's locale says.
    for stream in (sys.stdout, sys.stderr):
        if reconfigure := getattr(stream, "reconfigure", None):
            reconfigure(encoding="utf-8", errors="backslashreplace")
    show_messages()
