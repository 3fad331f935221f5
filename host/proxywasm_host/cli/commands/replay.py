"""`proxywasm replay RECORDING ...`."""
# ruff: noqa: PLC0415  # what is slow to import is imported when the command runs

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ...building.flagship import FLAGSHIP
from ..plugins import PluginPath, choose, names
from ..recordings import load_all, load_configs, with_configs
from ..reporting import Report, Timelines
from ..sending import credential_of, send
from ..terminal import UserError, fail, progress
from ..updating import update_all

if TYPE_CHECKING:
    from ...recordings.exchange import Exchange
    from ...recordings.replay import Session

_PATH: Any = click.Path(path_type=Path)


@click.command()
@click.argument("files", type=_PATH, nargs=-1, required=True, metavar="RECORDING ...")
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
@click.option(
    "--show",
    is_flag=True,
    help="Show each step with its time: what arrives, what each plugin does with it, and what leaves it.",
)
@click.option("--full", is_flag=True, help="With --show: leave nothing out of long bodies and of many chunks.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per exchange and line.")
@click.option(
    "--check",
    is_flag=True,
    help="Compare with what the files expect; exit with 1 if anything differs, with 2 if they expect nothing.",
)
@click.option("--update", is_flag=True, help="Write what the plugin answers now into the `expect` of the files.")
@click.option("--only", metavar="TEXT", default="", help="Only exchanges whose name contains this.")
@click.option(
    "--config",
    "configs",
    type=_PATH,
    multiple=True,
    metavar="FILE",
    help="The plugin's configuration, JSON or YAML, in place of the recorded one. For a chain, one for each plugin.",
)
@click.option("--to", "url", metavar="URL", help="Send the requests to this gateway, and compare its answers.")
@click.option("--concurrency", type=click.IntRange(1, 1000), default=8, show_default=True, help="With --to: at a time.")
@click.option("--timeout", type=click.FloatRange(0.1), default=60.0, show_default=True, help="With --to: seconds each.")
@click.option("--credential-env", metavar="NAME", help="With --to: a variable with what clients send as credential.")
@click.option("--credential-file", type=_PATH, metavar="FILE", help="With --to: a file with it.")
@click.option("--keep-host", is_flag=True, help="With --to: send the recorded Host header.")
@click.option("--pace", is_flag=True, help="With --to: begin each request when it began in the recording.")
def replay(
    files: tuple[Path, ...],
    native: bool,
    wasms: tuple[Path, ...],
    plugins: tuple[Path, ...],
    show: bool,
    full: bool,
    as_json: bool,
    check: bool,
    update: bool,
    only: str,
    configs: tuple[Path, ...],
    url: str | None,
    concurrency: int,
    timeout: float,
    credential_env: str | None,
    credential_file: Path | None,
    keep_host: bool,
    pace: bool,
) -> None:
    """Replay recorded HTTP streams through a plugin, or with --to through a gateway.

    Shows what the client asked, what went upstream, what came back and what a chat would show; with --show how it
    happened, step by step. Credentials are masked there; `--json` prints everything as it was recorded. Clock and
    randomness stand still, so that each replay of an exchange is like the last. HAR files of browsers are read, too,
    and folders with either kind of file.
    """
    if native and wasms:
        raise UserError("--native and --wasm exclude each other: one runs the source, the other a built component")
    if wasms and plugins:
        raise UserError("--wasm and --plugin exclude each other: the component has its plugin inside")
    if update and (check or as_json or configs or show):
        raise UserError(
            "--update excludes --check, --json, --show and --config: it writes results of the recorded configuration"
        )
    if full and (not show or as_json):
        raise UserError("--full is for --show without --json, which leaves nothing out")
    if url is not None:
        if native or wasms or plugins or update or as_json or configs or show:
            raise UserError("--to sends to a gateway, which has its own plugins and configuration")
        exchanges = [each for loaded in load_all(files, only).values() for each in loaded]
        credential = credential_of(credential_env, credential_file)
        send(
            exchanges, url, credential=credential, concurrency=concurrency, timeout=timeout, keep_host=keep_host,
            pace=pace,
        )  # fmt: skip
        return
    if credential_env or credential_file or keep_host or pace:
        raise UserError("--credential-env, --credential-file, --keep-host and --pace are for --to")
    loaded = load_all(files, only)
    new_configs = load_configs(configs)
    choices = [choose(path) for path in wasms or plugins] or [choose(None)]
    sessions = [_native(choice.path) if native else _in_wasm(choice.path, built=bool(wasms)) for choice in choices]
    for choice in choices:
        choice.show()
    if update:
        update_all(loaded, sessions)
        return
    exchanges = [with_configs(each, new_configs) for group in loaded.values() for each in group]
    timelines = Timelines(names(choices), full=full) if show else None
    _show(exchanges, sessions, Report(as_json=as_json, check=check, timelines=timelines), check=check)


def _show(exchanges: Sequence[Exchange], sessions: Sequence[Session], report: Report, *, check: bool) -> None:
    from ...recordings.compare import judge
    from ...recordings.replay import ReplayError
    from ...recordings.replay import replay as run

    verdicts = []
    for exchange in exchanges:
        timeline = report.new_timeline()
        try:
            result = run(exchange, sessions, timeline=timeline)
        except ReplayError as error:
            fail(error)
        report.result(exchange, result, timeline)
        if check:
            verdicts.append(judge(result, exchange))
            report.verdict(exchange, verdicts[-1])
    if check:
        report.summary(verdicts)
        if not all(verdict.passed for verdict in verdicts):
            sys.exit(1)
        if all(verdict.status == "nothing expected" for verdict in verdicts):
            fail("nothing was checked: no exchange in these files has a key `expect`")


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
