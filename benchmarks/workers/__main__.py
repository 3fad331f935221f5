"""The command `python -m benchmarks.workers`."""

from __future__ import annotations

import asyncio

import click

from . import memory, stores


@click.group()
def main() -> None:
    """Measure what workers of `proxywasm serve` share and take."""


@main.command("stores")
@click.option("--processes", type=click.IntRange(2, 64), default=2, show_default=True)
def compare_stores(processes: int) -> None:
    """Compare the candidates for what workers share their data in."""
    click.echo("\n".join(stores.measure(processes)))


@main.command("memory")
@click.option("--workers", type=click.IntRange(1, 64), default=2, show_default=True)
@click.option("--streams", type=click.IntRange(1, 20_000), default=1000, show_default=True)
def measure_memory(workers: int, streams: int) -> None:
    """Show the memory of the workers, at rest and with streams."""
    click.echo("\n".join(asyncio.run(memory.measure(workers, streams))))


if __name__ == "__main__":
    main()
