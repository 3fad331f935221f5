"""Edits headers in both directions: marks the request, hides what the server is, and says how long it took."""

import time
from typing import Any

from proxywasm import HttpContext, Plugin

Config = dict[str, Any]
plugin: Plugin[Config] = Plugin("header-edit")


@plugin.on_request_headers
def request_headers(ctx: HttpContext, config: Config) -> None:
    ctx.set_context("arrived", time.time())
    for name, value in config.get("add", {}).items():
        ctx.request_headers.add(name, value)
    for name in config.get("remove", []):
        ctx.request_headers.discard(name)


@plugin.on_response_headers
def response_headers(ctx: HttpContext, config: Config) -> None:
    ctx.response_headers.discard("server")
    took = time.time() - ctx.get_context("arrived")
    ctx.response_headers["x-took-ms"] = str(round(took * 1000))
