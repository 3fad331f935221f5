"""`proxywasm replay EXCHANGE.json ...`."""
# ruff: noqa: PLC0415  # what is slow to import is imported when the command runs

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ...building.flagship import FLAGSHIP, NotInstalledError, flagship
from ..terminal import UserError, console, fail, progress

if TYPE_CHECKING:
    from ...recordings.exchange import Exchange
    from ...recordings.replay import Session

_PATH: Any = click.Path(path_type=Path)


@click.command()
@click.argument("files", type=_PATH, nargs=-1, required=True, metavar="EXCHANGE.json ...")
@click.option("--native", is_flag=True, help="Run the plugin in this Python process instead of in WebAssembly.")
@click.option("--wasm", type=_PATH, metavar="FILE", help="A built component; by default the plugin is built as needed.")
@click.option("--plugin", type=_PATH, metavar="PATH", help=f"The plugin's package or file; by default {FLAGSHIP}.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per exchange and line.")
@click.option("--check", is_flag=True, help="Compare with what the files expect; exit with 1 if anything differs.")
@click.option("--only", metavar="TEXT", default="", help="Only exchanges whose name contains this.")
def replay(
    files: tuple[Path, ...],
    native: bool,
    wasm: Path | None,
    plugin: Path | None,
    as_json: bool,
    check: bool,
    only: str,
) -> None:
    """Replay recorded HTTP streams through a plugin.

    Shows what the client asked, what went upstream, what came back and what a chat would show. Credentials are masked
    there; `--json` prints everything as it was recorded. Clock and randomness stand still, so that each replay of an
    exchange is like the last.
    """
    if native and wasm:
        raise UserError("--native and --wasm exclude each other: one runs the source, the other a built component")
    if wasm and plugin:
        raise UserError("--wasm and --plugin exclude each other: the component has its plugin inside")
    exchanges = [exchange for file in files for exchange in _load(file) if only in exchange.name]
    if not exchanges:
        raise UserError(
            f"no exchange in these files has {only!r} in its name" if only else "the files have no exchange"
        )
    session = _session(native=native, wasm=wasm, plugin=plugin)

    from ...recordings.replay import ReplayError
    from ...recordings.replay import replay as run

    verdicts = []
    report = _Report(as_json=as_json, check=check)
    for exchange in exchanges:
        try:
            result = run(exchange, session)
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


def _session(*, native: bool, wasm: Path | None, plugin: Path | None) -> Session:
    if native:
        from proxywasm.adapters.native import load_plugin
        from proxywasm.loading import PluginNotFoundError

        from ...recordings.replay import native_session

        path = plugin or _flagship()
        if not path.exists():
            fail(f"{path} does not exist")
        try:
            return native_session(load_plugin(path))
        except PluginNotFoundError as error:
            fail(error)
        except Exception as error:  # whatever the plugin's own code raises when it is imported
            fail(f"the plugin cannot be imported\n\n{_own_traceback(error, path)}")
    from ...recordings.replay import wasm_session
    from ...wasm.engine import ComponentError, Engine

    with progress() as report:
        path = wasm or _built(plugin or _flagship(), report)
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


def _flagship() -> Path:
    try:
        return flagship()
    except NotInstalledError as error:
        raise UserError(f"{error}; name one with --plugin") from None


def _own_traceback(error: Exception, plugin: Path) -> str:
    """The traceback from the plugin's own first frame on."""
    import traceback

    folder = str(plugin.resolve())
    frames = error.__traceback__
    while frames is not None and not frames.tb_frame.f_code.co_filename.startswith(folder):
        frames = frames.tb_next
    return "".join(traceback.format_exception(type(error), error, frames)).rstrip()
