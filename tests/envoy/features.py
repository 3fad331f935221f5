"""A plugin whose every path shows one thing that has to work inside Envoy."""

from __future__ import annotations

import datetime
import hashlib  # noqa: F401  # as ai-proxy: modules that load the same parts of Python are linked only once
import hmac  # noqa: F401
import json
import logging
import os
import random
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from proxywasm import (
    Action,
    ClusterClient,
    Counter,
    Gauge,
    HttpAnswer,
    HttpCallError,
    HttpContext,
    Plugin,
    PluginContext,
    RedisClient,
    TargetCluster,
    log,
    shared_data,
)

Config = dict[str, Any]

plugin: Plugin[Config] = Plugin("features")
requests = Counter("features_requests")
level = Gauge("features_level")
service = ClusterClient(TargetCluster("upstream", "upstream"))
redis = RedisClient(TargetCluster("redis", "redis"))
redis.init()
waiting: list[HttpContext] = []
LARGE = 1 << 18
drawn = random.random()  # while the component is built


@plugin.parse_config
def parse(document: Config) -> Config:
    if "raise" in document:
        raise LookupError(document["raise"])
    if "redis" in document:
        redis.init()
    log.info("drew %s", random.random())
    return document


@plugin.on_tick(100)
def tick(context: PluginContext) -> None:
    if context.get_context("ticked") is None:
        context.set_context("ticked", True)
        log.info("ticked with %s", context.config)


@plugin.on_request_headers
def request_headers(ctx: HttpContext, config: Config) -> Action | None:
    requests.increment()
    path = ctx.path.partition("?")[0]
    ctx.set_context("path", path)
    if path not in REQUEST_READERS:
        ctx.dont_read_request_body()
    if path not in RESPONSE_READERS:
        ctx.dont_read_response_body()
    handler = PATHS.get(path)
    return handler(ctx, config) if handler else None


@plugin.on_request_body
def request_body(ctx: HttpContext, config: Config, body: bytes) -> Action | None:
    match ctx.get_context("path"):
        case "/upper" | "/limit" | "/resumed-headers":
            ctx.replace_request_body(body.upper())
        case "/bracket":
            ctx.replace_request_body(b"[" + body + b"]")
        case "/raise-in-body":
            raise RuntimeError("body")
        case "/paused-body":

            def answered(answer: HttpAnswer) -> None:
                ctx.replace_request_body(answer.body + b", " + body)
                ctx.resume_http_request()

            service.post("/called", answered, body=b"paused")
            return Action.PAUSE
        case "/route-call":

            def routed(answer: HttpAnswer) -> None:
                ctx.send_http_response(answer.status, {"x-routed": "yes"}, b"routed: " + answer.body)

            ctx.route_call("POST", "/called", routed, body=body.upper())
    return None


@plugin.on_streaming_request_body
def streamed_request(ctx: HttpContext, config: Config, chunk: bytes, last_chunk: bool) -> bytes:
    return chunk.upper() + b"." * last_chunk


@plugin.on_response_headers
def response_headers(ctx: HttpContext, config: Config) -> Action | None:
    ctx.response_headers["x-phase"] = ctx.execution_phase.value
    match ctx.get_context("path"):
        case "/cookies":
            ctx.response_headers.add("set-cookie", "a=1")
            ctx.response_headers.add("set-cookie", "b=2")
        case "/many":
            edit_many(ctx.response_headers)
        case "/whole" | "/waiting" | "/bracket":
            return Action.STOP_ITERATION
        case "/too-large" | "/too-large-mine":
            ctx.set_response_body_buffer_limit(10)
            return Action.STOP_ITERATION
        case "/reply-paused":
            service.post("/called", lambda answer: ctx.resume_http_response())
            return Action.PAUSE
        case "/late-reply":
            ctx.send_http_response(403, {"x-local": "yes"}, b"late")
        case "/paused-response":

            def answered(answer: HttpAnswer) -> None:
                ctx.response_headers["x-called"] = answer.body.decode()
                ctx.resume_http_response()

            service.post("/called", answered, body=b"response")
            return Action.PAUSE
        case "/raise-in-response" | "/reply-raise":
            raise RuntimeError("response")
        case "/from":
            ctx.response_headers["x-from-upstream"] = str(ctx.is_response_from_upstream())
    return None


@plugin.on_response_body
def response_body(ctx: HttpContext, config: Config, body: bytes) -> None:
    if ctx.get_context("path") == "/raise-in-whole":
        raise RuntimeError("whole")
    ctx.replace_response_body(b"[" + body + b"]")


@plugin.on_response_too_large
def response_too_large(ctx: HttpContext, config: Config) -> None:
    if ctx.get_context("path") == "/too-large-mine":
        ctx.send_http_response(503, {"x-local": "yes"}, b"mine")


@plugin.on_streaming_response_body
def streamed_response(ctx: HttpContext, config: Config, chunk: bytes, last_chunk: bool) -> bytes | Action | None:
    if ctx.get_context("path") == "/inject":
        inject(ctx, chunk, last_chunk)
        return None
    if ctx.get_context("path") == "/inject-end":
        if ctx.get_context("calls") is None:
            if b"[DONE]" not in chunk:
                return chunk
            ctx.need_pause_streaming_response()
        inject(ctx, chunk, last_chunk)
        return None
    if ctx.get_context("path") == "/inject-large":
        ctx.inject_response_body(chunk * LARGE, last_chunk)
        return None
    if ctx.get_context("path") == "/inject-large-end":
        ctx.inject_response_body(bytes(3 << 20) if last_chunk else chunk, last_chunk)
        return None
    if ctx.get_context("path") == "/waiting" and not ctx.get_context("resumed"):
        if ctx.get_context("calls") is None:
            ctx.set_context("calls", 1)
            service.post("/called", lambda answer: resume_response(ctx))
        return Action.STOP_ITERATION
    if ctx.get_context("path") == "/raise-in-chunk" and b"[DONE]" in chunk:
        raise RuntimeError("chunk")
    return b"<" + chunk + b">"


@plugin.on_stream_done
def done(ctx: HttpContext, config: Config) -> None:
    if ctx in waiting:
        waiting.remove(ctx)
    if ctx.get_context("path") == "/done":
        code = int.from_bytes(ctx.get_property("response", "code") or b"", "little")
        log.info("done with %s", code)
        service.get("/called", lambda answer: log.info("called after the end: %s", answer.status))


def resume_response(ctx: HttpContext) -> None:
    ctx.set_context("resumed", True)
    ctx.resume_http_response()


def inject(ctx: HttpContext, chunk: bytes, last_chunk: bool) -> None:
    """Chunks go on when a call-out for each has been answered."""
    ctx.push_buffer(chunk)
    calls = ctx.get_context("calls", 0)
    ctx.set_context("calls", calls + 1)
    if calls == 0:
        ctx.inject_response_body(b"first;")

    def answered(answer: HttpAnswer) -> None:
        ctx.inject_response_body(b"(" + ctx.pop_buffer(), last_chunk)
        if not last_chunk:
            ctx.inject_response_body(b")")

    service.post("/called", answered, body=b"x")


def edit_many(headers: Any) -> None:
    for number in range(10):
        headers[f"x-many-{number}"] = str(number)
        headers.add("x-twice", str(number))
    headers.discard("x-removed")


# What request headers do, by path.


def headers(ctx: HttpContext, config: Config) -> None:
    ctx.request_headers["x-replaced"] += "!"
    ctx.request_headers.add("x-added", "café")
    ctx.request_headers.discard("x-removed")
    ctx.request_headers.add("x-config", json.dumps(config))
    ctx.request_headers["x-bytes-back"] = ctx.request_headers.get("x-bytes", "")


def many(ctx: HttpContext, config: Config) -> None:
    edit_many(ctx.request_headers)


def read_request(ctx: HttpContext, config: Config) -> Action:
    ctx.buffer_request_body()
    return Action.STOP_ITERATION


def read_both(ctx: HttpContext, config: Config) -> Action:
    ctx.buffer_response_body()
    return read_request(ctx, config)


def limit(ctx: HttpContext, config: Config) -> Action:
    ctx.set_request_body_buffer_limit(10)
    return read_request(ctx, config)


def resumed_headers(ctx: HttpContext, config: Config) -> Action:
    """The headers go on while the body is still being collected."""
    ctx.request_headers.discard("content-length")

    def answered(answer: HttpAnswer) -> None:
        ctx.resume_http_request()
        log.info("%s has resumed its headers", ctx.path)

    service.get("/called", answered)
    return read_request(ctx, config)


def read_response(ctx: HttpContext, config: Config) -> None:
    ctx.buffer_response_body()


def inject_response(ctx: HttpContext, config: Config) -> None:
    ctx.need_pause_streaming_response()


def reply(ctx: HttpContext, config: Config) -> None:
    ctx.send_http_response(418, [("x-local", "yes"), ("set-cookie", "a=1"), ("set-cookie", "b=2")], b"\x00\xff")


def answer_json(ctx: HttpContext, value: object) -> None:
    ctx.send_http_response(200, {"content-type": "application/json"}, json.dumps(value))


def call(ctx: HttpContext, config: Config) -> Action:
    """`cluster` and `timeout` are in the query."""
    options = dict(item.split("=") for item in ctx.path.partition("?")[2].split("&") if item)

    def answered(answer: HttpAnswer) -> None:
        ctx.send_http_response(200, (), f"{answer.status} {answer.body.decode()}")

    client = ClusterClient(TargetCluster(options.get("cluster", "upstream"), "upstream"))
    try:
        client.post("/called", answered, body=b"question", timeout_ms=int(options.get("timeout", "3000")))
    except HttpCallError as error:
        ctx.send_http_response(503, (), str(error))
    return Action.PAUSE


def call_resume(ctx: HttpContext, config: Config) -> Action:
    def answered(answer: HttpAnswer) -> None:
        ctx.request_headers["x-called"] = f"{answer.status} {answer.body.decode()}"
        ctx.resume_http_request()

    service.post("/called", answered, body=ctx.path.partition("?")[2])
    return Action.PAUSE


def call_raise(ctx: HttpContext, config: Config) -> Action:
    def answered(answer: HttpAnswer) -> None:
        raise RuntimeError("answer")

    service.post("/called", answered)
    return Action.PAUSE


def raise_while_collecting(ctx: HttpContext, config: Config) -> None:
    def answered(answer: HttpAnswer) -> None:
        raise RuntimeError(f"while collecting: {config.get('number')}")

    service.post("/called", answered)
    ctx.buffer_request_body()


def wait(ctx: HttpContext, config: Config) -> Action:
    waiting.append(ctx)
    log.info("%s waits", ctx.path)
    return Action.PAUSE


def resume_others(ctx: HttpContext, config: Config) -> None:
    for other in waiting:
        other.request_headers["x-resumed-by"] = str(ctx.id)
        other.resume_http_request()


def reply_to_others(ctx: HttpContext, config: Config) -> None:
    for other in waiting:
        other.send_http_response(409, (), b"answered by another")


def shared(ctx: HttpContext, config: Config) -> None:
    key = uuid.uuid4().hex
    facts: list[object] = [shared_data.get(key), shared_data.create(key, b"1"), shared_data.create(key, b"2")]
    entry = shared_data.get(key)
    assert entry
    facts += [entry.value.decode(), shared_data.set(key, b"", entry.cas), shared_data.set(key, b"3", entry.cas)]
    facts += [shared_data.update(key, lambda old: (b"none" if old is None else old) + b"4").decode()]
    answer_json(ctx, facts)


def host(ctx: HttpContext, config: Config) -> None:
    ctx.set_property("features_own", b"set")
    level.record(7)
    level.add(-2)
    level.add(0)
    facts: dict[str, object] = {
        "path": (ctx.get_property("request", "path") or b"").decode(),
        "own": (ctx.get_property("features_own") or b"").decode(),
        "unknown": ctx.get_property("no", "such", "property"),
        "request_id": ctx.get_property("x_request_id") == ctx.request_headers["x-request-id"].encode(),
        "plugin_name": (ctx.plugin.get_property("plugin_name") or b"").decode(),
        "plugin_id": (ctx.plugin.get_property("plugin_id") or b"").decode(),
        "requests": requests.value > 0,
        "level": level.value,
        "leader": ctx.plugin.do_leader_election(),
    }
    attempts: dict[str, Callable[[], object]] = {
        "foreign": lambda: ctx.plugin.call_foreign_function("no_such_function"),
        "redis": lambda: redis.get("key", print),
    }
    for name, attempt in attempts.items():
        try:
            attempt()
        except Exception as error:
            facts[name] = f"{type(error).__name__}: {error}"
    answer_json(ctx, facts)


def facts(ctx: HttpContext, config: Config) -> None:
    """What Python needs from WASI."""
    print("printed")
    print("printed to stderr", file=sys.stderr)
    log.debug("debugging")
    logging.getLogger("features").warning("logged %d", 1)
    try:
        json.loads("{")
    except ValueError:
        logging.getLogger("features").exception("caught")
    errors = {}
    attempts: dict[str, Callable[[], object]] = {
        "open": lambda: Path("/etc/passwd").read_bytes(),
        "write": lambda: Path("new").write_bytes(b""),
        "listdir": lambda: list(Path("/").iterdir()),
        "sleep": lambda: time.sleep(3),
        "zlib": lambda: __import__("zlib"),
        "eval": lambda: eval("1 + 1"),
    }
    for name, attempt in attempts.items():
        try:
            attempt()
        except Exception as error:
            errors[name] = type(error).__name__
    answer_json(
        ctx,
        {
            "time": time.time(),
            "now": datetime.datetime.now(datetime.UTC).isoformat(),
            "perf": time.perf_counter_ns(),
            "uuid": str(uuid.uuid4()),
            "urandom": os.urandom(500).hex(),
            "random": random.random(),
            "drawn": drawn,
            "environ": dict(os.environ),
            "errors": errors,
        },
    )


def raise_in_headers(ctx: HttpContext, config: Config) -> None:
    raise RuntimeError("headers")


def endless(ctx: HttpContext, config: Config) -> None:
    while True:
        pass


def grow(ctx: HttpContext, config: Config) -> None:
    hoard = []
    try:
        while True:
            hoard.append(bytearray(16 << 20))
    except MemoryError:
        size = len(hoard) * 16
    hoard.clear()
    ctx.send_http_response(200, (), f"MemoryError after {size} MiB")


def calls(ctx: HttpContext, config: Config) -> None:
    """What host calls allocate is given back: 200 of them with 1 MB each would not fit otherwise."""
    for number in range(200):
        shared_data.set("large", bytes(1_000_000))
        assert len((shared_data.get("large") or (b"",))[0]) == 1_000_000, number
    ctx.send_http_response(200, (), b"done")


def trap(ctx: HttpContext, config: Config) -> None:
    os._exit(3)


PATHS: dict[str, Callable[[HttpContext, Config], Action | None]] = {
    "/headers": headers,
    "/many": many,
    "/upper": read_request,
    "/bracket": read_both,
    "/limit": limit,
    "/resumed-headers": resumed_headers,
    "/paused-body": read_request,
    "/route-call": read_request,
    "/whole": read_response,
    "/too-large": read_response,
    "/too-large-mine": read_response,
    "/inject": inject_response,
    "/inject-large": inject_response,
    "/inject-large-end": inject_response,
    "/reply": reply,
    "/reply-paused": reply,
    "/reply-raise": reply,
    "/call": call,
    "/call-resume": call_resume,
    "/call-raise": call_raise,
    "/raise-while-collecting": raise_while_collecting,
    "/wait": wait,
    "/resume-others": resume_others,
    "/reply-to-others": reply_to_others,
    "/shared": shared,
    "/host": host,
    "/facts": facts,
    "/raise": raise_in_headers,
    "/raise-in-body": read_request,
    "/raise-in-whole": read_response,
    "/endless": endless,
    "/grow": grow,
    "/calls": calls,
    "/trap": trap,
}

REQUEST_READERS = {
    "/bracket",
    "/upper",
    "/upper-stream",
    "/limit",
    "/resumed-headers",
    "/paused-body",
    "/route-call",
    "/raise-in-body",
    "/raise-while-collecting",
}
RESPONSE_READERS = {
    "/bracket",
    "/whole",
    "/too-large",
    "/too-large-mine",
    "/stream",
    "/waiting",
    "/inject",
    "/inject-large",
    "/inject-end",
    "/inject-large-end",
    "/route-call",
    "/raise-in-whole",
    "/raise-in-chunk",
}
