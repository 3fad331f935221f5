"""The command line: `proxywasm build` and `proxywasm replay`.

What a command needs is imported when it runs, so that `--help` and a check of one exchange start at once.
"""
# ruff: noqa: PLC0415

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from .commands import register

if TYPE_CHECKING:
    from rich.console import Console

    from .exchange import Exchange
    from .overrides import Overrides
    from .replay import Session

FLAGSHIP = "ai_proxy"
"""The plugin that is replayed when none is named."""

_PATH: Any = click.Path(path_type=Path)


class UserError(click.ClickException):
    """Something that the person at the keyboard can put right."""

    exit_code = 2

    def show(self, file: Any = None) -> None:  # noqa: ARG002  # click's signature
        click.echo(f"{click.style('error:', fg='red')} {self.message}", err=True)


class _Echo(logging.Handler):
    """Warnings of the host, such as a cache that cannot be used. Not of the root logger: that one is the plugin's."""

    def emit(self, record: logging.LogRecord) -> None:
        click.echo(f"{click.style('warning:', fg='yellow')} {record.getMessage()}", err=True)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="proxywasm")
def main() -> None:
    """Write plugins for HTTP gateways in Python, test them natively, ship them as WebAssembly."""
    # Traffic and messages are UTF-8, whatever the terminal's locale says.
    for stream in (sys.stdout, sys.stderr):
        if reconfigure := getattr(stream, "reconfigure", None):
            reconfigure(encoding="utf-8", errors="backslashreplace")
    log = logging.getLogger("proxywasm")
    if not log.handlers:
        log.addHandler(_Echo(logging.WARNING))


register(main)


@main.command()
@click.argument("plugin", type=_PATH)
@click.option("-o", "--output", type=_PATH, required=True, help="The file to write, for example dist/plugin.wasm.")
@click.option(
    "--target",
    type=click.Choice(["component", "proxy-wasm"]),
    default="component",
    help="A component for our own host, the default, or a module that Envoy, Istio and Higress load.",
)
@click.option(
    "--abi",
    type=click.Choice(["0.2.1", "higress"]),
    help="Of a Proxy-Wasm module: 0.2.1 for Envoy and Istio, the default, or higress, which also has Redis.",
)
@click.option(
    "--keep",
    multiple=True,
    metavar="MODULE",
    help="A built-in module of Python, such as zlib, or `compiler` for eval and exec, that the plugin needs in a "
    "Proxy-Wasm module although it has not loaded it when it starts. May be given several times.",
)
def build(plugin: Path, output: Path, target: str, abi: str | None, keep: tuple[str, ...]) -> None:
    """Compile PLUGIN, a package folder or a Python file, to one WebAssembly file.

    The module must have an attribute `plugin`. It may import pure-Python packages that lie beside it or are installed
    where proxywasm runs; they are taken along.
    """
    from .build import BuildError, build_module
    from .build import build as run

    if target == "component" and (abi or keep):
        raise UserError("--abi and --keep are for --target proxy-wasm")
    with progress() as report:
        try:
            if target == "component":
                built = run(plugin, output, progress=report)
            else:
                built = build_module(plugin, output, abi=abi or "0.2.1", keep=keep, progress=report)
        except BuildError as error:
            _fail(error)
    how = "nothing has changed since it was built" if built.cached else "built"
    click.echo(f"{built.path}: {how}, {built.size / 1e6:.1f} MB", err=True)


@main.command()
@click.argument("files", type=_PATH, nargs=-1, required=True, metavar="EXCHANGE.json ...")
@click.option("--native", is_flag=True, help="Run the plugin in this Python process instead of in WebAssembly.")
@click.option("--wasm", type=_PATH, metavar="FILE", help="A built component; by default the plugin is built as needed.")
@click.option("--plugin", type=_PATH, metavar="PATH", help=f"The plugin's package or file; by default {FLAGSHIP}.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per exchange and line.")
@click.option("--check", is_flag=True, help="Compare with what the files expect; exit with 1 if anything differs.")
@click.option(
    "--overrides",
    "overrides_file",
    type=_PATH,
    metavar="FILE",
    help="Deliberate differences; by default conformance_overrides.json beside a file or above it.",
)
@click.option("--only", metavar="TEXT", default="", help="Only exchanges whose name contains this.")
def replay(
    files: tuple[Path, ...],
    native: bool,
    wasm: Path | None,
    plugin: Path | None,
    as_json: bool,
    check: bool,
    overrides_file: Path | None,
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
    exchanges = [(file, exchange) for file in files for exchange in _load(file) if only in exchange.name]
    if not exchanges:
        raise UserError(
            f"no exchange in these files has {only!r} in its name" if only else "the files have no exchange"
        )
    overrides = _Overrides(overrides_file)
    session = _session(native=native, wasm=wasm, plugin=plugin)

    from .replay import replay as run

    verdicts = []
    report = _Report(as_json=as_json, check=check)
    for file, exchange in exchanges:
        result = run(exchange, session)
        report.result(exchange, result)
        if check:
            from .compare import judge

            verdicts.append(judge(result, exchange, overrides.of(file)))
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
            from .render import Renderer

            self._renderer = Renderer(_console(err=as_json))

    def result(self, exchange: Exchange, result: Any) -> None:
        if self._as_json:
            # ASCII: some characters inside JSON strings count as line ends elsewhere, U+2028 for one.
            click.echo(json.dumps(result))
        elif not self._check:
            self._renderer.exchange(exchange, result)

    def verdict(self, exchange: Exchange, verdict: Any) -> None:
        self._renderer.verdict(exchange, verdict)

    def summary(self, verdicts: Any) -> None:
        self._renderer.summary(verdicts)


class _Overrides:
    """The deliberate differences that go with each exchange file."""

    def __init__(self, given: Path | None) -> None:
        self._given = given
        self._loaded: dict[Path, Overrides] = {}
        if given:
            self._load(given)

    def of(self, file: Path) -> Overrides:
        from .overrides import NO_OVERRIDES, find

        path = self._given or find(file)
        return self._load(path) if path else NO_OVERRIDES

    def _load(self, path: Path) -> Overrides:
        from .overrides import OverridesError, load

        if path not in self._loaded:
            try:
                self._loaded[path] = load(path)
            except OverridesError as error:
                _fail(error)
        return self._loaded[path]


def _load(file: Path) -> Iterable[Exchange]:
    from .exchange import ExchangeError, load

    try:
        return load(file)
    except ExchangeError as error:
        _fail(error)


def _session(*, native: bool, wasm: Path | None, plugin: Path | None) -> Session:
    if native:
        from proxywasm.adapters.native import PluginNotFoundError, load_plugin

        from .replay import native_session

        path = plugin or _flagship()
        try:
            return native_session(load_plugin(path))
        except PluginNotFoundError as error:
            _fail(error)
        except Exception as error:  # whatever the plugin's own code raises when it is imported
            _fail(f"the plugin cannot be imported\n\n{_own_traceback(error, path)}")
    from .engine import ComponentError, Engine
    from .replay import wasm_session

    with progress() as report:
        path = wasm or _built(plugin or _flagship(), report)
        report("loading the component (seconds for a new one, to make machine code of it)")
        try:
            return wasm_session(Engine().load(path))
        except ComponentError as error:
            _fail(error)


def _built(plugin: Path, report: Callable[[str], None]) -> Path:
    from .build import BuildError, build

    try:
        return build(plugin, progress=report).path
    except BuildError as error:
        _fail(error)


def _flagship() -> Path:
    import importlib.util

    spec = importlib.util.find_spec(FLAGSHIP)
    if spec is None or not spec.submodule_search_locations:
        raise UserError(f"the plugin {FLAGSHIP} is not installed here; name one with --plugin")
    return Path(next(iter(spec.submodule_search_locations)))


def _own_traceback(error: Exception, plugin: Path) -> str:
    """The traceback from the plugin's own first frame on."""
    import traceback

    folder = str(plugin.resolve())
    frames = error.__traceback__
    while frames is not None and not frames.tb_frame.f_code.co_filename.startswith(folder):
        frames = frames.tb_next
    return "".join(traceback.format_exception(type(error), error, frames)).rstrip()


def _fail(error: object) -> NoReturn:
    raise UserError(str(error)) from None


def _console(*, err: bool = False) -> Console:
    from rich.console import Console

    return Console(stderr=err, highlight=False, markup=False, emoji=False, soft_wrap=False)


@contextmanager
def progress() -> Iterator[Callable[[str], None]]:
    """Say what is being done while it takes long, on a terminal only."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    with _console(err=True).status("starting") as status:
        yield lambda what: status.update(f"{what} …")
