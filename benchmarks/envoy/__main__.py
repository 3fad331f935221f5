"""The command `python -m benchmarks.envoy`, which `proxywasm bench --envoy` becomes in a clone of the repository."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import click

from proxywasm_host.bench.measure import table
from proxywasm_host.building.build import BuildError
from proxywasm_host.cli.commands.bench import json_option
from proxywasm_host.cli.terminal import UserError, progress
from proxywasm_host.gateway.envoy import EnvoyError

from .cases import run
from .go_plugin import GoPluginError
from .size import FULL, QUICK
from .stage import BrokenAnswersError


@click.command()
@json_option
@click.option("--quick", is_flag=True, help="Few rounds: shows that everything runs, not what it costs.")
def main(output: Path | None, *, quick: bool) -> None:
    """Measure what ai-proxy costs as a plugin of Envoy, side by side with the original."""
    # Who ends us in the middle would leave Envoy running.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with progress() as report:
            rows = list(run(QUICK if quick else FULL, report))
    except (BuildError, EnvoyError, GoPluginError, BrokenAnswersError) as error:
        raise UserError(str(error)) from None
    if output is not None:
        output.write_text(json.dumps({"rows": [row.to_json() for row in rows]}, indent=2) + "\n", encoding="utf-8")
    click.echo(table(rows))


if __name__ == "__main__":
    main()
