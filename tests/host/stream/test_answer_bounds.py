"""What a program may ask for in one answer is bounded, whatever program it is: here none that crosses from Wasm."""

from __future__ import annotations

from typing import Any, cast

import pytest
from tests.host.scripted import Scripted

from proxywasm.wire import (
    BodyMode,
    EditRequestHeaders,
    EditResponseHeaders,
    Injection,
    InjectResponseBody,
    LocalReply,
    Program,
    ReadRequestBody,
    ReplaceRequestBody,
    ReplaceResponseBody,
    ResumeRequest,
    SendLocalReply,
)
from proxywasm_host.services import HostServices
from proxywasm_host.stream import Limits, RequestHeaders, ResponseHeaders, Runner, Stream

LIMITS = Limits(commands=3, answer=100, header_count=4, header_size=60)
REQUEST = [(":method", "POST"), (":path", "/")]
NAME = "=x-0123456789"

TOO_MUCH: dict[str, tuple[Any, str]] = {
    "commands": ([ResumeRequest()] * 4, "4 commands, more than the 3"),
    "edits": ([EditRequestHeaders(["=x", "1"] * 5)], "5 header fields, more than the 4"),
    "edits of several": (
        [EditRequestHeaders(["=x", "1"] * 3), EditResponseHeaders(["=x", "1"] * 2)],
        "5 header fields",
    ),
    "long edits": ([EditRequestHeaders([NAME, "y" * 50])], "a header of 63 bytes, more than the 60"),
    "fields of a reply": ([SendLocalReply(LocalReply(200, [("x", "1")] * 5, b"", ""))], "5 header fields"),
    "long fields of a reply": ([SendLocalReply(LocalReply(200, [("x", "y" * 60)], b"", ""))], "a header of 61 bytes"),
    "body of a reply": (
        [SendLocalReply(LocalReply(200, [], b"x" * 101, ""))],
        "a body of 101 bytes, more than the 100",
    ),
    "bodies": ([ReplaceRequestBody(b"x" * 60), ReplaceResponseBody(b"x" * 41)], "a body of 101 bytes"),
    "injections": ([InjectResponseBody(Injection(b"x" * 51, False))] * 2, "a body of 102 bytes"),
    "body": (b"x" * 101, "a body of 101 bytes"),
}
"""Answers, and what the log says of them."""
each_of_them = pytest.mark.parametrize("what", TOO_MUCH)


def started(answers: dict[str, Any]) -> tuple[Runner, Stream]:
    """A program that answers each phase in this way, and a stream with its request headers."""
    program = cast("Program", Scripted(lambda name, *_: answers.get(name)))
    runner = Runner(program, HostServices(start_ns=0), limits=LIMITS)
    stream = runner.open()
    stream.request_headers(REQUEST, False)
    return runner, stream


def status(stream: Stream) -> str:
    return next(dict(event.fields)[":status"] for event in stream.take() if isinstance(event, ResponseHeaders))


def said(runner: Runner) -> str:
    return "\n".join(record.message for record in runner.services.logs)


@each_of_them
def test_in_a_phase_it_costs_the_stream(what: str) -> None:
    answer, message = TOO_MUCH[what]
    phase = "on_request_body" if what == "body" else "on_request_headers"
    runner, stream = started({"on_request_headers": [ReadRequestBody(BodyMode.STREAM, None)], phase: answer})
    if what == "body":
        stream.request_body(b"x", True)
    assert status(stream) == "500"
    assert f"the plugin's answer has {message}" in said(runner)


@each_of_them
def test_in_the_answer_to_an_event_of_the_plugin_nothing_of_it_is_done(what: str) -> None:
    answer, message = TOO_MUCH[what]
    runner, stream = started({"on_tick": answer})
    runner.tick()
    assert f"the plugin's answer has {message}" in said(runner)
    assert [type(event) for event in stream.take()] == [RequestHeaders], "no stream is to blame"


def test_as_much_as_is_allowed_is_done() -> None:
    edits = EditRequestHeaders(["=c", "1", "=d", "1"])
    _, stream = started({"on_request_headers": [ReadRequestBody(BodyMode.STREAM, None), edits, ResumeRequest()]})
    headers = next(event for event in stream.take() if isinstance(event, RequestHeaders))
    assert dict(headers.fields)["d"] == "1"
