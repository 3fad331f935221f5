"""`proxywasm envoy gateway.yaml`: a gateway file for Envoy, or in it."""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..recording import recording_options
from ..terminal import UserError, progress

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ...gateway.model import Gateway
    from ...gateway.source import GatewaySource
    from ...recordings.recorder import RecordOptions

_PATH: Any = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.argument("file", type=_PATH, metavar="GATEWAY.yaml")
@click.option("--run", is_flag=True, help="Start Envoy with it, and wait for its end.")
@click.option("-o", "--output", type=_PATH, metavar="FILE", help="Where to write the configuration, instead of stdout.")
@click.option(
    "--log-level",
    type=click.Choice(["trace", "debug", "info", "warning", "error"]),
    default="warning",
    show_default=True,
    help="Of Envoy, with --run. Plugins log from info on.",
)
@click.option("--watch", is_flag=True, help="With --run, load the file again when it or a plugin changes.")
@recording_options
def envoy(
    file: Path, output: Path | None, log_level: str, *, run: bool, watch: bool, record: RecordOptions | None
) -> None:
    """Write the configuration of Envoy for a gateway file, or run it.

    The file names where to listen, the plugins, and the routes; see docs/envoy.md. Plugins that are given as source are
    built. What is written has the secrets of the file in it: with -o, only you can read it.
    """
    from ...gateway import GatewayFileError  # noqa: PLC0415  # imported when the command runs
    from ...gateway.envoy import (  # noqa: PLC0415
        FLUSH_MS,
        EnvoyError,
        bootstrap,
        build_modules,
        find_ca_file,
        plugin_config,
        recording,
        start,
        write_private,
    )
    from ...gateway.refusals import check_configurations  # noqa: PLC0415
    from ...gateway.source import GatewayFile  # noqa: PLC0415

    if run and output:
        raise click.UsageError("--run and -o exclude each other: one starts Envoy, the other writes its configuration")
    if watch and not run:
        raise click.UsageError("--watch is for --run")
    if record and (watch or not run):
        raise click.UsageError("--record is for --run, and not for --watch, where the configuration changes")
    # What is under way ends with this process: a build, or a plugin that is asked about its configuration and loops.
    before = signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    source = GatewayFile(file, "envoy")
    try:
        gateway = source.read()
        if gateway.console is not None:
            _check_console(source, gateway, run=run, record=record is not None)
        with progress() as report:
            report("checking the configurations of the plugins")
            check_configurations(gateway, source, plugin_config)
            modules = build_modules(gateway, report)
        if watch or (run and gateway.console is not None):
            sys.exit(_run_changing(source, gateway, modules, log_level, watch=watch))
        if run:
            with recording(gateway, record, _tell) as taps:
                config = bootstrap(gateway, modules, find_ca_file(gateway), taps=taps)
                flush_ms = None if taps is None else FLUSH_MS
                code = start(gateway, config, _ready, log_level, flush_ms=flush_ms)
            sys.exit(code)
        config = bootstrap(gateway, modules, find_ca_file(gateway))
        text = json.dumps(config, indent=2) + "\n"
        if output:
            write_private(output, text)
        else:
            click.echo(text, nl=False)
    except (GatewayFileError, EnvoyError) as error:
        raise UserError(str(error)) from None
    finally:
        signal.signal(signal.SIGTERM, before)


def _run_changing(
    source: GatewaySource, gateway: Gateway, modules: Mapping[str, Path], log_level: str, *, watch: bool
) -> int:
    """An Envoy whose configuration can change, with a console if the file wants one. Raises `EnvoyError`."""
    from ...gateway.console.live.log import LogRing  # noqa: PLC0415
    from ...gateway.envoy import ChangingEnvoy, start  # noqa: PLC0415
    from ...gateway.envoy.console import EnvoyConsole  # noqa: PLC0415

    lines = LogRing()

    def tell(message: str) -> None:
        lines.add(message)
        _tell(message)

    changing = ChangingEnvoy(source, gateway, modules, watch=watch, log=tell)
    console = None if gateway.console is None else EnvoyConsole(source, changing.reloader, lines, tell)
    return start(gateway, changing, _ready, log_level, console=console)


def _check_console(source: GatewaySource, gateway: Gateway, *, run: bool, record: bool) -> None:
    """Raises `GatewayFileError`, and `UserError` for options that the console excludes."""
    from ...gateway.document import Problem  # noqa: PLC0415

    assert gateway.console is not None
    if gateway.console.listen is None:
        raise source.error([Problem(0, ("console",), "needs a `listen` of its own: `admin` is Envoy's")])
    if record:
        raise UserError("--record excludes the key `console`, with which the configuration can change")
    if not run:
        _tell("console: only with --run; whoever starts Envoy with this configuration has none")


def _ready(url: str) -> None:
    click.echo(f"ready: {url}")


def _tell(message: str) -> None:
    click.echo(message, err=True)
