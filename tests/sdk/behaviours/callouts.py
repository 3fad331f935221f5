"""HTTP call-outs from every phase, from ticks and at the start."""

from __future__ import annotations

from functools import partial
from typing import Any

from proxywasm import (
    Action,
    ClusterClient,
    FQDNCluster,
    HttpAnswer,
    HttpContext,
    Plugin,
    PluginContext,
    RouteCluster,
    log,
    plugin_context,
)

Config = dict[str, Any]

PLUGINS: dict[str, Plugin[Config]] = {}

client = ClusterClient(FQDNCluster("auth.internal.dns", 80))

# The phase named by the configuration calls, pauses, and is resumed by the callback.

phases: Plugin[Config] = Plugin("phases")
PLUGINS["call in a phase"] = phases


def ask(ctx: HttpContext, config: Config, phase: str, body: bytes = b"") -> Action | None:
    if phase != config["phase"]:
        return Action.STOP_ITERATION if phase.endswith("headers") else None
    client.post(
        "/check", partial(answered, ctx, phase), headers={"X-Phase": phase}, body=body or "no body", timeout_ms=300
    )
    return Action.PAUSE


def answered(ctx: HttpContext, phase: str, answer: HttpAnswer) -> None:
    if not answer.received:
        ctx.send_http_response(504, body="no answer")
        return
    if answer.status == 403:
        ctx.send_http_response(403, {"x-by": "plugin"}, answer.body)
        return
    half = phase.partition(" ")[0]
    headers = ctx.request_headers if half == "request" else ctx.response_headers
    headers["x-answer"] = answer.headers["x-user"]
    if phase == "request body":
        ctx.replace_request_body(answer.body)
    elif phase == "response body":
        ctx.replace_response_body(answer.body)
    if half == "request":
        ctx.resume_http_request()
    else:
        ctx.resume_http_response()


@phases.on_request_headers
def phase_1(ctx: HttpContext, config: Config) -> Action | None:
    return ask(ctx, config, "request headers")


@phases.on_request_body
def phase_2(ctx: HttpContext, config: Config, body: bytes) -> Action | None:
    return ask(ctx, config, "request body", body)


@phases.on_response_headers
def phase_3(ctx: HttpContext, config: Config) -> Action | None:
    return ask(ctx, config, "response headers")


@phases.on_response_body
def phase_4(ctx: HttpContext, config: Config, body: bytes) -> Action | None:
    return ask(ctx, config, "response body", body)


# Two calls, one after the other, to the service of the route.

chain: Plugin[Config] = Plugin("chain")
PLUGINS["chain"] = chain


@chain.on_request_headers
def chain_start(ctx: HttpContext, config: Config) -> Action:
    route = ClusterClient(RouteCluster())

    def second(answer: HttpAnswer) -> None:
        ctx.request_headers["x-token"] = answer.body.decode()
        ctx.resume_http_request()

    def first(answer: HttpAnswer) -> None:
        route.get(f"/second?of={answer.body.decode()}", second)

    route.get("http://other.example/first", first)
    return Action.PAUSE


# Calls of the plugin itself.

own: Plugin[Config] = Plugin("own")
PLUGINS["calls of the plugin"] = own


@own.parse_config
def own_config(document: Config) -> Config:
    client.get("/at-start", partial(own_answered, "start"))
    return document


@own.on_tick(1000)
def own_tick(context: PluginContext) -> None:
    client.get("/in-tick", partial(own_answered, "tick"))


@own.on_stream_done
def own_done(ctx: HttpContext, config: Config) -> None:
    client.post("/report", partial(own_answered, f"stream {ctx.id}"), body=ctx.path)


def own_answered(what: str, answer: HttpAnswer) -> None:
    if answer.body == b"bad":
        raise ValueError(what)
    plugin_context().set_context(what, answer.status)
    log.info("%s is answered: %d %s", what, answer.status, "received" if answer.received else "not received")


# A route call.

route: Plugin[Config] = Plugin("route")
PLUGINS["route call"] = route


@route.on_request_headers
def route_headers(ctx: HttpContext, config: Config) -> Action | None:
    if ctx.has_request_body:
        return Action.STOP_ITERATION
    ctx.route_call("GET", "/lookup", partial(route_answered, ctx, config))
    return None


@route.on_request_body
def route_body(ctx: HttpContext, config: Config, body: bytes) -> None:
    ctx.route_call(
        "PUT", "https://llm.example/v1/ü?q=1", partial(route_answered, ctx, config), headers={"X-A": "b"}, body=b"{}"
    )


@route.on_response_headers
def route_not_called(ctx: HttpContext, config: Config) -> None:
    ctx.response_headers["x-response-callback"] = "called"


def route_answered(ctx: HttpContext, config: Config, answer: HttpAnswer) -> Action | None:
    match config.get("then"):
        case "reply":
            ctx.send_http_response(answer.status + 1, body=answer.body.upper())
        case "pause":
            client.get("/check", lambda _: ctx.resume_http_response())
            return Action.PAUSE
        case "tell":
            ctx.send_http_response(200, body=f"{answer.status}, received {answer.received}, failed {answer.failed}")
        case "edit":
            ctx.replace_response_body(answer.body * 2)
    return None
