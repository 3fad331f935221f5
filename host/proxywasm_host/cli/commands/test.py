"""`proxywasm test [PYTEST ARGUMENTS]`."""

from __future__ import annotations

import importlib.util
import subprocess
import sys

import click


@click.command(context_settings={"ignore_unknown_options": True, "allow_extra_args": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[PYTEST ARGUMENTS]")
@click.help_option("--help")  # `-h` is pytest's
def test(arguments: tuple[str, ...]) -> None:
    """Run the tests of this folder with pytest, natively and in WebAssembly.

    All arguments go to pytest. `--proxywasm=native` leaves WebAssembly out, `--proxywasm=wasm` the other;
    `--proxywasm=all` adds a real Envoy.
    """
    if importlib.util.find_spec("pytest") is None:
        raise click.ClickException("pytest is not installed: pip install '/path/to/proxywasm[test]'")
    # In a process of its own: pytest wants to be there before what it tests is imported.
    sys.exit(subprocess.call([sys.executable, "-m", "pytest", *arguments]))  # noqa: S603  # the user's own arguments
