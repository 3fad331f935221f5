"""The Proxy-Wasm adapter in Envoy's filter chain, with everything arriving in any order.

The client and the upstream get what the plugin let pass or injected, in that order and whole, and the plugin sees each
byte that arrives once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import cycle
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from proxywasm import Action, ClusterClient, HttpAnswer, HttpContext, Plugin, TargetCluster
from proxywasm.abi.injection import PIECE

from .filter_chain import Direction, FilterChain

REQUEST = [(":method", "POST"), (":path", "/"), (":authority", "a"), (":scheme", "http")]
RESPONSE = [(":status", "200"), ("content-type", "text/event-stream")]
SERVICE = ClusterClient(TargetCluster("service", "service"))

DATA = st.binary(min_size=1, max_size=4)
PIECES = st.lists(DATA, max_size=2)
OTHERS = st.sampled_from(["answer", "tick"])
SIDES = st.sampled_from(["request", "response"])
FAIL_OPEN = b'{"_fail_open_": true}'
NO_PLACE = "the response is broken off: there is no place for the {} bytes of its end"
EVENTS = st.lists(st.one_of(DATA, OTHERS), max_size=12)
"""What happens while a body comes: a chunk, a call-out's answer, a timer."""
ENDS = st.sampled_from(["data", "empty", "trailers"])


@pytest.fixture(autouse=True, scope="module", params=["1.36", "1.40"])
def release(request: pytest.FixtureRequest) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FilterChain, "strands", request.param == "1.36")
        yield


def call(answered: Callable[[], object]) -> None:
    def on_answer(_: HttpAnswer) -> None:
        answered()

    SERVICE.get("/", on_answer)


def arrive(chain: FilterChain, direction: Direction, events: Sequence[bytes | str], end: str) -> None:
    """The events, then the end of the body."""
    chunks = [index for index, event in enumerate(events) if isinstance(event, bytes)]
    last = chunks[-1] if chunks and end == "data" else None
    for index, event in enumerate(events):
        happen(chain, direction, event, index == last)
    if end == "trailers":
        direction.trailers()
    elif last is None:
        direction.body(b"", True)


def happen(chain: FilterChain, direction: Direction, event: bytes | str, end: bool = False) -> None:
    if isinstance(event, bytes):
        direction.body(event, end)
    elif event == "answer" and chain.calls:
        chain.answer()
    elif event == "tick" and chain.ticks:
        chain.tick()


def come_to_rest(chain: FilterChain) -> None:
    """All call-outs are answered, and no timer runs any more."""
    for _ in range(1000):
        if chain.calls:
            chain.answer()
        elif chain.ticks:
            chain.tick()
        else:
            return
    raise AssertionError("it never comes to rest")


# Injection.


def injecting(
    script: Sequence[tuple[list[bytes], list[bytes]]], end_after: int
) -> tuple[FilterChain, bytearray, list[bytes]]:
    """A plugin that takes each chunk, injects the first pieces at once and the others when a call-out is answered.

    With injection number `end_after` it ends the response, or else when the last chunk's call-out is answered. Also:
    what the plugin is given, and what it injects.
    """
    plugin: Plugin[Any] = Plugin("injecting")
    plugin.on_response_headers(lambda ctx, _: ctx.need_pause_streaming_response())
    given, injected = bytearray(), list[bytes]()
    steps = cycle(script)
    ended = False

    def inject(ctx: HttpContext, piece: bytes, end: bool = False) -> None:
        nonlocal ended
        if ended:
            return
        injected.append(piece)
        ended = end or len(injected) == end_after
        ctx.inject_response_body(piece, ended)

    @plugin.on_streaming_response_body
    def chunk(ctx: HttpContext, _: object, data: bytes, last: bool) -> None:
        given.extend(data)
        now, later = next(steps)

        def answered() -> None:
            for piece in later:
                inject(ctx, piece)
            if last:
                inject(ctx, b"", True)

        for piece in now:
            inject(ctx, piece)
        call(answered)

    @plugin.on_streaming_request_body
    def request_chunk(ctx: HttpContext, _: object, data: bytes, last: bool) -> None:
        if given:
            inject(ctx, b"request")

    return FilterChain(plugin), given, injected


@settings(max_examples=500)
@given(
    st.lists(st.one_of(DATA, OTHERS, st.just("request")), max_size=12),
    ENDS,
    st.lists(st.tuples(PIECES, PIECES), min_size=1, max_size=4),
    st.integers(min_value=1, max_value=20),
)
def test_what_is_injected_goes_on_in_its_order(
    events: list[bytes | str], end: str, script: list[tuple[list[bytes], list[bytes]]], end_after: int
) -> None:
    assume(end != "trailers" or any(isinstance(event, bytes) for event in events))  # see `NO_PLACE`
    chain, given_to_plugin, injected = injecting(script, end_after)
    response = chain.response
    chain.request.headers(REQUEST)
    response.headers(RESPONSE)
    for event in events:
        if event == "request":
            chain.request.body(b"more")
        else:
            happen(chain, response, event)
        assert b"".join(injected).startswith(response.sent)
    arrive(chain, response, [], end)
    come_to_rest(chain)
    assert response.sent == b"".join(injected)
    assert response.done
    assert b"".join(event for event in events if isinstance(event, bytes)).startswith(given_to_plugin)
    assert chain.messages == []


@given(EVENTS, st.lists(st.tuples(PIECES, PIECES), min_size=1, max_size=4))
def test_what_is_injected_waits_for_no_further_chunk(
    events: list[bytes | str], script: list[tuple[list[bytes], list[bytes]]]
) -> None:
    chain, _, injected = injecting(script, 0)
    chain.request.headers(REQUEST, True)
    chain.response.headers(RESPONSE)
    for event in events:
        happen(chain, chain.response, event)
    come_to_rest(chain)
    assert chain.response.sent == b"".join(injected)
    assert not chain.response.done


def test_a_chunk_that_arrives_before_the_timer_is_not_joined_with_an_injection() -> None:
    """Else the plugin is given its own injection, and injects it again behind the chunk."""
    chain, given_to_plugin, _ = injecting([([b"first;"], [b"one;"]), ([], [b"two;"])], 0)
    chain.request.headers(REQUEST, True)
    chain.response.headers(RESPONSE)
    chain.response.body(b"1")
    chain.response.body(b"2")
    come_to_rest(chain)
    assert given_to_plugin == b"12"
    assert chain.response.sent == b"first;one;two;"


def test_more_than_the_gateway_buffers_is_injected_in_pieces() -> None:
    large = bytes(range(256)) * 4096
    chain, _, _ = injecting([([large], [large])], 0)
    chain.request.headers(REQUEST, True)
    chain.response.headers(RESPONSE)
    chain.response.body(b"1")
    come_to_rest(chain)
    assert chain.response.sent == large * 2
    assert chain.response.largest <= PIECE


def test_an_injection_that_has_no_place_breaks_the_response_off() -> None:
    """All that arrives are trailers: the gateway has no buffer then."""
    chain, _, _ = injecting([([], [b"data"])], 0)
    chain.request.headers(REQUEST, True)
    chain.response.headers(RESPONSE)
    chain.response.trailers()
    come_to_rest(chain)
    assert chain.messages == [f"[stream 2] {NO_PLACE.format(4)}"]
    assert chain.reset
    assert not chain.response.done


# Bodies that are passed on.


@given(SIDES, EVENTS, ENDS, st.booleans())
def test_headers_may_go_on_at_any_time_while_their_body_is_collected(
    side: str, events: list[bytes | str], end: str, resumes: bool
) -> None:
    assume(end != "trailers" or any(isinstance(event, bytes) for event in events))  # see `NO_PLACE`
    plugin: Plugin[Any] = Plugin("collecting")
    seen: list[bytes] = []

    def headers(ctx: HttpContext, _: object) -> Action:
        if resumes:
            call(lambda: seen or getattr(ctx, f"resume_http_{side}")())
        return Action.STOP_ITERATION

    def body(ctx: HttpContext, _: object, data: bytes) -> None:
        seen.append(data)
        getattr(ctx, f"replace_{side}_body")(b"[" + data + b"]")

    chain, direction = start(plugin, side, headers, body)
    arrive(chain, direction, events, end)
    come_to_rest(chain)
    assert direction.sent == b"[" + b"".join(event for event in events if isinstance(event, bytes)) + b"]"
    assert direction.done
    assert chain.messages == []


def start(
    plugin: Plugin[Any], side: str, headers: Any, body: Any, configuration: bytes = b""
) -> tuple[FilterChain, Direction]:
    """The stream as far as the headers of this side."""
    getattr(plugin, f"on_{side}_headers")(headers)
    getattr(plugin, f"on_{side}_body")(body)
    chain = FilterChain(plugin, configuration)
    chain.request.headers(REQUEST, end=side == "response")
    if side == "request":
        return chain, chain.request
    chain.response.headers(RESPONSE)
    return chain, chain.response


@given(SIDES, EVENTS, ENDS, st.booleans(), st.booleans())
def test_what_a_failing_plugin_has_not_changed_passes_whole_when_failing_open(
    side: str, events: list[bytes | str], end: str, stops: bool, resumes: bool
) -> None:
    """It fails in a call-out's answer, while a body is collected; before that its headers may have gone on."""
    seen: list[bytes] = []

    def headers(ctx: HttpContext, _: object) -> Action | None:
        if resumes and stops:
            call(lambda: seen or getattr(ctx, f"resume_http_{side}")())
        call(fail)
        return Action.STOP_ITERATION if stops else None

    def body(ctx: HttpContext, _: object, data: bytes) -> None:
        seen.append(data)

    chain, direction = start(Plugin("failing"), side, headers, body, FAIL_OPEN)
    arrive(chain, direction, events, end)
    come_to_rest(chain)
    assert direction.sent == b"".join(event for event in events if isinstance(event, bytes))
    assert direction.done


def fail() -> None:
    raise RuntimeError("answer")


@given(EVENTS, ENDS, st.integers(min_value=0, max_value=3), st.booleans())
def test_chunks_pass_in_order_when_headers_waited_for_some_of_them(
    events: list[bytes | str], end: str, taken: int, resumes: bool
) -> None:
    """The plugin drops chunks as long as the headers wait, and lets the others pass."""
    plugin: Plugin[Any] = Plugin("waiting")
    dropped, passed = bytearray(), bytearray()
    waits = True

    @plugin.on_response_headers
    def headers(ctx: HttpContext, _: object) -> Action:
        def resumed() -> None:
            nonlocal waits
            if waits:
                waits = False
                ctx.resume_http_response()

        if resumes:
            call(resumed)
        return Action.STOP_ITERATION

    @plugin.on_streaming_response_body
    def body(ctx: HttpContext, _: object, data: bytes, last: bool) -> bytes | Action:
        nonlocal waits
        if waits and len(dropped) < taken and not last:
            dropped.extend(data)
            return Action.STOP_ITERATION
        waits = False
        passed.extend(data)
        return data.upper()

    chain = FilterChain(plugin)
    response = chain.response
    chain.request.headers(REQUEST, True)
    response.headers(RESPONSE)
    arrive(chain, response, events, end)
    come_to_rest(chain)
    assert dropped + passed == b"".join(event for event in events if isinstance(event, bytes))
    assert response.sent == passed.upper()
    assert response.done
    assert chain.messages == []


def test_a_failure_behind_the_injected_end_lets_nothing_of_the_upstream_through() -> None:
    plugin: Plugin[Any] = Plugin("ended")
    plugin.on_response_headers(lambda ctx, _: ctx.need_pause_streaming_response())

    @plugin.on_streaming_response_body
    def body(ctx: HttpContext, _: object, data: bytes, last: bool) -> None:
        call(fail)
        ctx.inject_response_body(b"all", True)

    for configuration in (b"", FAIL_OPEN):
        chain = FilterChain(plugin, configuration)
        response = chain.response
        chain.request.headers(REQUEST, True)
        response.headers(RESPONSE)
        response.body(b"one")
        come_to_rest(chain)
        response.body(b"two", True)
        come_to_rest(chain)
        assert (bytes(response.sent), response.done, chain.reset) == (b"all", True, False)


def test_a_plugin_that_raises_after_its_headers_waited_has_taken_nothing() -> None:
    plugin: Plugin[Any] = Plugin("waited")
    plugin.on_response_headers(lambda ctx, _: Action.STOP_ITERATION)

    @plugin.on_streaming_response_body
    def body(ctx: HttpContext, _: object, data: bytes, last: bool) -> Action | None:
        if data == b"three":
            raise RuntimeError("chunk")
        return Action.STOP_ITERATION if data == b"one" else None

    chain = FilterChain(plugin, FAIL_OPEN)
    response = chain.response
    chain.request.headers(REQUEST, True)
    response.headers(RESPONSE)
    for data in (b"one", b"two", b"three", b"four"):
        response.body(data, data == b"four")
    come_to_rest(chain)
    assert (bytes(response.sent), response.done, chain.reset) == (b"twothreefour", True, False)


# Trailers.


@pytest.mark.parametrize("side", ["request", "response"])
@given(EVENTS, st.booleans(), st.booleans(), st.booleans())
def test_trailers_are_shown_once_behind_the_body_whatever_has_waited(
    side: str, events: list[bytes | str], headers_wait: bool, body_waits: bool, trailers_wait: bool
) -> None:
    plugin: Plugin[Any] = Plugin("tails")
    seen: list[str] = []

    def waits(ctx: HttpContext, really: bool) -> Action | None:
        if really:
            call(getattr(ctx, f"resume_http_{side}"))
        return Action.PAUSE if really else None

    def body(ctx: HttpContext, _: object, data: bytes) -> Action | None:
        seen.append("body")
        return waits(ctx, body_waits)

    def trailers(ctx: HttpContext, _: object) -> Action | None:
        seen.append("trailers " + getattr(ctx, f"{side}_trailers")["x-trailer"])
        return waits(ctx, trailers_wait)

    getattr(plugin, f"on_{side}_trailers")(trailers)
    chain, direction = start(plugin, side, lambda ctx, _: waits(ctx, headers_wait), body)
    arrive(chain, direction, events, "trailers")
    assert not (trailers_wait and direction.done)
    come_to_rest(chain)
    assert seen == ["body", "trailers yes"]
    assert direction.sent == b"".join(event for event in events if isinstance(event, bytes))
    assert direction.done
    assert chain.messages == []


@pytest.mark.parametrize("side", ["request", "response"])
def test_trailers_that_nobody_reads_are_not_shown(side: str) -> None:
    plugin: Plugin[Any] = Plugin("nothing")
    chain = FilterChain(plugin)
    chain.request.headers(REQUEST)
    chain.response.headers(RESPONSE)
    direction = getattr(chain, side)
    direction.body(b"abc")
    direction.trailers()
    assert direction.passes
    assert (direction.sent, direction.done) == (b"abc", True)
