"""Threads with a pool each share an engine, a component, shared data and metrics."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from tests.host.conftest import MakeFaulty

from proxywasm.wire import CREATE, LogLevel, MetricKind
from proxywasm_host.services import HostServices, LogRecord, Metrics, SharedData
from proxywasm_host.stream import RequestHeaders, Stream
from proxywasm_host.wasm.pool import Pool, Sharing

REQUEST = [(":method", "GET"), (":path", "/"), (":authority", "example.com")]
THREADS = 4
STREAMS = 100
TOTAL = THREADS * STREAMS


def together(work: Callable[[int], None]) -> None:
    """Run it in all threads at the same time; the first error in any of them is an error here."""
    errors: list[BaseException] = []
    ready = threading.Barrier(THREADS)

    def run(number: int) -> None:
        try:
            ready.wait(60)
            work(number)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=[number]) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


class Shared:
    """What the pools of all threads share."""

    def __init__(self, faulty: MakeFaulty) -> None:
        self.shared_data, self.metrics = SharedData(), Metrics()
        self.logs: list[LogRecord] = []
        self._faulty = faulty

    def pool(self, sharing: Sharing) -> Pool:
        return Pool(self._faulty, "{}", sharing=sharing, services=self._services)

    def _services(self) -> HostServices:
        return HostServices(
            log_level=LogLevel.WARN, on_log=self.logs.append, shared_data=self.shared_data, metrics=self.metrics
        )


def ask(pool: Pool, do: str) -> Stream:
    stream = pool.runner().open()
    stream.request_headers([*REQUEST, ("do", do)], True)
    return stream


def test_pools_in_several_threads_lose_nothing_of_what_they_share(faulty: MakeFaulty) -> None:
    shared = Shared(faulty)
    visits: list[list[int]] = [[] for _ in range(THREADS)]

    def serve(number: int) -> None:
        with shared.pool(Sharing(streams=STREAMS // 4)) as pool:
            for _ in range(STREAMS):
                stream = ask(pool, "count")
                (sent,) = stream.take()
                assert isinstance(sent, RequestHeaders)
                visits[number].append(int(dict(sent.fields)["x-visit"]))
                stream.close()
            assert (pool.started, pool.lost) == (4, 0)

    together(serve)

    assert shared.logs == []
    assert sorted([visit for seen in visits for visit in seen]) == list(range(1, TOTAL + 1)), "each number once"
    assert all(seen == sorted(seen) for seen in visits)
    assert shared.shared_data.get("visits") == (str(TOTAL).encode(), TOTAL)
    assert shared.metrics.snapshot() == {"visits": TOTAL}
    sizes = shared.metrics[shared.metrics.define(MetricKind.HISTOGRAM, "sizes")]
    assert (sizes.count, sizes.total, len(sizes.samples)) == (TOTAL, TOTAL * 7, TOTAL)


def test_an_instance_that_is_lost_in_one_thread_is_nothing_to_the_others(faulty: MakeFaulty) -> None:
    shared = Shared(faulty)
    fault = "abort"

    def serve(number: int) -> None:
        with shared.pool(Sharing()) as pool:
            for _ in range(20):
                stream = ask(pool, "count" if number else fault)
                assert (stream.local_reply is None) == bool(number)
                stream.close()
            assert pool.lost == (0 if number else 20)

    together(serve)

    assert shared.metrics.snapshot() == {"visits": (THREADS - 1) * 20}
    assert len(shared.logs) == 20


def test_compare_and_swap_is_exact_between_threads() -> None:
    shared = SharedData()
    swaps: list[int] = []

    def swap(_: int) -> None:
        for _ in range(STREAMS):
            while True:
                value, cas = shared.get("k") or (b"0", CREATE)
                if shared.set("k", b"%d" % (int(value) + 1), cas):
                    break
        swaps.append(STREAMS)

    together(swap)

    assert sum(swaps) == TOTAL
    assert shared.get("k") == (str(TOTAL).encode(), TOTAL)


@pytest.mark.parametrize("kind", MetricKind)
def test_a_metric_that_threads_define_at_the_same_time_is_one(kind: MetricKind) -> None:
    metrics = Metrics()
    numbers: list[list[int]] = [[] for _ in range(THREADS)]

    def define(number: int) -> None:
        for name in range(STREAMS):
            numbers[number].append(metrics.define(kind, f"m{name}"))

    together(define)

    assert all(each == numbers[0] for each in numbers)
    assert sorted(numbers[0]) == list(range(STREAMS))
