"""Read the recordings that a command is given: exchange files, HAR files, and folders of both."""
# ruff: noqa: PLC0415  # what is slow to import is imported when the command runs

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .terminal import UserError, fail

if TYPE_CHECKING:
    from ..recordings.exchange import Exchange

_SUFFIXES = (".json", ".har")


def load_all(paths: Sequence[Path], only: str = "") -> dict[Path, list[Exchange]]:
    """By file, the exchanges with this text in their names. Raises `UserError`."""
    found = {file: [each for each in _load(file) if only in each.name] for path in paths for file in _files(path)}
    if not any(found.values()):
        raise UserError(
            f"no exchange in these files has {only!r} in its name" if only else "the files have no exchange"
        )
    return found


def _files(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    files = sorted(file for file in path.iterdir() if file.suffix in _SUFFIXES and not file.name.startswith("."))
    if not files:
        raise UserError(f"{path}: has no files that end in {' or '.join(_SUFFIXES)}")
    yield from files


def _load(file: Path) -> list[Exchange]:
    from ..recordings.exchange import ExchangeError, load

    try:
        return _load_har(file) if file.suffix == ".har" else load(file)
    except ExchangeError as error:
        fail(error)


def _load_har(file: Path) -> list[Exchange]:
    from ..recordings.har import HarError, load_har

    try:
        return load_har(file, lambda line: click.echo(line, err=True))
    except HarError as error:
        fail(error)


def load_configs(files: Sequence[Path]) -> list[str]:
    """The configuration of a plugin in each of these files, JSON or YAML, with variables of the environment filled in.

    Raises `UserError`.
    """
    return [_config(file) for file in files]


def _config(file: Path) -> str:
    import json

    from ..gateway.document import parse
    from ..reading import read_text

    text = read_text(file, UserError, 4 * 2**20)
    document = parse(text, os.environ)
    if document.problems:
        problem = document.problems[0]
        raise UserError(f"{file}:{problem.line}: {'.'.join(map(str, problem.place))} {problem.message}".strip())
    return json.dumps(document.value, ensure_ascii=False)


def with_configs(exchange: Exchange, configs: Sequence[str]) -> Exchange:
    """The exchange with these configurations in place of its own, if there are any."""
    if not configs:
        return exchange
    if len(configs) == 1:
        return replace(exchange, config=configs[0], chain=())
    return replace(exchange, config="", chain=tuple(configs))
