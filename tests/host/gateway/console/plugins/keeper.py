"""A plugin with secrets, for tests of the console. It writes its version into each chunk of a response."""

from __future__ import annotations

import sys
from typing import Any

from proxywasm import ConfigError, HttpContext, Plugin, log

plugin: Plugin[dict[str, Any]] = Plugin("keeper")


@plugin.parse_config
def parse_config(document: dict[str, Any]) -> dict[str, Any]:
    match document["version"]:
        case "none":
            raise ConfigError("version: must be one of 'gen1', 'gen2', got 'none'")
        case "nowhere":
            # What is checked elsewhere is refused only where it is to serve.
            if "proxywasm_host.gateway.live.worker" in sys.modules:
                raise ConfigError(f"version: not here, with {document['apiTokens'][0]}")
    return document


@plugin.on_request_headers
def on_request_headers(ctx: HttpContext, config: dict[str, Any]) -> None:
    if ctx.request_headers[":path"] == "/fail":
        raise RuntimeError(f"it fails <img src=x onerror=alert(1)> with {config['apiTokens'][0]}")
    log.info("the keys are %s", config["apiTokens"])


@plugin.on_response_headers
def on_response_headers(ctx: HttpContext, config: dict[str, Any]) -> None:
    ctx.response_headers["x-version"] = config["version"]


@plugin.on_streaming_response_body
def on_chunk(ctx: HttpContext, config: dict[str, Any], chunk: bytes, last_chunk: bool) -> bytes:
    return chunk.replace(b"data", str(config["version"]).encode())
