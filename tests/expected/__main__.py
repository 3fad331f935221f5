"""`python -m tests.expected`: replay the recordings and write the golden files of what we answer instead."""

from __future__ import annotations

import sys
from pathlib import Path

import click

import ai_proxy
from proxywasm_host.recordings.replay import native_session

from .golden import TESTS, declared
from .updating import Update, update


@click.command()
@click.option("--difference", "ids", metavar="ID", multiple=True, help="Why these answers differ; may be repeated.")
@click.option("--only", metavar="TEXT", default="", help="Only exchanges whose name contains this.")
@click.option("--tests", type=click.Path(path_type=Path, exists=True), default=TESTS, help="The folder of the tests.")
def main(ids: tuple[str, ...], only: str, tests: Path) -> None:
    """Replay all recordings natively, and write golden files for the answers that deliberately differ.

    An answer that is not the recorded one and not in a golden file either needs a difference: without `--difference`
    the exchanges are listed with what has changed, nothing is written, and the exit status is 1.
    """
    if unknown := [name for name in ids if name not in declared(tests)]:
        raise click.UsageError(f"{', '.join(unknown)}: declare it in differences.json, with its reason")
    found = update(native_session(ai_proxy.plugin), ids, only=only, tests=tests)
    _show(found)
    if refusal := found.refusal(ids):
        click.echo(refusal, err=True)
        sys.exit(1)
    found.write()
    for file, content in found.files.items():
        click.echo(f"{'removed' if content is None else 'written'}: {file}")


def _show(found: Update) -> None:
    for change in found.changes:
        click.echo(f"{change.recording}: {change.name}")
        for difference in change.differences:
            click.echo("    " + str(difference).replace("\n", "\n    "))
    for name in found.removed:
        click.echo(f"{name}: no longer differs from its recording")


if __name__ == "__main__":
    main()
