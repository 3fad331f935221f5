"""`proxywasm build PLUGIN -o FILE`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ..plugins import PluginPath
from ..terminal import UserError, fail, progress

_PATH: Any = click.Path(path_type=Path)


@click.command()
@click.argument("plugin", type=PluginPath())
@click.option("-o", "--output", type=_PATH, required=True, help="The file to write, for example dist/plugin.wasm.")
@click.option(
    "--target",
    type=click.Choice(["component", "proxy-wasm"]),
    default="component",
    help="A component for our own host, the default, or a module that Envoy, Istio and Higress load.",
)
@click.option(
    "--abi",
    type=click.Choice(["0.2.1", "higress"]),
    help="Of a Proxy-Wasm module: 0.2.1 for Envoy and Istio, the default, or higress, which also has Redis.",
)
@click.option(
    "--keep",
    multiple=True,
    metavar="MODULE",
    help="A built-in module of Python, such as zlib, or `compiler` for eval and exec, that the plugin needs in a "
    "Proxy-Wasm module although it has not loaded it when it starts. May be given several times.",
)
@click.option(
    "--without",
    multiple=True,
    metavar="OPTIMISATION",
    help="Leave out an optimisation of the compiled code, to find out whether it is to blame for something. May be "
    "given several times; an unknown name is answered with the known ones.",
)
def build(
    plugin: Path, output: Path, target: str, abi: str | None, keep: tuple[str, ...], without: tuple[str, ...]
) -> None:
    """Compile PLUGIN, a package folder, a Python file or the name of an installed plugin, to one WebAssembly file.

    The module must have an attribute `plugin`. It may import pure-Python packages that lie beside it or are installed
    where proxywasm runs; they are taken along.
    """
    from ...building.build import BuildError, build_module  # noqa: PLC0415  # imported when the command runs
    from ...building.build import build as run  # noqa: PLC0415

    if target == "component" and (abi or keep):
        raise UserError("--abi and --keep are for --target proxy-wasm")
    with progress() as report:
        try:
            if target == "component":
                built = run(plugin, output, without=without, progress=report)
            else:
                built = build_module(plugin, output, abi=abi or "0.2.1", keep=keep, without=without, progress=report)
        except BuildError as error:
            fail(error)
    how = "unchanged since an earlier build" if built.cached else "built"
    click.echo(f"{built.path}: {how}, {built.size / 1e6:.1f} MB", err=True)
