"""Does what the path of a request says, so that one component serves all tests of the kit."""

from __future__ import annotations

import os
import random
import time
import uuid
from datetime import UTC, datetime
from typing import Any

from proxywasm import (
    Action,
    ClusterClient,
    ConfigError,
    Counter,
    FQDNCluster,
    Histogram,
    HttpAnswer,
    HttpContext,
    Plugin,
    PluginContext,
    RedisAnswer,
    RedisClient,
    log,
    plugin_context,
    shared_data,
)

plugin: Plugin[dict[str, Any]] = Plugin("many")
client = ClusterClient(FQDNCluster("service.example", 80))
redis = RedisClient(FQDNCluster("redis.example", 6379))
requests, sizes = Counter("requests"), Histogram("sizes")
seen: list[str] = []
waiting: list[HttpContext] = []


@plugin.parse_config
def parse_config(document: dict[str, Any]) -> dict[str, Any]:
    if "refuse" in document:
        raise ConfigError(f"refuse: {document['refuse']}")
    if "refuse-as" in document:
        raise ConfigError(document["refuse-as"])
    if "break" in document:
        raise KeyError("broken start")
    if "break-tick" in document:
        plugin_context().register_tick(100, break_tick)
    if document.get("redis"):
        redis.init(timeout_ms=500)
    return document


def break_tick() -> None:
    raise LookupError("nothing there in a tick")


@plugin.on_tick(200)
def tick(plugin: PluginContext) -> None:
    log.info("tick at %d", round(time.time() * 1000) % 100_000)


@plugin.on_request_headers
def request_headers(ctx: HttpContext, config: dict[str, Any]) -> Action | None:  # noqa: PLR0912  # a case for each path
    headers = ctx.request_headers
    match ctx.path:
        case "/time":
            headers["x-time"] = f"{datetime.now(UTC).isoformat()} {time.time()}"
        case "/random":
            headers["x-random"] = f"{random.random()} {uuid.uuid4()} {os.urandom(4).hex()}"
        case "/seen":
            seen.append(ctx.method)
            headers["x-seen"] = ",".join(seen)
        case "/raise":
            raise LookupError("nothing there")
        case "/log-a-traceback":
            log.error("Traceback (most recent call last):\nLookupError: caught by the plugin")
            log.error("[plugin failed] so it says")
        case "/return-text":
            return "continue"  # type: ignore[return-value]  # as an author may do it
        case "/stop":
            return Action.STOP_ITERATION
        case "/hang":
            waiting.append(ctx)
            return Action.PAUSE
        case "/trap":
            os._exit(3)
        case "/answer-who-hangs":
            for other in waiting:
                other.send_http_response(409, {}, "enough")
        case "/call":
            client.get("/first", lambda answer: answered(ctx, answer), timeout_ms=1000)
            return Action.PAUSE
        case "/call-soon":
            client.get("/soon", lambda answer: answered(ctx, answer), timeout_ms=50)
            return Action.PAUSE
        case "/reply-later":
            client.get("/first", lambda _: ctx.send_http_response(418))
            return Action.PAUSE
        case "/calls-for-ever":
            call_again(client)
        case "/redis":
            redis.command(["LRANGE", "key", 0, b"\xff"], lambda answer: counted(ctx, answer))
            return Action.PAUSE
        case "/reply":
            ctx.send_http_response(418, {}, "short and stout", details="teapot")
        case "/reply-without-details":
            ctx.send_http_response(418)
        case "/reply-with-spaces":
            ctx.send_http_response(418, details="one two")
        case "/share":
            shared_data.set("key", b"value")
    requests.increment()
    return None


def answered(ctx: HttpContext, answer: HttpAnswer) -> None:
    ctx.request_headers["x-answer"] = f"{answer.status} {answer.body.decode()}"
    ctx.request_headers["x-failed"] = f"received {answer.received}, failed {answer.failed}"
    ctx.resume_http_request()


def reported(answer: HttpAnswer) -> None:
    raise LookupError("nobody wants to hear it")


def call_again(client: ClusterClient) -> None:
    client.get("/again", lambda answer: call_again(client))


def counted(ctx: HttpContext, answer: RedisAnswer) -> None:
    ctx.request_headers["x-redis"] = str(answer.error or answer.value)
    ctx.resume_http_request()


@plugin.on_response_headers
def response_headers(ctx: HttpContext, config: dict[str, Any]) -> None:
    if ctx.path == "/reply-to-the-response" and ctx.is_response_from_upstream():
        ctx.send_http_response(418)


@plugin.on_streaming_response_body
def response_body(ctx: HttpContext, config: dict[str, Any], chunk: bytes, last_chunk: bool) -> bytes:
    sizes.record(len(chunk))
    if chunk == b"two" and ctx.path == "/raise-in-the-middle":
        raise LookupError("nothing in the middle")
    return chunk.upper()


@plugin.on_stream_done
def done(ctx: HttpContext, config: dict[str, Any]) -> None:
    if ctx.path == "/raise-at-the-end":
        raise LookupError("nothing there any more")
    if ctx.path == "/report":
        client.get("/report", reported)
    ctx.set_property("custom_log", ctx.path.encode())
    log.info("done with %s", ctx.path)
