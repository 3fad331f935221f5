"""Reservations, leases, bounded memory, and storages that fail."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.redis_server import RedisServer, redis_server
from tests.sdk.limits.running import Clock, Running

from proxywasm import limits
from proxywasm.limits import MOST, Bucket, Decision, Demand, Limit, Places, Window
from proxywasm_host.services.limits import Limits
from proxywasm_host.services.redis_calls import Address
from proxywasm_host.services.shared_data import SharedData

MINUTE = Window(10, seconds=60)
PLACES = Places(3, lease_seconds=60)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with redis_server(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def address(server: RedisServer) -> Address:
    with server.client() as client:
        client.flushall()
    return server.address


@pytest.fixture(params=["shared data", "Redis"])
def two(request: pytest.FixtureRequest) -> Iterator[tuple[Running, Running]]:
    """Two workers of a gateway, or two gateways with one Redis. They have one clock."""
    clock = Clock()
    if request.param == "Redis":
        address = request.getfixturevalue("address")
        both = Running(clock, address), Running(clock, address)
    else:
        shared = SharedData()
        both = Running(clock, shared=shared), Running(clock, shared=shared)
    yield both
    for running in both:
        running.close()


Two = tuple[Running, Running]


def test_instances_count_together(two: Two) -> None:
    first, second = two
    assert [first.take(Demand(MINUTE, "li", 6)).allowed, second.take(Demand(MINUTE, "li", 6)).allowed] == [True, False]
    assert second.take(Demand(MINUTE, "wang", 6)).allowed


def test_all_demands_are_met_or_none(two: Two) -> None:
    first, second = two
    hour = Window(5, seconds=3600)
    decision = first.take(Demand(MINUTE, "li", 6), Demand(hour, "li", 6))
    assert (decision.allowed, decision.refused, decision.holding) == (False, 1, None)
    standing = second.take(Demand(MINUTE, "li", 10)).standings[0]
    assert (standing.used, standing.remaining) == (10, 0)


def test_a_reservation_beyond_the_use_is_given_back_where_it_was_taken(two: Two) -> None:
    first, second = two
    decision = first.take(Demand(MINUTE, "li", 10))
    first.clock.now += 30_000
    first.settle(decision, [4])
    assert second.take(Demand(MINUTE, "li", 6)).allowed
    assert not second.take(Demand(MINUTE, "li", 1)).allowed
    first.clock.now += 36_000  # the first 4 have left the window, the 6 have not
    assert second.take(Demand(MINUTE, "li", 4)).allowed
    assert not second.take(Demand(MINUTE, "li", 1)).allowed


def test_use_beyond_the_reservation_counts_from_now_on(two: Two) -> None:
    first, second = two
    decision = first.take(Demand(MINUTE, "li", 1))
    first.settle(decision, [25])
    refused = second.take(Demand(MINUTE, "li", 1))
    assert (refused.allowed, refused.standings[0].used) == (False, 25)
    assert refused.retry_after_ms == 66_000


def test_settling_twice_gives_back_once(two: Two) -> None:
    first, _ = two
    other, decision = first.take(Demand(MINUTE, "li", 5)), first.take(Demand(MINUTE, "li", 5))
    first.settle(decision, [0])
    first.settle(decision, [0])
    assert other.holding is not None
    assert first.take(Demand(MINUTE, "li", 0)).standings[0].used == 5


def test_places_are_given_back(two: Two) -> None:
    first, second = two
    held = [first.take(Demand(PLACES, "li")), second.take(Demand(PLACES, "li")), second.take(Demand(PLACES, "li"))]
    assert not first.take(Demand(PLACES, "li")).allowed
    first.settle(held[0], [0])
    assert second.take(Demand(PLACES, "li")).allowed


def test_places_are_renewed_as_long_as_their_holder_lives(two: Two) -> None:
    first, second = two
    held = [first.take(Demand(PLACES, "li")) for _ in range(3)]
    for _ in range(20):
        first.clock.now += 19_000
        first.tick()
        assert not second.take(Demand(PLACES, "li")).allowed
    for decision in held:
        first.settle(decision, [0])
    assert second.take(Demand(PLACES, "li", 3)).allowed


def test_places_of_an_instance_that_is_gone_are_free_after_their_lease(two: Two) -> None:
    first, second = two
    for _ in range(3):
        first.take(Demand(PLACES, "li"))
    first.clock.now += 59_000
    assert not second.take(Demand(PLACES, "li")).allowed
    first.clock.now += 7_000
    assert second.take(Demand(PLACES, "li", 3)).allowed


def test_a_place_that_is_given_back_while_it_is_renewed_is_given_back_once(address: Address) -> None:
    running = Running(Clock(), address)
    given_back, kept = running.take(Demand(PLACES, "li")), running.take(Demand(PLACES, "li"))
    running.clock.now += 19_000
    running.services.clock.advance(19_000)
    running.runner.tick()  # the renewal of both is on its way
    running.settle(given_back, [0])
    assert kept.holding is not None
    assert running.take(Demand(PLACES, "li", 0)).standings[0].used == 1


STEPS = st.lists(
    st.tuples(st.sampled_from(["take", "give back", "tick", "advance"]), st.integers(0, 1), st.integers(0, 9)),
    min_size=10,
    max_size=60,
)


@given(steps=STEPS)
def test_never_more_places_than_there_are(steps: list[tuple[str, int, int]]) -> None:
    clock, shared = Clock(), SharedData()
    both = Running(clock, shared=shared), Running(clock, shared=shared)
    held: list[tuple[int, Decision]] = []
    for word, which, number in steps:
        if word == "take":
            decision = both[which].take(Demand(PLACES, "li"))
            assert decision.allowed is (len(held) < PLACES.limit)
            if decision.allowed:
                held.append((which, decision))
        elif word == "give back" and held:
            owner, decision = held.pop(number % len(held))
            both[owner].settle(decision, [0])
        elif word == "advance":
            clock.now += number * 1000
        for running in both:
            running.tick()


def test_the_memory_for_keys_is_bounded_and_the_oldest_are_forgotten() -> None:
    shared = SharedData(Limits(shared_data=2**20))
    running = Running(Clock(), shared=shared, slots=16)
    assert running.take(Demand(MINUTE, "in use", 10)).allowed
    size = 0

    def flood(limiter: limits.Limiter) -> None:
        for number in range(2000):
            limiter.take([Demand(MINUTE, f"key {number}")], lambda decision: None)
            limiter.take([Demand(MINUTE, "in use", 0)], lambda decision: None)

    for _ in range(3):
        running.run(flood)
        now = sum(len(entry[0]) for key in list(shared.keys()) if (entry := shared.get(key)))
        assert not size or now == size
        size = now
    assert len(shared.keys()) <= 16
    assert size <= 16 * 8 * 112
    assert not running.take(Demand(MINUTE, "key 1999", 10)).allowed
    assert running.take(Demand(MINUTE, "key 0", 10)).allowed


@pytest.mark.exhaustive
def test_a_million_keys_take_the_memory_of_a_few_and_the_oldest_are_forgotten() -> None:
    shared = SharedData(Limits(shared_data=2**20))
    running = Running(Clock(), shared=shared, slots=64)
    sizes = set()

    def flood(begin: int, limiter: limits.Limiter) -> None:
        for number in range(begin, begin + 100_000):
            limiter.take([Demand(MINUTE, f"key {number}", 10)], lambda decision: None)

    for begin in range(0, 1_000_000, 100_000):
        running.run(partial(flood, begin))
        sizes.add(sum(len(entry[0]) for key in list(shared.keys()) if (entry := shared.get(key))))
    assert len(sizes) == 1
    assert sizes.pop() <= 64 * 8 * 112
    assert not running.take(Demand(MINUTE, "key 999999")).allowed
    assert running.take(Demand(MINUTE, "key 0")).allowed


@pytest.mark.parametrize("key", ["", "\0", "\ud83d", "ключ", "k" * 2**20, "a}b{c"], ids=lambda key: ascii(key[:4]))
def test_any_text_is_a_key(two: Two, key: str) -> None:
    first, second = two
    assert first.take(Demand(MINUTE, key, 10)).allowed
    assert not second.take(Demand(MINUTE, key)).allowed
    assert second.take(Demand(MINUTE, f"{key}.")).allowed


@pytest.mark.parametrize("limit", [Window(MOST, seconds=1), Places(MOST)], ids=repr)
def test_absurd_amounts_are_counted_as_far_as_numbers_go(two: Two, limit: Limit) -> None:
    first, second = two
    held = [first.take(Demand(limit, "li", 0)) for _ in range(5)]
    for decision in held:
        first.settle(decision, [10**30])
    assert second.take(Demand(limit, "li", 0)).standings[0].used <= 2**49
    with pytest.raises(AssertionError):  # the callback raised: an amount beyond 2**48 is a mistake of the author
        first.take(Demand(limit, "li", 10**30))


@pytest.mark.parametrize("fail_open", [True, False])
def test_redis_that_is_down_decides_as_configured_and_says_so_once(server: RedisServer, fail_open: bool) -> None:
    running = Running(Clock(), server.address, fail_open=fail_open)
    assert running.take(Demand(MINUTE, "li")).allowed
    server.stop()
    try:
        decisions = [running.take(Demand(MINUTE, "li")) for _ in range(3)]
    finally:
        server.start()
    assert {(one.allowed, one.failed, one.holding) for one in decisions} == {(fail_open, True, None)}
    again = running.take(Demand(MINUTE, "li"))  # the script has to be sent anew
    assert (again.allowed, again.failed, again.standings[0].used) == (True, False, 1)
    messages = [record.message for record in running.services.logs]
    assert [message[:40] for message in messages] == [
        "limits of test cannot be counted, reques",
        "limits of test are counted again",
    ]
    assert running.services.metrics.snapshot()["limits_storage_failures.limiter.test"] == 3
    running.close()


def test_redis_that_hangs_decides_when_its_time_is_up(server: RedisServer) -> None:
    running = Running(Clock(), server.address, fail_open=False)
    with server.hanging():
        decision = running.take(Demand(MINUTE, "li"))
    assert (decision.allowed, decision.failed) == (False, True)
    running.close()


def test_redis_that_is_full_refuses_without_changing_anything(tmp_path_factory: pytest.TempPathFactory) -> None:
    with redis_server(tmp_path_factory.mktemp("full"), "", "--maxmemory-policy", "noeviction") as server:
        running = Running(Clock(), server.address, fail_open=False)
        held = running.take(Demand(MINUTE, "li", 3))
        with server.client() as client:
            client.config_set("maxmemory", "1mb")
            decision = running.take(Demand(MINUTE, "li", 3), Demand(MINUTE, "wang", 3))
            assert (decision.allowed, decision.failed) == (False, True)
            assert "OOM" in running.services.logs[-1].message
            client.config_set("maxmemory", "0")
        assert running.take(Demand(MINUTE, "li", 0)).standings[0].used == 3
        running.settle(held, [0])
        running.close()


def test_keys_in_redis_expire(address: Address, server: RedisServer) -> None:
    running = Running(Clock(), address)
    running.take(Demand(MINUTE, "li"), Demand(PLACES, "li"), Demand(Bucket(5, refill=1), "li"))
    with server.client() as client:
        names = client.keys("*")
        assert len(names) == 3
        assert all(0 < client.pttl(name) <= 70_000 for name in names)
    running.close()


def test_keys_of_a_limiter_belong_to_one_node_of_a_cluster(address: Address, server: RedisServer) -> None:
    running = Running(Clock(), address)
    running.take(*[Demand(MINUTE, key) for key in ("a", "{b}", "c" * 500)])
    with server.client() as client:
        names = [name.decode() for name in client.keys("*")]
    assert {name.partition("}")[0] for name in names} == {"{proxywasm.limits:test"}
    assert max(map(len, names)) < 300
    running.close()


def test_the_same_text_has_the_same_slot_in_every_build() -> None:
    digest = hashlib.sha256(b"w60\0li").digest()
    shared = SharedData()
    Running(Clock(), shared=shared).take(Demand(MINUTE, "li"))
    (key,) = shared.keys()
    assert key == f"proxywasm.limits:test:{int.from_bytes(digest[16:20]) % 1024}"


@pytest.mark.parametrize(
    "make",
    [
        lambda: Window(0, seconds=1),
        lambda: Window(MOST + 1, seconds=1),
        lambda: Window(1, seconds=0),
        lambda: Places(1, lease_seconds=5),
        lambda: Bucket(0, refill=1),
        lambda: Bucket(MOST, refill=1, seconds=60),
        lambda: Bucket(1, refill=MOST, seconds=60),
    ],
)
def test_limits_that_cannot_be_counted_are_errors(make: object) -> None:
    with pytest.raises(ValueError, match="be "):
        make()  # type: ignore[operator]


def test_a_stream_that_ends_while_redis_is_asked_keeps_no_place(address: Address) -> None:
    running = Running(Clock(), address)
    decisions: list[Decision] = []
    stream = running.begin(lambda limiter: limiter.take([Demand(PLACES, "li", 3)], decisions.append))
    stream.close()
    running.answer()
    assert decisions == []
    assert running.take(Demand(PLACES, "li", 3)).allowed
    running.close()
