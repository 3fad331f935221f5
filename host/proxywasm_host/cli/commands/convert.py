"""`proxywasm convert RECORDING ... -o FILE`."""
# ruff: noqa: PLC0415  # what is slow to import is imported when the command runs

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..recording import MASK_OPTION
from ..recordings import load_all
from ..terminal import UserError, fail

if TYPE_CHECKING:
    from ...recordings.exchange import Exchange

_PATH: Any = click.Path(path_type=Path)


@click.command()
@click.argument("files", type=_PATH, nargs=-1, required=True, metavar="RECORDING ...")
@click.option("-o", "--output", type=_PATH, required=True, metavar="FILE", help="A new .json or .har file.")
@click.option("--only", metavar="TEXT", default="", help="Only exchanges whose name contains this.")
@MASK_OPTION
def convert(files: tuple[Path, ...], output: Path, only: str, names: tuple[str, ...]) -> None:
    """Make an exchange file of HAR files, or a HAR file of exchange files. Credentials become placeholders.

    A HAR file (.har) is what the network view of a browser saves and opens: what clients asked, and what they got. What
    they got becomes the `response` of an exchange, which a replay gives to the plugin.
    """
    from ...recordings.exchange import to_document
    from ...recordings.files import write_whole
    from ...recordings.har import dump_har
    from ...recordings.masking import LeakError, masked

    if output.suffix not in (".json", ".har"):
        raise UserError(f"-o {output}: the name of the file has to end in .json or .har")
    loaded = load_all(files, only)
    try:
        exchanges = [masked(each, names=names) for group in loaded.values() for each in group]
        if output.suffix == ".har":
            dump_har(exchanges, output)
        else:
            write_whole(output, to_document(_apart(exchanges)))
    except OSError as error:
        fail(f"{output}: cannot be written: {error.strerror}")
    except LeakError as error:
        fail(error)
    click.echo(f"{output}: {len(exchanges)} exchange{'s' * (len(exchanges) != 1)}")


def _apart(exchanges: Sequence[Exchange]) -> list[Exchange]:
    """With names that differ: those of several files may be the same."""
    names: set[str] = set()
    result = []
    for exchange in exchanges:
        name, number = exchange.name, 1
        while name in names:
            number += 1
            name = f"{exchange.name} ({number})"
        names.add(name)
        result.append(replace(exchange, name=name))
    return result
