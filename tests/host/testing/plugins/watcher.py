"""Is shown bodies in batches, and leaves streams: the query of the path says when."""

from typing import Any

from proxywasm import Action, HttpContext, Plugin, log

plugin: Plugin[dict[str, Any]] = Plugin("watcher")
SERVICE = "outbound|80||service.example"


@plugin.on_request_headers
def request_headers(ctx: HttpContext, config: dict[str, Any]) -> Action | None:
    ctx.request_headers["x-watched"] = "yes"
    match ctx.path:
        case "/leave":
            ctx.leave()
        case "/leave-until-done":
            ctx.leave(until_done=True)
        case "/leave-and-pause":
            ctx.leave()
            return Action.PAUSE
        case "/leave-and-ask":
            ctx.leave()
            ctx.send_http_response(403)
    return None


@plugin.on_response_headers
def response_headers(ctx: HttpContext, config: dict[str, Any]) -> Action | None:
    ctx.response_headers["x-watched"] = "yes"
    return Action.STOP_ITERATION if ctx.path == "/leave-held" else None


def on_request_chunk(ctx: HttpContext, config: dict[str, Any], chunk: bytes, last: bool) -> None:
    log.info("request %d %s", len(chunk), last)


def on_response_chunk(ctx: HttpContext, config: dict[str, Any], chunk: bytes, last: bool) -> None:
    if chunk == b"fail":
        raise ValueError("as it was asked to")
    log.info("response %d %s", len(chunk), last)
    if (last and ctx.path == "/leave-last") or ctx.path == "/leave-held":
        ctx.leave()


plugin.on_streaming_request_body(read_only=True, batched=True)(on_request_chunk)
plugin.on_streaming_response_body(read_only=True, batched=True)(on_response_chunk)


@plugin.on_stream_done
def done(ctx: HttpContext, config: dict[str, Any]) -> None:
    log.info("done")
