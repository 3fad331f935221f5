"""The plugin: which module answers which phase."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from proxywasm import Action, HttpContext, Plugin

from . import attempts, config, request, response
from .call import Call
from .config import Config
from .provider import Row
from .providers import ROWS
from .streams import CheckedStream, ConvertedStream


def on_request_headers(ctx: HttpContext, config: Config) -> Action | None:
    if config.provider is None:
        ctx.dont_read_request_body()
        return None
    return request.on_headers(ctx, config.provider)


def on_request_body(ctx: HttpContext, config: Config, body: bytes) -> Action | None:
    call: Call | None = ctx.get_context("call")
    if config.provider is None or call is None:
        return None
    return request.on_body(ctx, config.provider, call, body)


def on_response_headers(ctx: HttpContext, config: Config) -> Action | None:
    call: Call | None = ctx.get_context("call")
    if config.provider is None or call is None or ctx.replied:
        ctx.dont_read_response_body()
        return None
    return attempts.on_headers(ctx, config.provider, call)


def on_response_body(ctx: HttpContext, config: Config, body: bytes) -> Action | None:
    call: Call | None = ctx.get_context("call")
    if config.provider is None or call is None:
        return None
    return attempts.on_body(ctx, config.provider, call, body)


def on_streaming_response_body(ctx: HttpContext, config: Config, chunk: bytes, last: bool) -> bytes | Action:
    stream: ConvertedStream | CheckedStream | None = ctx.get_context("stream")
    if stream is None or config.provider is None:
        return chunk
    if stream.begun:
        return response.on_chunk(stream, chunk, last)
    return attempts.on_first_chunk(ctx, config.provider, ctx.get_context("call"), stream, chunk, last)


def on_stream_done(ctx: HttpContext, config: Config) -> None:
    if config.provider is not None:
        for awaited in (config.provider.context, config.provider.login):
            if awaited is not None:
                awaited.leave(ctx)


def make(rows: Sequence[Row] = ROWS) -> Plugin[Config]:
    """The plugin with this table of providers; give it rows of your own for model services that are not in `ROWS`."""
    made: Plugin[Config] = Plugin("ai-proxy", safe_log=True)
    made.parse_config(partial(config.parse, rows=rows))
    made.parse_override_config(partial(config.parse_override, rows=rows))
    made.on_request_headers(on_request_headers)
    made.on_request_body(on_request_body)
    made.on_response_headers(on_response_headers)
    made.on_response_body(on_response_body)
    made.on_streaming_response_body(on_streaming_response_body)
    made.on_stream_done(on_stream_done)
    return made


plugin: Plugin[Config] = make()
