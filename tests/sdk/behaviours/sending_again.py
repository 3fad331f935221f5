"""Sending another request when the response is not what the plugin wants."""

from __future__ import annotations

from typing import Any

from proxywasm import Action, ClusterClient, HttpAnswer, HttpContext, Plugin, RuleError, TargetCluster

Config = dict[str, Any]

PLUGINS: dict[str, Plugin[Config]] = {}

second: Plugin[Config] = Plugin("second")
PLUGINS["second"] = second

asked = ClusterClient(TargetCluster("asked", "asked.example"))


def again(ctx: HttpContext, config: Config) -> None:
    """The second service gets the body that the client sent, in another form."""
    number = ctx.get_context("number", 1)
    ctx.set_context("number", number + 1)
    body = ctx.get_context("body", b"")
    if config.get("when") in (None, "chunk"):
        ctx.response_headers["x-lost"] = "this response does not go on"
    ctx.send_again(
        config.get("method", "POST"),
        f"https://service-{number + 1}.example/v2",
        headers={"x-attempt": str(number + 1), "host": "left out", "content-length": "999"},
        body=b"again: " + body if body else b"",
        first_byte_timeout_ms=config.get("timeout"),
    )


def wanted(ctx: HttpContext) -> bool:
    return ctx.response_headers[":status"] == "200"


@second.on_request_headers
def second_request(ctx: HttpContext, config: Config) -> Action | None:
    if "first timeout" in config:
        ctx.set_first_byte_timeout(config["first timeout"])
    if config.get("whole"):
        ctx.buffer_response_body()
    return Action.STOP_ITERATION if ctx.has_request_body and not config.get("early") else None


@second.on_request_body
def second_request_body(ctx: HttpContext, config: Config, body: bytes) -> None:
    ctx.set_context("body", body)


@second.on_response_headers
def second_response(ctx: HttpContext, config: Config) -> Action | None:
    when = config.get("when", "headers")
    ctx.response_headers["x-can"] = str(ctx.can_send_again)
    if wanted(ctx) or when == "never":
        return Action.STOP_ITERATION if when == "chunk" else None
    if when == "headers":
        again(ctx, config)
        return {"pause": Action.PAUSE, "stop": Action.STOP_ITERATION}.get(config.get("returns", ""))
    if when == "call":
        asked.get("/again", lambda answer: again_if_asked(ctx, config, answer))
        return Action.PAUSE
    if when == "whole":
        ctx.buffer_response_body()
    return Action.STOP_ITERATION if when != "too late" else None


def again_if_asked(ctx: HttpContext, config: Config, answer: HttpAnswer) -> None:
    if answer.status == 200:
        again(ctx, config)
    else:
        ctx.resume_http_response()


@second.on_response_body
def second_whole(ctx: HttpContext, config: Config, body: bytes) -> Action | None:
    if not wanted(ctx):
        again(ctx, config)
        return Action.PAUSE if config.get("returns") == "pause" else None
    ctx.replace_response_body(b"whole: " + body)
    return None


@second.on_response_too_large
def second_too_large(ctx: HttpContext, config: Config) -> None:
    again(ctx, config)


@second.on_response_broken
def second_broken(ctx: HttpContext, config: Config) -> Action | None:
    does = config.get("broken")
    if does == "again":
        again(ctx, config)
    elif does == "reply":
        ctx.send_http_response(502, {"x-why": (ctx.get_property("response", "code_details") or b"").decode()})
    elif does == "call":
        asked.get("/again", lambda answer: again_if_asked(ctx, config, answer))
        return Action.PAUSE
    elif does == "stop":
        return Action.STOP_ITERATION
    return None


@second.on_streaming_response_body
def second_chunk(ctx: HttpContext, config: Config, chunk: bytes, last_chunk: bool) -> bytes | Action | None:
    if config.get("when") == "too late":
        try:
            again(ctx, config)
        except RuleError as error:
            return f"[{error}]".encode()
    if config.get("when") == "chunk" and chunk.startswith(b"error"):
        again(ctx, config)
        return Action.STOP_ITERATION if config.get("returns") == "stop" else b"not sent"
    if config.get("when") == "second chunk" and not wanted(ctx):
        if chunk == b"first":
            return Action.STOP_ITERATION
        again(ctx, config)
        return None
    return chunk.upper()


@second.on_stream_done
def second_done(ctx: HttpContext, config: Config) -> None:
    try:
        again(ctx, config)
    except RuleError as error:
        ctx.set_context("error", error)
