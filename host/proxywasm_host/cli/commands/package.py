"""`proxywasm package PLUGIN --oci DIR`."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import click

from ...packaging.metadata import CATEGORIES, PHASES, Metadata
from ..plugins import PluginPath
from ..terminal import fail, progress

_LARGEST_README: Final = 2**20
_LARGEST_MODULE: Final = 2**30
_FILE: Any = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.command()
@click.argument("plugin", type=PluginPath())
@click.option(
    "--oci",
    "folder",
    type=click.Path(path_type=Path),
    required=True,
    metavar="DIR",
    help="The folder of the image layout. It must be empty or not exist.",
)
@click.option(
    "--module",
    "built",
    type=_FILE,
    help="What `proxywasm build --target proxy-wasm` has made of PLUGIN; by default it is built now.",
)
@click.option(
    "--abi",
    type=click.Choice(["0.2.1", "higress"]),
    default="higress",
    help="higress, the default, for Higress, or 0.2.1 for Istio and other Envoys.",
)
@click.option(
    "--version", default=Metadata.version, show_default=True, help="Of the plugin; also the tag of the image."
)
@click.option("--readme", type=_FILE, help="By default README.md in the plugin's folder, or else its keys.")
@click.option("--category", type=click.Choice(CATEGORIES), default=Metadata.category, help="In Higress' console.")
@click.option("--phase", type=click.Choice(PHASES), default=Metadata.phase, help="When gateways run it.")
@click.option(
    "--priority", type=int, default=Metadata.priority, show_default=True, help="In its phase; the greatest runs first."
)
def package(
    plugin: Path,
    folder: Path,
    built: Path | None,
    abi: str,
    version: str,
    readme: Path | None,
    category: str,
    phase: str,
    priority: int,
) -> None:
    """Build PLUGIN and write it as an OCI image that Higress and Istio load.

    PLUGIN is a package folder, a Python file or the name of an installed plugin. The image has the module, `spec.yaml`
    with the schema of the configuration for Higress' console, and a README. DIR is an image layout, which oras, crane
    and skopeo push to a registry. The same module gives the same bytes.
    """
    from proxywasm.adapters.native import load_plugin  # noqa: PLC0415  # imported when the command runs

    from ...building.build import BuildError, build_module  # noqa: PLC0415
    from ...packaging.contents import image_of, readme_of  # noqa: PLC0415
    from ...packaging.image import PackageError, write_layout  # noqa: PLC0415
    from ...packaging.settings import declarations, schema_of  # noqa: PLC0415
    from ...reading import read_bytes, read_text  # noqa: PLC0415

    try:
        loaded = load_plugin(plugin)
    except Exception as error:  # whatever the plugin's own code raises when it is imported
        fail(f"the plugin cannot be loaded: {error}")
    beside = plugin / "README.md"
    chosen = readme or (beside if plugin.is_dir() and beside.is_file() else None)
    with progress() as report:
        try:
            text = (
                readme_of(loaded.name, declarations(loaded))
                if chosen is None
                else read_text(chosen, PackageError, _LARGEST_README)
            )
            module = read_bytes(
                built or build_module(plugin, abi=abi, progress=report).path, PackageError, _LARGEST_MODULE
            )
            metadata = Metadata(version=version, category=category, phase=phase, priority=priority)
            digest = write_layout(image_of(loaded.name, module, schema_of(loaded, plugin), metadata, text), folder)
        except (BuildError, PackageError) as error:
            fail(error)
    click.echo(f"{folder}: {loaded.name}:{version}, {digest}", err=True)
