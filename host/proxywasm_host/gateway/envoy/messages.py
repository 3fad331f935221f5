"""Envoy's configuration in its JSON form: the few shapes that all parts of it share."""

from __future__ import annotations

from typing import Any, TypeAlias

Json: TypeAlias = dict[str, Any]


def extension(name: str, kind: str, /, **fields: Any) -> Json:
    """An extension of Envoy under a name. `kind` is its message without the prefix that all have."""
    return {"name": name, "typed_config": message(kind, **fields)}


def message(kind: str, /, **fields: Any) -> Json:
    return {"@type": f"type.googleapis.com/envoy.{kind}", **fields}


def address(host: str, port: int) -> Json:
    return {"socket_address": {"address": host, "port_value": port}}


def seconds(value: float) -> str:
    """A duration.

    >>> seconds(3600), seconds(0.5)
    ('3600.000s', '0.500s')
    """
    return f"{value:.3f}s"
