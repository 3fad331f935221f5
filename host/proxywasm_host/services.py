"""What a host offers to a plugin in the middle of a phase: the one implementation of the port `wire.Host`.

Native programs call it directly, components through their imports. It does no I/O: call-outs are collected for the
caller to carry out, log messages are collected or handed on.
"""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from proxywasm.wire import Fields, HttpCallError, LogLevel, MetricKind

Properties = dict[tuple[str, ...], bytes]


@dataclass(frozen=True, slots=True)
class LogRecord:
    """A message of the plugin; `context` is the stream, 0 for the plugin itself."""

    level: LogLevel
    context: int
    message: str


@dataclass(frozen=True, slots=True)
class HttpCall:
    """A call-out that waits to be sent. `headers` include the pseudo-headers."""

    id: int
    context: int
    cluster: str
    headers: Fields
    body: bytes
    timeout_ms: int


class Clock:
    """Wall clock in nanoseconds since 1970. With a start it stands still until it is advanced."""

    def __init__(self, start_ns: int | None = None) -> None:
        self._now = start_ns

    @property
    def stands_still(self) -> bool:
        return self._now is not None

    def now(self) -> int:
        return time.time_ns() if self._now is None else self._now

    def advance(self, milliseconds: int) -> None:
        """Only for a clock with a start."""
        assert self._now is not None, "the real clock cannot be advanced"
        self._now += milliseconds * 1_000_000


class SharedData:
    """Key-value data shared by plugin instances, with compare-and-swap. Safe for threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._values: dict[str, tuple[bytes, int]] = {}
        self._last_cas = 0

    def get(self, key: str) -> tuple[bytes, int] | None:
        return self._values.get(key)

    def set(self, key: str, value: bytes, cas: int) -> bool:
        """False: `cas` is neither 0 nor the number of the stored value."""
        with self._lock:
            stored = self._values.get(key)
            if cas and (stored is None or stored[1] != cas):
                return False
            # One counter for all keys: a number never comes back, so a stale one never fits by chance.
            self._last_cas = self._last_cas % 0xFFFF_FFFF + 1
            self._values[key] = value, self._last_cas
            return True


@dataclass(slots=True)
class Metric:
    """A counter or gauge has a value, a histogram its samples."""

    kind: MetricKind
    name: str
    value: int = 0
    samples: list[int] = field(default_factory=list)


class Metrics:
    """Metrics by name, shared by plugin instances. Safe for threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._metrics: list[Metric] = []
        self._ids: dict[tuple[MetricKind, str], int] = {}

    def define(self, kind: MetricKind, name: str) -> int:
        with self._lock:
            number = self._ids.setdefault((kind, name), len(self._metrics))
            if number == len(self._metrics):
                self._metrics.append(Metric(kind, name))
            return number

    def __getitem__(self, number: int) -> Metric:
        """Raises `IndexError` for a number that was never given out."""
        return self._metrics[number]

    def increment(self, number: int, offset: int) -> None:
        with self._lock:
            self._metrics[number].value += offset

    def record(self, number: int, value: int) -> None:
        with self._lock:
            metric = self._metrics[number]
            if metric.kind is MetricKind.HISTOGRAM:
                metric.samples.append(value)
            metric.value = value

    def snapshot(self) -> dict[str, int]:
        """Counters and gauges by name."""
        return {metric.name: metric.value for metric in self._metrics if metric.kind is not MetricKind.HISTOGRAM}


class HostServices:
    """The port for one program instance. Give the same `shared_data` and `metrics` to instances that share them.

    With `start_ns` and `seed` the clock stands still and random numbers repeat: runs are reproducible.
    """

    def __init__(
        self,
        *,
        start_ns: int | None = None,
        seed: int | None = None,
        log_level: LogLevel = LogLevel.INFO,
        on_log: Callable[[LogRecord], None] | None = None,
        shared_data: SharedData | None = None,
        metrics: Metrics | None = None,
    ) -> None:
        self.clock = Clock(start_ns)
        self.log_level = log_level
        self.logs: list[LogRecord] = []
        self.shared_data = shared_data or SharedData()
        self.metrics = metrics or Metrics()
        self.tick_period_ms = 0
        self._on_log = on_log or self.logs.append
        self._random = None if seed is None else random.Random(seed)  # noqa: S311  # reproducible on purpose
        self._properties: dict[int, Properties] = {}
        self._calls: dict[int, HttpCall] = {}
        self._callers: dict[int, int] = {}  # call to context, until it is answered
        self._last_call = 0

    @property
    def reproducible(self) -> bool:
        return self.clock.stands_still

    # Streams, for the runner.

    def open_stream(self, context: int, properties: Properties) -> None:
        self._properties[context] = dict(properties)

    def close_stream(self, context: int) -> None:
        """Forget its properties and the call-outs that nobody would hear about any more."""
        self._properties.pop(context, None)
        for number in [number for number, caller in self._callers.items() if caller == context]:
            del self._callers[number]
            self._calls.pop(number, None)

    def take_calls(self) -> list[HttpCall]:
        """Call-outs that were started since the last time, in order."""
        calls, self._calls = list(self._calls.values()), {}
        return calls

    def finish_call(self, call: int) -> int:
        """The stream that waits for this call's answer; 0 if it has ended, or if the plugin itself made the call."""
        return self._callers.pop(call, 0)

    # wire.Host

    def log(self, level: LogLevel, context: int, message: str) -> None:
        if level >= self.log_level:
            self._on_log(LogRecord(level, context, message))

    def now(self) -> int:
        return self.clock.now()

    def random_bytes(self, count: int) -> bytes:
        return os.urandom(count) if self._random is None else self._random.randbytes(count)

    def get_property(self, context: int, path: tuple[str, ...]) -> bytes | None:
        properties = self._properties.get(context)
        return None if properties is None else properties.get(path)

    def set_property(self, context: int, path: tuple[str, ...], value: bytes) -> None:
        if context in self._properties:
            self._properties[context][path] = value

    def get_shared_data(self, key: str) -> tuple[bytes, int] | None:
        return self.shared_data.get(key)

    def set_shared_data(self, key: str, value: bytes, cas: int) -> bool:
        return self.shared_data.set(key, value, cas)

    def http_call(self, context: int, cluster: str, headers: Fields, body: bytes, timeout_ms: int) -> int:
        names = {name for name, _ in headers}
        if missing := [name for name in (":method", ":path", ":authority") if name not in names]:
            raise HttpCallError(f"a call-out needs the pseudo-headers :method, :path and :authority; no {missing[0]}")
        self._last_call += 1
        self._callers[self._last_call] = context
        self._calls[self._last_call] = HttpCall(self._last_call, context, cluster, headers, body, timeout_ms)
        return self._last_call

    def define_metric(self, kind: MetricKind, name: str) -> int:
        return self.metrics.define(kind, name)

    def increment_metric(self, metric: int, offset: int) -> None:
        self.metrics.increment(metric, offset)

    def record_metric(self, metric: int, value: int) -> None:
        self.metrics.record(metric, value)

    def get_metric(self, metric: int) -> int:
        return self.metrics[metric].value

    def set_tick_period(self, milliseconds: int) -> None:
        self.tick_period_ms = milliseconds
