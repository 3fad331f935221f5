"""`proxywasm serve --demo`: a gateway with ai-proxy in front of a fake model service, without key and network."""

from .gateway import demo_gateway, instructions
from .service import FakeService

__all__ = ["FakeService", "demo_gateway", "instructions"]
