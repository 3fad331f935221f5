"""Looks at trailers, changes them, waits in front of them, and answers instead of them: the path chooses."""

from __future__ import annotations

from typing import Any

from proxywasm import Action, ClusterClient, HttpContext, Plugin, TargetCluster

Config = dict[str, Any]
service = ClusterClient(TargetCluster("outbound|80||service.example", "service.example"))

plugin: Plugin[Config] = Plugin("tails")


@plugin.on_request_headers
def request_headers(ctx: HttpContext, config: Config) -> Action | None:
    if "/stream" in ctx.path or "/pass" in ctx.path:
        ctx.dont_read_request_body()
        ctx.dont_read_response_body()
    return Action.STOP_ITERATION if "/held" in ctx.path else None


@plugin.on_request_body
def request_body(ctx: HttpContext, config: Config, body: bytes) -> Action | None:
    assert "x-sum" not in ctx.request_trailers, "they come behind the body"
    ctx.replace_request_body(body.upper())
    if "/wait-body" in ctx.path:
        service.get("/go", lambda answer: ctx.resume_http_request())
        return Action.PAUSE
    return None


@plugin.on_request_trailers
def request_trailers(ctx: HttpContext, config: Config) -> Action | None:
    ctx.request_trailers["x-sum"] = f"<{ctx.request_trailers['x-sum']}>"
    ctx.request_trailers.discard("x-gone")
    if "/refuse" in ctx.path:
        ctx.send_http_response(422, body=b"the sum is wrong")
    if "/raise" in ctx.path:
        raise ValueError("trailers")
    if "/wait-trailers" in ctx.path:

        def go_on(answer: object) -> None:
            ctx.request_trailers.add("x-late", "yes")
            ctx.resume_http_request()

        service.get("/go", go_on)
        return Action.PAUSE
    return None


@plugin.on_response_headers
def response_headers(ctx: HttpContext, config: Config) -> Action | None:
    return Action.STOP_ITERATION if "/held" in ctx.path else None


@plugin.on_response_body
def response_body(ctx: HttpContext, config: Config, body: bytes) -> None:
    ctx.replace_response_body(body.upper())


@plugin.on_response_trailers
def response_trailers(ctx: HttpContext, config: Config) -> None:
    ctx.response_trailers["x-sum"] = f"({ctx.response_trailers['x-sum']})"
    ctx.response_trailers.add("x-more", "1")
    ctx.response_trailers.add("x-more", "2")
    if "/break" in ctx.path:
        ctx.send_http_response(502)
