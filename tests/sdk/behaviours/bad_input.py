"""Everything an author can do wrong."""

from __future__ import annotations

from typing import Any

from proxywasm import (
    Action,
    ClusterClient,
    Counter,
    FQDNCluster,
    HttpContext,
    Plugin,
    RedisClient,
    shared_data,
)

Config = dict[str, Any]

cluster = FQDNCluster("nowhere.dns", 80)
client = ClusterClient(cluster)
redis = RedisClient(cluster)

PLUGINS: dict[str, Plugin[Config]] = {}


def _plugin(name: str, **callbacks: Any) -> None:
    plugin = PLUGINS[name] = Plugin(name)
    for phase, callback in callbacks.items():
        getattr(plugin, phase)(callback)


def _reply_twice(ctx: HttpContext, _: Config) -> None:
    ctx.send_http_response(200)
    ctx.send_http_response(201)


def _edit_late(ctx: HttpContext, _: Config) -> None:
    ctx.request_headers["x"] = "late"


def _edit_after_resume(ctx: HttpContext, _: Config) -> Action:
    client.get("/", lambda _: (ctx.resume_http_request(), _edit_late(ctx, _)))  # type: ignore[arg-type, func-returns-value]
    return Action.PAUSE


def _pause(ctx: HttpContext, *_: Any) -> Action:
    return Action.PAUSE


def _raise_in_callback(ctx: HttpContext, _: Config) -> Action:
    def answered(_: object) -> None:
        raise ValueError("in the callback")

    client.get("/", answered)
    return Action.PAUSE


def _keep(ctx: HttpContext, config: Config) -> None:
    """The second stream touches the first, which has ended."""
    kept = ctx.plugin.get_context("kept")
    ctx.plugin.set_context("kept", ctx)
    if kept is not None:
        config["touch"](kept)


def _take_and_return(ctx: HttpContext, _: Any, chunk: bytes, last: bool) -> bytes:
    ctx.need_pause_streaming_response()
    return chunk


_plugin("headers return text", on_request_headers=lambda *_: "continue")
_plugin("body returns bytes", on_request_body=lambda *_: b"body")
_plugin("body stops iteration", on_request_body=lambda *_: Action.STOP_ITERATION)
_plugin("chunk returns text", on_streaming_response_body=lambda *_: "text")
_plugin("resume without pause", on_request_headers=lambda ctx, _: ctx.resume_http_request())
_plugin("resume response without pause", on_response_headers=lambda ctx, _: ctx.resume_http_response())
_plugin("edit too early", on_request_headers=lambda ctx, _: ctx.response_headers.add("x", "y"))
_plugin("edit in a phase that is over", on_response_headers=_edit_late)
_plugin("edit after resume", on_request_headers=_edit_after_resume)
_plugin("replace a body that is not there", on_request_headers=lambda ctx, _: ctx.replace_request_body(b""))
_plugin("replace by text", on_request_body=lambda ctx, _, body: ctx.replace_request_body("text"))
_plugin("inject without taking", on_response_headers=lambda ctx, _: ctx.inject_response_body(b"x"))
_plugin(
    "return a taken chunk",
    on_response_headers=lambda ctx, _: ctx.need_pause_streaming_response(),
    on_streaming_response_body=lambda ctx, _, chunk, last: chunk,
)
_plugin("return a chunk that it takes", on_streaming_response_body=_take_and_return)
_plugin("reply twice", on_request_headers=_reply_twice)
_plugin("odd status", on_request_headers=lambda ctx, _: ctx.send_http_response(42))
_plugin("odd header", on_request_headers=lambda ctx, _: ctx.request_headers.__setitem__("x", "a\r\nb: c"))
_plugin("header of a number", on_request_headers=lambda ctx, _: ctx.request_headers.__setitem__("x", 5))
_plugin("unknown cluster", on_request_headers=lambda ctx, _: client.get("/", print))
_plugin("no callback", on_request_headers=lambda ctx, _: client.get("/", None))  # type: ignore[arg-type]
_plugin("redis without init", on_request_headers=lambda ctx, _: redis.get("k", print))
_plugin("no answer", on_request_headers=_pause)
_plugin("no answer to a response", on_response_headers=_pause)
_plugin("raise in a callback", on_request_headers=_raise_in_callback)
_plugin("metric that shrinks", on_request_headers=lambda ctx, _: Counter("c").increment(-1))
_plugin("route call after the headers", on_request_body=lambda ctx, _, body: ctx.route_call("GET", "/", print))
_plugin("shared data of text", on_request_headers=lambda ctx, _: shared_data.set("k", "text"))  # type: ignore[arg-type]
