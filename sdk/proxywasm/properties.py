"""Properties: what the host knows of a stream or of the plugin, and what plugins add to it."""

from __future__ import annotations

from collections.abc import Iterable

from . import checks
from .wire import Host


def put(host: Host, context: int, path: str | Iterable[str], value: bytes) -> None:
    """`host` checks the names: it is a `Boundary`."""
    value = checks.data(value, "the value of a property")
    if not isinstance(path, str | Iterable):
        raise TypeError(f"a property has a name, or a path of names, got {type(path).__name__}")
    host.set_property(context, (path,) if isinstance(path, str) else tuple(path), value)
