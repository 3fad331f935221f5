"""Lengths of bodies that are complete when their headers are sent."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from ...stream import Event, RequestBody, RequestHeaders, ResponseBody, ResponseHeaders


def with_lengths(events: list[Event]) -> list[Event]:
    """A body that follows its headers at once has a known length, and need not be sent in chunks."""
    if len(events) < 2:
        return events
    for place, (event, following) in enumerate(pairwise(events)):
        if (
            isinstance(event, RequestHeaders | ResponseHeaders)
            and isinstance(following, RequestBody | ResponseBody)
            and following.end_of_stream
            and "content-length" not in dict(event.fields)
        ):
            fields = [*event.fields, ("content-length", str(len(following.data)))]
            events[place] = replace(event, fields=fields)
    return events
