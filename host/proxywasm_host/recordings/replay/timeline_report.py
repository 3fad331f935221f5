"""A timeline as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from ...services import HttpCall
from ...stream import (
    CloseUpstream,
    Event,
    InformationalResponse,
    RequestBody,
    RequestHeaders,
    RequestTrailers,
    Reset,
    ResponseBody,
    ResponseHeaders,
    ResponseTrailers,
    StartOver,
)
from ..exchange import chunk_to_json
from .report import call_report
from .timeline import Answer, Call, End, Part, Start, Step, Timeline

_KINDS: Final[dict[type[Event], str]] = {
    RequestHeaders: "request headers",
    RequestBody: "request body",
    RequestTrailers: "request trailers",
    InformationalResponse: "informational response",
    ResponseHeaders: "response headers",
    ResponseBody: "response body",
    ResponseTrailers: "response trailers",
    CloseUpstream: "request cancelled",
    StartOver: "request given up",
    Reset: "connection broken",
}


def timeline_report(timeline: Timeline, names: Sequence[str]) -> list[dict[str, Any]]:
    """The steps with the names of the plugins, as they were, with credentials."""
    return [
        {
            "ms": step.ms,
            "cause": _cause(step, names),
            "plugins": [_part(names[part.place], part) for part in step.in_order()],
            "calls": [{"plugin": names[place]} | _call(call) for place, call in step.calls],
            "logs": step.logs,
        }
        for step in timeline.steps
    ]


def _cause(step: Step, names: Sequence[str]) -> dict[str, Any]:
    match step.cause:
        case Start():
            return {"kind": "start"}
        case End():
            return {"kind": "end"}
        case Answer(place, call, message):
            answer = message and {
                "headers": [list(pair) for pair in message.headers],
                "body": [chunk_to_json(chunk) for chunk in message.body],
            }
            return {"kind": "answer to a call-out", "plugin": names[place], "cluster": call.cluster, "answer": answer}
        case event:
            return _event(event)


def _part(name: str, part: Part) -> dict[str, Any]:
    return {
        "plugin": name,
        "direction": part.direction,
        "phases": [{"callback": phase.name, "decisions": phase.decisions} for phase in part.phases],
        "passed": [_event(event) for event in part.passed],
    }


def _call(call: Call) -> dict[str, Any]:
    return call_report(call) if isinstance(call, HttpCall) else {"cluster": call.cluster, "redis": True}


def _event(event: Event) -> dict[str, Any]:
    result: dict[str, Any] = {"kind": _KINDS[type(event)]}
    match event:
        case RequestHeaders(fields, end) | ResponseHeaders(fields, end):
            result |= {"headers": [list(pair) for pair in fields], "end_of_stream": end}
        case RequestBody(data, end) | ResponseBody(data, end):
            result |= {"body": chunk_to_json(data), "end_of_stream": end}
        case RequestTrailers(fields) | ResponseTrailers(fields) | InformationalResponse(fields):
            result |= {"headers": [list(pair) for pair in fields]}
        case Reset(reason):
            result |= {"reason": reason}
        case CloseUpstream() | StartOver():
            pass
    return result
