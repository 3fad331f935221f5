"""The command `python -m benchmarks.lowering`."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import click

from proxywasm_host.building.build import BuildError
from proxywasm_host.building.proxy_wasm import OPTIMISATIONS
from proxywasm_host.cli.commands.bench import json_option
from proxywasm_host.cli.terminal import UserError, progress
from proxywasm_host.gateway.envoy import EnvoyError

from ..envoy.size import FULL, QUICK
from ..envoy.stage import BrokenAnswersError, stage
from .exchanges import WrongAnswerError
from .measure import code_size, counted, loads, starts
from .table import table
from .variants import NAMES, variants


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(NAMES), metavar="[OPTIMISATION]...")
@json_option
@click.option("--counted", "only_counted", is_flag=True, help="Only what no noise changes: instructions and size.")
@click.option("--quick", is_flag=True, help="Few rounds: shows that everything runs, not what it brings.")
def main(names: tuple[str, ...], output: Path | None, *, only_counted: bool, quick: bool) -> None:
    """Measure what optimisations of the lowering bring to ai-proxy's module: those that are named, or all."""
    # Who ends us in the middle would leave Envoy running.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    names = names or NAMES
    try:
        with progress() as report:
            modules = variants(names, report)
            columns = [code_size(modules), *counted(modules, report)]
            if not only_counted:
                with stage(QUICK if quick else FULL) as on:
                    columns += [*loads(on, modules, report), *starts(on, modules, report)]
    except (BuildError, EnvoyError, BrokenAnswersError, WrongAnswerError) as error:
        raise UserError(str(error)) from None
    if output is not None:
        values = {column.name: dict(column.values) for column in columns}
        output.write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")
    click.echo(table(columns, [each for each in OPTIMISATIONS if each.name in names]))


if __name__ == "__main__":
    main()
