"""A plugin that shows which configuration and which source serve a stream, for tests of reloads.

It writes the version in place of `data` into each chunk of a response.
"""

from __future__ import annotations

import os
from typing import Any

from proxywasm import ConfigError, HttpContext, Plugin

SOURCE = "source 1"

plugin: Plugin[dict[str, Any]] = Plugin("versioned")


@plugin.parse_config
def parse_config(document: dict[str, Any]) -> dict[str, Any]:
    match document["version"]:
        case "none":
            raise ConfigError("version: expected one")
        case "fail":
            raise RuntimeError("as the configuration wants it")
        case "exit":
            os._exit(3)
        case "loop":
            while True:
                pass
    return document


@plugin.on_request_headers
def on_request_headers(ctx: HttpContext, config: dict[str, Any]) -> None:
    ctx.request_headers["x-version"] = config["version"]


@plugin.on_response_headers
def on_response_headers(ctx: HttpContext, config: dict[str, Any]) -> None:
    ctx.response_headers["x-version"] = config["version"]
    ctx.response_headers["x-source"] = SOURCE


@plugin.on_streaming_response_body
def on_chunk(ctx: HttpContext, config: dict[str, Any], chunk: bytes, last_chunk: bool) -> bytes:
    return chunk.replace(b"data", str(config["version"]).encode())
