"""The gateways that are compared, as listeners of one Envoy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from proxywasm_host.gateway.envoy import bootstrap
from proxywasm_host.gateway.envoy.messages import Json, address
from proxywasm_host.gateway.model import Gateway

PASS_THROUGH: Mapping[str, Any] = {
    "type": "openai",
    "apiTokens": ["sk-proj-0a1b2c3d4e5f6a7b8c9d0e1f2a3b4c5d6e7f8a9b0c1d2e3f"],
}
NATIVE: Mapping[str, Any] = {
    "type": "qwen",
    "apiTokens": ["sk-proj-0a1b2c3d4e5f6a7b8c9d0e1f2a3b4c5d6e7f8a9b0c1d2e3f"],
    "modelMapping": {"*": "qwen-max"},
    "qwenEnableCompatible": False,
}


@dataclass(frozen=True, slots=True)
class Listener:
    """A gateway with one plugin, or with none."""

    name: str
    module: Path | None = None
    provider: Mapping[str, Any] | None = None

    def config(self, upstream: int) -> Json:
        plugin = {"name": self.name, "module": str(self.module), "config": {"provider": self.provider}}
        gateway = Gateway.model_validate(
            {
                "listen": "127.0.0.1:1",  # `together` leaves the port to the system
                "plugins": [plugin] if self.module else [],
                "routes": [{"name": "chat", "upstream": "model"}],
                "upstreams": {"model": f"http://127.0.0.1:{upstream}"},
            }
        )
        modules = {self.name: self.module} if self.module else {}
        return bootstrap(gateway, modules, None)


def together(listeners: list[Listener], upstream: int) -> Json:
    """One configuration. The upstream is the same for all."""
    configs = [listener.config(upstream) for listener in listeners]
    for listener, config in zip(listeners, configs, strict=True):
        config["static_resources"]["listeners"][0] |= {"name": listener.name, "address": address("127.0.0.1", 0)}
    config = configs[0]
    config["static_resources"]["listeners"] = [each["static_resources"]["listeners"][0] for each in configs]
    return config
