"""A plugin that holds responses until it has all of them, for tests of the live gateway."""

from __future__ import annotations

from typing import Any

from proxywasm import Action, HttpContext, Plugin

plugin: Plugin[dict[str, Any]] = Plugin("whole")


@plugin.on_response_headers
def on_response_headers(ctx: HttpContext, config: dict[str, Any]) -> Action:
    return Action.STOP_ITERATION


@plugin.on_response_body
def on_response_body(ctx: HttpContext, config: dict[str, Any], body: bytes) -> None:
    ctx.replace_response_body(body.upper())
