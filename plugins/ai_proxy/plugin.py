"""The plugin: which module answers which phase."""

from __future__ import annotations

from proxywasm import Action, HttpContext, Plugin

from . import attempts, config, request, response
from .call import Call
from .config import Config
from .streams import CheckedStream, ConvertedStream

plugin: Plugin[Config] = Plugin("ai-proxy")
plugin.parse_config(config.parse)
plugin.parse_override_config(config.parse_override)


@plugin.on_request_headers
def on_request_headers(ctx: HttpContext, config: Config) -> Action | None:
    if config.provider is None:
        ctx.dont_read_request_body()
        return None
    return request.on_headers(ctx, config.provider)


@plugin.on_request_body
def on_request_body(ctx: HttpContext, config: Config, body: bytes) -> Action | None:
    call: Call | None = ctx.get_context("call")
    if config.provider is None or call is None:
        return None
    return request.on_body(ctx, config.provider, call, body)


@plugin.on_response_headers
def on_response_headers(ctx: HttpContext, config: Config) -> Action | None:
    call: Call | None = ctx.get_context("call")
    if config.provider is None or call is None or ctx.replied:
        ctx.dont_read_response_body()
        return None
    return attempts.on_headers(ctx, config.provider, call)


@plugin.on_response_body
def on_response_body(ctx: HttpContext, config: Config, body: bytes) -> Action | None:
    call: Call | None = ctx.get_context("call")
    if config.provider is None or call is None:
        return None
    return attempts.on_body(ctx, config.provider, call, body)


@plugin.on_streaming_response_body
def on_streaming_response_body(ctx: HttpContext, config: Config, chunk: bytes, last: bool) -> bytes:
    stream: ConvertedStream | CheckedStream | None = ctx.get_context("stream")
    if stream is None or config.provider is None:
        return chunk
    if config.provider.tokens.health is not None:
        return attempts.on_chunk(ctx, config.provider, ctx.get_context("call"), stream, chunk, last)
    return response.on_chunk(ctx, stream, chunk, last)


@plugin.on_stream_done
def on_stream_done(ctx: HttpContext, config: Config) -> None:
    if config.provider is not None:
        for awaited in (config.provider.context, config.provider.login):
            if awaited is not None:
                awaited.leave(ctx)
