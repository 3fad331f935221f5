"""`proxywasm replay EXCHANGE.json ...`."""
# ruff: noqa: PLC0415  # what is slow to import is imported when the command runs

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ...building.flagship import FLAGSHIP
from ..plugins import PluginPath, choose
from ..terminal import UserError, console, fail, progress

if TYPE_CHECKING:
    from ...recordings.exchange import Exchange
    from ...recordings.replay import Session

_PATH: Any = click.Path(path_type=Path)


@click.command()
@click.argument("files", type=_PATH, nargs=-1, required=True, metavar="EXCHANGE.json ...")
@click.option("--native", is_flag=True, help="Run the plugin in this Python process instead of in WebAssembly.")
@click.option(
    "--wasm",
    "wasms",
    type=_PATH,
    multiple=True,
    metavar="FILE",
    help="A built component; by default the plugin is built as needed. Several are a chain.",
)
@click.option(
    "--plugin",
    "plugins",
    type=PluginPath(),
    multiple=True,
    metavar="PATH",
    help=(
        f"The plugin's package or file; by default the plugin of this folder, and where there is none, {FLAGSHIP}. "
        "Several are a chain, in the order of requests."
    ),
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per exchange and line.")
@click.option(
    "--check",
    is_flag=True,
    help="Compare with what the files expect; exit with 1 if anything differs, with 2 if they expect nothing.",
)
@click.option("--only", metavar="TEXT", default="", help="Only exchanges whose name contains this.")
def replay(
    files: tuple[Path, ...],
    native: bool,
    wasms: tuple[Path, ...],
    plugins: tuple[Path, ...],
    as_json: bool,
    check: bool,
    only: str,
) -> None:
    """Replay recorded HTTP streams through a plugin.

    Shows what the client asked, what went upstream, what came back and what a chat would show. Credentials are masked
    there; `--json` prints everything as it was recorded. Clock and randomness stand still, so that each replay of an
    exchange is like the last.
    """
    if native and wasms:
        raise UserError("--native and --wasm exclude each other: one runs the source, the other a built component")
    if wasms and plugins:
        raise UserError("--wasm and --plugin exclude each other: the component has its plugin inside")
    exchanges = [exchange for file in files for exchange in _load(file) if only in exchange.name]
    if not exchanges:
        raise UserError(
            f"no exchange in these files has {only!r} in its name" if only else "the files have no exchange"
        )
    choices = [choose(path) for path in wasms or plugins] or [choose(None)]
    sessions = [_native(choice.path) if native else _in_wasm(choice.path, built=bool(wasms)) for choice in choices]
    for choice in choices:
        choice.show()

    from ...recordings.replay import ReplayError
    from ...recordings.replay import replay as run

    verdicts = []
    report = _Report(as_json=as_json, check=check)
    for exchange in exchanges:
        try:
            result = run(exchange, sessions)
        except ReplayError as error:
            fail(error)
        report.result(exchange, result)
        if check:
            from ...recordings.compare import judge

            verdicts.append(judge(result, exchange))
            report.verdict(exchange, verdicts[-1])
    if check:
        report.summary(verdicts)
        if not all(verdict.passed for verdict in verdicts):
            sys.exit(1)
        if all(verdict.status == "nothing expected" for verdict in verdicts):
            fail("nothing was checked: no exchange in these files has a key `expect`")


class _Report:
    """Results go to stdout: as JSON lines, as a list of verdicts, or readable in full."""

    def __init__(self, *, as_json: bool, check: bool) -> None:
        self._as_json, self._check = as_json, check
        if check or not as_json:
            from ...recordings.render import ExchangeView, Lines, VerdictView

            lines = Lines(console(err=as_json))
            self._exchanges, self._verdicts = ExchangeView(lines), VerdictView(lines)

    def result(self, exchange: Exchange, result: Any) -> None:
        if self._as_json:
            # ASCII: some characters inside JSON strings count as line ends elsewhere, U+2028 for one.
            click.echo(json.dumps(result))
        elif not self._check:
            self._exchanges.show(exchange, result)

    def verdict(self, exchange: Exchange, verdict: Any) -> None:
        self._verdicts.show(exchange, verdict)

    def summary(self, verdicts: Any) -> None:
        self._verdicts.summary(verdicts)


def _load(file: Path) -> Iterable[Exchange]:
    from ...recordings.exchange import ExchangeError, load

    try:
        return load(file)
    except ExchangeError as error:
        fail(error)


def _native(plugin: Path) -> Session:
    from proxywasm.adapters.native import load_plugin
    from proxywasm.loading import PluginNotFoundError

    from ...recordings.replay import native_session

    if not plugin.exists():
        fail(f"{plugin} does not exist")
    try:
        return native_session(load_plugin(plugin))
    except PluginNotFoundError as error:
        fail(error)
    except Exception as error:  # whatever the plugin's own code raises when it is imported
        fail(f"the plugin cannot be imported\n\n{_own_traceback(error, plugin)}")


def _in_wasm(source: Path, *, built: bool) -> Session:
    from ...recordings.replay import wasm_session
    from ...wasm.engine import ComponentError, Engine

    with progress() as report:
        path = source if built else _built(source, report)
        report("loading the component (seconds for a new one, to make machine code of it)")
        try:
            return wasm_session(Engine().load(path))
        except ComponentError as error:
            fail(error)


def _built(plugin: Path, report: Callable[[str], None]) -> Path:
    from ...building.build import BuildError, build

    try:
        return build(plugin, progress=report).path
    except BuildError as error:
        fail(error)


def _own_traceback(error: Exception, plugin: Path) -> str:
    """The traceback from the plugin's own first frame on."""
    import traceback

    folder = str(plugin.resolve())
    frames = error.__traceback__
    while frames is not None and not frames.tb_frame.f_code.co_filename.startswith(folder):
        frames = frames.tb_next
    return "".join(traceback.format_exception(type(error), error, frames)).rstrip()
