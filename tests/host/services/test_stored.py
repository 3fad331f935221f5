"""Shared data and metrics of several processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator

import pytest

from proxywasm.wire import CREATE, LEASE_PREFIX, LimitError, MetricKind
from proxywasm_host.services import HostServices, Limits
from proxywasm_host.services.metrics import BOUNDS
from proxywasm_host.services.stored import Store, StoredData, StoredMetrics, withdraw_leases

PROCESSES, TIMES = 4, 250


@pytest.fixture
def store() -> Iterator[Store]:
    made = Store.make(0)
    yield made
    made.remove()
    assert not made.folder.exists()


def process(store: Store, owner: int, code: str) -> subprocess.Popen[bytes]:
    """One with the store open as `store`."""
    begin = f"""
        from pathlib import Path
        from proxywasm.wire import CREATE, LEASE_PREFIX, MetricKind
        from proxywasm_host.services.stored import Store, StoredData, StoredMetrics
        store = Store(Path({str(store.folder)!r}), {owner})
    """
    return subprocess.Popen([sys.executable, "-c", textwrap.dedent(begin) + textwrap.dedent(code)])


def test_compare_and_swap_is_atomic_over_processes(store: Store) -> None:
    code = f"""
        data, metrics = StoredData(store, 0), StoredMetrics(store, "0")
        counter, gauge = metrics.define(MetricKind.COUNTER, "all"), metrics.define(MetricKind.GAUGE, "gauge")
        for _ in range({TIMES}):
            while True:
                value, cas = data.get("count") or (b"0", CREATE)
                if data.set("count", b"%d" % (int(value) + 1), cas):
                    break
            metrics.increment(counter, 1)
            metrics.increment(gauge, -1)
    """
    StoredMetrics(store, "0").increment(StoredMetrics(store, "0").define(MetricKind.GAUGE, "gauge"), 5000)
    running = [process(store, owner, code) for owner in range(1, PROCESSES + 1)]
    assert [one.wait(60) for one in running] == [0] * PROCESSES
    value, _ = StoredData(store, 0).get("count") or (b"", 0)
    assert int(value) == PROCESSES * TIMES
    assert StoredMetrics(store, "0").snapshot() == {"gauge": 5000 - PROCESSES * TIMES, "all": PROCESSES * TIMES}


def test_a_process_that_dies_while_it_writes_blocks_nobody_and_leaves_nothing_half_written(store: Store) -> None:
    data = StoredData(store, 0)
    data.set("key", b"before", 0)
    code = """
        import os, signal
        with store.writing() as transaction:
            for key, _ in [*transaction.cursor()]:
                transaction.put(key, b"damaged")
            os.kill(os.getpid(), signal.SIGKILL)
    """
    assert process(store, 1, code).wait(60) == -signal.SIGKILL
    store.forget_dead_readers()
    assert (data.get("key") or (b"", 0))[0] == b"before"
    assert data.set("key", b"after", 0)


def test_stored_data_follow_the_rules_of_shared_data(store: Store) -> None:
    data, other = StoredData(store, 0, Limits(shared_data=1000)), StoredData(store, 1)
    assert data.get("a") is None
    assert data.set("a", b"1", CREATE)
    assert not data.set("a", b"2", CREATE)
    _, cas = data.get("a") or (b"", 0)
    assert data.set("a", b"2", cas)
    assert not data.set("a", b"3", cas)
    assert data.get("a") == (b"2", cas + 1)
    assert other.get("a") is None
    with pytest.raises(LimitError, match="all shared data would take 1203 bytes, more than the 1000 that are allowed"):
        data.set("b", bytes(1000), 0)
    long = "k" * 5000 + "\ud800"
    assert other.set(long, b"x", 0)
    assert other.get(long) == (b"x", 1)
    assert data.keys() == ["a"]
    data.withdraw("a", b"not this")
    assert data.keys() == ["a"]
    data.delete("a")
    with pytest.raises(KeyError):
        data.delete("a")
    assert data.set("b", bytes(800), 0)


def test_metrics_of_all_processes_are_one(store: Store) -> None:
    first, second = StoredMetrics(store, "0", Limits(metrics=2)), StoredMetrics(store, "0", Limits(metrics=2))
    number = first.define(MetricKind.HISTOGRAM, "seconds")
    assert second.define(MetricKind.HISTOGRAM, "seconds") == number
    first.record(number, 3)
    second.record(number, 10**9)
    metric = second[number]
    assert (metric.value, metric.count, metric.total) == (10**9, 2, 10**9 + 3)
    assert [metric.buckets[BOUNDS.index(5)], metric.buckets[-1], sum(metric.buckets)] == [1, 1, 2]
    gauge = second.define(MetricKind.GAUGE, "gauge")
    first.record(first.define(MetricKind.GAUGE, "gauge"), 7)
    assert second[gauge].value == 7
    with pytest.raises(LimitError, match="there are 2, more are not allowed"):
        first.define(MetricKind.COUNTER, "third")
    with pytest.raises(IndexError):
        second[2]
    assert StoredMetrics(store, "1").all() == []


def test_the_lease_of_a_dead_process_is_free_at_once(store: Store) -> None:
    key = LEASE_PREFIX + "elector"
    data = StoredData(store, 3)
    leader = process(store, 17, f"StoredData(store, 3).set({key!r}, b'mine', CREATE); import time; time.sleep(60)")
    try:
        end = time.monotonic() + 30
        while data.get(key) is None and time.monotonic() < end:
            time.sleep(0.01)
        os.kill(leader.pid, signal.SIGKILL)
    finally:
        leader.wait(30)
    withdraw_leases(store, 18)
    assert not data.set(key, b"yours", CREATE)
    withdraw_leases(store, 17)
    assert data.set(key, b"yours", CREATE)
    withdraw_leases(store, 17)
    assert data.get(key) is not None


def test_an_instance_that_is_closed_gives_its_lease_back(store: Store) -> None:
    for shared in (StoredData(store, 0), None):
        first = HostServices(shared_data=shared)
        second = HostServices(shared_data=first.shared_data)
        key = LEASE_PREFIX + "elector"
        assert first.set_shared_data(key, b"first", CREATE)
        assert not second.set_shared_data(key, b"second", CREATE)
        second.close()
        assert first.get_shared_data(key) is not None
        first.close()
        assert second.set_shared_data(key, b"second", CREATE)
        first.close()
        assert second.get_shared_data(key) is not None
