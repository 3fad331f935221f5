"""`HostServices`: everything that one plugin instance may ask of its host."""

from __future__ import annotations

import random
import urllib.parse
from collections import deque
from collections.abc import Callable, Container, Mapping
from os import urandom  # the system's, also while native plugins run with another
from typing import TypeAlias

from proxywasm.wire import (
    LEASE_PREFIX,
    Fields,
    ForeignFunctionError,
    HttpCallError,
    LimitError,
    LogLevel,
    MetricKind,
    RedisCallError,
)

from ..limit_fields import too_large, too_many
from .calls import Calls, HttpCall, RedisCall, RedisSettings
from .clock import Clock
from .limits import ENTRY, Limits, name_refusal, size_of
from .logs import LogRecord
from .metrics import Metrics
from .properties import Properties, StreamProperties
from .shared_data import SharedData

ForeignFunction: TypeAlias = Callable[[bytes], bytes]
"""Raises `ForeignFunctionError` for an argument that it does not understand."""

_NAMES = (("plugin_name",), ("plugin_id",))
_LABEL = 200
"""Bytes of a plugin's label and of a request's id, which precede each message."""


class HostServices:
    """The port for one program instance. Give the same `shared_data` and `metrics` to instances that share them.

    With `start_ns` and `seed` the clock stands still and random numbers repeat: runs are reproducible.

    Args:
        clusters: the services that can be called; others are refused. None: any name will do.
        foreign_functions: what the plugin may call by name.
        on_log: gets each message, and `logs` stays empty. Without it `logs` keeps the latest messages.
        limits: how much the plugin may store; `shared_data` and `metrics` that are given have their own limits.
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
        limits: Limits | None = None,
    ) -> None:
        self.limits = limits or Limits()
        self.clock = Clock(start_ns)
        self.log_level = log_level
        self._logs: deque[LogRecord] = deque(maxlen=self.limits.log_records)
        self.shared_data = shared_data or SharedData(self.limits)
        self.metrics = metrics or Metrics(self.limits)
        self.tick_period_ms = 0
        self.rebuild_wanted = False
        """The plugin asked for a fresh instance: it has reached its limit of requests or memory."""
        self.max_requests_per_io_cycle = 0
        """What the plugin asked for; meaningful in Envoy only."""
        self.clusters = clusters
        self.foreign_functions: dict[str, ForeignFunction] = {
            "set_global_max_requests_per_io_cycle": self._set_max_requests,
            **(foreign_functions or {}),
        }
        self._on_log = on_log or self._logs.append
        self._random = None if seed is None else random.Random(seed)  # noqa: S311  # reproducible on purpose
        self._properties = StreamProperties(self.limits)
        self._label = ""
        self._calls = Calls()
        self._redis: dict[str, RedisSettings] = {}
        self._leases: dict[str, bytes] = {}

    @property
    def logs(self) -> list[LogRecord]:
        """The latest messages, oldest first; none if `on_log` takes them."""
        return list(self._logs)

    @property
    def reproducible(self) -> bool:
        return self.clock.stands_still

    # Streams, for the runner.

    def open_stream(self, context: int, properties: Properties) -> None:
        self._properties.open(context, properties)

    def note_property(self, context: int, path: tuple[str, ...], value: bytes) -> None:
        """Set a property of an open stream."""
        self._properties.note(context, path, value)

    def properties_of(self, context: int) -> Properties:
        """Those of an open stream."""
        return self._properties.all_of(context)

    def close_stream(self, context: int) -> Properties:
        """Forget its call-outs and its properties. Returns the properties."""
        self._calls.cancel(context)
        return self._properties.close(context)

    @property
    def calls_changed(self) -> bool:
        """Whether there is something for `take_calls`, `take_redis_calls` or `take_cancelled`. It is asked after each
        chunk."""
        return self._calls.changed

    def take_calls(self) -> list[HttpCall]:
        """Call-outs that were started since the last time, in order."""
        return self._calls.take_http()

    def take_redis_calls(self) -> list[RedisCall]:
        """Redis commands that were sent since the last time, in order."""
        return self._calls.take_redis()

    def take_cancelled(self) -> list[int]:
        """Calls that were taken and whose stream has ended since the last time, so their answers are not needed."""
        return self._calls.take_cancelled()

    def finish_call(self, call: int) -> int:
        """The stream that waits for this call's answer; 0 if it has ended, or if the plugin itself made the call."""
        return self._calls.finish(call)

    def waits(self, context: int) -> bool:
        """Whether a call-out of this stream has no answer yet."""
        return self._calls.waits(context)

    def overdue_calls(self) -> list[tuple[int, bool]]:
        """Calls whose time is up, each with whether it is a Redis command."""
        return self._calls.overdue(self.now())

    def close(self) -> None:
        """The instance is gone: another one may lead at once."""
        for key, value in self._leases.items():
            self.shared_data.withdraw(key, value)
        self._leases.clear()

    # wire.Host

    def log(self, level: LogLevel, context: int, message: str) -> None:
        if level >= self.log_level:
            request_id = self._properties.of(context, ("x_request_id",))[:_LABEL]
            self._on_log(LogRecord(level, context, message, self._label, request_id.decode(errors="replace")))

    def now(self) -> int:
        return self.clock.now()

    def random_bytes(self, count: int) -> bytes:
        return urandom(count) if self._random is None else self._random.randbytes(count)

    def get_property(self, context: int, path: tuple[str, ...]) -> bytes | None:
        return self._properties.get(context, path)

    def set_property(self, context: int, path: tuple[str, ...], value: bytes) -> None:
        if refusal := self._refuses_name("property's path", "\0".join(path)):
            raise LimitError(refusal)
        self._properties.set(context, path, value)
        if path == ("wasm_need_rebuild",):
            self.rebuild_wanted = value == b"true"
        elif context == 0 and path in _NAMES:
            names = [name for key in _NAMES if (name := self._properties.of(0, key)[:_LABEL])]
            self._label = b" ".join(names).decode(errors="replace")

    def get_shared_data(self, key: str) -> tuple[bytes, int] | None:
        return self.shared_data.get(key)

    def set_shared_data(self, key: str, value: bytes, cas: int) -> bool:
        if refusal := self._refuses_name("key", key):
            raise LimitError(refusal)
        written = self.shared_data.set(key, value, cas)
        if written and key.startswith(LEASE_PREFIX):
            self._leases[key] = value
        return written

    def http_call(self, context: int, cluster: str, headers: Fields, body: bytes, timeout_ms: int) -> int:
        if refusal := self._refuses_name("cluster name", cluster):
            raise HttpCallError(refusal)
        names = {name for name, _ in headers}
        if missing := [name for name in (":method", ":path", ":authority") if name not in names]:
            raise HttpCallError(f"a call-out needs the pseudo-headers :method, :path and :authority; no {missing[0]}")
        if self.clusters is not None and cluster not in self.clusters:
            raise HttpCallError(f"no such cluster: {cluster!r}")
        size = len(cluster) + sum([size_of(name) + size_of(value) + ENTRY for name, value in headers]) + len(body)
        if refusal := self._refuses_call(size):
            raise HttpCallError(refusal)
        timeout_ms = min(timeout_ms, self.limits.callout_ms)
        return self._calls.start_http(context, cluster, headers, body, timeout_ms, size=size, now=self.now())

    def redis_init(self, cluster: str, username: str, password: str, timeout_ms: int) -> None:
        for what, text in (("cluster name", cluster), ("user name", username), ("password", password)):
            if refusal := self._refuses_name(what, text):
                raise RedisCallError(refusal)
        name, _, query = cluster.partition("?")
        if query.count("&") >= self.limits.redis_options:
            raise RedisCallError(too_many("options of a service", query.count("&") + 1, self.limits.redis_options))
        if self.clusters is not None and name not in self.clusters:
            raise RedisCallError(f"no such cluster: {name!r}")
        if name not in self._redis and len(self._redis) >= self.limits.redis_services:
            raise RedisCallError(f"{len(self._redis)} Redis services have been initialised, more are not allowed")
        timeout_ms = min(timeout_ms, self.limits.callout_ms)
        self._redis[name] = RedisSettings(name, username, password, timeout_ms, dict(urllib.parse.parse_qsl(query)))

    def redis_call(self, context: int, cluster: str, query: bytes) -> int:
        if refusal := self._refuses_name("cluster name", cluster):
            raise RedisCallError(refusal)
        settings = self._redis.get(cluster)
        if settings is None:
            raise RedisCallError(f"the Redis service {cluster!r} was not initialised")
        if refusal := self._refuses_call(len(query)):
            raise RedisCallError(refusal)
        return self._calls.start_redis(context, query, settings, now=self.now())

    def _refuses_name(self, what: str, name: str) -> str | None:
        return name_refusal(what, name, self.limits.name)

    def _refuses_call(self, size: int) -> str | None:
        """Why a call-out of so many bytes cannot be sent now, if it cannot."""
        if self._calls.count >= self.limits.callouts:
            return f"{self._calls.count} call-outs of this plugin wait for answers, more are not allowed"
        total, most = self._calls.size + size, self.limits.callout_size
        return f"call-outs that wait would take {total} bytes, more than the {most} allowed" if total > most else None

    def call_foreign_function(self, name: str, argument: bytes) -> bytes:
        if refusal := self._refuses_name("name", name):
            raise ForeignFunctionError(refusal)
        if len(argument) > self.limits.foreign_argument:
            raise ForeignFunctionError(too_large("function's argument", len(argument), self.limits.foreign_argument))
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
