"""The command `python -m benchmarks.token_estimate`."""

from __future__ import annotations

import json

import click

from .samples import SAMPLES
from .table import COUNTS, table
from .tokenizers import tokenizers


@click.command()
@click.option("--count", is_flag=True, help="Count the tokens again, with the packages in requirements.txt.")
def main(*, count: bool) -> None:
    """Show how far the estimate is off, for each sample, in the tokenizers of several vendors."""
    if count:
        known = tokenizers()
        counts = {
            name: {vendor: tokens(sample.measured) for vendor, tokens in known.items()}
            for name, sample in SAMPLES.items()
        }
        COUNTS.write_text(json.dumps(counts, indent=1) + "\n", encoding="utf-8")
    click.echo(table())


if __name__ == "__main__":
    main()
