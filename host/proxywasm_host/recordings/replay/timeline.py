"""What happens in a replay, step by step: what arrives, what each plugin does because of it, and what leaves it.

A step begins with a piece of a message from client or upstream, with the answer to a call-out, or with the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from proxywasm.wire import Outcome

from ...services import HttpCall, LogRecord, RedisCall
from ...services.clock import Clock
from ...stream import Event
from ..exchange import Message
from .watched_program import decisions

Call: TypeAlias = HttpCall | RedisCall


@dataclass(slots=True)
class Phase:
    """A callback of a plugin that ran."""

    name: str
    """Such as `on_request_body`."""
    decisions: list[str] = field(default_factory=list)
    """What the plugin asked of its host: that a message is held, that the body is buffered, ..."""


@dataclass(slots=True)
class Part:
    """What one plugin did in a step."""

    phases: list[Phase] = field(default_factory=list)
    passed: list[Event] = field(default_factory=list)
    """What went on to the next plugin, or to client or upstream."""
    calls: list[Call] = field(default_factory=list)

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
    parts: dict[int, Part] = field(default_factory=dict)
    """By the place of the plugin in the chain."""
    logs: list[str] = field(default_factory=list)

    def part(self, place: int) -> Part:
        return self.parts.setdefault(place, Part())


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
        self.steps[-1].part(place).passed.append(event)

    def closes(self) -> None:
        self._step(End())

    # What the player and the programs report.

    def calls(self, place: int, calls: Sequence[Call]) -> None:
        if calls:
            self.steps[-1].part(place).calls += calls

    def answers(self, place: int, call: Call, message: Message | None) -> None:
        self._step(Answer(place, call, message))

    def runs(self, place: int, phase: str) -> None:
        self.steps[-1].part(place).phases.append(Phase(phase))

    def decides(self, place: int, outcome: Outcome) -> None:
        self.steps[-1].part(place).phases[-1].decisions += decisions(outcome)

    def logs(self, record: LogRecord) -> None:
        self.steps[-1].logs.append(f"[{record.level.name.lower()}] {record.message}")
