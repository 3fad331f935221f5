"""Bodies, chunks and log lines as lines for people, with credentials masked."""

from __future__ import annotations

import json
import re
from typing import Final

from rich.text import Text

from ...escapes import visible
from .. import bodies
from ..bodies import JsonBody, SseBody
from ..masking import Masker
from .lines import QUIET

_LONGEST_BODY: Final = 16
"""Fields of a JSON body that get a line each."""
_SAID: Final = re.compile(r'"(?:content|reasoning_content|arguments|name)":\s?("(?:[^"\\]|\\.)+")')


def whole_body(data: bytes, masker: Masker) -> list[Text]:
    """A body in one piece. Small JSON documents get a line for each field."""
    if not data:
        return []
    body = bodies.parse(data)
    if not isinstance(body, JsonBody):
        return [Text(one_line(data, masker))]
    lines = masker.text(json.dumps(body.value, ensure_ascii=False, indent=2)).split("\n")
    if len(lines) > _LONGEST_BODY:
        lines = [masker.text(json.dumps(body.value, ensure_ascii=False))]
    return [_with_highlights(line) for line in lines]


def events_of(chunk: bytes, masker: Masker) -> list[Text]:
    """A chunk of a response: a line for each of its server-sent events, if it has any."""
    if not chunk:
        return [Text("(nothing)", QUIET)]
    body = bodies.parse(chunk)
    if not isinstance(body, SseBody):
        return [Text(one_line(chunk, masker))]
    lines = []
    for event in body.events:
        name = f"event: {event.event}  " if event.event else ""
        lines.append(_with_highlights(f"{name}data: {masker.text(bodies.compact(event.data))}"))
    return lines


def chunk(data: bytes, masker: Masker) -> list[Text]:
    """A chunk as it is, and a line for each event if it consists of whole ones."""
    if data.endswith((b"\n\n", b"\r\n\r\n")):
        return events_of(data, masker)
    return [Text(one_line(data, masker))]


def one_line(data: bytes, masker: Masker) -> str:
    text = data.decode(errors="backslashreplace")  # controls are made visible here: `Text` drops some of them
    return visible(masker.text(text.replace("\r", "␍").replace("\n", "␊")))


def log_style(line: str) -> str:
    if line.startswith(("[error]", "[critical]")):
        return "red"
    return "yellow" if line.startswith("[warn]") else QUIET


def _with_highlights(line: str) -> Text:
    """Highlight the texts of models and users in JSON."""
    text = Text(line)
    for match in _SAID.finditer(line):
        text.stylize("green", *match.span(1))
    return text
