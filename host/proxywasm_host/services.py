"""What a host offers to a plugin in the middle of a phase: the one implementation of the port `wire.Host`.

Native programs call it directly, components through their imports. It does no I/O: call-outs are collected for the
caller to carry out, log messages are collected or handed on.
"""

from __future__ import annotations

import random
import threading
import time
import urllib.parse
from collections import deque
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field
from os import urandom  # the system's, also while a replay has replaced `os.urandom`
from typing import TypeAlias

from proxywasm.wire import Fields, ForeignFunctionError, HttpCallError, LogLevel, MetricKind, RedisCallError

Properties = dict[tuple[str, ...], bytes]


@dataclass(frozen=True, slots=True)
class LogRecord:
    """A message of the plugin; `context` is the stream, 0 for the plugin itself.

    `plugin` is its name, with the `_plugin_id_` of its configuration if there is one; `request_id` is the stream's
    header `x-request-id`.
    """

    level: LogLevel
    context: int
    message: str
    plugin: str = ""
    request_id: str = ""

    def __str__(self) -> str:
        where = f"stream {self.context}" if self.context else "plugin"
        request = f" [{self.request_id}]" if self.request_id else ""
        return f"[{self.level.name.lower()}] [{self.plugin}] [{where}]{request} {self.message}"


@dataclass(frozen=True, slots=True)
class HttpCall:
    """A call-out that waits to be sent. `headers` include the pseudo-headers."""

    id: int
    context: int
    cluster: str
    headers: Fields
    body: bytes
    timeout_ms: int


@dataclass(frozen=True, slots=True)
class RedisSettings:
    """What a plugin said in `redis_init` about a service. `options` are the query string of the cluster name."""

    cluster: str
    username: str
    password: str = field(repr=False)
    timeout_ms: int
    options: Mapping[str, str] = field(hash=False)


@dataclass(frozen=True, slots=True)
class RedisCall:
    """A Redis command that waits to be sent, as RESP bytes."""

    id: int
    context: int
    cluster: str
    query: bytes
    settings: RedisSettings


ForeignFunction: TypeAlias = Callable[[bytes], bytes]
"""Raises `ForeignFunctionError` for an argument that it does not understand."""


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
        """False: `cas` is neither 0 nor the number of the stored value. What has no value is always written."""
        with self._lock:
            stored = self._values.get(key)
            if cas and stored is not None and stored[1] != cas:
                return False
            # One counter for all keys: a number never comes back, so a stale one never fits by chance. The greatest
            # is never given out: the SDK uses it to create a value without overwriting one.
            self._last_cas = self._last_cas % 0xFFFF_FFFE + 1
            self._values[key] = value, self._last_cas
            return True


SAMPLES = 1000
"""Of a histogram that are kept; a plugin may record one with every request, for as long as the host lives."""


@dataclass(slots=True)
class Metric:
    """A counter or gauge has a value, a histogram its latest samples, and the number and sum of all."""

    kind: MetricKind
    name: str
    value: int = 0
    samples: deque[int] = field(default_factory=lambda: deque(maxlen=SAMPLES))
    count: int = 0
    total: int = 0


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
                metric.count += 1
                metric.total += value
            metric.value = value

    def snapshot(self) -> dict[str, int]:
        """Counters and gauges by name."""
        return {metric.name: metric.value for metric in self._metrics if metric.kind is not MetricKind.HISTOGRAM}


@dataclass(frozen=True, slots=True)
class _Pending:
    """A call-out without an answer yet."""

    context: int
    deadline: int
    redis: bool


class HostServices:
    """The port for one program instance. Give the same `shared_data` and `metrics` to instances that share them.

    With `start_ns` and `seed` the clock stands still and random numbers repeat: runs are reproducible.

    Args:
        clusters: the services that can be called; others are refused. None: any name will do.
        foreign_functions: what the plugin may call by name.
        on_log: gets each message instead of `logs`.
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
        clusters: Container[str] | None = None,
        foreign_functions: Mapping[str, ForeignFunction] | None = None,
    ) -> None:
        self.clock = Clock(start_ns)
        self.log_level = log_level
        self.logs: list[LogRecord] = []
        self.shared_data = shared_data or SharedData()
        self.metrics = metrics or Metrics()
        self.tick_period_ms = 0
        self.rebuild_wanted = False
        """The plugin asked for a fresh instance: it has served as many requests, or uses as much memory, as it may."""
        self.max_requests_per_io_cycle = 0
        """What the plugin asked for; meaningful in Envoy only."""
        self.clusters = clusters
        self.foreign_functions: dict[str, ForeignFunction] = {
            "set_global_max_requests_per_io_cycle": self._set_max_requests,
            **(foreign_functions or {}),
        }
        self._on_log = on_log or self.logs.append
        self._random = None if seed is None else random.Random(seed)  # noqa: S311  # reproducible on purpose
        # Those of context 0 are the plugin's own; every stream sees them.
        self._properties: dict[int, Properties] = {0: {}}
        self._label = ""
        self._calls: dict[int, HttpCall] = {}
        self._redis_calls: dict[int, RedisCall] = {}
        self._redis: dict[str, RedisSettings] = {}
        self._pending: dict[int, _Pending] = {}  # by call, until it is answered
        self._waiting: dict[int, set[int]] = {}  # the same calls by context; no entry: none
        self._cancelled: list[int] = []
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
        for number in sorted(self._waiting.pop(context, ())):
            del self._pending[number]
            if self._calls.pop(number, None) is None and self._redis_calls.pop(number, None) is None:
                self._cancelled.append(number)

    def take_calls(self) -> list[HttpCall]:
        """Call-outs that were started since the last time, in order."""
        calls, self._calls = list(self._calls.values()), {}
        return calls

    def take_redis_calls(self) -> list[RedisCall]:
        """Redis commands that were sent since the last time, in order."""
        calls, self._redis_calls = list(self._redis_calls.values()), {}
        return calls

    def take_cancelled(self) -> list[int]:
        """Calls that were taken and whose stream has ended since the last time: nobody waits for their answer."""
        cancelled, self._cancelled = self._cancelled, []
        return cancelled

    def finish_call(self, call: int) -> int:
        """The stream that waits for this call's answer; 0 if it has ended, or if the plugin itself made the call."""
        pending = self._pending.pop(call, None)
        self._calls.pop(call, None)
        self._redis_calls.pop(call, None)
        if pending is None:
            return 0
        calls = self._waiting[pending.context]
        calls.remove(call)
        if not calls:
            del self._waiting[pending.context]
        return pending.context

    def waits(self, context: int) -> bool:
        """Whether a call-out of this stream has no answer yet."""
        return context in self._waiting

    def overdue_calls(self) -> list[tuple[int, bool]]:
        """Calls whose time is up, each with whether it is a Redis command."""
        if not self._pending:
            return []
        now = self.now()
        return [(call, pending.redis) for call, pending in self._pending.items() if pending.deadline <= now]

    # wire.Host

    def log(self, level: LogLevel, context: int, message: str) -> None:
        if level >= self.log_level:
            request_id = self._properties.get(context, {}).get(("x_request_id",), b"")
            self._on_log(LogRecord(level, context, message, self._label, request_id.decode(errors="replace")))

    def now(self) -> int:
        return self.clock.now()

    def random_bytes(self, count: int) -> bytes:
        return urandom(count) if self._random is None else self._random.randbytes(count)

    def get_property(self, context: int, path: tuple[str, ...]) -> bytes | None:
        properties = self._properties.get(context)
        value = properties.get(path) if properties else None
        return value if value is not None else self._properties[0].get(path)

    def set_property(self, context: int, path: tuple[str, ...], value: bytes) -> None:
        if context in self._properties:
            self._properties[context][path] = value
        if path == ("wasm_need_rebuild",):
            self.rebuild_wanted = value == b"true"
        elif context == 0 and path in (("plugin_name",), ("plugin_id",)):
            own = self._properties[0]
            label = [own[key] for key in (("plugin_name",), ("plugin_id",)) if own.get(key)]
            self._label = b" ".join(label).decode(errors="replace")

    def get_shared_data(self, key: str) -> tuple[bytes, int] | None:
        return self.shared_data.get(key)

    def set_shared_data(self, key: str, value: bytes, cas: int) -> bool:
        return self.shared_data.set(key, value, cas)

    def http_call(self, context: int, cluster: str, headers: Fields, body: bytes, timeout_ms: int) -> int:
        names = {name for name, _ in headers}
        if missing := [name for name in (":method", ":path", ":authority") if name not in names]:
            raise HttpCallError(f"a call-out needs the pseudo-headers :method, :path and :authority; no {missing[0]}")
        if self.clusters is not None and cluster not in self.clusters:
            raise HttpCallError(f"no such cluster: {cluster!r}")
        call = self._start(context, timeout_ms, redis=False)
        self._calls[call] = HttpCall(call, context, cluster, headers, body, timeout_ms)
        return call

    def redis_init(self, cluster: str, username: str, password: str, timeout_ms: int) -> None:
        name, _, query = cluster.partition("?")
        if self.clusters is not None and name not in self.clusters:
            raise RedisCallError(f"no such cluster: {name!r}")
        self._redis[name] = RedisSettings(name, username, password, timeout_ms, dict(urllib.parse.parse_qsl(query)))

    def redis_call(self, context: int, cluster: str, query: bytes) -> int:
        settings = self._redis.get(cluster)
        if settings is None:
            raise RedisCallError(f"the Redis service {cluster!r} was not initialised")
        call = self._start(context, settings.timeout_ms, redis=True)
        self._redis_calls[call] = RedisCall(call, context, cluster, query, settings)
        return call

    def _start(self, context: int, timeout_ms: int, *, redis: bool) -> int:
        self._last_call += 1
        self._pending[self._last_call] = _Pending(context, self.now() + timeout_ms * 1_000_000, redis)
        self._waiting.setdefault(context, set()).add(self._last_call)
        return self._last_call

    def call_foreign_function(self, name: str, argument: bytes) -> bytes:
        function = self.foreign_functions.get(name)
        if function is None:
            raise ForeignFunctionError(f"this host has no function {name!r}")
        return function(argument)

    def _set_max_requests(self, argument: bytes) -> bytes:
        if len(argument) != 8:
            raise ForeignFunctionError(f"the argument must be a number of 8 bytes, got {len(argument)} bytes")
        self.max_requests_per_io_cycle = int.from_bytes(argument, "little")
        return b""

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
