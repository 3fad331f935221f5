"""The boundary between a plugin and its host: a `wire.Host` that accepts any text of a plugin."""

from __future__ import annotations

from typing import Final

from .. import checks
from ..text import spell_out
from ..wire import Fields, Host, LogLevel, MetricKind

_paths: dict[tuple[str, ...], tuple[str, ...]] = {}
"""Paths that have been checked and need no change: a plugin asks for the same few in every stream.

The checked path is passed on: an equal one may have names of an author's own class."""
_MOST_PATHS: Final = 1000
_MOST_PARTS: Final = 10
_LONGEST: Final = 100
"""Longest path that is remembered, in characters."""


class Boundary:
    """Passes everything on to the host. Texts become valid Unicode, see `proxywasm.text`; names have no NUL.

    Header fields are not checked here: `headers.to_fields` and `Headers` check them earlier, so that an error names the
    author's line.
    """

    __slots__ = (
        "_host", "get_metric", "increment_metric", "now", "random_bytes", "record_metric", "set_tick_period",
    )  # fmt: skip

    def __init__(self, host: Host) -> None:
        self._host = host
        # Functions without texts are those of the host, because another Python call would cost more than many of them.
        self.now = host.now
        self.random_bytes = host.random_bytes
        self.increment_metric = host.increment_metric
        self.record_metric = host.record_metric
        self.get_metric = host.get_metric
        self.set_tick_period = host.set_tick_period

    def log(self, level: LogLevel, context: int, message: str) -> None:
        self._host.log(level, context, spell_out(message))

    def get_property(self, context: int, path: tuple[str, ...]) -> bytes | None:
        return self._host.get_property(context, _path(path))

    def set_property(self, context: int, path: tuple[str, ...], value: bytes) -> None:
        self._host.set_property(context, _path(path), value)

    def get_shared_data(self, key: str) -> tuple[bytes, int] | None:
        return self._host.get_shared_data(_key(key))

    def set_shared_data(self, key: str, value: bytes, cas: int) -> bool:
        return self._host.set_shared_data(_key(key), value, cas)

    def http_call(self, context: int, cluster: str, headers: Fields, body: bytes, timeout_ms: int) -> int:
        return self._host.http_call(context, _cluster(cluster), headers, body, timeout_ms)

    def redis_init(self, cluster: str, username: str, password: str, timeout_ms: int) -> None:
        username = checks.name(username, "the name of a Redis user")
        password = checks.name(password, "a Redis password")
        self._host.redis_init(_cluster(cluster), username, password, timeout_ms)

    def redis_call(self, context: int, cluster: str, query: bytes) -> int:
        return self._host.redis_call(context, _cluster(cluster), query)

    def call_foreign_function(self, name: str, argument: bytes) -> bytes:
        return self._host.call_foreign_function(checks.name(name, "the name of a function"), argument)

    def define_metric(self, kind: MetricKind, name: str) -> int:
        return self._host.define_metric(kind, checks.name(name, "the name of a metric"))


def _path(path: tuple[str, ...]) -> tuple[str, ...]:
    try:
        return _paths[path]
    except (KeyError, TypeError):  # TypeError: a list among the names, for example; the check below says so.
        pass
    if not path:
        raise ValueError("a property has a name, none was given")
    checked = tuple([checks.name(part, "the name of a property") for part in path])
    if len(_paths) < _MOST_PATHS and len(checked) <= _MOST_PARTS and sum(map(len, checked)) <= _LONGEST:
        _paths[checked] = checked
    return checked


def _key(key: str) -> str:
    return checks.name(key, "a key of shared data")


def _cluster(name: str) -> str:
    return checks.name(name, "the name of a cluster")
