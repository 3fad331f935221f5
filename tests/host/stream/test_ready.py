"""A server that asks only the streams that are ready misses nothing, whatever the plugins of a chain do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.host.dialogue import REQUEST, RESPONSE
from tests.host.scripted import scripted
from tests.host.stream.test_any_outcome import chunks, outcomes, tails
from tests.host.stream.test_chain import asks_upstream

from proxywasm_host.stream import Chain, ChainedStream


class Observed:
    """A chain whose streams are asked after each call, as a live server does, and all of them."""

    def __init__(self, chain: Chain, data: st.DataObject) -> None:
        self.chain, self.data = chain, data
        self.streams: list[ChainedStream] = []

    def open(self) -> ChainedStream:
        stream = self.chain.open()
        self.streams.append(stream)
        return stream

    def check(self) -> None:
        ready = self.chain.ready()
        assert len(ready) == len(set(ready))
        taken = self.data.draw(st.booleans(), label="taken")
        for stream in self.streams:
            if taken or stream not in ready:
                assert bool(stream.take()) == (stream in ready)
        assert self.chain.ready() == ([] if taken else ready)

    def message(self, stream: ChainedStream, direction: str, headers: Any, body: Sequence[bytes], tail: Any) -> None:
        getattr(stream, f"{direction}_headers")(headers, not body and not tail)
        self.check()
        for index, chunk in enumerate(body):
            getattr(stream, f"{direction}_body")(chunk, index == len(body) - 1 and not tail)
            self.check()
        if tail:
            getattr(stream, f"{direction}_trailers")(tail)
            self.check()


def play(observed: Observed, data: st.DataObject) -> None:
    chain = observed.chain
    streams = [observed.open(), observed.open()]
    for stream in streams:
        body, tail = data.draw(chunks), data.draw(tails)
        length = [("content-length", str(sum(map(len, body))))] if data.draw(st.booleans()) else []
        observed.message(stream, "request", [*REQUEST, *length], body, tail)
    for event in data.draw(st.lists(st.sampled_from(["tick", "http", "redis", "expire"]), max_size=3)):
        runner = data.draw(st.sampled_from(chain.runners))
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
        observed.check()
    for stream in streams:
        body, tail = data.draw(chunks), data.draw(tails)
        length = [("content-length", str(sum(map(len, body))))] if data.draw(st.booleans()) else []
        if asks_upstream(stream):
            observed.message(stream, "response", [*RESPONSE, *length], body, tail)
    for stream in streams:
        stream.close()
        assert stream not in chain.ready()
    assert not any(runner.streams for runner in chain.runners)


@settings(max_examples=50)
@given(st.data(), st.booleans())
def test_after_each_call_exactly_the_streams_with_something_to_send_are_ready(
    data: st.DataObject, fail_open: bool
) -> None:
    def answer(name: str, *_: Any) -> Any:
        outcome = data.draw(outcomes, label=name)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    play(Observed(Chain([scripted(answer, fail_open=fail_open) for _ in range(2)]), data), data)
