"""Asks a second service when the first one fails, where the gateway can send a request again."""

from __future__ import annotations

from typing import Any

from proxywasm import HttpContext, Plugin, RuleError

plugin: Plugin[dict[str, Any]] = Plugin("again")


@plugin.on_request_headers
def on_request_headers(ctx: HttpContext, config: dict[str, Any]) -> None:
    ctx.set_first_byte_timeout(60_000)


@plugin.on_response_headers
def on_response_headers(ctx: HttpContext, config: dict[str, Any]) -> None:
    if ctx.response_headers[":status"] != "503":
        return
    possible = ctx.can_send_again
    try:
        ctx.send_again("GET", "https://second.example/next", headers={"x-second": "yes"})
    except RuleError as error:
        ctx.response_headers["x-why-not"] = f"{possible}: {error}"


@plugin.on_streaming_response_body
def on_chunk(ctx: HttpContext, config: dict[str, Any], chunk: bytes, last_chunk: bool) -> bytes:
    return chunk.upper()
