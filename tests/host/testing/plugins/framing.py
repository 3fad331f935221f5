"""Does to bodies, lengths and statuses what the path says."""

from typing import Any

from proxywasm import Action, HttpContext, Plugin

plugin: Plugin[dict[str, Any]] = Plugin("framing")


def changed(ctx: HttpContext, chunk: bytes, last_chunk: bool) -> bytes:
    if ctx.path.startswith("/each-longer"):
        return chunk + b"~" if chunk else chunk
    if ctx.path.startswith("/longer"):
        return chunk + b"END" if last_chunk else chunk
    return chunk[:-2] if ctx.path.startswith("/shorter") else chunk


@plugin.on_request_headers
def request_headers(ctx: HttpContext, config: dict[str, Any]) -> Action | None:
    headers = ctx.request_headers
    match ctx.path:
        case "/set-length":
            headers["Content-Length"] = "3"
        case "/set-encoding":
            headers.add("transfer-encoding", "chunked")
        case "/set-upgrade":
            headers["upgrade"], headers["connection"] = "other", "upgrade"
        case "/tunnel":
            headers[":method"] = "CONNECT"
        case "/method":
            headers[":method"] = "GET" if ctx.method == "HEAD" else "HEAD"
        case "/reply":
            framing = {"content-length": "3", "transfer-encoding": "chunked", "x-reply": "yes"}
            ctx.send_http_response(200, framing, b"hello")
        case "/reply-without-body":
            ctx.send_http_response(200, {"content-length": "3"})
        case "/reply-204":
            ctx.send_http_response(204, {"content-length": "3"})
    if ctx.path == "/whole":
        ctx.buffer_request_body()
    return Action.STOP_ITERATION if ctx.path.endswith("-held") or ctx.path == "/whole" else None


@plugin.on_request_body
def request_body(ctx: HttpContext, config: dict[str, Any], body: bytes) -> None:
    ctx.replace_request_body(body + b"END")


@plugin.on_response_body
def response_body(ctx: HttpContext, config: dict[str, Any], body: bytes) -> None:
    ctx.replace_response_body(body + b"END")


@plugin.on_streaming_request_body
def request_chunk(ctx: HttpContext, config: dict[str, Any], chunk: bytes, last_chunk: bool) -> bytes:
    return changed(ctx, chunk, last_chunk)


@plugin.on_response_headers
def response_headers(ctx: HttpContext, config: dict[str, Any]) -> Action | None:
    if ctx.path == "/inject":
        ctx.need_pause_streaming_response()
    if ctx.path == "/upgrade-later":
        ctx.response_headers["upgrade"] = "other"
    if ctx.path.startswith("/status-"):
        ctx.response_headers[":status"] = ctx.path.removeprefix("/status-")
    if ctx.path == "/whole":
        ctx.buffer_response_body()
    return Action.STOP_ITERATION if ctx.path.endswith("-held") or ctx.path == "/whole" else None


@plugin.on_streaming_response_body
def response_chunk(ctx: HttpContext, config: dict[str, Any], chunk: bytes, last_chunk: bool) -> bytes | None:
    if ctx.path == "/inject":
        ctx.inject_response_body(chunk + b"END" if last_chunk else chunk, last_chunk)
        return None
    return changed(ctx, chunk, last_chunk)
