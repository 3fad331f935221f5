"""Lower a component for the WIT world `proxy-wasm` to a Proxy-Wasm module for Envoy, Istio and Higress."""

from .errors import LoweringError
from .lower import Lowered, lower
from .optimisations import OPTIMISATIONS, SLOW, Optimisation, remaining

__all__ = ["OPTIMISATIONS", "SLOW", "Lowered", "LoweringError", "Optimisation", "lower", "remaining"]
