"""A chain does what its plugins do one after the other, whatever the chunks."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from tests.host.dialogue import REQUEST, RESPONSE

from proxywasm.adapters.native import load_plugin, native_program
from proxywasm.wire import Fields, LogLevel
from proxywasm_host.services import HostServices
from proxywasm_host.stream import (
    Chain,
    ChainedStream,
    RequestBody,
    RequestHeaders,
    Reset,
    ResponseBody,
    ResponseHeaders,
    Runner,
    Stream,
)

LINK = load_plugin(Path(__file__).parents[1] / "testing" / "plugins" / "link.py")
Config = dict[str, Any]

directions = st.lists(st.sampled_from(["request", "response"]), unique=True)
RESPONSE_REPLIES = ["", "", "response_headers", "response_body", "response_call"]
behaviours = st.fixed_dictionaries(
    {"edit": st.booleans(), "inject": st.booleans(), "hold": directions, "pause": directions}
)
lasts: st.SearchStrategy[Config] = st.builds(
    dict,
    behaviours,
    reply=st.sampled_from([*RESPONSE_REPLIES, "request_headers", "request_body", "request_call"]),
)
chunks = st.lists(st.binary(max_size=5), max_size=4)


@st.composite
def firsts(draw: st.DrawFn) -> Config:
    """Without replies to a request whose headers have reached the next plugin: no order by hand is like that."""
    config: Config = draw(behaviours)
    early = ["request_headers", "request_call"]
    if "request" in config["hold"] and "request" not in config["pause"]:
        early.append("request_body")
    return {**config, "reply": draw(st.sampled_from([*RESPONSE_REPLIES, *early]))}


def link(name: str, config: Config) -> Runner:
    services = HostServices(start_ns=0)
    program = native_program(LINK, services)
    program.configure(json.dumps({"name": name, **config}), LogLevel.INFO)
    return Runner(program, services)


def answer(runners: Sequence[Runner]) -> None:
    while calls := [(runner, call) for runner in runners for call in runner.services.take_calls()]:
        for runner, call in calls:
            runner.http_call_response(call.id, [(":status", "200")], b"ok")


@dataclass
class Message:
    fields: Fields | None = None
    body: bytes = b""
    ended: bool = False
    reset: bool = False
    chunks: bool = False
    """It has a body, even if that is empty."""

    def see(self, event: RequestHeaders | ResponseHeaders | RequestBody | ResponseBody) -> None:
        if isinstance(event, RequestHeaders | ResponseHeaders):
            self.fields = event.fields
        else:
            self.body += event.data
            self.chunks = True
        self.ended = event.end_of_stream

    def result(self) -> object:
        """How much of a body was there before it was broken off depends on its chunks."""
        return (self.fields, "reset") if self.reset else (self.fields, self.body, self.ended)


@dataclass
class Side:
    """A stream, and what it has sent so far."""

    runners: Sequence[Runner]
    stream: Stream | ChainedStream
    up: Message = field(default_factory=Message)
    down: Message = field(default_factory=Message)

    def look(self) -> None:
        answer(self.runners)
        for event in self.stream.take():
            match event:
                case RequestHeaders() | RequestBody():
                    self.up.see(event)
                case ResponseHeaders() | ResponseBody():
                    self.down.see(event)
                case Reset():
                    self.down.reset = True

    def give(
        self,
        headers: Callable[[Fields, bool], None],
        body: Callable[[bytes, bool], None],
        fields: Fields,
        chunks: Sequence[bytes],
        over: Callable[[], bool],
        *,
        ended: bool = True,
    ) -> None:
        """Until the client has its whole answer, or in a request phase has one at all."""
        headers(fields, ended and not chunks)
        self.look()
        for number, chunk in enumerate(chunks):
            if over():
                return
            body(chunk, ended and number == len(chunks) - 1)
            self.look()

    def ask(self, fields: Fields, chunks: Sequence[bytes]) -> None:
        for_request = self.stream.request_headers, self.stream.request_body
        self.give(*for_request, fields, chunks, lambda: self.down.fields is not None)

    def respond(self, fields: Fields, chunks: Sequence[bytes], *, ended: bool = True) -> None:
        for_response = self.stream.response_headers, self.stream.response_body
        self.give(*for_response, fields, chunks, lambda: self.down.ended or self.down.reset, ended=ended)


def in_chain(configs: Sequence[Config], up: Sequence[bytes], down: Sequence[bytes]) -> tuple[object, object]:
    runners = [link(name, config) for name, config in zip("ab", configs, strict=True)]
    side = Side(runners, Chain(runners).open())
    side.ask(REQUEST, up)
    if side.up.ended and side.down.fields is None:
        side.respond(RESPONSE, down)
    return side.up.result(), side.down.result()


def by_hand(configs: Sequence[Config], up: Sequence[bytes], down: Sequence[bytes]) -> tuple[object, object]:
    """Each message goes through one plugin before it is given to the other."""
    runners = [link(name, config) for name, config in zip("ab", configs, strict=True)]
    first, last = (Side([runner], runner.open()) for runner in runners)
    first.ask(REQUEST, up)
    if first.stream.local_reply:
        return Message().result(), first.down.result()
    assert first.up.fields is not None
    last.ask(first.up.fields, [first.up.body] if first.up.chunks else [])
    if last.stream.local_reply:
        relay(last, first)
        return last.up.result(), first.down.result()
    last.respond(RESPONSE, down)
    reply = last.stream.local_reply
    if reply is not None and not last.down.reset:
        return last.up.result(), last.down.result()  # the first one does not see it
    relay(last, first)
    if reply is not None and not first.stream.local_reply:
        if first.down.fields is None:
            return last.up.result(), ([(":status", str(reply.status)), *reply.headers], reply.body, True)
        first.down.reset = True
    return last.up.result(), first.down.result()


def relay(last: Side, first: Side) -> None:
    assert last.down.fields is not None
    body = [last.down.body] if last.down.chunks else []
    first.respond(last.down.fields, body, ended=not last.down.reset)


@given(firsts(), lasts, chunks, chunks)
def test_a_chain_is_its_plugins_one_after_the_other(
    first: Config, last: Config, up: list[bytes], down: list[bytes]
) -> None:
    assert in_chain([first, last], up, down) == by_hand([first, last], up, down)
