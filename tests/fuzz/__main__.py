"""The command `python -m tests.fuzz`."""

from __future__ import annotations

import itertools
import json
import time
from collections import Counter
from pathlib import Path

import click

import ai_proxy
from proxywasm_host.building.build import build
from proxywasm_host.building.flagship import flagship
from proxywasm_host.recordings.replay import native_session, wasm_session
from proxywasm_host.wasm.engine import Engine

from .boundary import batches
from .exchanges import Finding, findings, recorded

_seconds = click.option("--seconds", default=60.0, show_default=True, help="How long.")
_seed = click.option("--seed", default=0, show_default=True, help="Of the first case; the others have the next ones.")


@click.group()
def main() -> None:
    """Look for what outsiders or plugins could do. Each case can be repeated by its seed."""


@main.command()
@_seconds
@_seed
@click.option("--wasm", is_flag=True, help="Natively and in Wasm, and both have to say the same.")
@click.option(
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="FOLDER",
    help="Write the first exchange that breaks a rule in its own way, for `proxywasm replay`.",
)
def exchanges(seconds: float, seed: int, output: Path | None, *, wasm: bool) -> None:
    """Replay mutated exchanges through ai-proxy, and say which rules were broken; exits with 1 then."""
    sessions = [native_session(ai_proxy.plugin)]
    if wasm:
        sessions.append(wasm_session(Engine().load(build(flagship()).path)))
    kinds: Counter[str] = Counter()
    end = time.monotonic() + seconds
    count = 0
    for finding in findings(recorded(), itertools.count(seed), sessions):
        count += 1
        if finding is not None:
            for sentence in finding.broken:
                kind = sentence.partition("\n")[0]
                kinds[kind] += 1
                if kinds[kind] == 1:
                    click.echo(f"seed {finding.seed}: {sentence}")
                    _write(finding, output)
        if time.monotonic() > end:
            break
    for kind, times in kinds.most_common():
        click.echo(f"{times} times: {kind}")
    click.echo(f"{count} exchanges, seeds {seed} to {seed + count - 1}: {sum(kinds.values())} broken rules")
    raise SystemExit(bool(kinds))


def _write(finding: Finding, folder: Path | None) -> None:
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{finding.seed}.json").write_text(json.dumps(finding.to_json(), indent=2) + "\n")


@main.command()
@_seconds
@_seed
def boundary(seconds: float, seed: int) -> None:
    """Run programs that say anything to their host; ends with a traceback if one gets through."""
    end = time.monotonic() + seconds
    count = lost = 0
    for batch in batches(itertools.count(seed)):
        count += batch.programs
        lost += batch.lost
        if time.monotonic() > end:
            break
    click.echo(f"{count} programs, seeds {seed} to {batch.seed}: {lost} lost their own instance, and nothing else")


if __name__ == "__main__":
    main()
