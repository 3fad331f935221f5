"""What of a gateway file cannot change while the gateway runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from .document import Place, Problem
from .engines import Engine
from .model import Gateway
from .source import GatewaySource

FIXED: Final[Mapping[Engine, tuple[str, ...]]] = {
    "serve": ("listen", "workers", "admin", "console", "tracing"),
    "envoy": (
        "listen", "tls", "workers", "admin", "console", "access_log", "tracing", "trailers",
        *(f"limits.{name}" for name in (
            "body", "headers", "connections", "request_head", "request", "idle", "total", "keep_alive", "drain",
            "watchdog",
        )),
    ),
}  # fmt: skip
"""By engine, the keys that need a restart. Envoy has most of them in its listener, which it would close to change it:
connections would end after its drain time, whatever they carry."""


def refuse_restarts(source: GatewaySource, before: Gateway, after: Gateway) -> None:
    """Raises `GatewayFileError` for each key that cannot change now and has changed."""
    if problems := [*_problems(before, after, source.engine)]:
        raise source.error(problems)


def _problems(before: Gateway, after: Gateway, engine: Engine) -> Iterator[Problem]:
    for key in FIXED[engine]:
        place: Place = tuple(key.split("."))
        if _value(before, place) != _value(after, place):
            yield Problem(0, place, "cannot change while the gateway runs; restart it")
    if engine == "serve" and (before.tls is None) is not (after.tls is None):
        yield Problem(0, ("tls",), "cannot come or go while the gateway runs; restart it")


def _value(gateway: Gateway, place: Place) -> Any:
    value: Any = gateway
    for step in place:
        value = getattr(value, str(step))
    return value
