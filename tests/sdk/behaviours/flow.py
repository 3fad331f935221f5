"""Headers, bodies, injection, properties and attributes."""

from __future__ import annotations

import json
from typing import Any

from proxywasm import Action, ClusterClient, HttpAnswer, HttpContext, Plugin, RuleError, TargetCluster

Config = dict[str, Any]

PLUGINS: dict[str, Plugin[Config]] = {}

# Each chunk of the response waits for a service that says what to send.

inject: Plugin[Config] = Plugin("inject")
PLUGINS["inject"] = inject

masker = ClusterClient(TargetCluster("masker", "masker.example"))


@inject.on_response_headers
def inject_headers(ctx: HttpContext, config: Config) -> None:
    ctx.need_pause_streaming_response()


@inject.on_streaming_response_body
def inject_chunk(ctx: HttpContext, config: Config, chunk: bytes, last_chunk: bool) -> None:
    ctx.push_buffer(chunk)
    if config.get("at once"):
        ctx.inject_response_body(chunk.upper(), last_chunk)
    elif last_chunk or ctx.buffer_queue_size() == 1:
        masker.post("/mask", lambda answer: masked(ctx, answer, last_chunk), body=chunk)


def masked(ctx: HttpContext, answer: HttpAnswer, last: bool) -> None:
    data = b""
    while ctx.buffer_queue_size():
        data += ctx.pop_buffer()
    if answer.status == 500:
        raise ValueError("the masker failed")
    ctx.inject_response_body(answer.body + b":" + data, last)


# Only the last part of the response waits: chunks before it pass as they are.

ending: Plugin[Config] = Plugin("ending")
PLUGINS["end waits"] = ending


@ending.on_streaming_response_body
def ending_chunk(ctx: HttpContext, config: Config, chunk: bytes, last_chunk: bool) -> bytes | None:
    if ctx.get_context("answered"):
        ctx.inject_response_body(b"", last_chunk)
        return None
    if ctx.get_context("waits"):
        ctx.set_context("over", last_chunk)
        return None
    text, separator, end = chunk.partition(b"END")
    if not separator:
        return chunk

    def answered(answer: HttpAnswer) -> None:
        ctx.set_context("answered", True)
        ctx.inject_response_body(end + answer.body, ctx.get_context("over"))

    ctx.set_context("waits", True)
    ctx.set_context("over", last_chunk)
    ctx.need_pause_streaming_response()
    ctx.inject_response_body(text)
    masker.post("/mask", answered)
    return None


# An answer that comes between two chunks says that the rest of the response is to be taken.

between: Plugin[Config] = Plugin("between")
PLUGINS["taken between chunks"] = between


@between.on_request_headers
def between_headers(ctx: HttpContext, config: Config) -> None:
    masker.post("/mask", lambda _: between_answered(ctx))


def between_answered(ctx: HttpContext) -> None:
    ctx.need_pause_streaming_response()
    try:
        ctx.inject_response_body(b"too early")
    except RuleError as error:
        ctx.set_context("error", str(error))


@between.on_streaming_response_body
def between_chunk(ctx: HttpContext, config: Config, chunk: bytes, last_chunk: bool) -> bytes | None:
    error = ctx.get_context("error")
    if error is None:
        return chunk
    ctx.inject_response_body(f"[{error}]".encode(), last_chunk)
    return None


# A service says how much of a body may be buffered.

limited: Plugin[Config] = Plugin("limited")
PLUGINS["limited while waiting"] = limited


@limited.on_request_headers
def limited_request(ctx: HttpContext, config: Config) -> Action:
    def allowed(answer: HttpAnswer) -> None:
        ctx.set_request_body_buffer_limit(int(answer.body))
        ctx.resume_http_request()

    masker.get("/limit", allowed)
    return Action.PAUSE


@limited.on_request_body
def limited_body(ctx: HttpContext, config: Config, body: bytes) -> None:
    ctx.replace_request_body(body.upper())


# A response may have three bytes.

too_large: Plugin[Config] = Plugin("too large")
PLUGINS["too large"] = too_large


@too_large.on_response_headers
def too_large_headers(ctx: HttpContext, config: Config) -> Action:
    ctx.set_response_body_buffer_limit(3)
    return Action.STOP_ITERATION


@too_large.on_response_body
def too_large_body(ctx: HttpContext, config: Config, body: bytes) -> None:
    raise AssertionError("it never comes whole")


@too_large.on_response_too_large
def too_large_answer(ctx: HttpContext, config: Config) -> None:
    if config["answers"]:
        ctx.send_http_response(503, body=b"mine")


# Bodies of another length.

longer: Plugin[Config] = Plugin("longer")
PLUGINS["longer bodies"] = longer


@longer.on_request_headers
def longer_request(ctx: HttpContext, config: Config) -> Action | None:
    return None if config.get("release") else Action.STOP_ITERATION


@longer.on_request_body
def longer_request_body(ctx: HttpContext, config: Config, body: bytes) -> None:
    ctx.replace_request_body(body * 2)


@longer.on_response_headers
def longer_response(ctx: HttpContext, config: Config) -> Action | None:
    return None if config.get("release") else Action.STOP_ITERATION


@longer.on_response_body
def longer_response_body(ctx: HttpContext, config: Config, body: bytes) -> None:
    ctx.replace_response_body(body * 2)


# What the context tells.

facts: Plugin[Config] = Plugin("facts")
PLUGINS["facts"] = facts


def phase(ctx: HttpContext) -> str:
    ctx.set_context("phases", [*ctx.get_context("phases", []), ctx.execution_phase.value])
    return ctx.execution_phase.value


@facts.on_request_headers
def facts_request(ctx: HttpContext, config: Config) -> None:
    phase(ctx)
    ctx.request_headers[":path"] = "/changed"
    ctx.set_user_attribute("path", ctx.path)
    ctx.set_user_attribute("n", 1)
    ctx.set_user_attribute("empty", "")
    ctx.disable_reroute()


@facts.on_request_body
def facts_request_body(ctx: HttpContext, config: Config, body: bytes) -> None:
    phase(ctx)


@facts.on_response_headers
def facts_response(ctx: HttpContext, config: Config) -> None:
    phase(ctx)
    told = [
        ctx.scheme,
        ctx.host,
        ctx.path,
        ctx.method,
        ctx.has_request_body,
        ctx.has_response_body,
        ctx.is_response_from_upstream(),
        (ctx.get_property("route_name") or b"").decode(),
        ctx.get_property("no", "such"),
        ctx.get_user_attribute("n"),
        ctx.get_user_attribute("m", "?"),
        ctx.get_user_attribute_map(),
    ]
    ctx.response_headers["x-facts"] = json.dumps(told)


@facts.on_streaming_response_body
def facts_response_body(ctx: HttpContext, config: Config, chunk: bytes, last_chunk: bool) -> None:
    phase(ctx)


@facts.on_stream_done
def facts_done(ctx: HttpContext, config: Config) -> None:
    phase(ctx)
    ctx.set_user_attribute("phases", ctx.get_context("phases"))
    ctx.write_user_attribute_to_log()
    ctx.write_user_attribute_to_log_with_key("ai_log")
    ctx.write_user_attribute_to_trace()


# The headers of a streamed response wait until a line is complete, and for a service if the end comes before that.

first_line: Plugin[Config] = Plugin("first line")
PLUGINS["first line"] = first_line


@first_line.on_response_headers
def first_line_headers(ctx: HttpContext, config: Config) -> Action:
    return Action.STOP_ITERATION


@first_line.on_streaming_response_body
def first_line_chunk(ctx: HttpContext, config: Config, chunk: bytes, last_chunk: bool) -> bytes | Action | None:
    if ctx.get_context("found"):
        return Action.STOP_ITERATION if config.get("too late") else None
    kept = ctx.pop_buffer() + chunk
    line, found, _ = kept.partition(b"\n")
    if found:
        ctx.set_context("found", True)
        ctx.response_headers["x-first-line"] = line.decode()
        return kept
    ctx.push_buffer(kept)
    if last_chunk:
        masker.post("/line", lambda answer: no_line(ctx, answer))
    return Action.STOP_ITERATION


def no_line(ctx: HttpContext, answer: HttpAnswer) -> None:
    if answer.status == 404:
        ctx.send_http_response(502, body="no line")
    else:
        ctx.response_headers["x-first-line"] = answer.body.decode()
        ctx.resume_http_response()
