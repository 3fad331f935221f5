"""What is measured in Envoy."""

from __future__ import annotations

import statistics
import threading
from collections.abc import Callable

from ...build import build_module
from ...gateway.envoy.background import BackgroundEnvoy
from ..cases import flagship
from ..measure import Row
from .gateways import NATIVE, PASS_THROUGH, Listener, free_ports, together
from .go_plugin import go_plugin
from .machine import load, processor_seconds, processors, resident, upstream

ROUNDS = 5
SECONDS = 1.5
"""Of each turn."""
CONNECTIONS = 16
CHUNKS = 100
"""Of each stream in which nobody waits."""
STREAMS = 1000
"""At the same time, paced."""
PAUSE = 0.5
_MB = 1e6

Figures = dict[str, list[float]]
"""By listener, one figure for each round."""


class EnvoyBench:
    """All measurements. `progress` is told what is being measured."""

    def __init__(self, progress: Callable[[str], None]) -> None:
        self._progress = progress
        progress("building")
        ours = build_module(flagship(), progress=progress).path
        go = go_plugin()
        ports = free_ports(5)
        self._plain = Listener("plain", ports[0])
        self._go = Listener("go", ports[1], go, PASS_THROUGH)
        self._ours = Listener("ours", ports[2], ours, PASS_THROUGH)
        self._go_native = Listener("go-native", ports[3], go, NATIVE)
        self._ours_native = Listener("ours-native", ports[4], ours, NATIVE)
        self._all = [self._plain, self._go, self._ours, self._go_native, self._ours_native]
        self._processor, self._other = processors()

    def run(self) -> list[Row]:
        with upstream(self._other) as port:
            self._upstream = port
            return [*self._throughput(), *self._starts(), *self._streams()]

    def _envoy(self, listeners: list[Listener], workers: int = 1) -> BackgroundEnvoy:
        endpoints = [("127.0.0.1", listener.port) for listener in listeners]
        config = together(listeners, self._upstream)
        return BackgroundEnvoy(config, endpoints, workers=workers, processor=self._processor)

    # Rows.

    def _throughput(self) -> list[Row]:
        rates: dict[str, Figures] = {"requests": {}, "events": {}, "latency": {}}
        with self._envoy(self._all) as envoy:
            for turn in range(-1, ROUNDS):  # the first turn is for warming up
                self._progress(f"requests and streams, round {turn + 1} of {ROUNDS}")
                for each in self._all:
                    kept = rates if turn >= 0 else {kind: {} for kind in rates}
                    before = processor_seconds(envoy.pid)
                    asked = load(self._other, each.port, connections=CONNECTIONS, seconds=SECONDS)
                    between = processor_seconds(envoy.pid)
                    streamed = load(self._other, each.port, connections=CONNECTIONS, seconds=SECONDS, chunks=CHUNKS)
                    after = processor_seconds(envoy.pid)
                    alone = load(self._other, each.port, connections=1, seconds=SECONDS / 3)
                    if asked.failures or streamed.failures or alone.failures:
                        raise RuntimeError(f"{each.name} answers with errors:\n{envoy.log}")
                    kept["requests"].setdefault(each.name, []).append(asked.requests / (between - before))
                    kept["events"].setdefault(each.name, []).append(streamed.events / (after - between))
                    kept["latency"].setdefault(each.name, []).append(alone.latency)
        rows = [_rate("Envoy without a plugin, requests", rates["requests"], "plain", "requests/s")]
        for name, go, ours in (
            ("pass-through", self._go.name, self._ours.name),
            ("native Qwen conversion", self._go_native.name, self._ours_native.name),
        ):
            rows.append(_rate(f"{name}, requests", rates["requests"], ours, "requests/s", go, at_least=1.5))
            rows.append(_rate(f"{name}, streamed", rates["events"], ours, "chunks/s", go, at_least=2))
            rows.append(_added(f"{name}, added to a request", rates["latency"], ours, go))
        rows.insert(1, _rate("Envoy without a plugin, streamed", rates["events"], "plain", "chunks/s"))
        return rows

    def _starts(self) -> list[Row]:
        """Time and memory that a plugin costs an Envoy, beside one without."""
        ready: dict[str, float] = {}
        memory: dict[tuple[str, int], int] = {}
        for listener in (self._plain, self._go_native, self._ours_native):
            for workers in (1, 2):
                self._progress(f"starting {listener.name} with {workers} workers")
                with self._envoy([listener], workers) as envoy:
                    ready.setdefault(listener.name, envoy.seconds_to_ready)
                    load(self._other, listener.port, connections=2 * CONNECTIONS, seconds=SECONDS)
                    memory[listener.name, workers] = resident(envoy.pid)
        go, ours = self._go_native.name, self._ours_native.name
        rows = [
            Row("Envoy ready", ready[ours], "s", baseline=ready[go], target=3),
            Row("memory with one worker", memory[ours, 1] / _MB, "MB", baseline=memory[go, 1] / _MB),
        ]
        more = {name: (memory[name, 2] - memory[name, 1]) / _MB for name in (go, ours)}
        rows.append(Row("memory of another worker", more[ours], "MB", baseline=more[go], target=80))
        return rows

    def _streams(self) -> list[Row]:
        most = {}
        for listener in (self._go_native, self._ours_native):
            self._progress(f"{STREAMS} streams through {listener.name}")
            with self._envoy([listener]) as envoy:
                highest = _Highest(envoy.pid)
                with highest:
                    report = load(
                        self._other, listener.port, connections=STREAMS, seconds=SECONDS, chunks=10, pause=PAUSE
                    )
            if report.failures:
                raise RuntimeError(f"{listener.name} broke {report.failures} of {STREAMS} streams:\n{envoy.log}")
            most[listener.name] = highest.bytes / _MB
        name = f"most memory while {STREAMS} streams run"
        return [Row(name, most[self._ours_native.name], "MB", baseline=most[self._go_native.name], target=400)]


class _Highest:
    """The most memory that a process uses from now on; what V8 took to compile has been given back by then."""

    def __init__(self, pid: int) -> None:
        self.bytes = 0
        self._pid = pid
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *error: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(0.05):
            self.bytes = max(self.bytes, resident(self._pid))


def _rate(
    name: str, figures: Figures, ours: str, unit: str, baseline: str | None = None, at_least: float | None = None
) -> Row:
    """Per second of Envoy's processor."""
    value, spread = _middle(figures[ours])
    if baseline is None:
        return Row(name, value, unit, spread)
    base, _ = _middle(figures[baseline])
    ratio = statistics.median(one / other for one, other in zip(figures[ours], figures[baseline], strict=True))
    return Row(name, value, unit, spread, base, ratio, at_least, at_least=True)


def _added(name: str, figures: Figures, ours: str, baseline: str) -> Row:
    """With one connection, what a request takes longer than without a plugin."""
    more = {
        which: [one - other for one, other in zip(figures[which], figures["plain"], strict=True)]
        for which in (ours, baseline)
    }
    value, spread = _middle(more[ours])
    base, _ = _middle(more[baseline])
    return Row(name, value * 1e6, "us", spread, base * 1e6, value / base)


def _middle(values: list[float]) -> tuple[float, float]:
    quarters = statistics.quantiles(values, n=4)
    median = statistics.median(values)
    return median, (quarters[2] - quarters[0]) / 2 / median
