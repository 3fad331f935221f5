"""What ends a callback, a stream or a call in an unusual way."""

from __future__ import annotations

import asyncio
from typing import Any

from proxywasm import (
    Action,
    ClusterClient,
    ConfigError,
    Gauge,
    HttpAnswer,
    HttpContext,
    Plugin,
    TargetCluster,
)

Config = dict[str, Any]

PLUGINS: dict[str, Plugin[Config]] = {}

client = ClusterClient(TargetCluster("service", "service.example"))


class Unusual(BaseException):
    """An author's own."""


RAISED: dict[str, type[BaseException]] = {
    each.__name__: each
    for each in (ConfigError, asyncio.CancelledError, GeneratorExit, SystemExit, KeyboardInterrupt, Unusual)
}

# The phase and the error that the request's headers name.

raising: Plugin[Config] = Plugin("raising")
PLUGINS["raise anything"] = raising


def raise_in(ctx: HttpContext, phase: str) -> None:
    if ctx.get_context("phase") == phase:
        raise RAISED[ctx.get_context("error")](f"in {phase}")


@raising.on_request_headers
def raising_request(ctx: HttpContext, config: Config) -> Action | None:
    ctx.set_context("phase", ctx.request_headers.get("x-phase", ""))
    ctx.set_context("error", ctx.request_headers.get("x-error", ""))
    raise_in(ctx, "request headers")
    if ctx.get_context("phase") == "answer":

        def answered(answer: HttpAnswer) -> None:
            raise_in(ctx, "answer")

        client.get("/", answered)
        return Action.PAUSE
    return None


@raising.on_request_body
def raising_body(ctx: HttpContext, config: Config, body: bytes) -> None:
    raise_in(ctx, "request body")


@raising.on_response_headers
def raising_response(ctx: HttpContext, config: Config) -> None:
    raise_in(ctx, "response headers")


@raising.on_streaming_response_body
def raising_chunk(ctx: HttpContext, config: Config, chunk: bytes, last_chunk: bool) -> None:
    raise_in(ctx, "response chunk")


@raising.on_stream_done
def raising_done(ctx: HttpContext, config: Config) -> None:
    raise_in(ctx, "done")


# Headers that wait for a body, whether there is one or not.

waiting: Plugin[Config] = Plugin("waiting")
PLUGINS["wait for the body"] = waiting


@waiting.on_request_headers
def waiting_request(ctx: HttpContext, config: Config) -> Action:
    if ctx.path == "/reply":
        ctx.send_http_response(403)
    return Action.STOP_ITERATION


@waiting.on_request_body
def waiting_body(ctx: HttpContext, config: Config, body: bytes) -> None:
    ctx.replace_request_body(body + b"!")


@waiting.on_response_headers
def waiting_response(ctx: HttpContext, config: Config) -> Action:
    return Action.STOP_ITERATION


@waiting.on_response_body
def waiting_response_body(ctx: HttpContext, config: Config, body: bytes) -> None:
    ctx.replace_response_body(body + b"!")


# A plugin that fails when its own reply comes back to it.

replying: Plugin[Config] = Plugin("replying")
PLUGINS["fail in the own reply"] = replying


@replying.on_request_headers
def replying_request(ctx: HttpContext, config: Config) -> None:
    headers = [("content-length", "999"), ("transfer-encoding", "chunked"), ("connection", "x-hop"), ("x-hop", "1")]
    ctx.send_http_response(403, [*headers, ("x-by", "plugin")], ctx.request_headers.get("x-body", ""))


@replying.on_response_headers
def replying_response(ctx: HttpContext, config: Config) -> None:
    if ctx.path == "/fail":
        raise ValueError("in the own reply")


# A plugin that fails with the body of its own reply, which it has held, or not, or paused for a call.

reading: Plugin[Config] = Plugin("reading")
PLUGINS["fail in the body of the own reply"] = reading


@reading.on_request_headers
def reading_request(ctx: HttpContext, config: Config) -> None:
    ctx.send_http_response(403, body="the own body")


@reading.on_response_headers
def reading_response(ctx: HttpContext, config: Config) -> Action:
    if "whole" in ctx.path:
        ctx.buffer_response_body()
    if "called-headers" in ctx.path:
        return _call()
    if "paused" in ctx.path:
        client.get("/", lambda _: ctx.resume_http_response())
        return Action.PAUSE
    return Action.STOP_ITERATION if "held" in ctx.path else Action.CONTINUE


def _call() -> Action:
    def answered(answer: HttpAnswer) -> None:
        raise ValueError("in the own reply")

    client.get("/", answered)
    return Action.PAUSE


@reading.on_response_body
def reading_body(ctx: HttpContext, config: Config, body: bytes) -> Action:
    if "called" in ctx.path:
        return _call()
    raise ValueError("in the own reply")


@reading.on_streaming_response_body
def reading_chunk(ctx: HttpContext, config: Config, chunk: bytes, last_chunk: bool) -> None:
    raise ValueError("in the own reply")


# A client's headers and path, handed on to a service.

handing_on: Plugin[Config] = Plugin("handing on")
PLUGINS["hand on to a call"] = handing_on


@handing_on.on_request_headers
def hand_on(ctx: HttpContext, config: Config) -> Action:
    more = [("Host", "evil.example"), ("te", "trailers"), ("keep-alive", "timeout=5"), ("upgrade", "h2c")]
    headers = [*ctx.request_headers.fields(), *more, ("connection", "X-Hop, close"), ("x-hop", "1")]
    body = ctx.request_headers.get("x-body", "")

    def answered(answer: HttpAnswer) -> None:
        ctx.send_http_response(200, body=answer.body)

    client.request("POST" if body else "GET", ctx.path, answered, headers=headers, body=body)
    return Action.PAUSE


# Values that come back from the host.

values: Plugin[Config] = Plugin("values")
PLUGINS["values of the host"] = values

level = Gauge("own_mistakes_level")


@values.on_request_headers
def value_request(ctx: HttpContext, config: Config) -> None:
    told: list[object] = []
    level.record(3)
    level.add(-5)
    told.append(level.value)
    level.add(2)
    level.add(-2)
    level.add(-1)
    told.append(level.value)
    ctx.set_property(["own", "name"], b"1")
    ctx.set_property(["request", "note"], b"2")
    ctx.set_property("own", b"3")
    told += [ctx.get_property("own", "name"), ctx.get_property("request", "note"), ctx.get_property("own")]
    ctx.plugin.set_property(["own", "name"], b"4")
    told += [ctx.plugin.get_property("own", "name"), ctx.get_property("own", "other")]
    ctx.send_http_response(200, body=repr(told))
