"""Asks another service before a request goes on: the wrapper's example `http-call`."""

import json
from dataclasses import dataclass
from typing import Any

from proxywasm import Action, ClusterClient, FQDNCluster, HttpAnswer, HttpCallError, HttpContext, Plugin, log


@dataclass(frozen=True)
class Config:
    client: ClusterClient
    path: str


plugin: Plugin[Config] = Plugin("http-call")


@plugin.parse_config
def parse_config(document: dict[str, Any]) -> Config:
    return Config(ClusterClient(FQDNCluster(document["fqdn"], document["port"])), document["path"])


@plugin.on_request_headers
def request_headers(ctx: HttpContext, config: Config) -> Action:
    def answered(answer: HttpAnswer) -> None:
        log.info("answer: status=%d, body=%s", answer.status, answer.body.decode())
        ctx.request_headers.add("x-external-response", answer.body.decode())
        ctx.resume_http_request()

    try:
        config.client.post(
            config.path,
            answered,
            headers={"user-agent": "wasm-plugin", "content-type": "application/json"},
            body=json.dumps({"message": "hello from wasm"}),
            timeout_ms=5000,
        )
    except HttpCallError as error:
        log.error("the call was not sent: %s", error)
        return Action.CONTINUE
    return Action.PAUSE
