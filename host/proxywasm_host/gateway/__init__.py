"""The gateway file: what an operator writes, whatever runs it. `read` checks it, the package `envoy` runs it."""

from __future__ import annotations

from .model import Address, Gateway, Limits, Match, Origin, PluginEntry, Route, Upstream
from .reader import GatewayFileError, read

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
