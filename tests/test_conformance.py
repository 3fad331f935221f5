"""ai-proxy answers as the original, or as the golden files where it deliberately differs; natively and in Wasm."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.expected.golden import load

import ai_proxy
from proxywasm_host.recordings import bodies
from proxywasm_host.recordings.compare import judge
from proxywasm_host.recordings.exchange import Exchange, Message
from proxywasm_host.recordings.replay import Result, Session, native_session, replay, replay_responses

TESTS = Path(__file__).parent
CONFORMANCE = TESTS / "conformance"

FILES = [load(file) for file in sorted(CONFORMANCE.glob("*/*.json"))]
EXCHANGES = [exchange for file in FILES for exchange in file]
RECORDINGS = [exchange for file in sorted((TESTS / "recordings").glob("*.json")) for exchange in load(file)]


def streams(exchanges: Iterable[Exchange]) -> list[Exchange]:
    return [one for one in exchanges if one.response and bodies.is_event_stream(one.response.headers)]


STREAMS = streams([*EXCHANGES, *RECORDINGS])
ONE_OF_EACH_FILE = [exchange for file in FILES for exchange in streams(file)[:1]]
RANDOM_CUTS = {False: 1, True: 20}
"""For how many ways in each run, and on request."""
SHORT = 1000
"""Bytes; re-splitting grows with the square of the length."""
SPARSE = 47
STEPS = {"native": 9, "wasm": SPARSE}
"""Short streams are cut at every so many bytes, long ones at every `SPARSE`; all around the ends of lines, too."""
thorough = pytest.mark.parametrize("thorough", [False, pytest.param(True, marks=pytest.mark.exhaustive)])


ANSWERS = [
    next(iter(found))
    for file in FILES
    if (found := [one for one in file if one.response and dict(one.response.headers).get(":status") == "200"])
]
"""One of each file; an answer of 200, whole or streamed."""


MADE_UP = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""Ids that nobody gave are others in each stream of one instance."""


def by_name(exchange: Exchange) -> str:
    return exchange.name


@pytest.mark.parametrize("exchange", EXCHANGES, ids=by_name)
def test_an_exchange_comes_out_as_recorded_or_as_its_golden_file_says(exchange: Exchange, session: Session) -> None:
    verdict = judge(replay(exchange, session), exchange)
    assert verdict.passed, "\n".join(map(str, verdict.differences))


@pytest.mark.parametrize("exchange", RECORDINGS, ids=by_name)
def test_our_own_recordings_come_out_as_recorded(exchange: Exchange, session: Session) -> None:
    verdict = judge(replay(exchange, session), exchange)
    assert verdict.status == "same", "\n".join(map(str, verdict.differences))


@pytest.mark.parametrize("exchange", EXCHANGES[:3] + RECORDINGS, ids=by_name)
def test_two_replays_give_the_same_result(exchange: Exchange, session: Session) -> None:
    assert replay(exchange, session) == replay(exchange, session)


@pytest.mark.parametrize("exchange", ANSWERS, ids=by_name)
def test_another_success_is_what_status_200_is(exchange: Exchange) -> None:
    assert exchange.response
    session = native_session(ai_proxy.plugin)
    headers = [(name, "201" if name == ":status" else value) for name, value in exchange.response.headers]
    other = replace(exchange, response=Message(headers, exchange.response.body))
    usual, got = (json.dumps(replay(one, session)["downstream"]) for one in (exchange, other))
    assert MADE_UP.sub("-", got) == MADE_UP.sub("-", usual).replace('[":status", "200"]', '[":status", "201"]')


# Re-splitting: where a stream is cut says nothing about what it means.


@pytest.mark.slow
@thorough
@pytest.mark.parametrize("exchange", ONE_OF_EACH_FILE, ids=by_name)
def test_a_stream_cut_in_two_anywhere_gives_the_same_events(
    exchange: Exchange, session: Session, flavour: str, thorough: bool
) -> None:
    data = stream_of(exchange)
    long = len(data) > SHORT
    if not thorough and long and flavour == "wasm":
        pytest.skip("long streams are cut into random pieces; in two, on request")
    step = 1 if thorough else SPARSE if long else STEPS[flavour]
    cuts = set(range(0, len(data) + 1, step))
    cuts |= {place + near for place, byte in enumerate(data) if byte == ord("\n") for near in range(-1, 3)}
    check(exchange, session, ([data[:cut], data[cut:]] for cut in sorted(cuts)))


@thorough
@pytest.mark.parametrize("exchange", STREAMS, ids=by_name)
def test_a_stream_cut_into_random_pieces_gives_the_same_events(
    exchange: Exchange, session: Session, thorough: bool
) -> None:
    data = stream_of(exchange)
    choose = random.Random(len(data))

    def pieces() -> Iterator[list[bytes]]:
        yield [data[index : index + 1] for index in range(len(data))]
        for _ in range(RANDOM_CUTS[thorough]):
            cuts = sorted(choose.sample(range(len(data)), choose.randint(1, min(40, len(data)))))
            yield [data[start:end] for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True)]

    check(exchange, session, pieces())


def stream_of(exchange: Exchange) -> bytes:
    assert exchange.response
    return b"".join(exchange.response.body)


def check(exchange: Exchange, session: Session, splits: Iterator[list[bytes]]) -> None:
    assert exchange.response
    headers = exchange.response.headers
    expected = events(replay(exchange, session))
    used: list[list[bytes]] = []

    def responses() -> Iterator[Message]:
        for pieces in splits:
            used.append(pieces)
            yield Message(headers, (*pieces, b""))

    for result in replay_responses(exchange, session, responses()):
        assert events(result) == expected, f"cut as {used[-1]}"


def events(result: Result) -> list[tuple[str, str]]:
    found = bodies.parse_events(bodies.join(result["downstream"]["body"]))
    return [(MADE_UP.sub("-", data), event) for data, event in found]
