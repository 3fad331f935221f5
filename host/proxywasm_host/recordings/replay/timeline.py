"""What happens in a replay, step by step: what arrives, what each plugin does because of it, and what leaves it.

A step begins with a piece of a message from client or upstream, with the answer to a call-out, or with the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, TypeAlias

from proxywasm.wire import Outcome

from ...services import HttpCall, LogRecord, RedisCall
from ...services.clock import Clock
from ...stream import Event, InformationalResponse, Reset, ResponseBody, ResponseHeaders, ResponseTrailers
from ..exchange import Message
from .watched_program import decisions

Call: TypeAlias = HttpCall | RedisCall


_OF_RESPONSE: Final = (InformationalResponse, ResponseHeaders, ResponseBody, ResponseTrailers, Reset)


class Direction(StrEnum):
    REQUEST = "request"
    RESPONSE = "response"
    NEITHER = "neither"
    """Answers to call-outs, ticks, the end of the stream."""


@dataclass(slots=True)
class Phase:
    """A callback of a plugin that ran."""

    name: str
    """Such as `on_request_body`."""
    decisions: list[str] = field(default_factory=list)
    """What the plugin asked of its host: that a message is held, that the body is buffered, ..."""


@dataclass(slots=True)
class Part:
    """What one plugin did in a step, for the request or for the response."""

    place: int
    """Of the plugin in the chain."""
    direction: Direction
    phases: list[Phase] = field(default_factory=list)
    passed: list[Event] = field(default_factory=list)
    """What went on to the next plugin, or to client or upstream."""

    @property
    def decides(self) -> bool:
        return any(phase.decisions for phase in self.phases)


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a call-out of the plugin at this place; no message: there was none."""

    place: int
    call: Call
    message: Message | None


@dataclass(frozen=True, slots=True)
class Start:
    """Everything before the request."""


@dataclass(frozen=True, slots=True)
class End:
    """The stream is over."""


@dataclass(slots=True)
class Step:
    ms: int
    """By the clock of the replay, after the beginning of the exchange."""
    cause: Event | Answer | Start | End
    parts: dict[tuple[int, Direction], Part] = field(default_factory=dict)
    """In the order in which the plugins began with them."""
    calls: list[tuple[int, Call]] = field(default_factory=list)
    """Call-outs that began, each with the place of its plugin."""
    logs: list[str] = field(default_factory=list)

    def part(self, place: int, direction: Direction) -> Part:
        return self.parts.setdefault((place, direction), Part(place, direction))

    def in_order(self) -> list[Part]:
        """The parts in the order in which what has arrived reaches the plugins. A part for the other direction comes
        after them: a plugin has answered itself, or sent another request."""
        first = direction_of(self.cause)
        if first is Direction.NEITHER:
            first = next((part.direction for part in self.parts.values() if part.passed), Direction.REQUEST)
        return sorted(
            self.parts.values(),
            key=lambda part: (
                part.direction is not Direction.NEITHER,
                part.direction is not first,
                -part.place if part.direction is Direction.RESPONSE else part.place,
            ),
        )


def direction_of(what: Event | Answer | Start | End) -> Direction:
    if isinstance(what, Answer | Start | End):
        return Direction.NEITHER
    return Direction.RESPONSE if isinstance(what, _OF_RESPONSE) else Direction.REQUEST


def _direction_of_phase(name: str) -> Direction:
    of = name.removeprefix("on_").partition("_")[0]
    return Direction(of) if of in ("request", "response") else Direction.NEITHER


class Timeline:
    """The steps of one replay. A `stream.Watcher`."""

    def __init__(self) -> None:
        self.steps: list[Step] = [Step(0, Start())]
        self._clock: Clock | None = None
        self._began = 0

    def begin(self, clock: Clock) -> None:
        """The exchange begins. Of what was before it only the log is kept."""
        self.steps = [Step(0, Start(), logs=[line for step in self.steps for line in step.logs])]
        self._clock, self._began = clock, clock.now()

    def _step(self, cause: Event | Answer | End) -> None:
        passed = (self._clock.now() - self._began) // 10**6 if self._clock else 0
        self.steps.append(Step(passed, cause))

    # What the stream reports.

    def arrives(self, event: Event) -> None:
        self._step(event)

    def leaves(self, place: int, event: Event) -> None:
        self.steps[-1].part(place, direction_of(event)).passed.append(event)

    def closes(self) -> None:
        self._step(End())

    # What the player and the programs report.

    def calls(self, place: int, calls: Sequence[Call]) -> None:
        self.steps[-1].calls += [(place, call) for call in calls]

    def answers(self, place: int, call: Call, message: Message | None) -> None:
        self._step(Answer(place, call, message))

    def runs(self, place: int, phase: str) -> None:
        self.steps[-1].part(place, _direction_of_phase(phase)).phases.append(Phase(phase))

    def decides(self, place: int, phase: str, outcome: Outcome) -> None:
        part = self.steps[-1].part(place, _direction_of_phase(phase))
        part.phases[-1].decisions += decisions(outcome)

    def logs(self, record: LogRecord) -> None:
        self.steps[-1].logs.append(f"[{record.level.name.lower()}] {record.message}")
