"""The plugin: registers the function for each phase."""

from __future__ import annotations

from typing import Final

from ai_common import consumer_of
from proxywasm import HttpContext, Plugin, config

from .configuration import Settings, Statistics
from .measurement import Measurement, collect_headers
from .values import Collected

_KEY: Final = "measurement"


def on_request_headers(ctx: HttpContext, statistics: Statistics) -> None:
    if not statistics.requests:
        ctx.dont_read_request_body()
    if ctx.method != "POST":
        ctx.leave()
        return
    collected = None
    if statistics.attributes:
        collected = Collected()
        for attribute in statistics.fixed:
            collected.put(attribute, attribute.value)
        collect_headers(collected, statistics.request_headers, ctx.request_headers)
    ctx.set_context(_KEY, Measurement(consumer_of(ctx), collected))


def on_request_chunk(ctx: HttpContext, statistics: Statistics, chunk: bytes, last: bool) -> None:
    found: Measurement | None = ctx.get_context(_KEY)
    if found is None or found.collected is None:
        return
    found.request.add(chunk)
    if last:
        found.collected.read(statistics.requests, found.request.taken())


def on_response_headers(ctx: HttpContext, statistics: Statistics) -> None:
    found: Measurement | None = ctx.get_context(_KEY)
    if found is None:
        return
    headers = ctx.response_headers
    found.status = int(headers.get(":status", "0"))
    found.streamed = headers.get("content-type", "").startswith("text/event-stream")
    if found.collected is not None:
        collect_headers(found.collected, statistics.response_headers, headers)
    if not ctx.has_response_body:
        found.report(ctx, statistics, cut=False)
        ctx.leave()
    elif ctx.is_binary_response_body():
        found.unread = True


def on_chunk(ctx: HttpContext, statistics: Statistics, chunk: bytes, last: bool) -> None:
    found: Measurement | None = ctx.get_context(_KEY)
    if found is None:
        return
    if chunk:
        found.feed(chunk)
    if found.collected is not None:
        _collect(found, found.collected, statistics, chunk, last=last)
    if last:
        found.report(ctx, statistics, cut=False)
        ctx.leave()


def _collect(found: Measurement, collected: Collected, statistics: Statistics, chunk: bytes, *, last: bool) -> None:
    if found.streamed:
        if statistics.events:
            collected.feed(statistics.events, chunk, last=last)
    elif statistics.whole:
        found.answer.add(chunk)
        if last:
            collected.read(statistics.whole, found.answer.taken())


def on_stream_done(ctx: HttpContext, statistics: Statistics) -> None:
    found: Measurement | None = ctx.get_context(_KEY)
    if found is not None and not found.reported:
        found.report(ctx, statistics, cut=not found.unread)


plugin: Plugin[Statistics] = Plugin("ai-statistics")
# As Higress' plugin, it starts with keys that it does not know.
plugin.parse_config(config.reader(Settings, Statistics, lenient=True))
plugin.on_request_headers(on_request_headers)
plugin.on_streaming_request_body(read_only=True, batched=True)(on_request_chunk)
plugin.on_response_headers(on_response_headers)
plugin.on_streaming_response_body(read_only=True)(on_chunk)  # the time of the last chunk is measured
plugin.on_stream_done(on_stream_done)
