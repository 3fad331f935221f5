"""The functions of this host that a plugin can call."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final, NoReturn, TypeAlias

from proxywasm.fields import REQUEST_PSEUDO
from proxywasm.text import spell_out
from proxywasm.wire import (
    ForeignFunctionError,
    Host,
    HttpCallError,
    LimitError,
    LogLevel,
    MetricKind,
    RedisCallError,
)

from .crossing import Payload, RawPayload, from_fields, to_bytes, to_payload

LEVELS: Final = {level.name.lower(): level for level in LogLevel}


def _get_property(host: Host, context: int, path: str) -> Payload | None:
    value = host.get_property(context, tuple(path.split("\0")))
    return None if value is None else to_payload(value)


def _get_shared_data(host: Host, key: str) -> tuple[Payload, int] | None:
    found = host.get_shared_data(key)
    return None if found is None else (to_payload(found[0]), found[1])


def _bounded(function: Callable[..., Any]) -> Callable[..., Any]:
    """A host function that stores something and refuses to beyond a limit."""

    def answer(*args: Any) -> tuple[str, Any]:
        try:
            return "ok", function(*args)
        except LimitError as error:
            return _err(error)

    return answer


def _http_call(
    host: Host, context: int, cluster: str, headers: bytes, body: RawPayload, timeout_ms: int
) -> tuple[str, int | str]:
    try:
        fields = from_fields(headers, REQUEST_PSEUDO)
    except ValueError as error:
        return "err", f"the headers of the call-out: {error}"
    try:
        return "ok", host.http_call(context, cluster, fields, to_bytes(body), timeout_ms)
    except HttpCallError as error:
        return _err(error)


def _redis_init(host: Host, cluster: str, username: str, password: str, timeout_ms: int) -> tuple[str, str | None]:
    try:
        host.redis_init(cluster, username, password, timeout_ms)
    except RedisCallError as error:
        return _err(error)
    return "ok", None


def _redis_call(host: Host, context: int, cluster: str, query: RawPayload) -> tuple[str, int | str]:
    try:
        return "ok", host.redis_call(context, cluster, to_bytes(query))
    except RedisCallError as error:
        return _err(error)


def _call_foreign_function(host: Host, name: str, argument: RawPayload) -> tuple[str, Payload | str]:
    try:
        return "ok", to_payload(host.call_foreign_function(name, to_bytes(argument)))
    except ForeignFunctionError as error:
        return _err(error)


def _err(error: Exception) -> tuple[str, str]:
    return "err", spell_out(str(error))


def _random_bytes(host: Host, count: int) -> bytes:
    if count > _RANDOM_BYTES:
        raise RandomError(f"the plugin wants {count} random bytes at once, more than the {_RANDOM_BYTES} allowed")
    return host.random_bytes(count)


_RANDOM_BYTES: Final = 1024 * 1024
"""Random bytes of one request. Each takes 32 bytes of memory during the conversion."""


class RandomError(Exception):
    """Ends the instance, because WASI has no error for it."""


def _no_sleep(_host: Host, _nanoseconds: int) -> NoReturn:
    raise SleepError("the plugin sleeps, which would hold up every other stream: use a tick or a call-out instead")


class SleepError(Exception):
    """Ends the instance, because the guest must not continue before its time has passed."""


Answers: TypeAlias = dict[str, Callable[..., Any]]

# `log` is missing: it goes through the gate of the program.
HOST: Final[Answers] = {
    "get-property": _get_property,
    "set-property": _bounded(
        lambda host, context, path, value: host.set_property(context, tuple(path.split("\0")), to_bytes(value))
    ),
    "get-shared-data": _get_shared_data,
    "set-shared-data": _bounded(lambda host, key, value, cas: host.set_shared_data(key, to_bytes(value), cas)),
    "http-call": _http_call,
    "redis-init": _redis_init,
    "redis-call": _redis_call,
    "call-foreign-function": _call_foreign_function,
    "define-metric": _bounded(lambda host, kind, name: host.define_metric(MetricKind(kind), name)),
    "increment-metric": lambda host, metric, offset: host.increment_metric(metric, offset),
    "record-metric": lambda host, metric, value: host.record_metric(metric, value),
    "get-metric": lambda host, metric: host.get_metric(metric),
    "set-tick-period": lambda host, milliseconds: host.set_tick_period(milliseconds),
}

# An interface is defined whole or not at all: Wasmtime does not mix ours with its own.
LIVE: Final[dict[str, Answers]] = {
    "wasi:clocks/monotonic-clock": {
        "now": lambda _: time.monotonic_ns(),
        "resolution": lambda _: 1,
        "subscribe-instant": _no_sleep,
        "subscribe-duration": _no_sleep,
    }
}
REPRODUCIBLE: Final[dict[str, Answers]] = {
    "wasi:clocks/monotonic-clock": LIVE["wasi:clocks/monotonic-clock"] | {"now": lambda host: host.now()},
    "wasi:clocks/wall-clock": {
        "now": lambda host: divmod(host.now(), 1_000_000_000),
        "resolution": lambda _: (0, 1),
    },
    "wasi:random/random": {
        "get-random-bytes": _random_bytes,
        "get-random-u64": lambda host: int.from_bytes(host.random_bytes(8), "little"),
    },
}
