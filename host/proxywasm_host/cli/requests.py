"""A request as options of curl describe it, and the answer of a service from a file."""
# ruff: noqa: PLC0415  # what is slow to import is imported when the command runs

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

from .terminal import UserError

if TYPE_CHECKING:
    from ..gateway.live.answering import FixedAnswer
    from ..recordings.exchange import Message

_LARGEST = 32 * 2**20
_HOST = "gateway.example.com"


def request_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The command gets `method`, `headers` and `data`."""
    for option in (
        click.option("-d", "--data", metavar="TEXT", help="The body; with @FILE the content of a file."),
        click.option("-H", "--header", "headers", multiple=True, metavar="'NAME: VALUE'", help="A header."),
        click.option(
            "-X", "--request", "method", metavar="METHOD", help="By default POST if there is a body, or else GET."
        ),
    ):
        command = option(command)
    return command


def answer_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The command gets `answer` and `answer_status`."""
    for option in (
        click.option(
            "--answer-status", type=click.IntRange(200, 599), default=200, show_default=True, help="With --answer."
        ),
        click.option(
            "--answer",
            type=click.Path(path_type=Path),
            metavar="FILE",
            help="The body that the service answers with, such as JSON. Server-sent events are sent one by one.",
        ),
    ):
        command = option(command)
    return command


def request_of(url: str, method: str | None, headers: Sequence[str], data: str | None) -> Message:
    """Raises `UserError`."""
    from proxywasm.fields import breaks, is_name

    from ..recordings.exchange import Message

    parts = urlsplit(url)
    path = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
    if not path.startswith("/") or not re.fullmatch(r"[!-~]+", path):
        raise UserError(f"{url!r} is not the path of a request, such as /v1/chat/completions")
    body = _body(data)
    fields = []
    for header in headers:
        name, colon, value = header.partition(":")
        name, value = name.strip().lower(), value.strip()
        if not colon or not is_name(name) or breaks(value):
            raise UserError(f"-H: expected a header such as 'content-type: application/json', got {header!r}")
        fields.append((name, value))
    host = dict(fields).get("host") or parts.netloc or _HOST
    pseudo = [
        (":method", (method or ("POST" if body else "GET")).upper()), (":scheme", "http"), (":authority", host),
        (":path", path),
    ]  # fmt: skip
    kept = [field for field in fields if field[0] not in ("host", "content-length", "transfer-encoding")]
    if body:
        if "content-type" not in dict(kept):
            kept.append(("content-type", "application/json" if body[:1] in b"{[" else "application/octet-stream"))
        kept.append(("content-length", str(len(body))))
    return Message([*pseudo, *kept], (body,) if body else ())


def _body(data: str | None) -> bytes:
    from ..reading import read_bytes

    if data is None:
        return b""
    return read_bytes(Path(data[1:]), UserError, _LARGEST) if data.startswith("@") else data.encode()


def answer_of(file: Path, status: int) -> FixedAnswer:
    """Raises `UserError`."""
    from ..gateway.live.answering import FixedAnswer
    from ..reading import read_bytes
    from ..recordings import bodies
    from ..recordings.har.messages import events

    data = read_bytes(file, UserError, _LARGEST)
    match bodies.parse(data):
        case bodies.JsonBody():
            return FixedAnswer(status, "application/json", (data,))
        case bodies.SseBody():
            return FixedAnswer(status, "text/event-stream", tuple(events(data)))
        case _:
            return FixedAnswer(status, "application/octet-stream", (data,) if data else ())
