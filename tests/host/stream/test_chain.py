"""Chains in the stream runner: what the test kit's tests of chains do not show.

Which plugins a reply passes is in `tests/host/testing/test_chain.py`, in all hosts.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.host.dialogue import REQUEST, RESPONSE, says
from tests.host.scripted import scripted
from tests.host.stream import test_any_outcome
from tests.host.stream.test_any_outcome import bodies, check_framing, chunks, commands, heads, outcomes, tails

from proxywasm import wire
from proxywasm.wire import BodyMode, Hold, LocalReply, PluginFailure, ProgramLost
from proxywasm_host.stream import Chain, ChainedStream, Runner, SequenceError

Answers = dict[str, Any]
"""What a program answers to a call: an outcome, or what it raises; nothing to others."""

TEAPOT = [wire.SendLocalReply(LocalReply(418, [], b"short", "teapot"))]
WAIT = [wire.HoldPhase(Hold.PAUSE)]
READ = [wire.ReadRequestBody(BodyMode.STREAM, None)]


class Links:
    """A chain of programs that answer as it is written down; `seen` has their calls in order."""

    def __init__(self, *answers: Answers, fail_open: bool = False) -> None:
        self.seen: list[str] = []
        self.runners = [self._runner(name, given, fail_open) for name, given in zip("abc", answers, strict=False)]
        self.chain = Chain(self.runners)

    def _runner(self, name: str, answers: Answers, fail_open: bool) -> Runner:
        def answer(call: str, *args: Any) -> Any:
            self.seen.append(f"{name} {call}")
            outcome = answers.get(call)
            if isinstance(outcome, Exception):
                raise outcome
            return outcome(*args) if callable(outcome) else outcome

        return scripted(answer, fail_open=fail_open)

    def open(self) -> ChainedStream:
        return self.chain.open()

    def tell(self, place: int, stream: ChainedStream, *said: wire.Command) -> None:
        """The plugin at this place says something about its stream, out of any phase."""
        runner = self.runners[place]
        runner.program = scripted(lambda *_: [wire.EffectiveContext(stream.streams[place].id), *said]).program
        runner.tick()

    def count(self, call: str) -> int:
        return sum(seen.endswith(call) for seen in self.seen)


def ask(stream: ChainedStream, *chunks: bytes) -> None:
    stream.request_headers(REQUEST, not chunks)
    for index, chunk in enumerate(chunks):
        stream.request_body(chunk, index == len(chunks) - 1)


def respond(stream: ChainedStream, *chunks: bytes) -> None:
    stream.response_headers(RESPONSE, not chunks)
    for index, chunk in enumerate(chunks):
        stream.response_body(chunk, index == len(chunks) - 1)


def asks_upstream(stream: ChainedStream) -> bool:
    """The last plugin has the request: no upstream can answer what none of them has let through."""
    return stream.streams[-1].request.fields is not None


def to_client(stream: ChainedStream) -> list[tuple[Any, ...]]:
    return [event for event in says(stream) if event[0] in ("down headers", "down body", "reset")]


# A chain is driven like a stream.


def test_a_chain_of_plugins_that_do_nothing_lets_everything_pass_at_once() -> None:
    links = Links({}, {}, {})
    stream = links.open()
    stream.request_headers(REQUEST, False)
    assert says(stream) == [("up headers", [], False)]
    stream.request_body(b"a", True)
    assert says(stream) == [("up body", b"a", True)]
    assert stream.request_done
    stream.response_headers(RESPONSE, False)
    stream.response_body(b"b", True)
    assert says(stream) == [("down headers", [], False), ("down body", b"b", True)]
    assert stream.response_done
    stream.close()
    assert not any(runner.streams for runner in links.runners)


def test_trailers_and_informational_responses_travel_like_everything_else() -> None:
    read = [wire.ReadRequestTrailers(), wire.ReadResponseTrailers()]
    links = Links({"on_request_headers": read}, {}, {"on_request_headers": read})
    stream = links.open()
    stream.request_headers(REQUEST, False)
    stream.request_body(b"a", False)
    stream.request_trailers([("x-sum", "1")])
    stream.informational_response([(":status", "103"), ("link", "x")])
    stream.response_headers(RESPONSE, False)
    stream.response_body(b"b", False)
    stream.response_trailers([("x-sum", "2")])
    assert [type(event).__name__ for event in stream.take()] == [
        *("RequestHeaders", "RequestBody", "RequestTrailers", "InformationalResponse"),
        *("ResponseHeaders", "ResponseBody", "ResponseTrailers"),
    ]
    assert [seen for seen in links.seen if seen.endswith("trailers")] == [
        *("a on_request_trailers", "c on_request_trailers", "c on_response_trailers", "a on_response_trailers"),
    ]
    assert (stream.request_done, stream.response_done) == (True, True)


def test_a_chain_says_which_of_its_streams_have_something_to_send() -> None:
    links = Links({}, {"on_request_headers": WAIT})
    one, two = links.open(), links.open()
    ask(one)
    ask(two)
    assert links.chain.ready() == []
    links.tell(1, two, wire.ResumeRequest())
    assert links.chain.ready() == [two]
    assert not any(runner.ready() for runner in links.runners)
    two.take()
    assert links.chain.ready() == []
    one.close()
    two.close()
    assert links.chain.ready() == []


def test_events_out_of_order_are_the_callers_fault() -> None:
    waiting = Links({"on_request_headers": WAIT}, {}).open()
    ask(waiting)
    with pytest.raises(SequenceError, match="a response before the request headers"):
        respond(waiting)
    stream = Links({}, {}).open()
    ask(stream)
    with pytest.raises(SequenceError):
        stream.request_headers(REQUEST, True)
    respond(stream)
    with pytest.raises(SequenceError):
        stream.response_headers(RESPONSE, True)


def test_a_chain_has_at_least_one_plugin() -> None:
    with pytest.raises(ValueError, match="at least one plugin"):
        Chain([])


@pytest.mark.parametrize("answers", [{}, {"on_request_headers": TEAPOT}, {"on_response_headers": ProgramLost("trap")}])
def test_each_plugin_that_has_seen_the_stream_hears_of_its_end_once(answers: Answers) -> None:
    links = Links({}, answers, {})
    stream = links.open()
    ask(stream)
    respond(stream)
    stream.close()
    stream.close()
    ended = [seen for seen in links.seen if seen.endswith("on_done")]
    lost = [seen[0] for seen in links.seen if seen[0] == "b"] if links.chain.lost else []
    assert ended == [
        f"{name} on_done" for name in "abc" if f"{name} on_request_headers" in links.seen and name not in lost
    ]


# Each has its own pauses and limits.


def test_what_a_later_plugin_pauses_waits_in_front_of_it() -> None:
    links = Links({}, {"on_request_headers": WAIT})
    stream = links.open()
    ask(stream, b"one", b"two")
    assert says(stream) == []
    assert stream.request_paused
    assert not stream.request_done
    links.tell(1, stream, wire.ResumeRequest())
    assert says(stream) == [("up headers", [], False), ("up body", b"one", False), ("up body", b"two", True)]
    assert not stream.request_paused


def test_what_is_resumed_out_of_a_phase_enters_the_next_plugin_at_once() -> None:
    links = Links({"on_request_headers": WAIT}, {})
    stream = links.open()
    ask(stream)
    links.tell(0, stream, wire.ResumeRequest())
    assert links.seen[-1] == "b on_request_headers"  # before anybody asks for events


def test_a_body_that_a_later_plugin_cannot_buffer_is_refused_with_what_comes_before_it_seeing_it() -> None:
    links = Links(
        {}, {"on_request_headers": [wire.ReadRequestBody(BodyMode.BUFFER, 3), wire.HoldPhase(Hold.STOP_ITERATION)]}
    )
    stream = links.open()
    ask(stream, b"1234")
    (headers, _) = says(stream)
    assert (headers[0], (":status", "413") in headers[1]) == ("down headers", True)
    assert links.seen[-2:] == ["b on_response_headers", "a on_response_headers"]


# Replies.


def test_a_reply_closes_the_upstream_once() -> None:
    links = Links(
        {"on_request_headers": READ, "on_request_body": TEAPOT}, {}, {"on_response_headers": PluginFailure("b")}
    )
    stream = links.open()
    ask(stream, b"x")
    assert [event[0] for event in says(stream)].count("close upstream") == 1


def test_a_reply_to_the_request_goes_past_a_response_that_a_later_plugin_holds() -> None:
    """It has begun: in Envoy as well a reply is then sent to the client without any plugin."""
    links = Links({"on_request_headers": READ}, {"on_response_headers": WAIT})
    stream = links.open()
    stream.request_headers(REQUEST, False)
    respond(stream, b"held")
    says(stream)
    links.tell(0, stream, *TEAPOT)
    assert to_client(stream) == [("down headers", [(":status", "418")], False), ("down body", b"short", True)]
    assert "a on_response_headers" not in links.seen
    links.tell(1, stream, wire.ResumeResponse())
    assert says(stream) == []
    assert stream.response_done


def test_what_is_left_of_a_response_that_a_plugin_has_ended_goes_nowhere() -> None:
    take = [wire.ReadResponseBody(BodyMode.STREAM, None)]
    links = Links(
        {"on_response_headers": take, "on_response_body": [wire.HoldPhase(Hold.STOP_NO_BUFFER)]},
        {"on_response_headers": take, "on_response_body": lambda _, data, end: WAIT if data == b"two" else None},
    )
    stream = links.open()
    ask(stream)
    respond(stream, b"one", b"two", b"three")
    links.tell(0, stream, wire.InjectResponseBody(wire.Injection(b"mine", True)))
    assert to_client(stream) == [("down headers", [], False), ("down body", b"mine", True)]
    links.tell(1, stream, *TEAPOT)
    links.tell(1, stream, wire.ResumeResponse())
    links.runners[1].services.clock.advance(400_000)
    links.chain.expire()
    assert says(stream) == []
    assert stream.response_done
    assert not stream.response_paused


def test_a_second_reply_of_one_plugin_is_in_vain() -> None:
    links = Links({"on_request_headers": WAIT}, {})
    stream = links.open()
    ask(stream)
    links.tell(0, stream, *TEAPOT, *TEAPOT)
    assert len([event for event in says(stream) if event[0] == "down headers"]) == 1


# Failures.


@pytest.mark.parametrize("failure", [PluginFailure("Traceback"), ProgramLost("trap")])
@pytest.mark.parametrize("phase", ["on_request_headers", "on_response_headers"])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_plugin_that_fails_open_is_passed_by_and_the_others_go_on(failure: Exception, phase: str, place: int) -> None:
    links = Links(*({phase: failure} if number == place else {} for number in range(3)), fail_open=True)
    stream = links.open()
    ask(stream, b"up")
    respond(stream, b"down")
    assert says(stream) == [
        ("up headers", [], False),
        ("up body", b"up", True),
        ("down headers", [], False),
        ("down body", b"down", True),
    ]
    others = [name for number, name in enumerate("abc") if number != place]
    assert [seen for seen in links.seen if seen[0] in others] == [
        *(f"{name} on_request_headers" for name in others),
        *(f"{name} on_response_headers" for name in reversed(others)),
    ]


def test_an_instance_that_is_lost_fails_its_streams_and_leaves_the_other_plugins_alone() -> None:
    links = Links({}, {"on_tick": ProgramLost("trap")}, {})
    paused, fresh = links.open(), links.open()
    ask(paused)
    says(paused)
    links.runners[1].tick()
    assert links.chain.lost
    assert [runner.lost for runner in links.runners] == [False, True, False]
    assert (":status", "500") in to_client(paused)[0][1]
    assert links.seen[-2:] == ["c on_response_headers", "a on_response_headers"]
    assert (":status", "500") in to_client(fresh)[0][1]


def test_a_stream_that_has_waited_too_long_fails_as_if_its_plugin_had_raised() -> None:
    links = Links({}, {"on_request_headers": WAIT})
    stream = links.open()
    ask(stream)
    links.runners[1].services.clock.advance(400_000)
    links.chain.expire()
    assert (":status", "500") in says(stream)[0][1]
    assert links.seen[-1] == "a on_response_headers"


# Whatever the programs answer.


@given(st.data(), st.booleans(), st.integers(2, 3))
def test_nothing_that_the_programs_of_a_chain_answer_raises(data: st.DataObject, fail_open: bool, length: int) -> None:
    def answer(name: str, *_: Any) -> Any:
        outcome = data.draw(outcomes, label=name)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    runners = [scripted(answer, fail_open=fail_open) for _ in range(length)]
    chain = Chain(runners)
    streams = [chain.open(), chain.open()]
    for stream in streams:
        up, down = data.draw(chunks), data.draw(chunks)
        stream.request_headers([*REQUEST, *data.draw(heads)], not up)
        tail = data.draw(tails) if up else []
        for index, chunk in enumerate(up):
            stream.request_body(chunk, index == len(up) - 1 and not tail)
        if tail:
            stream.request_trailers(tail)
        if not asks_upstream(stream):
            continue
        stream.informational_response([(":status", data.draw(st.sampled_from(["103", "200"])))])
        tail = data.draw(tails) if down else []
        test_any_outcome.respond(stream, [*RESPONSE, *data.draw(heads)], down, tail)
    for event in data.draw(st.lists(st.sampled_from(["tick", "http", "expire"]), max_size=3)):
        runner = data.draw(st.sampled_from(runners))
        match event:
            case "tick":
                runner.tick()
            case "http":
                runner.http_call_response(1, [], b"")
            case "expire":
                runner.services.clock.advance(400_000)
                chain.expire()
    for stream in streams:
        stream.close()
    assert not any(runner.streams for runner in runners)


@given(st.data())
def test_whatever_a_chain_does_to_a_body_it_leaves_with_its_own_length(data: st.DataObject) -> None:
    chain = Chain([scripted(lambda *_: data.draw(st.none() | bodies | st.lists(commands, max_size=4))) for _ in "ab"])
    stream = chain.open()
    up, down = data.draw(chunks), data.draw(chunks)
    stream.request_headers([*REQUEST, ("content-length", str(sum(map(len, up))))], not up)
    for index, chunk in enumerate(up):
        stream.request_body(chunk, index == len(up) - 1)
    if asks_upstream(stream):
        test_any_outcome.respond(stream, [*RESPONSE, ("content-length", str(sum(map(len, down))))], down, [])
    stream.close()
    check_framing(stream)
