"""Raises, in the phase that a header names, with what proves who the client is in the message."""

from __future__ import annotations

from typing import Any, Final

from proxywasm import Action, ClusterClient, HttpContext, Plugin, TargetCluster

Config = dict[str, Any]

PLUGINS: dict[str, Plugin[Config]] = {}

PHASES: Final = ["request headers", "request body", "answer", "response headers", "response chunk", "done"]
KEYS: Final = {
    "authorization": "Bearer client-key-0123456789",
    "x-api-key": "client-x-api-key",
    "api-key": "client-api-key",
    "x-goog-api-key": "client-x-goog-api-key",
    "cookie": "theme=dark; sid=client-session-id",
}
QUERY_KEY: Final = "client-query-key/1"
PLAIN: Final = "no secret at all"

client = ClusterClient(TargetCluster("service", "service.example"))
telling: Plugin[Config] = Plugin("telling")
PLUGINS["tell the client's keys"] = telling


def _maybe_fail(ctx: HttpContext, phase: str) -> None:
    if ctx.get_context("phase") == phase:
        raise ValueError(f"in {phase}: {ctx.get_context('keys')} {PLAIN}")


@telling.on_request_headers
def request_headers(ctx: HttpContext, config: Config) -> Action | None:
    headers = ctx.request_headers
    phase = headers.get("x-phase", "")
    ctx.set_context("phase", phase)
    ctx.set_context("keys", [headers.get(name) for name in KEYS] + [ctx.path])
    headers.discard_all(frozenset(KEYS))
    headers[":path"] = "/"
    _maybe_fail(ctx, "request headers")
    if phase != "answer":
        return None
    client.get("/", lambda answer: _maybe_fail(ctx, "answer"))
    return Action.PAUSE


@telling.on_request_body
def request_body(ctx: HttpContext, config: Config, body: bytes) -> None:
    _maybe_fail(ctx, "request body")


@telling.on_response_headers
def response_headers(ctx: HttpContext, config: Config) -> None:
    _maybe_fail(ctx, "response headers")


@telling.on_streaming_response_body
def response_chunk(ctx: HttpContext, config: Config, chunk: bytes, last_chunk: bool) -> None:
    _maybe_fail(ctx, "response chunk")


@telling.on_stream_done
def done(ctx: HttpContext, config: Config) -> None:
    _maybe_fail(ctx, "done")
