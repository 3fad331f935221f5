"""Each algorithm, in each storage, does what the plain model says; and no window ever has more than its limit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.redis_server import RedisServer, redis_server
from tests.sdk.limits.model import BucketModel, Entry, WindowModel
from tests.sdk.limits.running import Clock, Running

from proxywasm.limits import Bucket, Decision, Demand, Limit, Places, Window


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with redis_server(tmp_path_factory.mktemp("redis")) as server:
        yield server


LIMITS: st.SearchStrategy[Limit] = st.one_of(
    st.builds(Window, st.integers(1, 20), seconds=st.sampled_from([1, 7, 60])),
    st.builds(Places, st.integers(1, 20), lease_seconds=st.sampled_from([10, 60])),
    st.builds(Bucket, st.integers(1, 20), refill=st.integers(1, 9), seconds=st.sampled_from([1, 3])),
)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("take"), st.sampled_from(["a", "b"]), st.integers(0, 12)),
        st.tuples(st.just("settle"), st.integers(0, 5), st.integers(0, 30)),
        st.tuples(st.just("advance"), st.integers(0, 3), st.integers(0, 1200)),
    ),
    min_size=5,
    max_size=40,
)


def follows_the_model(running: Running, limit: Limit, steps: list[tuple[str, Any, int]]) -> None:
    clock = running.clock
    models: dict[str, Any] = {
        key: BucketModel(limit) if isinstance(limit, Bucket) else WindowModel(limit) for key in ("a", "b")
    }
    held: list[tuple[str, Decision, Entry, int]] = []
    admitted: dict[str, list[tuple[int, int]]] = {"a": [], "b": []}
    for word, which, number in steps:
        if word == "advance":
            clock.now += which * limit.unit + number
        elif word == "take":
            model = models[which]
            decision = running.take(Demand(limit, which, number))
            expected = model.take(clock.now, number)
            assert decision.allowed is (expected is not None)
            assert decision.standings[0].used == model.used(clock.now)
            if expected is None:
                assert decision.retry_after_ms == model.wait(clock.now, number)
            else:
                held.append((which, decision, expected, number))
                admitted[which].append((clock.now, number))
        elif held:
            key, decision, entry, taken = held.pop(which % len(held))
            actual = 0 if isinstance(limit, Places) else number
            running.settle(decision, [actual])
            models[key].settle(clock.now, entry, actual)
            if actual > taken:
                admitted[key].append((clock.now, 0))
    if isinstance(limit, Window) and "settle" not in {word for word, _, _ in steps}:
        period = limit.seconds * 1000
        for times in admitted.values():
            for begin, _ in times:
                assert sum(amount for at, amount in times if begin <= at < begin + period) <= limit.limit


@given(limit=LIMITS, steps=STEPS)
def test_shared_data_follows_the_model(limit: Limit, steps: list[tuple[str, Any, int]]) -> None:
    follows_the_model(Running(Clock()), limit, steps)


@settings(max_examples=50)
@given(limit=LIMITS, steps=STEPS)
def test_redis_follows_the_model(server: RedisServer, limit: Limit, steps: list[tuple[str, Any, int]]) -> None:
    with server.client() as client:
        client.flushall()
    running = Running(Clock(), server.address)
    follows_the_model(running, limit, steps)
    running.close()


CLOCKS = st.lists(st.tuples(st.integers(-200_000, 100_000), st.integers(0, 12), st.booleans()), min_size=5, max_size=40)


@settings(max_examples=50)
@given(limit=LIMITS, steps=CLOCKS)
def test_both_storages_count_alike_when_the_clock_goes_backwards(
    server: RedisServer, limit: Limit, steps: list[tuple[int, int, bool]]
) -> None:
    with server.client() as client:
        client.flushall()
    clock = Clock()
    runnings = [Running(clock), Running(clock, server.address)]
    held: list[list[Decision]] = []
    for moved, amount, gives_back in steps:
        clock.now += moved
        if gives_back and held:
            for running, decision in zip(runnings, held.pop(0), strict=True):
                running.settle(decision, [0])
        decisions = [running.take(Demand(limit, "key", amount)) for running in runnings]
        assert decisions[0][:5] == decisions[1][:5]
        if decisions[0].allowed:
            held.append(decisions)
    clock.now += 3 * limit.unit * 11 * 1000  # whatever the clock did, a limit is not exhausted for ever
    assert runnings[0].take(Demand(limit, "key", 1)).allowed
    runnings[1].close()


def test_a_clock_that_was_far_ahead_blocks_nobody_for_longer_than_a_window() -> None:
    clock = Clock()
    running = Running(clock)
    minute = Window(3, seconds=60)
    clock.now += 10**10
    assert running.take(Demand(minute, "key", 3)).allowed
    clock.now -= 10**10
    assert not running.take(Demand(minute, "key")).allowed
    clock.now += 66_000
    assert running.take(Demand(minute, "key")).allowed
