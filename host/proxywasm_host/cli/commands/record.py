"""`proxywasm record PATH`: one request through a plugin, as a recording."""
# ruff: noqa: PLC0415  # what is slow to import is imported when the command runs

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..plugins import Choice, choose
from ..recording import MASK_OPTION
from ..recordings import load_configs
from ..requests import answer_of, answer_options, request_of, request_options
from ..terminal import UserError, console, fail, progress

if TYPE_CHECKING:
    from ...recordings.exchange import Exchange

_PATH: Any = click.Path(path_type=Path)


@click.command()
@click.argument("url", metavar="PATH")
@request_options
@click.option(
    "--plugin",
    "plugins",
    type=_PATH,
    multiple=True,
    metavar="PATH",
    help="The plugin's package or file; by default that of this folder. Several are a chain.",
)
@click.option(
    "--config", "configs", type=_PATH, multiple=True, metavar="FILE", help="The plugin's configuration, JSON or YAML."
)
@click.option("--native", is_flag=True, help="Run the plugin in this Python process instead of in WebAssembly.")
@click.option(
    "--upstream", metavar="URL", help="The service that the request goes to, such as https://api.example.com."
)
@answer_options
@click.option("--timeout", type=click.FloatRange(0.1), default=60.0, show_default=True, help="Seconds.")
@click.option("-o", "--output", type=_PATH, default=Path("recording.json"), show_default=True, metavar="FILE")
@MASK_OPTION
def record(
    url: str,
    method: str | None,
    headers: tuple[str, ...],
    data: str | None,
    plugins: tuple[Path, ...],
    configs: tuple[Path, ...],
    native: bool,
    upstream: str | None,
    answer: Path | None,
    answer_status: int,
    timeout: float,
    output: Path,
    names: tuple[str, ...],
) -> None:
    """Send one request through a plugin and a service, and write what happened as a recording.

    PATH is the path of the request, such as /v1/chat/completions. The options for the request are those of curl. The
    service is the real one (--upstream), or a file with what it answers (--answer); without either it is the host that
    the plugin names. Credentials become placeholders in the file.

    \b
        proxywasm record /v1/chat/completions --config plugin.yaml \\
            -H 'content-type: application/json' -d @request.json --upstream https://api.example.com
        proxywasm replay --check recording.json
    """
    from ...gateway.live.errors import LiveError
    from ...gateway.live.recording_one import OneRequest, record_one
    from ...gateway.values import check_origin

    if output.exists():
        raise UserError(f"{output} exists already; remove it, or name another file with -o")
    if upstream is not None and answer is not None:
        raise UserError("--upstream and --answer exclude each other: one is a service, the other what it would answer")
    if upstream is not None and (wrong := check_origin(upstream)):
        raise UserError(f"--upstream: {wrong}")
    choices = [choose(path) for path in plugins] or [choose(None)]
    one = OneRequest(
        plugins=_configured(choices, load_configs(configs)),
        request=request_of(url, method, headers, data),
        upstream=upstream if answer is None else answer_of(answer, answer_status),
        seconds=timeout,
    )
    for choice in choices:
        choice.show()
    stderr = sys.stderr  # that of a native plugin is its log
    try:
        with progress() as report:
            exchange = record_one(one, native=native, log=lambda line: print(line, file=stderr), progress=report)
    except LiveError as error:
        fail(error)
    _write(exchange, output, names, "".join(f" --plugin {path}" for path in plugins))


def _configured(choices: Sequence[Choice], configs: Sequence[str]) -> tuple[tuple[str, Path, Any], ...]:
    if configs and len(configs) != len(choices):
        raise UserError(f"--config is given {len(configs)} times for {len(choices)} plugins; give one for each")
    documents = [json.loads(config) for config in configs] or [{} for _ in choices]
    for document in documents:
        if not isinstance(document, dict):
            raise UserError("--config: expected an object with the settings of the plugin")
    names = [f"{choice.path.stem}-{place}" if place else choice.path.stem for place, choice in enumerate(choices)]
    paths = [choice.path.absolute() for choice in choices]
    return tuple(zip(names, paths, documents, strict=True))


def _write(exchange: Exchange, output: Path, names: tuple[str, ...], words: str) -> None:
    from ...recordings.exchange import to_document
    from ...recordings.files import write_whole
    from ...recordings.masking import LeakError, masked
    from ...recordings.render import ExchangeView, Lines

    try:
        kept = masked(exchange, names=names)
        write_whole(output, to_document([kept]))
    except LeakError as error:
        fail(f"nothing is written: {error}")
    except OSError as error:
        fail(f"{output}: cannot be written: {error.strerror}")
    ExchangeView(Lines(console())).show(kept, {"logs": [], **kept.raw["expect"]})
    click.echo(f"\n{output}: written; `proxywasm replay --check{words} {output}` plays it")
