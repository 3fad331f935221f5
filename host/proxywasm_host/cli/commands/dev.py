"""`proxywasm dev`: serve a plugin while its author changes it."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from ..scaffold import ScaffoldError, find_plugin
from ..terminal import UserError, progress

if TYPE_CHECKING:
    from socket import socket

    from ...gateway.source import GatewaySource

_PATH: Any = click.Path(path_type=Path)
_FILE: Any = click.Path(path_type=Path, dir_okay=False)
_PORT: Final = 8080
_GATEWAY_FILES: Final = ("gateway.yaml", "gateway.yml")


@click.command()
@click.argument("path", type=_PATH, metavar="[PLUGIN | GATEWAY.yaml]", required=False)
@click.option("--upstream", metavar="URL", help="The server behind the plugin; by default an echo of the request.")
@click.option("--config", type=_FILE, metavar="FILE", help="The plugin's configuration, JSON or YAML; by default {}.")
@click.option("--port", type=click.IntRange(1, 65535), help=f"Where to listen; by default {_PORT}.")
@click.option("--wasm", is_flag=True, help="Run the plugin in WebAssembly; it is built again after each save.")
def dev(path: Path | None, upstream: str | None, config: Path | None, port: int | None, *, wasm: bool) -> None:
    """Serve a plugin while you change it: what you save answers the next request.

    Without an argument, serve gateway.yaml of this folder, or else the plugin of this folder. Each stream is shown in
    one line. What is broken is shown with file and line, and the last version serves on.
    """
    from ...gateway.live.developing import DevelopedFile  # noqa: PLC0415  # imported when the command runs
    from ...gateway.live.errors import LiveError  # noqa: PLC0415

    file = _gateway_file(path)
    if file is not None and (upstream or config or port):
        raise click.UsageError(f"--upstream, --config and --port are not for a gateway file; change {file} instead")
    try:
        if file is not None:
            _run(DevelopedFile(file, "serve"), "listen", wasm=wasm, echo=None, hints=str(file))
        else:
            _run_plugin(_plugin(path), upstream, config, port or _PORT, wasm=wasm)
    except LiveError as error:
        raise UserError(str(error)) from None


def _gateway_file(path: Path | None) -> Path | None:
    if path is None:
        return next((file for name in _GATEWAY_FILES if (file := Path(name)).is_file()), None)
    return path if path.suffix in {".yaml", ".yml"} else None


def _plugin(path: Path | None) -> Path:
    if path is not None and not path.exists():
        raise UserError(f"{path} is not there")
    if path is not None and (path.suffix == ".py" or (path / "__init__.py").is_file()):
        return path
    try:
        return find_plugin(path or Path())
    except ScaffoldError as error:
        raise UserError(str(error)) from None


def _run_plugin(plugin: Path, upstream: str | None, config: Path | None, port: int, *, wasm: bool) -> None:
    from ...gateway.live.demo import EVENTS  # noqa: PLC0415
    from ...gateway.live.listening import listen  # noqa: PLC0415
    from ...gateway.plugin_gateway import PluginGateway, server_of  # noqa: PLC0415
    from ...gateway.values import Address  # noqa: PLC0415

    try:
        server = None if upstream is None else server_of(upstream)
    except ValueError as error:
        raise UserError(f"--upstream: {error}") from None
    address = Address("127.0.0.1", port)
    listen("--port", address).close()  # or its author would learn only after a build that it is in use
    if server is None:
        echo = listen("echo", Address("127.0.0.1", 0))
        name, url = "echo", f"http://127.0.0.1:{echo.getsockname()[1]}"
        hints = f"""an echo of the request. Try:

  curl http://{address}/hello
  curl -N http://{address}{EVENTS}"""
    else:
        echo, name, url = None, server.host, str(upstream)
        host = "" if server.is_ip or server.host == "localhost" else f" -H 'host: {server.host}'"
        hints = f"""{upstream}. Try:

  curl{host} http://{address}/"""
    _run(
        PluginGateway(plugin, config, address, (name, url)), "--port", wasm=wasm, echo=echo,
        hints=f"{plugin} in front of {hints}",
    )  # fmt: skip


def _run(source: GatewaySource, key: str, *, wasm: bool, echo: socket | None, hints: str) -> None:
    from ...gateway.live.demo import EchoService  # noqa: PLC0415
    from ...gateway.live.developing import Development  # noqa: PLC0415
    from ..dev_keys import follow_keys  # noqa: PLC0415
    from ..dev_screen import DevScreen  # noqa: PLC0415

    def on_ready(url: str) -> None:
        keys = "Type r and Enter to load it again, q and Enter to end." if follow_keys() else "Ctrl-C ends it."
        where = "in WebAssembly" if wasm else "in this Python process"
        click.echo(f"ready: {url}\n\nServing {hints}\n\nIt runs {where}. Save a file, and the next request")
        click.echo(f"gets the new version. {keys}\n")

    screen = DevScreen(sys.stdout, on_ready, builds=wasm)
    development = Development(source, screen, native=not wasm)

    async def serve() -> None:
        if echo is None:
            await development.serve(key)
            return
        service = EchoService()
        await service.start(echo)
        try:
            await development.serve(key)
        finally:
            await service.stop()

    development.start(progress)
    asyncio.run(serve())
