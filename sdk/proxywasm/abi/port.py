"""`wire.Host` on the Proxy-Wasm ABI."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from enum import StrEnum
from typing import Final

from ..errors import ConfigError
from ..text import encode, to_bytes
from ..wire import Fields, ForeignFunctionError, HttpCallError, LogLevel, MetricKind, RedisCallError
from .calls import Gateway, Status, refused, status_name
from .pairs import join_pairs

_METRIC_KINDS: Final = {MetricKind.COUNTER: 0, MetricKind.GAUGE: 1, MetricKind.HISTOGRAM: 2}
_NO_TRAILERS: Final = join_pairs([])
_NO_REDIS: Final = (
    "this gateway has no Redis calls; only Higress has them, for modules that are built with "
    "`proxywasm build --target proxy-wasm --abi higress`"
)
_HALF: Final = 1 << 63
"""Values from here on are below 0, as a number with a sign."""
_X_REQUEST_ID: Final = ("x_request_id",)
_CLEAR_ROUTE_CACHE: Final = ("clear_route_cache",)
_IN_ENVOY: Final = {("route_name",): ("xds", "route_name"), ("cluster_name",): ("xds", "cluster_name")}
"""Names that Higress kept; Envoy 1.40 knows these properties by the second name only."""
_FREQUENT: Final[dict[tuple[str, ...], bytes]] = {("response", "code_details"): b"response\0code_details"}
"""Paths of properties that plugins read in every stream, as the gateway takes them."""
_OF_RESPONSES: Final = frozenset({"response", "upstream", "cluster_name", "cluster_metadata"})
"""Properties, by the first part of their names, of the request that goes upstream and of its response."""
_CODE_DETAILS: Final = ("response", "code_details")
_names: dict[tuple[str, ...], bytes] = {}
"""Those that plugins have set: the same few in every stream."""
_MOST_NAMES: Final = 100
_LONGEST_NAME: Final = 100


class Report(StrEnum):
    """Why the SDK itself writes a line. It is beside the stream's number, where no plugin can write.

    The log is all that leaves a gateway, and programs that read it need not understand messages.
    """

    FAILED = "failed"
    NOT_STARTED = "failed to start"
    REFUSED = "refuses its configuration"
    NO_REDIS = "needs Redis"


class Port:
    """The host of one plugin (a root context of the gateway); context 0 is the plugin itself."""

    def __init__(self, gateway: Gateway, root: int, request_id: Callable[[int], str]) -> None:
        """`request_id` gives the header `x-request-id` of a stream, empty if it has none."""
        self.starting = True
        """Until the plugin has its configuration: what can never work in this gateway refuses the start."""
        self.tick_period = 0
        """Milliseconds; 0: the plugin has no ticks."""
        self.lacks_redis = False
        """The plugin has asked for Redis, which this gateway does not have."""
        self.attempts: dict[int, int] = {}
        """The stream of the gateway that has the response of a stream, where that is another one; see `stages`."""
        self.details: dict[int, bytes] = {}
        """Why the response of a stream has broken off."""
        self._gateway = gateway
        self._abi = gateway.abi
        self._root = root
        self._request_id = request_id
        # Those of the plugin itself: the gateway keeps properties for streams only.
        self._own: dict[tuple[str, ...], bytes] = {}

    def _enter(self, context: int) -> None:
        self._gateway.enter(context or self._root)

    def log(self, level: LogLevel, context: int, message: str, report: Report | None = None) -> None:
        # The gateway puts the plugin's name and the level in front of it.
        where = f"stream {context}" if context else "plugin"
        where = f"[{where} {report}]" if report else f"[{where}]"
        if plugin_id := self._own.get(("plugin_id",)):
            where = f"[{plugin_id.decode(errors='replace')}] {where}"
        if context and (request_id := self._request_id(context)):
            where = f"{where} [{request_id}]"
        self._abi.log(level, encode(f"{where} {message}"))

    def now(self) -> int:
        return time.time_ns()

    def random_bytes(self, count: int) -> bytes:
        return os.urandom(count)

    def get_property(self, context: int, path: tuple[str, ...]) -> bytes | None:
        if path == _X_REQUEST_ID and context:
            return to_bytes(self._request_id(context)) or None
        if (self.attempts or self.details) and path[0] in _OF_RESPONSES:
            if path == _CODE_DETAILS and context in self.details:
                return self.details[context]
            context = self.attempts.get(context, context)
        if context != self._gateway.here or not context:
            self._enter(context)
        value = self._abi.get_property(_FREQUENT.get(path) or encode("\0".join(path)))
        if value is None and path in _IN_ENVOY:
            value = self._abi.get_property(encode("\0".join(_IN_ENVOY[path])))
        if value is None and context and len(path) > 1:
            value = self._abi.get_property(_name(path))
        return self._own.get(path) if value is None else value

    def set_property(self, context: int, path: tuple[str, ...], value: bytes) -> None:
        if not context:
            self._own[path] = value
            return
        if path == _CLEAR_ROUTE_CACHE and self._gateway.redis is None:
            return  # an instruction that only Higress knows
        if context != self._gateway.here:
            self._enter(context)
        if status := self._abi.set_property(_names.get(path) or _name(path), value):
            refused(f"set the property {'.'.join(path)}", status)

    def get_shared_data(self, key: str) -> tuple[bytes, int] | None:
        return self._abi.get_shared_data(encode(key))

    def set_shared_data(self, key: str, value: bytes, cas: int) -> bool:
        status = self._abi.set_shared_data(encode(key), value, cas)
        if status not in (Status.OK, Status.CAS_MISMATCH):
            refused(f"set the shared data {key!r}", status)
        return status == Status.OK

    def http_call(self, context: int, cluster: str, headers: Fields, body: bytes, timeout_ms: int) -> int:
        self._enter(context)
        try:
            return self._abi.http_call(encode(cluster), join_pairs(headers), body, _NO_TRAILERS, timeout_ms)
        except self._gateway.error as error:
            status = _status(error)
        if status == Status.BAD_ARGUMENT:
            raise HttpCallError(f"no such cluster: {cluster!r}; the gateway's configuration has to define it")
        if status == Status.INTERNAL_FAILURE:
            raise HttpCallError(f"the cluster {cluster!r} has no host that can be reached now")
        raise HttpCallError(f"the gateway refused the call to the cluster {cluster!r} ({status_name(status)})")

    def redis_init(self, cluster: str, username: str, password: str, timeout_ms: int) -> None:
        if self._gateway.redis is None:
            self.lacks_redis = True
            raise (ConfigError if self.starting else RedisCallError)(_NO_REDIS)
        status = self._gateway.redis.redis_init(encode(cluster), encode(username), encode(password), timeout_ms)
        if status:
            raise RedisCallError(_redis_refusal(cluster.partition("?")[0], status))

    def redis_call(self, context: int, cluster: str, query: bytes) -> int:
        if self._gateway.redis is None:
            raise RedisCallError(_NO_REDIS)
        self._enter(context)
        try:
            return self._gateway.redis.redis_call(encode(cluster), query)
        except self._gateway.error as error:
            raise RedisCallError(_redis_refusal(cluster, _status(error))) from None

    def call_foreign_function(self, name: str, argument: bytes) -> bytes:
        try:
            return self._abi.call_foreign_function(encode(name), argument)
        except self._gateway.error as error:
            status = _status(error)
        if status == Status.NOT_FOUND:
            raise ForeignFunctionError(f"this gateway has no function {name!r}")
        raise ForeignFunctionError(f"the gateway's function {name!r} refused its argument ({status_name(status)})")

    def define_metric(self, kind: MetricKind, name: str) -> int:
        try:
            return self._abi.define_metric(_METRIC_KINDS[kind], encode(name))
        except self._gateway.error as error:
            status = _status(error)
        return refused(f"define the {kind} {name!r}", status)

    def increment_metric(self, metric: int, offset: int) -> None:
        if offset >= 0:
            self._add(metric, offset)
            return
        # Below 0, Envoy would wrap around to the other end of 64 bits.
        before = self.get_metric(metric)
        self._add(metric, max(offset, -before))
        # Another worker may have taken something off in between.
        if before < _HALF <= (after := self.get_metric(metric)):
            self._add(metric, (1 << 64) - after)

    def _add(self, metric: int, offset: int) -> None:
        # Envoy calls an increment by 0 a bad argument.
        if offset and (status := self._abi.increment_metric(metric, offset)):
            refused("change a metric", status)

    def record_metric(self, metric: int, value: int) -> None:
        if status := self._abi.record_metric(metric, value):
            refused("record a metric", status)

    def get_metric(self, metric: int) -> int:
        try:
            return self._abi.get_metric(metric)
        except self._gateway.error as error:
            status = _status(error)
        return refused("read a metric", status)

    def set_tick_period(self, milliseconds: int) -> None:
        self.tick_period = milliseconds
        self.wake_in(milliseconds)

    def wake_in(self, milliseconds: int) -> None:
        """Set the gateway's tick period, independent of the plugin's; 0: no ticks."""
        self._enter(0)
        if status := self._abi.set_tick_period_milliseconds(milliseconds):
            refused("set a timer", status)


def _name(path: tuple[str, ...]) -> bytes:
    """The name of a property that a plugin sets, in one part: Envoy does not find names of several parts again."""
    name = encode(".".join(path))
    if len(_names) < _MOST_NAMES and len(name) <= _LONGEST_NAME:
        _names[path] = name
    return name


def _status(error: Exception) -> int:
    return int(getattr(error, "value"))  # noqa: B009  # generated at build, unknown to the type checker


def _redis_refusal(cluster: str, status: int) -> str:
    if status == Status.BAD_ARGUMENT:
        return f"no such cluster: {cluster!r}; the gateway's configuration has to define it"
    return f"the gateway refused a command for the Redis service {cluster!r} ({status_name(status)})"
