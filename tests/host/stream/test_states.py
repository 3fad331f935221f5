"""The tables of states are complete and lead somewhere, and no order of events gets past them."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.host.dialogue import REQUEST, RESPONSE
from tests.host.scripted import scripted
from tests.host.stream.test_any_outcome import commands, requests
from tests.import_graph import import_graph, module_files
from tests.layers import circles

from proxywasm.wire import PluginFailure, ProgramLost
from proxywasm_host.stream import (
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
    SequenceError,
    Stream,
)
from proxywasm_host.stream.states import ARRIVALS, DEPARTURES, PARTS, Arrival, Departure, Happening, Part, Piece, Step

TABLES: list[tuple[Mapping[Any, Mapping[Any, object]], type[StrEnum], list[Any]]] = [
    (ARRIVALS, Arrival, [*Piece]),
    (DEPARTURES, Departure, [*Piece, *Step]),
    (PARTS, Part, [*Happening]),
]


@pytest.mark.parametrize(("table", "states", "events"), TABLES, ids=["arrivals", "departures", "parts"])
def test_each_state_says_what_each_event_does(
    table: Mapping[Any, Mapping[Any, object]], states: type[StrEnum], events: list[Any]
) -> None:
    assert [*table] == [*states]
    for state in states:
        assert table[state].keys() == set(events), state


@pytest.mark.parametrize(("table", "states", "events"), TABLES, ids=["arrivals", "departures", "parts"])
def test_each_state_can_be_reached(
    table: Mapping[Any, Mapping[Any, object]], states: type[StrEnum], events: list[Any]
) -> None:
    reached: set[object] = {next(iter(states))}
    last = 0
    while len(reached) > last:
        last = len(reached)
        reached |= {after for state in reached for after in table[state].values() if isinstance(after, states)}
    # A stream closes both directions at once, whatever has arrived: no piece does that.
    assert reached | {Arrival.CLOSED} >= set(states)


def test_what_is_over_stays_over() -> None:
    assert all(isinstance(answer, str) and type(answer) is not Arrival for answer in ARRIVALS[Arrival.CLOSED].values())
    assert set(DEPARTURES[Departure.DROPPED].values()) == {None}
    assert set(PARTS[Part.OVER].values()) == {Part.OVER}


HEADERS = st.sampled_from([REQUEST, RESPONSE, [(":status", "x")], [("a b", "")], []])
FEEDS = st.one_of(
    st.tuples(st.just("request_headers"), HEADERS, st.booleans()),
    st.tuples(st.just("request_body"), st.binary(max_size=3), st.booleans()),
    st.tuples(st.just("request_trailers"), HEADERS),
    st.tuples(st.just("informational_response"), st.sampled_from([[(":status", "103")], [(":status", "200")], []])),
    st.tuples(st.just("response_headers"), HEADERS, st.booleans()),
    st.tuples(st.just("response_body"), st.binary(max_size=3), st.booleans()),
    st.tuples(st.just("response_trailers"), HEADERS),
    st.tuples(st.just("close")),
)
OUTCOMES = st.none() | st.binary(max_size=3) | st.lists(commands, max_size=3)
FAILURES = st.sampled_from([PluginFailure("Traceback"), ProgramLost("trap")])


@given(st.lists(FEEDS, max_size=12), st.data(), st.booleans())
def test_any_order_of_events_ends_in_a_state_or_is_the_callers_error(
    feeds: list[tuple[Any, ...]], data: st.DataObject, fail_open: bool
) -> None:
    def answer(name: str, *_: Any) -> Any:
        outcome = data.draw(OUTCOMES | FAILURES, label=name)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    runner = scripted(answer, fail_open=fail_open)
    stream = runner.open()
    sent: list[Event] = []
    for name, *arguments in feeds:
        before = stream.request.arrival, stream.response.arrival, stream.request.departure, stream.response.departure
        try:
            getattr(stream, name)(*arguments)
        except SequenceError:
            assert before == (
                stream.request.arrival,
                stream.response.arrival,
                stream.request.departure,
                stream.response.departure,
            )
        assert bool(runner.ready()) == bool(stream.events and runner.streams)
        sent += stream.take()
        assert runner.ready() == []
    for request in requests(sent):
        check_order(request, RequestHeaders, RequestBody, RequestTrailers)
    check_order(sent, ResponseHeaders, ResponseBody, ResponseTrailers)
    check_ends(stream, sent)


def check_order(sent: list[Event], headers: type[Event], body: type[Event], trailers: type[Event]) -> None:
    """Headers, then the body, then trailers; nothing behind the end."""
    letters = {headers: "h", body: "b", trailers: "t", InformationalResponse: "i"}
    mine = [event for event in sent if type(event) in letters]
    if headers is RequestHeaders:
        mine = [event for event in mine if not isinstance(event, InformationalResponse)]
    order = "".join([letters[type(event)] for event in mine])
    assert order.lstrip("i").replace("b", "") in ("", "h", "ht"), order
    assert "tb" not in order
    assert "bh" not in order
    ends = [getattr(event, "end_of_stream", isinstance(event, trailers)) for event in mine]
    assert True not in ends[:-1]


def check_ends(stream: Stream, sent: list[Event]) -> None:
    resets = [index for index, event in enumerate(sent) if isinstance(event, Reset)]
    assert len(resets) <= 1
    assert not resets or stream.response_done
    assert all(sum(isinstance(event, CloseUpstream) for event in request) <= 1 for request in requests(sent))


def test_no_modules_of_the_package_import_each_other_in_a_circle() -> None:
    root = Path(__file__).parents[3]
    files = {
        name: path
        for name, path in module_files(root / "host").items()
        if f"{name}.".startswith("proxywasm_host.stream.")
    }
    graph = {name: imported - {name} for name, imported in import_graph(files).items()}
    assert len(graph) > 10
    assert circles(graph) == []
