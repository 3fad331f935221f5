"""Who sends a piece of a message, and who gets it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ...stream import (
    Event,
    RequestBody,
    RequestHeaders,
    ResponseBody,
    ResponseHeaders,
)
from ..replay import Direction, direction_of

_HEADERS: Final[dict[type[Event], type[Event]]] = {RequestBody: RequestHeaders, ResponseBody: ResponseHeaders}

Hop = tuple[int, int]
"""From here to there: places in the chain, -1 is the client, and one more than there are plugins the upstream."""


class Route:
    """The way from the client to the upstream, through the plugins with these names."""

    def __init__(self, plugins: Sequence[str]) -> None:
        self._names = [*plugins, "upstream", "client"]
        self._upstream = len(plugins)

    def name(self, place: int) -> str:
        return self._names[place]

    def label(self, hop: Hop) -> str:
        return f"{self._names[hop[0]]} → {self._names[hop[1]]}"

    def arrival(self, event: Event) -> Hop:
        return (self._upstream, self._upstream - 1) if direction_of(event) is Direction.RESPONSE else (-1, 0)

    def hop(self, place: int, event: Event) -> Hop:
        """Where it goes from the plugin at this place."""
        return (place, place - 1) if direction_of(event) is Direction.RESPONSE else (place, place + 1)


def merged(events: Sequence[Event]) -> list[tuple[Event, ...]]:
    """Headers together with the body that goes on with them, and chunks that go on one after another."""
    result: list[tuple[Event, ...]] = []
    for event in events:
        if result and _continues(result[-1][0], event):
            result[-1] = (*result[-1], event)
        else:
            result.append((event,))
    return result


def _continues(first: Event, event: Event) -> bool:
    headers = _HEADERS.get(type(event))
    return headers is not None and isinstance(first, headers | type(event))
