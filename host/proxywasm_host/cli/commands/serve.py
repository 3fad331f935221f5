"""`proxywasm serve gateway.yaml`: a gateway in our own host."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from ..terminal import UserError, progress

_PATH: Any = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.argument("file", type=_PATH, metavar="GATEWAY.yaml")
@click.option("--native", is_flag=True, help="Run the plugins in this Python process, for a debugger.")
def serve(file: Path, *, native: bool) -> None:
    """Run a gateway file in our own host: for development and demos, on one machine.

    The same file runs in Envoy with `proxywasm envoy`, for load. Plugins run in WebAssembly unless --native is given.
    """
    from ...gateway import GatewayFileError, read  # noqa: PLC0415  # imported when the command runs
    from ...gateway.live.serving import listen, refuse_what_only_envoy_has  # noqa: PLC0415
    from ...gateway.live.serving import serve as run  # noqa: PLC0415
    from ...gateway.live.starting import LiveError, start_plugins  # noqa: PLC0415

    # A native plugin's standard streams are its log, so what is written while it runs goes to the process's own.
    stderr = sys.stderr

    def tell(message: object) -> None:
        print(message, file=stderr, flush=True)

    try:
        gateway = read(file)
        refuse_what_only_envoy_has(gateway)
        listening = listen(gateway.listen)
        with progress() as report:
            plugins = start_plugins(gateway, native=native, on_log=tell, progress=report)
        run(gateway, plugins, listening, ready=lambda url: click.echo(f"ready: {url}"), log=tell)
    except (GatewayFileError, LiveError) as error:
        raise UserError(str(error)) from None
