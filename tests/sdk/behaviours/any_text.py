"""A plugin that hands a text to its host in any way: the header `do` is `[way, phase, text]` as JSON."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable
from typing import Any

from proxywasm import (
    Action,
    ClusterClient,
    ConfigError,
    Counter,
    FQDNCluster,
    HttpAnswer,
    HttpContext,
    Plugin,
    RedisClient,
    encode_event,
    log,
    shared_data,
)

Config = dict[str, Any]

service = ClusterClient(FQDNCluster("service.dns", 80))

any_text: Plugin[Config] = Plugin("any text")


def shared(ctx: HttpContext, text: str) -> None:
    shared_data.set(text, b"kept")
    assert shared_data.update(text, lambda old: (old or b"") + b"!") == b"kept!"


def prop(ctx: HttpContext, text: str) -> None:
    ctx.set_property(["any", text], b"kept")
    assert ctx.get_property("any", text) == b"kept"


def fail(ctx: HttpContext, text: str) -> None:
    raise LookupError(text)


def redis(ctx: HttpContext, text: str, **settings: str) -> None:
    client = RedisClient(FQDNCluster("redis.dns", 6379))
    client.init(**settings)  # type: ignore[arg-type]
    client.command(["SET", text], print)


def redis_cluster(ctx: HttpContext, text: str) -> None:
    client = RedisClient(FQDNCluster(text, 6379))
    client.init()
    client.get("k", print)


def call(**given: Any) -> None:
    method, url = given.pop("method", "GET"), given.pop("url", "/")
    service.request(method, url, lambda answer: log.info("%s", answer.headers.fields()), **given)


def foreign(ctx: HttpContext, text: str) -> None:
    ctx.plugin.call_foreign_function(text)


def attribute(ctx: HttpContext, text: str) -> None:
    ctx.set_user_attribute("k", text)
    ctx.write_user_attribute_to_log()
    ctx.write_user_attribute_to_log()
    ctx.write_user_attribute_to_trace()


def attribute_key(ctx: HttpContext, text: str) -> None:
    ctx.set_user_attribute(text, "v")
    ctx.write_user_attribute_to_trace()
    ctx.write_user_attribute_to_log_with_key(text)


def headers(ctx: HttpContext) -> Any:
    return ctx.response_headers if ctx.has_response_body else ctx.request_headers


WAYS: dict[str, Callable[[HttpContext, str], object]] = {
    "log": lambda _, text: log.info("%s", text),
    "print": lambda _, text: print(text, text, file=sys.stderr),
    "logging": lambda _, text: logging.getLogger(text).warning("logged %s", text),
    "raise": fail,
    "header": lambda ctx, text: headers(ctx).__setitem__("x-set", text),
    "headers": lambda ctx, text: [headers(ctx).add("x-added", text) for _ in range(2)],
    "header's name": lambda ctx, text: headers(ctx).__setitem__(text, "v"),
    "no header": lambda ctx, text: headers(ctx).discard(text),
    "pseudo-header": lambda ctx, text: headers(ctx).__setitem__(f":{text}", "v"),
    "path": lambda ctx, text: ctx.request_headers.__setitem__(":path", f"/{text}"),
    "method": lambda ctx, text: ctx.request_headers.__setitem__(":method", text),
    "authority": lambda ctx, text: ctx.request_headers.__setitem__(":authority", text),
    "status": lambda ctx, text: ctx.response_headers.__setitem__(":status", text),
    "reply": lambda ctx, text: ctx.send_http_response(200, {"x": text}, b"body"),
    "reply's name": lambda ctx, text: ctx.send_http_response(200, {text: "v"}, b"body"),
    "reply's body": lambda ctx, text: ctx.send_http_response(200, {}, text or "empty"),
    "details": lambda ctx, text: ctx.send_http_response(200, {}, b"body", details=text),
    "event": lambda ctx, text: ctx.send_http_response(200, {}, encode_event(text)),
    "property": prop,
    "shared data": shared,
    "metric": lambda _, text: Counter(text).increment(),
    "call": lambda _, text: call(headers={"x": text}),
    "call's name": lambda _, text: call(headers={text: "v"}),
    "call's method": lambda _, text: call(method=text),
    "call's path": lambda _, text: call(url=f"/{text}?{text}"),
    "call's body": lambda _, text: call(body=text),
    "cluster": lambda _, text: ClusterClient(FQDNCluster(text, 80)).get("/", print),
    "foreign function": foreign,
    "Redis": redis,
    "Redis user": lambda ctx, text: redis(ctx, "k", username=text, password=text),
    "Redis service": redis_cluster,
    "attribute": attribute,
    "attribute's key": attribute_key,
    "value": lambda ctx, text: ctx.set_context(text, text),
}


def do(ctx: HttpContext, phase: str) -> None:
    way, chosen, text = json.loads(ctx.request_headers["do"])
    if phase == chosen:
        WAYS[way](ctx, text)


@any_text.parse_config
def parse(document: Config) -> Config:
    if document.get("refuse"):
        raise ConfigError(document["text"])
    if document.get("raise"):
        raise LookupError(document["text"])
    return document


@any_text.on_request_headers
def request_headers(ctx: HttpContext, config: Config) -> Action | None:
    do(ctx, "request headers")
    if json.loads(ctx.request_headers["do"])[1] == "answer" and not ctx.replied:
        service.get("/wait", lambda answer: answered(ctx, answer))
        return Action.PAUSE
    return None


def answered(ctx: HttpContext, answer: HttpAnswer) -> None:
    log.info("answered %s", ascii(answer.headers.fields()))
    do(ctx, "answer")
    if not ctx.replied:
        ctx.resume_http_request()


@any_text.on_request_body
def request_body(ctx: HttpContext, config: Config, body: bytes) -> None:
    do(ctx, "request body")


@any_text.on_response_headers
def response_headers(ctx: HttpContext, config: Config) -> None:
    log.info("seen %s", ascii(ctx.request_headers.fields()))
    log.info("seen %s", ascii(ctx.response_headers.fields()))
    do(ctx, "response headers")


@any_text.on_streaming_response_body
def response_body(ctx: HttpContext, config: Config, body: bytes, last: bool) -> bytes:
    do(ctx, "response body")
    return bytes(bytearray(body))  # another object, so it crosses


@any_text.on_stream_done
def done(ctx: HttpContext, config: Config) -> None:
    do(ctx, "done")


@any_text.on_tick(100)
def tick(context: Any) -> None:
    if context.config and "tick" in context.config:
        raise LookupError(context.config["tick"])


PLUGINS = {"any text": any_text}
