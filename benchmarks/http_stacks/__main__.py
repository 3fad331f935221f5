"""The command `python -m benchmarks.http_stacks`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click

from proxywasm_host.cli.commands.bench import json_option
from proxywasm_host.cli.terminal import progress

from .candidates import CANDIDATES
from .measure import Figures, measure

_COLUMNS = (
    "stack", "requests/s", "chunks/s", "first byte", "WebSockets", "bad requests refused", "newest release",
)  # fmt: skip


def table(found: Sequence[Figures]) -> str:
    rows = [_COLUMNS, ("---", "---:", "---:", "---:", "---", "---:", "---")]
    rows += [
        (
            f"{each.name} ({each.versions})",
            f"{each.requests:,.0f}",
            f"{each.chunks:,.0f}",
            f"+{each.first_byte:.2f} ms",
            each.websockets,
            each.refused,
            each.released,
        )
        for each in found
    ]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


@click.command()
@click.argument("names", nargs=-1, type=click.Choice([each.name for each in CANDIDATES]))
@json_option
@click.option("--seconds", type=click.FloatRange(0.2), default=5.0, show_default=True, help="Of each measurement.")
def main(names: tuple[str, ...], output: Path | None, seconds: float) -> None:
    """Compare HTTP stacks that a gateway in Python could be built on.

    Requests and chunks are those of one second of processor time, so that a busy machine disturbs them little.
    """
    with progress() as report:
        found = measure(names, seconds, report)
    if output is not None:
        output.write_text(json.dumps([asdict(each) for each in found], indent=2) + "\n", encoding="utf-8")
    click.echo(table(found))
    for each in found:
        if each.passed:
            click.echo(f"\n{each.name} takes: {', '.join(each.passed)}")
        if each.failures:
            click.echo(f"\n{each.name}: {each.failures} requests failed")


if __name__ == "__main__":
    main()
