"""Lower a component for the WIT world `proxy-wasm` to a Proxy-Wasm module for Envoy, Istio and Higress."""

from .errors import LoweringError
from .lower import Lowered, lower

__all__ = ["Lowered", "LoweringError", "lower"]
