"""`proxywasm serve gateway.yaml`: a gateway in our own host."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..recording import recording_options
from ..terminal import UserError, progress

if TYPE_CHECKING:
    from ...gateway.live.plugins import LivePlugins
    from ...gateway.model import Gateway
    from ...recordings.recorder import RecordOptions

_PATH: Any = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.argument("file", type=_PATH, metavar="GATEWAY.yaml", required=False)
@click.option("--demo", is_flag=True, help="A gateway with ai-proxy in front of a fake model service.")
@click.option("--port", type=click.IntRange(1, 65535), default=8080, show_default=True, help="Of the demo.")
@click.option("--native", is_flag=True, help="Run the plugins in this Python process, for a debugger.")
@click.option("--watch", is_flag=True, help="Load the file again when it or a plugin changes, as at SIGHUP.")
@recording_options
def serve(file: Path | None, *, demo: bool, port: int, native: bool, watch: bool, record: RecordOptions | None) -> None:
    """Run a gateway file in our own host: for development and demos, on one machine.

    The same file runs in Envoy with `proxywasm envoy`, for load. Plugins run in WebAssembly unless --native is given.
    At SIGHUP the file is loaded again: streams under way end with what they began with, new ones get the new file.
    """
    import asyncio  # noqa: PLC0415  # imported when the command runs

    from ...gateway import GatewayFileError  # noqa: PLC0415
    from ...gateway.console.live.log import LogRing  # noqa: PLC0415
    from ...gateway.live.demo import instructions  # noqa: PLC0415
    from ...gateway.live.errors import LiveError  # noqa: PLC0415
    from ...gateway.live.listening import listen  # noqa: PLC0415
    from ...gateway.live.replacing import Replacing  # noqa: PLC0415
    from ...gateway.live.serving import serve as run  # noqa: PLC0415
    from ...gateway.live.serving import serve_demo  # noqa: PLC0415
    from ...gateway.live.shared import Shared  # noqa: PLC0415
    from ...gateway.live.starting import start_plugins  # noqa: PLC0415
    from ...gateway.live.workers.supervisor import prepare_workers, supervise  # noqa: PLC0415
    from ...gateway.source import GatewayFile  # noqa: PLC0415
    from ...gateway.values import Address  # noqa: PLC0415

    address = Address("127.0.0.1", port)

    if (file is None) is not demo:
        raise click.UsageError("give a gateway file, or --demo")
    if demo and record:
        raise click.UsageError("--record is for a gateway file; the demo has none")
    if demo and watch:
        raise click.UsageError("--watch is for a gateway file; the demo has none")

    # A native plugin's standard streams are its log, so what is written while it runs goes to the process's own.
    stdout, stderr = sys.stdout, sys.stderr

    lines: LogRing | None = None

    def tell(message: object) -> None:
        if lines is not None:
            lines.add(message)
        print(message, file=stderr, flush=True)

    def start(gateway: Gateway) -> LivePlugins:
        with progress() as report:
            return start_plugins(gateway, native=native, on_log=tell, progress=report)

    try:
        if file is None:
            serve_demo(
                listen("--port", address),
                address,
                start=start,
                ready=lambda url: click.echo(f"ready: {url}\n\n{instructions(address)}"),
                log=tell,
            )
            return
        source = GatewayFile(file, "serve")
        gateway = source.read()
        if gateway.console is not None:
            lines = LogRing()
        if gateway.workers > 1:
            with progress() as report:
                prepare_workers(gateway, native=native, progress=report)
            supervise(
                source,
                gateway,
                native=native,
                watch=watch,
                ready=lambda url: click.echo(f"ready: {url}"),
                log=tell,
                record=record,
                lines=lines,
            )
            return
        listening = listen("listen", gateway.listen)
        shared = Shared(())
        replacing = Replacing(native=native, on_log=tell, shared=shared)
        with progress() as report:
            plugins = replacing.start(gateway, report)
        asyncio.run(
            run(
                source,
                gateway,
                listening,
                replacing,
                plugins,
                shared,
                watch=watch,
                ready=lambda url: click.echo(f"ready: {url}"),
                log=tell,
                access=lambda line: print(line.text(), file=stdout, flush=True),
                record=record,
                lines=lines,
            )
        )
    except (GatewayFileError, LiveError) as error:
        raise UserError(str(error)) from None
