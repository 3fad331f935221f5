"""The readable replay: what the client asked, what went upstream, what came back, and what its chat would show.

On a terminal, lines are wrapped and long ones of lesser interest are cut. Elsewhere each thing is one whole line, so
that the output can be searched.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from . import bodies
from .bodies import JsonBody, SseBody
from .compare import MISSING, Difference, Verdict, show
from .exchange import Exchange, chunk_from_json
from .masking import Masker, is_secret
from .transcript import Transcript, transcript

Result = Mapping[str, Any]
Pairs = Iterable[Sequence[str]]

_QUIET: Final = "bright_black"
_WIDEST: Final = 120
_LONGEST_BODY: Final = 16
"""Lines of a JSON body that are worth a line each."""
_SAID: Final = re.compile(r'"(?:content|reasoning_content|arguments|name)":\s?("(?:[^"\\]|\\.)+")')


class Renderer:
    """Prints one exchange after another."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._width = min(console.width, _WIDEST)

    def exchange(self, exchange: Exchange, result: Result) -> None:
        masker = Masker(exchange)
        self._console.print()
        self._console.rule(Text(exchange.name, "bold"), align="left", style=_QUIET)
        if note := exchange.raw.get("note"):
            self._prose(str(note), f"italic {_QUIET}")
        if result["start"] != "ok":
            self._title("The plugin refused its configuration")
            self._line(Text(masker.text(str(result["error"])), "red"), 2)
        else:
            self._title("The client asked")
            self._request(exchange.request.headers, b"".join(exchange.request.body), masker)
            self._traffic(exchange, result, masker)
        if result["logs"]:
            self._title("Log")
            for line in result["logs"]:
                self._line(Text(masker.text(line), _log_style(line)), 2)

    # Parts of an exchange.

    def _traffic(self, exchange: Exchange, result: Result, masker: Masker) -> None:
        for call in result["callouts"]:
            self._title(f"The plugin called {call['cluster']}")
            self._request(call["headers"], chunk_from_json(call["body"]), masker)
        self._title("Went upstream")
        if upstream := result["upstream"]:
            self._request(upstream["headers"], chunk_from_json(upstream["body"]), masker)
        else:
            self._line(Text("nothing", _QUIET), 2)
        if result["downstream"]:
            self._downstream(exchange, result["downstream"], masker)
        if reply := result["local_reply"]:
            self._title("The plugin answered itself")
            self._line(Text.assemble((f"{reply['status']} ", "bold"), (reply["details"], _QUIET)), 2)
            self._headers(reply["headers"], masker)
            body = chunk_from_json(reply["body"])
            self._body(body, masker)
            self._chat(transcript(bodies.parse(body)), masker)

    def _downstream(self, exchange: Exchange, downstream: Result, masker: Masker) -> None:
        chunks = [chunk_from_json(chunk) for chunk in downstream["body"]]
        body = bodies.parse(b"".join(chunks), event_stream=bodies.is_event_stream(downstream["headers"]))
        given = exchange.response.body if exchange.response else ()
        self._title("Came back")
        self._line(Text(next((value for name, value in downstream["headers"] if name == ":status"), "?"), "bold"), 2)
        self._headers(downstream["headers"], masker)
        if len(chunks) == 1 and isinstance(body, JsonBody):
            self._body(chunks[0], masker)
        else:
            self._chunks(given, chunks, masker)
        if downstream.get("reset"):
            self._line(Text("the stream was reset", "red"), 2)
        self._chat(transcript(body), masker, stream=isinstance(body, SseBody))

    def _request(self, headers: Pairs, body: bytes, masker: Masker) -> None:
        fields = {name: value for name, value in headers if name.startswith(":")}
        target = masker.text(f"{fields.get(':authority', '')}{fields.get(':path', '')}")
        self._line(Text.assemble((f"{fields.get(':method', '')} ", "bold"), target), 2)
        self._headers(headers, masker)
        self._body(body, masker)

    def _headers(self, fields: Pairs, masker: Masker) -> None:
        for name, value in fields:
            if not name.startswith(":"):
                self._line(Text(f"{name}: {masker.header(name, value)}", _QUIET), 2)

    def _body(self, data: bytes, masker: Masker) -> None:
        if not data:
            return
        body = bodies.parse(data)
        if not isinstance(body, JsonBody):
            self._line(Text(_one_line(data, masker)), 2)
            return
        lines = masker.text(json.dumps(body.value, ensure_ascii=False, indent=2)).split("\n")
        if len(lines) > _LONGEST_BODY:
            lines = [masker.text(json.dumps(body.value, ensure_ascii=False))]
        for line in lines:
            self._line(_with_highlights(line), 2, most=6)

    def _chunks(self, given: Sequence[bytes], chunks: Sequence[bytes], masker: Masker) -> None:
        """Each chunk of the upstream, and under it what the client got for it."""
        digits = len(str(len(chunks)))
        for index, chunk in enumerate(chunks):
            number = f"{index + 1:>{digits}} "
            if index < len(given):
                text = Text(_one_line(given[index], masker) or "(empty)", _QUIET)
                self._line(text, 2, first=f"{number}◂ ", most=1)
                number = " " * len(number)
            for line in _passed_on(chunk, masker):
                self._line(line, 2, first=f"{number}▸ ")
                number = " " * len(number)

    def _chat(self, said: Transcript, masker: Masker, *, stream: bool = False) -> None:
        if not said:
            return
        self._title("The chat shows")
        for text, style in ((said.reasoning, f"italic {_QUIET}"), (said.text, "bold green")):
            self._prose(masker.text(text), style)
        for call in said.tool_calls:
            self._line(Text(f"{call.name}({masker.text(call.arguments)})", "magenta"), 2)
        if said.error:
            self._line(Text(f"error: {masker.text(said.error)}", "red"), 2)
        ending = [f"finish_reason {said.finish_reason}"] if said.finish_reason else []
        ending += [f"{key} {value}" for key, value in said.usage.items() if isinstance(value, int)]
        if stream:
            ending.append("[DONE]" if said.done else "no [DONE]")
        self._line(Text(" · ".join(ending), _QUIET), 2)

    # Checking.

    def verdict(self, exchange: Exchange, verdict: Verdict) -> None:
        """One line, and what differs."""
        mark, style = ("✗", "red") if verdict.differences else ("✓", "green")
        if not verdict.differences and verdict.status != "same":
            mark, style = "-", "yellow"
        remarks: list[str] = [] if verdict.status in ("same", "different") else [verdict.status]
        if verdict.overrides:
            remarks.append(f"deliberately different: {', '.join(verdict.overrides)}")
        line = Text(f"{mark} {exchange.name}", style)
        if remarks:
            line.append(f"  ({'; '.join(remarks)})", _QUIET)
        self._line(line)
        masker = Masker(exchange)
        for difference in verdict.differences:
            self._difference(difference, masker)

    def summary(self, verdicts: Sequence[Verdict]) -> None:
        counts: dict[str, int] = {}
        for verdict in verdicts:
            counts[verdict.status] = counts.get(verdict.status, 0) + 1
        text = ", ".join(f"{count} {status}" for status, count in counts.items())
        plural = "" if len(verdicts) == 1 else "s"
        self._line(Text(f"{len(verdicts)} exchange{plural}: {text}", "bold"))

    def _difference(self, difference: Difference, masker: Masker) -> None:
        name = difference.path.rpartition(".headers.")[2] if ".headers." in difference.path else ""

        def masked(value: object) -> str:
            if value is not MISSING and is_secret(name):
                return masker.header(name, str(value), fingerprint=True)
            return masker.text(show(value))

        self._line(Text(difference.path, "bold"), 4)
        for label, style, value in (("expected ", "green", difference.expected), ("got      ", "red", difference.got)):
            for index, line in enumerate(masked(value).split("\n")):
                self._line(Text(line), 6, first=" " * len(label) if index else label, first_style=style)

    # Lines.

    def _title(self, title: str) -> None:
        self._console.print()
        self._line(Text(title, "bold cyan"))

    def _prose(self, text: str, style: str) -> None:
        for line in text.splitlines():
            wrapped = (
                Text(line, style).wrap(self._console, self._width - 2) if self._console.is_terminal else [Text(line)]
            )
            for part in wrapped:
                self._line(part, 2)

    def _line(self, text: Text, indent: int = 0, *, first: str = "", first_style: str = _QUIET, most: int = 0) -> None:
        """Print after `first`, and below that if it takes more lines; `most`: of which no more than so many."""
        lines: Iterable[Text] = [text]
        if self._console.is_terminal:
            room = self._width - indent - len(first)
            lines = _fold(text, room)
            if most and len(lines) > most:
                lines = lines[:most]
                lines[-1].truncate(room - 1)
                lines[-1].append("…")
        for line in lines:
            line.rstrip()
            self._console.print(Text.assemble(" " * indent, (first, first_style), line), soft_wrap=True)
            first = " " * len(first)


def _fold(text: Text, room: int) -> list[Text]:
    """Break at the last cell of a line: JSON without spaces has no better place."""
    offsets, used = [], 0
    for index, character in enumerate(text.plain):
        width = cell_len(character)
        if used + width > room:
            offsets.append(index)
            used = 0
        used += width
    return list(text.divide(offsets))


def _passed_on(chunk: bytes, masker: Masker) -> list[Text]:
    if not chunk:
        return [Text("(nothing)", _QUIET)]
    body = bodies.parse(chunk)
    if not isinstance(body, SseBody):
        return [Text(_one_line(chunk, masker))]
    lines = []
    for event in body.events:
        name = f"event: {event.event}  " if event.event else ""
        lines.append(_with_highlights(f"{name}data: {masker.text(bodies.compact(event.data))}"))
    return lines


def _with_highlights(line: str) -> Text:
    """What a model or a person said stands out from the JSON around it."""
    text = Text(line)
    for match in _SAID.finditer(line):
        text.stylize("green", *match.span(1))
    return text


def _one_line(data: bytes, masker: Masker) -> str:
    text = data.decode(errors="backslashreplace")
    return masker.text(text.replace("\r", "␍").replace("\n", "␊"))


def _log_style(line: str) -> str:
    if line.startswith(("[error]", "[critical]")):
        return "red"
    return "yellow" if line.startswith("[warn]") else _QUIET
