"""Replay recorded exchanges through a plugin. `tests/conformance/README.md` describes the format of the result.

A replay is reproducible: the clock stands at 2025-01-01T00:00:00Z and random numbers come from a fixed seed, so two
replays of one exchange give the same JSON, natively as in Wasm.
"""

from .observed import Observed
from .playing import DEFAULT_PROPERTIES, MAX_ROUNDS, Player, ReplayError
from .report import Result, call_report, report
from .results import chained_services, replay, replay_responses
from .sessions import SEED, START_NS, Session, native_session, wasm_session
from .timeline import Answer, Call, Direction, End, Part, Phase, Start, Step, Timeline, direction_of
from .timeline_report import timeline_report

__all__ = [
    "DEFAULT_PROPERTIES",
    "MAX_ROUNDS",
    "SEED",
    "START_NS",
    "Answer",
    "Call",
    "Direction",
    "End",
    "Observed",
    "Part",
    "Phase",
    "Player",
    "ReplayError",
    "Result",
    "Session",
    "Start",
    "Step",
    "Timeline",
    "call_report",
    "chained_services",
    "direction_of",
    "native_session",
    "replay",
    "replay_responses",
    "report",
    "timeline_report",
    "wasm_session",
]
