"""The paths that tell what happens: streams, log, metrics, the state of plugins, and all of it as events."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Final

from ..context import Console
from ..live.feed import TOPICS, Cursor
from .api import Routes
from .http import ApiError, Events, Request

_MOST_EVENTS: Final = 16
"""Streams of events at a time."""


def routes(console: Console) -> Routes:
    live = console.live
    events_now = 0

    async def streams(_: Request) -> Any:
        return await live.streams(Cursor())

    async def log(_: Request) -> Any:
        return await live.lines(Cursor())

    async def metrics(_: Request) -> Any:
        return await live.all_metrics()

    async def samples(_: Request) -> Any:
        found, _last = live.samples.after(0)
        return {"interval_seconds": live.samples.interval, "samples": found}

    async def state(_: Request) -> Any:
        return live.state()

    async def events(request: Request) -> Any:
        topics = tuple(filter(None, request.query.get("topics", "").split(",")))
        allowed = [topic for topic in TOPICS if topic in (*console.features, "reload")]
        if not topics or not set(topics) <= set(allowed):
            raise ApiError(400, "bad_request", f"`topics` has some of {', '.join(allowed)}")
        if events_now >= _MOST_EVENTS:
            raise ApiError(429, "too_many", f"there are {_MOST_EVENTS} streams of events already")
        return Events(counted(topics))

    async def counted(topics: tuple[str, ...]) -> AsyncIterator[bytes]:
        nonlocal events_now
        events_now += 1
        try:
            async for frame in live.events(topics, console.editing.secrets.scrubbed):
                yield frame
        finally:
            events_now -= 1

    found = {
        ("GET", "log"): log,
        ("GET", "metrics"): metrics,
        ("GET", "metrics/samples"): samples,
        ("GET", "events"): events,
    }
    if "streams" in console.features:
        found |= {("GET", "streams"): streams, ("GET", "state"): state}
    return found
