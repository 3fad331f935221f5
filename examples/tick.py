"""Looks every ten seconds whether the service is well, and answers for it while it is not."""

from dataclasses import dataclass
from typing import Any

from proxywasm import ClusterClient, FQDNCluster, Gauge, HttpAnswer, HttpContext, Plugin, PluginContext

healthy = Gauge("health_check_ok")


@dataclass
class Health:
    client: ClusterClient
    well: bool = True


plugin: Plugin[Health] = Plugin("tick")


@plugin.parse_config
def parse_config(document: dict[str, Any]) -> Health:
    return Health(ClusterClient(FQDNCluster(document["fqdn"], 80)))


@plugin.on_tick(10_000)
def check(plugin: PluginContext) -> None:
    health: Health = plugin.config

    def answered(answer: HttpAnswer) -> None:
        health.well = answer.status == 200
        healthy.record(int(health.well))

    health.client.get("/health", answered, timeout_ms=2000)


@plugin.on_request_headers
def request_headers(ctx: HttpContext, health: Health) -> None:
    if not health.well:
        ctx.send_http_response(503, {"retry-after": "10"}, "be back soon", details="tick.unhealthy")
