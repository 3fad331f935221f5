"""The imports of the world `http-plugin` as a `wire.Host`, and the conversions of values that cross there."""

from __future__ import annotations

import os
import time
from typing import Any

from componentize_py_types import Err
from wit_world.imports import host, types

from proxywasm import wire
from proxywasm.adapters.body_text import as_text
from proxywasm.field_text import as_unicode, join_fields
from proxywasm.wire import Fields, LogLevel, MetricKind

_LEVELS = {
    LogLevel.TRACE: types.LogLevel.TRACE,
    LogLevel.DEBUG: types.LogLevel.DEBUG,
    LogLevel.INFO: types.LogLevel.INFO,
    LogLevel.WARN: types.LogLevel.WARN,
    LogLevel.ERROR: types.LogLevel.ERROR,
    LogLevel.CRITICAL: types.LogLevel.CRITICAL,
}
LEVELS = {there: here for here, there in _LEVELS.items()}
"""The levels of the SDK, by those of the bindings."""


def to_payload(data: bytes) -> Any:
    text, latin1 = as_text(data)
    return types.Payload_Latin1(text) if latin1 else types.Payload_Utf8(text)


def from_payload(crossed: Any) -> bytes:
    text: str = crossed.value
    return text.encode("latin-1" if isinstance(crossed, types.Payload_Latin1) else "utf-8")


class ComponentHost:
    """`wire.Host` over the imports of the interface `host`. Clock and randomness come from WASI, by the standard
    library."""

    def log(self, level: LogLevel, context: int, message: str) -> None:
        host.log(_LEVELS[level], context, message)

    def now(self) -> int:
        return time.time_ns()

    def random_bytes(self, count: int) -> bytes:
        return os.urandom(count)

    def get_property(self, context: int, path: tuple[str, ...]) -> bytes | None:
        value = host.get_property(context, "\0".join(path))
        return None if value is None else from_payload(value)

    def set_property(self, context: int, path: tuple[str, ...], value: bytes) -> None:
        try:
            host.set_property(context, "\0".join(path), to_payload(value))
        except Err as error:
            raise wire.LimitError(error.value) from None

    def get_shared_data(self, key: str) -> tuple[bytes, int] | None:
        entry = host.get_shared_data(key)
        return None if entry is None else (from_payload(entry.value), entry.cas)

    def set_shared_data(self, key: str, value: bytes, cas: int) -> bool:
        try:
            return bool(host.set_shared_data(key, to_payload(value), cas))
        except Err as error:
            raise wire.LimitError(error.value) from None

    def http_call(self, context: int, cluster: str, headers: Fields, body: bytes, timeout_ms: int) -> int:
        try:
            return int(host.http_call(context, cluster, as_unicode(join_fields(headers)), to_payload(body), timeout_ms))
        except Err as error:
            raise wire.HttpCallError(error.value) from None
        except wire.LimitError as error:
            raise wire.HttpCallError(str(error)) from None

    def redis_init(self, cluster: str, username: str, password: str, timeout_ms: int) -> None:
        try:
            host.redis_init(cluster, username, password, timeout_ms)
        except Err as error:
            raise wire.RedisCallError(error.value) from None

    def redis_call(self, context: int, cluster: str, query: bytes) -> int:
        try:
            return int(host.redis_call(context, cluster, to_payload(query)))
        except Err as error:
            raise wire.RedisCallError(error.value) from None
        except wire.LimitError as error:
            raise wire.RedisCallError(str(error)) from None

    def call_foreign_function(self, name: str, argument: bytes) -> bytes:
        try:
            return from_payload(host.call_foreign_function(name, to_payload(argument)))
        except Err as error:
            raise wire.ForeignFunctionError(error.value) from None

    def define_metric(self, kind: MetricKind, name: str) -> int:
        try:
            return int(host.define_metric(types.MetricKind[kind.name], name))
        except Err as error:
            raise wire.LimitError(error.value) from None

    def increment_metric(self, metric: int, offset: int) -> None:
        host.increment_metric(metric, offset)

    def record_metric(self, metric: int, value: int) -> None:
        host.record_metric(metric, value)

    def get_metric(self, metric: int) -> int:
        return int(host.get_metric(metric))

    def set_tick_period(self, milliseconds: int) -> None:
        host.set_tick_period(milliseconds)
