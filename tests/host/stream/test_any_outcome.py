"""Whatever a program answers: the runner does what makes sense, says what does not, and raises nothing."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.host.dialogue import REQUEST, RESPONSE, messages
from tests.host.scripted import scripted

from proxywasm import wire
from proxywasm.wire import BodyMode, Fields, Hold, PluginFailure, ProgramLost
from proxywasm_host.stream import (
    ChainedStream,
    Event,
    RequestBody,
    RequestHeaders,
    Reset,
    ResponseBody,
    ResponseHeaders,
    Runner,
    StartOver,
    Stream,
)

MANY = 3000
"""More than Python nests calls."""

texts = st.text(max_size=4) | st.sampled_from([":status", "content-length", "transfer-encoding", "x", "\ud800", "204"])
bodies = st.binary(max_size=6)
numbers = st.integers(-1, 4)
edits = st.lists(
    st.builds(str.__add__, st.sampled_from(["=", "+", "-", ""]), texts) | texts | st.sampled_from([None, 5, b"=x"]),
    max_size=4,
)
fields = st.lists(st.tuples(texts, texts), max_size=3)
limits = st.none() | st.integers(-1, 6)
modes = st.sampled_from(BodyMode)
replies = st.builds(
    wire.LocalReply, st.sampled_from([200, 204, 304, 599, 0, 99, 100, 1000, 10**9]), fields, bodies, texts
)
new_requests = st.builds(
    wire.NewRequest,
    fields.map(lambda given: [*REQUEST, *given]) | fields,
    bodies,
    st.none() | st.integers(0, 3),
)
commands = st.one_of(
    st.builds(wire.EffectiveContext, numbers),
    st.builds(wire.HoldPhase, st.sampled_from(Hold)),
    st.builds(wire.ReadRequestBody, modes, limits),
    st.builds(wire.ReadResponseBody, modes, limits),
    st.builds(wire.EditRequestHeaders, edits),
    st.builds(wire.EditResponseHeaders, edits),
    st.builds(wire.ReadRequestTrailers),
    st.builds(wire.ReadResponseTrailers),
    st.builds(wire.EditRequestTrailers, edits),
    st.builds(wire.EditResponseTrailers, edits),
    st.builds(wire.ReplaceRequestBody, bodies),
    st.builds(wire.ReplaceResponseBody, bodies),
    st.builds(wire.InjectResponseBody, st.builds(wire.Injection, bodies, st.booleans())),
    st.builds(wire.ResumeRequest),
    st.builds(wire.ResumeResponse),
    st.builds(wire.SendLocalReply, replies),
    st.builds(wire.SendAgain, new_requests),
    st.builds(wire.LimitFirstByte, numbers),
    st.builds(wire.Leave, st.booleans()),
)
failures = st.sampled_from([PluginFailure("Traceback"), ProgramLost("trap")])
outcomes = st.one_of(st.none(), bodies, st.lists(commands, max_size=5), st.lists(commands, max_size=5), failures)
heads = st.sampled_from([[], [("content-length", "5")], [("content-length", "x")], [("x-request-id", "\ud83d")]])
chunks = st.lists(bodies, max_size=4)


tails = st.sampled_from(
    [[], [], [("x-sum", "1")], [("x-sum", "\udce9"), ("X-Sum", "")], [(":path", "/")], [("a b", "")]]
)


def check_framing(stream: Stream | ChainedStream) -> None:
    """What a stream has sent agrees with its own length, unless it was broken off."""
    taken = stream.take()
    for headers, body, events in (
        *((RequestHeaders, RequestBody, sent) for sent in requests(taken)),
        (ResponseHeaders, ResponseBody, taken),
    ):
        heads = [event for event in events if isinstance(event, headers)]
        sent: list[Any] = [event for event in events if isinstance(event, body)]
        if not heads:
            assert not sent
            continue
        (head,) = heads
        assert isinstance(head, RequestHeaders | ResponseHeaders)
        assert not (head.end_of_stream and sent)
        fields = dict(head.fields)
        if "content-length" in fields and fields.get(":status") != "304":
            size = sum(len(event.data) for event in sent)
            ended = head.end_of_stream or any(event.end_of_stream for event in sent)
            assert size == int(fields["content-length"]) if ended else size <= int(fields["content-length"])
    assert sum(isinstance(event, Reset) for event in taken) <= 1


def requests(events: list[Event]) -> list[list[Event]]:
    """The events of each request that has been sent."""
    parts: list[list[Event]] = [[]]
    for event in events:
        if isinstance(event, StartOver):
            parts.append([])
        else:
            parts[-1].append(event)
    return parts


def respond(stream: Stream | ChainedStream, headers: Fields, down: list[bytes], tail: Fields) -> None:
    """A response of the upstream, as far as no other request is sent in its place; then that is answered likewise."""
    pieces: list[tuple[str, Any]] = [("response_headers", (headers, not down and not tail))]
    pieces += [("response_body", (chunk, index == len(down) - 1 and not tail)) for index, chunk in enumerate(down)]
    pieces += [("response_trailers", (tail,))] if tail else []
    attempts = stream.attempts
    for name, arguments in pieces:
        getattr(stream, name)(*arguments)
        if stream.attempts != attempts:
            if stream.attempts < 3 and asked(stream):
                respond(stream, headers, down, tail)
            return


def asked(stream: Stream | ChainedStream) -> bool:
    """The last plugin has the request: no upstream can answer what none of them has let through."""
    last = stream.streams[-1] if isinstance(stream, ChainedStream) else stream
    return last.request.fields is not None


def play(runner: Runner, data: st.DataObject) -> None:
    streams = [runner.open(), runner.open()]
    for stream in streams:
        up, down, tail = data.draw(chunks), data.draw(chunks), data.draw(tails)
        length = [("content-length", str(sum(map(len, up))))] if data.draw(st.booleans()) else []
        stream.request_headers([*REQUEST, *length, *(data.draw(heads) if not length else [])], not up and not tail)
        for index, chunk in enumerate(up):
            stream.request_body(chunk, index == len(up) - 1 and not tail)
        if tail:
            stream.request_trailers(tail)
            stream.informational_response([(":status", "103")])
        length = [("content-length", str(sum(map(len, down))))] if data.draw(st.booleans()) else []
        if not stream.attempts:
            respond(stream, [*RESPONSE, *length], down, tail)
    ready = runner.ready()
    assert set(ready) == {stream for stream in streams if stream.events}
    assert len(ready) == len(set(ready))
    for event in data.draw(st.lists(st.sampled_from(["tick", "http", "redis", "expire"]), max_size=3)):
        match event:
            case "tick":
                runner.tick()
            case "http":
                runner.http_call_response(1, [], b"")
            case "redis":
                runner.redis_call_response(1, None)
            case "expire":
                runner.services.clock.advance(400_000)
                runner.expire()
    for stream in streams:
        stream.close()


@given(st.data(), st.booleans())
def test_nothing_that_a_program_answers_raises(data: st.DataObject, fail_open: bool) -> None:
    def answer(name: str, *args: Any) -> Any:
        outcome = data.draw(outcomes, label=name)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    runner = scripted(answer, fail_open=fail_open)
    play(runner, data)
    assert runner.streams == []


@given(st.data())
def test_whatever_a_program_does_to_a_body_it_leaves_with_its_own_length(data: st.DataObject) -> None:
    """Lengths that are true when they arrive are true when they leave, or the message is broken off."""
    runner = scripted(lambda *_: data.draw(st.none() | bodies | st.lists(commands, max_size=5)))
    stream = runner.open()
    up, down = data.draw(chunks), data.draw(chunks)
    stream.request_headers([*REQUEST, ("content-length", str(sum(map(len, up))))], not up)
    for index, chunk in enumerate(up):
        stream.request_body(chunk, index == len(up) - 1)
    respond(stream, [*RESPONSE, ("content-length", str(sum(map(len, down))))], down, [])
    stream.close()
    check_framing(stream)


def test_a_program_may_resume_in_each_of_many_chunks_that_have_waited() -> None:
    def answer(name: str, *_: Any) -> Any:
        match name:
            case "on_request_headers":
                return [wire.ReadRequestBody(BodyMode.STREAM, None), wire.HoldPhase(Hold.PAUSE)]
            case "on_request_body":
                return [wire.HoldPhase(Hold.PAUSE), wire.ResumeRequest()]
            case "on_tick":
                return [wire.EffectiveContext(1), wire.ResumeRequest()]
        return None

    runner = scripted(answer)
    stream = runner.open()
    stream.request_headers(REQUEST, False)
    for _ in range(MANY):
        stream.request_body(b"a", False)
    stream.request_body(b"z", True)
    runner.tick()
    bodies = [event.data for event in stream.take() if isinstance(event, RequestBody)]
    assert b"".join(bodies) == b"a" * MANY + b"z"
    assert stream.request_done


@pytest.mark.parametrize("action", ["resume", "reply"])
def test_each_of_many_streams_may_ask_for_the_next(action: str) -> None:
    """One stream's phase resumes or answers the next, whose phase does the same."""

    def answer(name: str, context: int = 0, *_: Any) -> Any:
        go_on = wire.ResumeRequest() if action == "resume" else wire.SendLocalReply(wire.LocalReply(403, [], b"", ""))
        match name:
            case "on_request_headers":
                return [wire.ReadRequestBody(BodyMode.STREAM, None), wire.HoldPhase(Hold.PAUSE)]
            case "on_request_body" | "on_response_headers":
                return [wire.EffectiveContext(context + 1), go_on]
            case "on_tick":
                return [wire.EffectiveContext(1), go_on]
        return None

    runner = scripted(answer)
    streams = [runner.open() for _ in range(MANY)]
    for stream in streams:
        stream.request_headers(REQUEST, False)
        stream.request_body(b"a", True)
    runner.tick()
    assert all(stream.request_done for stream in streams)


def test_a_body_where_there_is_none_is_said_in_the_log() -> None:
    runner = scripted(lambda name, *_: b"body" if name in ("on_request_headers", "on_done", "on_tick") else None)
    stream = runner.open()
    stream.request_headers(REQUEST, True)
    stream.close()
    runner.tick()
    assert [event for event in stream.take() if isinstance(event, RequestBody)] == []
    assert [text.partition(" which ")[0] for text in messages(runner)] == ["the plugin answered with a body,"] * 3


def test_a_failure_in_its_own_replys_headers_leaves_the_client_with_a_500() -> None:
    def answer(name: str, *_: Any) -> Any:
        if name == "on_request_headers":
            return [wire.SendLocalReply(wire.LocalReply(200, [], b"body", ""))]
        if name == "on_response_headers":
            raise PluginFailure("Traceback")
        return None

    stream = scripted(answer).open()
    stream.request_headers(REQUEST, True)
    (headers, body) = stream.take()
    assert isinstance(headers, ResponseHeaders)
    assert (dict(headers.fields)[":status"], body) == ("500", ResponseBody(b"the plugin failed", True))


def test_a_reply_of_a_status_without_body_has_none() -> None:
    reply = wire.LocalReply(204, [("content-length", "4")], b"body", "")
    stream = scripted(lambda name, *_: [wire.SendLocalReply(reply)] if name == "on_request_headers" else None).open()
    stream.request_headers(REQUEST, True)
    assert stream.take() == [ResponseHeaders([(":status", "204")], True)]
