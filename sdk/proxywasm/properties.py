"""Properties: what the host knows of a stream or of the plugin, and what plugins add to it."""

from __future__ import annotations

from collections.abc import Iterable

from . import checks
from .wire import Host


def get(host: Host, context: int, path: tuple[str, ...]) -> bytes | None:
    return host.get_property(context, _checked(path))


def put(host: Host, context: int, path: str | Iterable[str], value: bytes) -> None:
    value = checks.data(value, "the value of a property")
    if not isinstance(path, str | Iterable):
        raise TypeError(f"a property has a name, or a path of names, got {type(path).__name__}")
    host.set_property(context, _checked((path,) if isinstance(path, str) else tuple(path)), value)


def _checked(path: tuple[str, ...]) -> tuple[str, ...]:
    if not path:
        raise ValueError("a property has a name, none was given")
    return tuple([checks.name(part, "the name of a property") for part in path])
