"""The gateways that are compared, as listeners of one Envoy."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...gateway.envoy import bootstrap
from ...gateway.envoy.messages import Json
from ...gateway.model import Gateway

PASS_THROUGH: Mapping[str, Any] = {"type": "openai", "apiTokens": ["sk-upstream"]}
NATIVE: Mapping[str, Any] = {
    "type": "qwen",
    "apiTokens": ["sk-upstream"],
    "modelMapping": {"*": "qwen-max"},
    "qwenEnableCompatible": False,
}


@dataclass(frozen=True, slots=True)
class Listener:
    """A gateway with one plugin, or with none."""

    name: str
    port: int
    module: Path | None = None
    provider: Mapping[str, Any] | None = None

    def config(self, upstream: int) -> Json:
        plugin = {"name": self.name, "module": str(self.module), "config": {"provider": self.provider}}
        gateway = Gateway.model_validate(
            {
                "listen": f"127.0.0.1:{self.port}",
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
        config["static_resources"]["listeners"][0]["name"] = listener.name
    config = configs[0]
    config["static_resources"]["listeners"] = [each["static_resources"]["listeners"][0] for each in configs]
    return config


def free_ports(count: int) -> list[int]:
    """Ports of loopback that nobody listens at; different ones."""
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
