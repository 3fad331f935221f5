"""A plugin that asks one upstream after the other: those that the path names (`/gone/main`), until one answers well.

`x-first-byte` of the request: how many milliseconds each of them may take.
"""

from __future__ import annotations

from typing import Any

from proxywasm import Action, HttpContext, Plugin, log

plugin: Plugin[dict[str, Any]] = Plugin("fallback")


def names(ctx: HttpContext) -> list[str]:
    return ctx.path.strip("/").split("/")


def next_one(ctx: HttpContext) -> str:
    """The next upstream; empty: there is none."""
    tried = ctx.get_context("tried", 1)
    ctx.set_context("tried", tried + 1)
    return names(ctx)[tried] if tried < len(names(ctx)) else ""


def again(ctx: HttpContext) -> bool:
    name = next_one(ctx)
    if name:
        path = f"https://{name}/{ctx.get_context('tried')}"
        ctx.set_context("kept", b"")
        ctx.send_again(ctx.method, path, headers={"x-why": why(ctx)}, body=ctx.get_context("body", b""))
    return bool(name)


def why(ctx: HttpContext) -> str:
    details = (ctx.get_property("response", "code_details") or b"").decode()
    return f"{ctx.response_headers[':status']} {details}"


@plugin.on_request_headers
def on_request_headers(ctx: HttpContext, config: dict[str, Any]) -> Action | None:
    ctx.request_headers[":authority"] = names(ctx)[0]
    if timeout := ctx.request_headers.get("x-first-byte"):
        ctx.set_first_byte_timeout(int(timeout))
    return Action.STOP_ITERATION if ctx.has_request_body else None


@plugin.on_request_body
def on_request_body(ctx: HttpContext, config: dict[str, Any], body: bytes) -> None:
    ctx.set_context("body", body)


@plugin.on_response_headers
def on_response_headers(ctx: HttpContext, config: dict[str, Any]) -> Action | None:
    ctx.response_headers["x-got"] = why(ctx)
    if ctx.response_headers[":status"] != "200" and again(ctx):
        return None
    return Action.STOP_ITERATION


@plugin.on_streaming_response_body
def on_chunk(ctx: HttpContext, config: dict[str, Any], chunk: bytes, last_chunk: bool) -> bytes | Action:
    if chunk.startswith(b"error") and ctx.can_send_again and again(ctx):
        return Action.STOP_ITERATION
    kept = ctx.get_context("kept", b"") + chunk
    if not last_chunk and (b"held" in kept or kept.startswith(b":")):
        ctx.set_context("kept", kept)
        return Action.STOP_ITERATION
    ctx.set_context("kept", b"")
    return bytes(kept)


@plugin.on_response_broken
def on_response_broken(ctx: HttpContext, config: dict[str, Any]) -> None:
    again(ctx)


@plugin.on_stream_done
def on_stream_done(ctx: HttpContext, config: dict[str, Any]) -> None:
    log.warn("done %s", ctx.path)
