"""Works hard, calls a service, and tells the upstream how long both took: the wrapper's `complex-http-call`."""

import time
from dataclasses import dataclass
from typing import Any

from proxywasm import Action, ClusterClient, FQDNCluster, HttpAnswer, HttpCallError, HttpContext, Plugin, log


@dataclass(frozen=True)
class Config:
    client: ClusterClient
    path: str
    loops: int
    timeout_ms: int


plugin: Plugin[Config] = Plugin("complex-http-call", max_requests_per_io_cycle=20)


@plugin.parse_config
def parse_config(document: dict[str, Any]) -> Config:
    client = ClusterClient(FQDNCluster(document["fqdn"], document["port"]))
    return Config(client, document["path"], document.get("computeLoops") or 100_000, document.get("timeout") or 5000)


@plugin.on_request_headers
def request_headers(ctx: HttpContext, config: Config) -> Action:
    started = time.time()
    busy_loop(config.loops)
    called = time.time()

    def answered(answer: HttpAnswer) -> None:
        headers = ctx.request_headers
        headers.add("x-external-response", answer.body.decode())
        headers.add("x-computation-time-ms", str(round((called - started) * 1000)))
        headers.add("x-http-call-time-ms", str(round((time.time() - called) * 1000)))
        ctx.resume_http_request()

    try:
        config.client.post(
            config.path,
            answered,
            headers={
                "user-agent": "wasm-plugin",
                "content-type": "application/json",
                "x-request-id": ctx.request_headers.get("x-request-id", ""),
            },
            body='{"message": "hello from wasm after computation"}',
            timeout_ms=config.timeout_ms,
        )
    except HttpCallError as error:
        log.error("the call was not sent: %s", error)
        return Action.CONTINUE
    return Action.PAUSE


def busy_loop(loops: int) -> int:
    """Takes time in proportion to its loops."""
    result = 0
    for i in range(loops):
        result = (result + i * 3) ^ i
    return result
