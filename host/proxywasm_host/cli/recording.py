"""The options of commands that record: `--record` and what belongs to it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click


class _Size(click.ParamType[int]):
    name = "SIZE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        from ..recordings.recorder import parse_size  # noqa: PLC0415  # imported when the command runs

        try:
            return value if isinstance(value, int) else parse_size(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


MASK_OPTION = click.option(
    "--mask",
    "names",
    multiple=True,
    metavar="NAME",
    help="A key of the configuration or a header that has a credential, though its name does not say so.",
)


def recording_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The command gets `record`: a `RecordOptions`, or None."""

    @click.option(
        "--record",
        "folder",
        type=click.Path(path_type=Path, file_okay=False),
        metavar="DIR",
        help="Write each exchange to a file that `proxywasm replay` plays, with placeholders for credentials.",
    )
    @click.option(
        "--record-limit", "most", type=_Size(), default="1GiB", show_default=True, help="Of all files in that folder."
    )
    @click.option(
        "--record-largest",
        "largest",
        type=_Size(),
        default="4MiB",
        show_default=True,
        help="Of one exchange: longer responses are cut, longer requests are left out.",
    )
    @MASK_OPTION
    @functools.wraps(command)
    def with_options(
        *args: Any, folder: Path | None, most: int, largest: int, names: tuple[str, ...], **kw: Any
    ) -> Any:
        from ..recordings.recorder import RecordOptions  # noqa: PLC0415  # imported when the command runs

        return command(*args, record=folder and RecordOptions(folder, most, largest, names), **kw)

    return with_options
