"""A plugin that does what the path of the request says, for tests of the live gateway."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from proxywasm import Action, ClusterClient, HttpAnswer, HttpCallError, HttpContext, Plugin, TargetCluster, log

service = ClusterClient(TargetCluster("service", "service"))
nobody = ClusterClient(TargetCluster("nobody", "nobody"))
plugin: Plugin[dict[str, Any]] = Plugin("probe")


def fail(_ctx: HttpContext) -> None:
    raise RuntimeError("as asked")


def loop(_ctx: HttpContext) -> None:
    while True:
        pass


MISBEHAVIOUR: dict[str, Callable[[HttpContext], None]] = {
    "/inject-request": lambda ctx: ctx.request_headers.update({"x-a": "a\r\nx-injected: yes"}),
    "/inject-path": lambda ctx: ctx.request_headers.update({":path": "/ HTTP/1.1\r\nx-injected: yes\r\nx-a:"}),
    "/inject-reply": lambda ctx: ctx.send_http_response(200, {"x-a": "a\nx-injected: yes"}, b""),
    "/loop": loop,
    "/raise": fail,
}


@plugin.on_request_headers
def on_request_headers(ctx: HttpContext, config: dict[str, Any]) -> Action | None:
    ctx.request_headers["x-seen"] = "yes"
    if ctx.path != "/whole":
        ctx.dont_read_request_body()
    if ctx.path == "/pause":
        return Action.PAUSE
    if ctx.path == "/odd":
        ctx.request_headers[":path"] = "/\u00e9"
    elif ctx.path == "/unknown":
        try:
            nobody.get("/", lambda _: None)
        except HttpCallError as error:
            ctx.request_headers["x-error"] = str(error)
    elif ctx.path in ("/reply", "/reply-paused"):
        ctx.send_http_response(403, {"x-why": "reply"}, b"no")
    elif ctx.path == "/elsewhere":
        ctx.request_headers[":authority"] = "service"
    elif ctx.path in MISBEHAVIOUR:
        MISBEHAVIOUR[ctx.path](ctx)
    elif ctx.path == "/ask":

        def answered(answer: HttpAnswer) -> None:
            ctx.request_headers["x-answer"] = f"{answer.status} {answer.body.decode()}"
            ctx.resume_http_request()

        service.get("/question", answered, timeout_ms=300)
        return Action.PAUSE
    return None


@plugin.on_request_body
def on_request_body(ctx: HttpContext, config: dict[str, Any], body: bytes) -> None:
    ctx.replace_request_body(body)


@plugin.on_response_headers
def on_response_headers(ctx: HttpContext, config: dict[str, Any]) -> Action | None:
    ctx.response_headers["x-details"] = (ctx.get_property("response", "code_details") or b"").decode()
    if ctx.path == "/inject-response":
        ctx.response_headers["x-a"] = "a\r\n\r\nx-injected: yes"
    return Action.PAUSE if ctx.path in ("/reply-paused", "/hold") else None


@plugin.on_streaming_response_body
def on_chunk(ctx: HttpContext, config: dict[str, Any], chunk: bytes, last_chunk: bool) -> bytes:
    return chunk.upper() + (b"!" if last_chunk else b"")


@plugin.on_stream_done
def on_stream_done(ctx: HttpContext, config: dict[str, Any]) -> None:
    log.warn("done %s", ctx.path)
