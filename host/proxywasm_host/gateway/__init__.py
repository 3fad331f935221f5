"""The gateway file that an operator writes. `read` checks it; the package `envoy` runs it in Envoy."""

from __future__ import annotations

from .model import Gateway, Limits, Match, PluginEntry, Route, Upstream
from .reader import GatewayFileError, read
from .values import Address, Origin

__all__ = [
    "Address",
    "Gateway",
    "GatewayFileError",
    "Limits",
    "Match",
    "Origin",
    "PluginEntry",
    "Route",
    "Upstream",
    "read",
]
