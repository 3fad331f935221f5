"""Upstreams without key and network: a fake model service, for `proxywasm serve --demo` with ai-proxy, and an echo, for
`proxywasm dev`."""

from .echo import EVENTS, EchoService
from .gateway import demo_gateway, instructions
from .service import FakeService

__all__ = ["EVENTS", "EchoService", "FakeService", "demo_gateway", "instructions"]
