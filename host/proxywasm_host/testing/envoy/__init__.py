"""The flavour `envoy`: the plugin runs as a Proxy-Wasm module in a real Envoy, the test plays clients and services."""

from __future__ import annotations

from .start import EnvoyStart, close, end_of_test, missing

__all__ = ["EnvoyStart", "close", "end_of_test", "missing"]
