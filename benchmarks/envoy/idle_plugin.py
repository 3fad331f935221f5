"""A plugin that asks for every phase, headers held and bodies whole, and does nothing in them: what the SDK costs."""

# ruff: noqa: ARG001  # what every callback gets

from __future__ import annotations

from proxywasm import Action, HttpContext, Plugin

plugin: Plugin[dict[str, object]] = Plugin("idle")


@plugin.on_request_headers
def on_request_headers(ctx: HttpContext, config: dict[str, object]) -> Action:
    return Action.STOP_ITERATION


@plugin.on_request_body
def on_request_body(ctx: HttpContext, config: dict[str, object], body: bytes) -> None:
    pass


@plugin.on_response_headers
def on_response_headers(ctx: HttpContext, config: dict[str, object]) -> Action:
    return Action.STOP_ITERATION


@plugin.on_response_body
def on_response_body(ctx: HttpContext, config: dict[str, object], body: bytes) -> None:
    pass


@plugin.on_stream_done
def on_stream_done(ctx: HttpContext, config: dict[str, object]) -> None:
    pass
