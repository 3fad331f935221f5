"""Another request in a chain of plugins: who sees what of it."""

from __future__ import annotations

from typing import Any

import pytest
from tests.host.dialogue import REQUEST, RESPONSE, messages, says
from tests.host.stream.test_chain import TEAPOT, Answers, Links, ask, respond, to_client

from proxywasm import wire
from proxywasm.wire import BodyMode, Hold, NewRequest, ProgramLost
from proxywasm_host.stream import SequenceError, StartOver

AGAIN = [wire.SendAgain(NewRequest([*REQUEST, ("x-again", "1")], b"new", None))]
STREAMS = [wire.ReadRequestBody(BodyMode.STREAM, None), wire.ReadRequestTrailers(), wire.ReadResponseTrailers()]


class Once:
    """The first time this answer, then another one."""

    def __init__(self, first: Any, then: Any = None) -> None:
        self._answers = [first, then]

    def __call__(self, *_: Any) -> Any:
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]


def again(**more: Any) -> Answers:
    return {"on_response_headers": Once(AGAIN), **more}


@pytest.mark.parametrize("place", [0, 1, 2])
def test_plugins_before_see_one_exchange_and_those_after_another_stream_for_each_request(place: int) -> None:
    links = Links(*[again() if at == place else {} for at in range(3)])
    stream = links.open()
    ask(stream, b"old")
    respond_until_sent_again(stream)
    assert says(stream)[-3:] == [
        ("start over",),
        ("up headers", [("x-again", "1"), ("content-length", "3")], False),
        ("up body", b"new", True),
    ]
    respond(stream, b"good")
    assert to_client(stream) == [("down headers", [], False), ("down body", b"good", True)]
    stream.close()
    for at, name in enumerate("abc"):
        seen = [call.removeprefix(f"{name} ") for call in links.seen if call.startswith(name)]
        once = ["on_request_headers", "on_response_headers", "on_done"]
        expected = once if at < place else [*once[:2], "on_response_headers", "on_done"] if at == place else once * 2
        assert seen == expected
    assert not any(runner.streams for runner in links.runners)


def respond_until_sent_again(stream: Any) -> None:
    stream.response_headers(RESPONSE, False)
    assert stream.attempts == 1


def test_a_reply_of_a_later_plugin_can_be_given_up_while_it_is_still_under_way() -> None:
    """The later plugin answers the request headers, when the body of the request has not even left the first one."""
    buffers = [wire.ReadRequestBody(BodyMode.BUFFER, None), wire.HoldPhase(Hold.STOP_ITERATION)]
    links = Links(again(on_request_headers=buffers), {"on_request_headers": Once(TEAPOT)})
    stream = links.open()
    ask(stream, b"old")
    assert stream.local_reply is None
    assert says(stream) == [
        ("start over",),
        ("up headers", [("x-again", "1"), ("content-length", "3")], False),
        ("up body", b"new", True),
    ]
    respond(stream, b"good")
    assert to_client(stream) == [("down headers", [], False), ("down body", b"good", True)]


def test_a_lost_plugin_after_it_is_not_left_out() -> None:
    """It would have failed closed in the stream that it does not get."""
    links = Links(again(), {"on_request_body": ProgramLost("trap"), "on_request_headers": STREAMS})
    stream = links.open()
    ask(stream, b"old")
    assert stream.attempts == 1
    said = says(stream)
    assert (":status", "500") in next(event[1] for event in said if event[0] == "down headers")
    assert "up body" not in [event[0] for event in said]


def test_nothing_of_the_old_response_arrives_any_more() -> None:
    links = Links({}, again())
    stream = links.open()
    ask(stream)
    respond_until_sent_again(stream)
    with pytest.raises(SequenceError):
        stream.response_body(b"old", True)


def test_it_may_be_sent_before_there_is_a_response() -> None:
    links = Links({}, {})
    stream = links.open()
    ask(stream, b"old")
    says(stream)
    links.tell(0, stream, *AGAIN)
    assert [event[0] for event in says(stream)] == ["start over", "up headers", "up body"]


@pytest.mark.parametrize("when", ["the request has not arrived", "the response has gone on"])
def test_it_is_in_vain_when_it_is_too_early_or_too_late(when: str) -> None:
    links = Links({}, {})
    stream = links.open()
    if when == "the request has not arrived":
        stream.request_headers(REQUEST, False)
    else:
        ask(stream)
        stream.response_headers(RESPONSE, False)
    stream.take()
    links.tell(0, stream, *AGAIN)
    assert stream.take() == []
    assert "a request was sent again in vain" in messages(links.runners[0])[0]


def test_a_request_that_no_upstream_could_read_fails_the_stream() -> None:
    links = Links({"on_response_headers": [wire.SendAgain(NewRequest([(":method", "GET")], b"", None))]})
    stream = links.open()
    ask(stream)
    respond(stream)
    assert StartOver() not in (events := stream.take())
    assert events
    assert messages(links.runners[0]) == ["the plugin has sent a request without :authority"]
