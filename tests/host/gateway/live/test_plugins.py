"""When the plugins of a live gateway are called without a stream."""

from __future__ import annotations

from pathlib import Path

from proxywasm_host.gateway.live.starting import start_plugins
from proxywasm_host.gateway.model import Gateway
from proxywasm_host.services import LogRecord

COUNTING = Path(__file__).with_name("plugins") / "counting.py"


def test_the_first_tick_comes_after_a_period() -> None:
    logs: list[LogRecord] = []
    gateway = Gateway.model_validate({
        "listen": "127.0.0.1:1",
        "plugins": [{"name": "counting", "source": str(COUNTING)}],
        "routes": [{"name": "all"}],
    })  # fmt: skip
    plugins = start_plugins(gateway, native=True, on_log=logs.append)
    (plugin,) = plugins.plugins
    for now in (1000.0, 1000.05):
        plugin.tick(now)
        assert logs == []
    plugin.tick(1000.1)  # its period
    assert [record.message for record in logs] == ["this instance leads"]
    plugins.close()
