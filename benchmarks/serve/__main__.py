"""The command `python -m benchmarks.serve`."""

from __future__ import annotations

import json
import statistics
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from urllib.parse import urlsplit

import click

from proxywasm_host.cli.commands.bench import json_option
from proxywasm_host.cli.terminal import UserError, progress

from ..envoy.machine import processors, upstream
from .gateways import Gateway, ours, seconds_to_first_answer
from .measure import Figures, measure, median

_COLUMNS = ("gateway", "chats/s", "us a chat", "chunks/s", "us a chunk", "first byte", "memory, idle", "failures")
_STARTS = 5


def _shown(value: float | None, form: str) -> str:
    return "" if value is None else form.format(value)


def table(found: Sequence[Figures]) -> str:
    rows = [_COLUMNS, ("---", *["---:"] * (len(_COLUMNS) - 1))]
    rows += [
        (
            each.name,
            _shown(median(each.requests), "{:,.0f}"),
            _shown(median(each.request_cost), "{:,.0f}"),
            _shown(median(each.chunks), "{:,.0f}"),
            _shown(median(each.chunk_cost), "{:,.1f}"),
            _shown(median(each.first_byte), "+{:.2f} ms"),
            _shown(each.memory and each.memory / 2**20, "{:,.0f} MB"),
            str(each.failures),
        )
        for each in found
    ]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


@click.command()
@click.option("--peer", "peers", multiple=True, metavar="NAME=URL", help="A gateway that is running; repeatable.")
@click.option("--header", "headers", multiple=True, metavar="'NAME: VALUE'", help="For all peers; repeatable.")
@click.option("--pid", "pids", multiple=True, metavar="NAME=PID", help="The process of a peer, for memory and time.")
@click.option("--upstream-port", type=int, default=9100, show_default=True, help="Where the model service listens.")
@click.option("--seconds", type=click.FloatRange(0.2), default=5.0, show_default=True, help="Of each measurement.")
@click.option("--rounds", type=click.IntRange(1), default=5, show_default=True)
@json_option
def main(
    peers: tuple[str, ...],
    headers: tuple[str, ...],
    pids: tuple[str, ...],
    upstream_port: int,
    seconds: float,
    rounds: int,
    output: Path | None,
) -> None:
    """Compare `proxywasm serve`, with ai-proxy in Wasm and Qwen's own protocol, with gateways that are running."""
    processes = dict(entry.split("=", 1) for entry in pids)
    mine, others = processors()
    others_running = [_peer(entry, processes, headers) for entry in peers]
    with (
        progress() as report,
        tempfile.TemporaryDirectory(prefix="proxywasm-serve-") as folder,
        upstream(others, upstream_port) as service,
    ):
        report("starting")
        with ours(service, Path(folder), mine) as gateway:
            gateways = [gateway, *others_running]
            found = measure(gateways, service, others, seconds=seconds, rounds=rounds, report=report)
        report("starting the demo")
        starts = [seconds_to_first_answer(mine) for _ in range(_STARTS)]
    if output is not None:
        document = {"gateways": [asdict(each) for each in found], "demo_to_first_answer": starts}
        output.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    click.echo(table(found))
    click.echo(f"\n`proxywasm serve --demo` to the first answer: {statistics.median(starts):.2f} s")


def _peer(entry: str, pids: dict[str, str], headers: Sequence[str]) -> Gateway:
    name, _, url = entry.partition("=")
    parts = urlsplit(url)
    if parts.hostname not in ("127.0.0.1", "localhost") or parts.port is None:
        raise UserError(f"--peer {entry}: give NAME=http://127.0.0.1:PORT")
    pid = pids.get(name)
    return Gateway(name, parts.port, int(pid) if pid else None, headers)


if __name__ == "__main__":
    main()
