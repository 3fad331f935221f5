"""Show the timeline of a replay: each piece that arrives, what each plugin does with it, and what leaves it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise
from typing import Final

from rich.text import Text

from ...stream import RequestBody, ResponseBody
from ..exchange import Exchange
from ..masking import Masker
from ..replay import Answer, Direction, End, Part, Result, Start, Step, Timeline
from .content import log_style
from .facts import Facts
from .lines import QUIET, Lines
from .pieces import Pieces
from .route import Route, merged

_INDENT: Final = 11
_SHOWN_FIRST, _SHOWN_LAST = 6, 3
"""Of many chunks in a row, those that are shown."""
_PLUGIN: Final = "bold cyan"
_TIME: Final = "yellow"


class TimelineView:
    """Shows one timeline after another. `names` are those of the plugins; `full`: nothing is left out."""

    def __init__(self, lines: Lines, names: Sequence[str], *, full: bool = False) -> None:
        self._lines, self._names, self._full = lines, names, full

    def show(self, exchange: Exchange, result: Result, timeline: Timeline) -> None:
        masker = Masker(exchange)
        self._lines.heading(exchange.name)
        if note := exchange.raw.get("note"):
            self._lines.prose(str(note), f"italic {QUIET}")
        self._lines.prose(_about(exchange, self._names), QUIET)
        if result["start"] != "ok":
            self._lines.line(Text("the plugin refused its configuration", "red"), 2)
            self._lines.line(Text(masker.text(str(result["error"])), "red"), 4)
            for line in result["logs"]:
                self._lines.line(Text(masker.text(line), log_style(line)), 2, first="log ")
            return
        route = Route(self._names)
        pieces = Pieces(self._lines, masker, route, Facts(timeline.steps, route, masker), full=self._full)
        shown = _Steps(self._lines, masker, route, pieces)
        for folded, steps in self._folded(timeline.steps):
            if folded:
                self._lines.line(Text(_what_is_folded(steps), QUIET), _INDENT)
            else:
                for step in steps:
                    shown.show(step)
        self._lines.prose("\n".join(_summary(timeline)), QUIET)

    def _folded(self, steps: Sequence[Step]) -> Iterator[tuple[bool, list[Step]]]:
        """Runs of steps, each with whether it is left out: the middle of many ordinary chunks."""
        for ordinary, group in groupby(steps, _ordinary):
            run = list(group)
            if self._full or not ordinary or len(run) <= _SHOWN_FIRST + _SHOWN_LAST + 1:
                yield False, run
            else:
                yield False, run[:_SHOWN_FIRST]
                yield True, run[_SHOWN_FIRST:-_SHOWN_LAST]
                yield False, run[-_SHOWN_LAST:]


class _Steps:
    def __init__(self, lines: Lines, masker: Masker, route: Route, pieces: Pieces) -> None:
        self._lines, self._masker, self._route, self._pieces = lines, masker, route, pieces

    def show(self, step: Step) -> None:
        self._cause(step)
        for parts in self._runs(step):
            if self._passes(parts[0]):
                self._pieces.unchanged([part.place for part in parts], parts[-1].passed[0], _INDENT)
            else:
                self._part(parts[0], step)
        for place, call in step.calls:
            self._pieces.call(self._route.name(place), call, _INDENT)
        for line in step.logs:
            self._lines.line(Text(self._masker.text(line), log_style(line)), _INDENT, first="log ")

    def _runs(self, step: Step) -> list[list[Part]]:
        """The parts, those together in which plugins pass on what has come one after another."""
        runs: list[list[Part]] = []
        for part in step.in_order():
            if runs and self._passes(part) and self._passes(runs[-1][0]):
                runs[-1].append(part)
            else:
                runs.append([part])
        return runs

    def _passes(self, part: Part) -> bool:
        return not part.decides and self._pieces.passes(part.passed)

    def _part(self, part: Part, step: Step) -> None:
        name = self._route.name(part.place)
        for phase in part.phases:
            if phase.decisions:
                text = self._masker.text(", ".join(phase.decisions))
                self._lines.line(Text.assemble((name, _PLUGIN), (f" {phase.name}: ", QUIET), text), _INDENT)
        for events in merged(part.passed):
            self._pieces.show(self._route.hop(part.place, events[0]), events, _INDENT)
        if isinstance(step.cause, RequestBody | ResponseBody) and part.phases and not (part.passed or part.decides):
            self._lines.line(Text.assemble((name, _PLUGIN), (" passes nothing on yet", QUIET)), _INDENT)

    def _cause(self, step: Step) -> None:
        """The first line of a step."""
        time = f"{step.ms:>7,} ms "
        match step.cause:
            case Start():
                pass
            case End():
                if step.logs or step.calls or any(part.passed for part in step.parts.values()):
                    self._lines.line(Text("the stream ends"), 0, first=time, first_style=_TIME)
            case Answer(place, call, message):
                self._pieces.answer(self._route.name(place), call, message, time, _TIME)
            case event:
                self._pieces.show(self._route.arrival(event), (event,), 0, first=time, style=_TIME)


def _ordinary(step: Step) -> bool:
    """A chunk of a response for which nothing has to be told but what went in and what came out."""
    return (
        isinstance(step.cause, ResponseBody)
        and not step.cause.end_of_stream
        and not step.logs
        and not step.calls
        and all(
            not part.decides and all(isinstance(event, ResponseBody) for event in part.passed)
            for part in step.parts.values()
        )
    )


def _sizes(steps: Sequence[Step]) -> tuple[int, int]:
    """Bytes of a response from the upstream, and to the client."""
    given = sum(len(step.cause.data) for step in steps if isinstance(step.cause, ResponseBody))
    first = [step.parts[0, Direction.RESPONSE] for step in steps if (0, Direction.RESPONSE) in step.parts]
    passed = [event for part in first for event in part.passed]
    return given, sum(len(event.data) for event in passed if isinstance(event, ResponseBody))


def _what_is_folded(steps: Sequence[Step]) -> str:
    given, passed = _sizes(steps)
    times = f", from {steps[0].ms:,} to {steps[-1].ms:,} ms" if steps[-1].ms else ""
    return f"… {len(steps):,} more chunks, {given:,} bytes in, {passed:,} bytes out{times} (--full shows them)"


def _about(exchange: Exchange, names: Sequence[str]) -> str:
    timed = any(
        message.times_ms for message in (exchange.request, exchange.response, *exchange.next_responses) if message
    )
    times = "times as recorded" if timed else "the recording has no times, so the clock of the replay stands still"
    earlier = f"; {len(exchange.before)} earlier exchanges are not shown" if exchange.before else ""
    return f"{' → '.join(['client', *names, 'upstream'])}; {times}{earlier}"


def _summary(timeline: Timeline) -> Iterator[str]:
    steps = [step for step in timeline.steps if isinstance(step.cause, ResponseBody) and step.cause.data]
    if len(steps) < 2:
        return
    given, passed = _sizes(timeline.steps)
    text = f"response: {len(steps):,} chunks, {given:,} bytes in, {passed:,} bytes out"
    if steps[-1].ms:
        pauses = [after.ms - before.ms for before, after in pairwise(steps)]
        longest = max(pauses)
        text += (
            f"; first chunk after {steps[0].ms:,} ms, last after {steps[-1].ms:,} ms, "
            f"longest pause {longest:,} ms before chunk {pauses.index(longest) + 2:,}"
        )
    yield text
