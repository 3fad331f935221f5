"""The command `python -m benchmarks.components`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from proxywasm_host.bench.setup import Setup
from proxywasm_host.building.build import COMPONENT_OPTIMISATIONS, BuildError
from proxywasm_host.cli.commands.bench import json_option
from proxywasm_host.cli.terminal import UserError, progress

from ..lowering.table import table
from ..lowering.variants import ALL
from .measure import measure


@click.command()
@json_option
@click.option("--quick", is_flag=True, help="Few rounds: shows that everything runs, not what it brings.")
def main(output: Path | None, *, quick: bool) -> None:
    """Measure what each optimisation of components brings to plugins in our own host."""
    try:
        with progress() as report:
            report("building")
            setups = {ALL: Setup()} | {each.name: Setup(without=[each.name]) for each in COMPONENT_OPTIMISATIONS}
            columns = measure(setups, rounds=2 if quick else 41, progress=report)
    except BuildError as error:
        raise UserError(str(error)) from None
    if output is not None:
        values = {column.name: column.values for column in columns}
        output.write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")
    click.echo(table(columns, COMPONENT_OPTIMISATIONS))


if __name__ == "__main__":
    main()
