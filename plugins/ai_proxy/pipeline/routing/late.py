"""Notices streams that do not begin, where the gateway does not.

Envoy limits the time to the headers of an answer. A stream of which only these have arrived is watched here, by a timer
of the plugin.
"""

from __future__ import annotations

import time
from typing import Final

from proxywasm import HttpContext, plugin_context

from .. import attempts

_SHORTEST_PERIOD: Final = 100
_LONGEST_PERIOD: Final = 1000
"""Milliseconds."""


class LateStreams:
    """Streams whose first event another attempt may replace, and when it is late."""

    def __init__(self, timeout_ms: int) -> None:
        self._seconds = timeout_ms / 1000
        self._waiting: dict[HttpContext, float] = {}
        period = timeout_ms // 5 // _SHORTEST_PERIOD * _SHORTEST_PERIOD
        plugin_context().register_tick(min(max(period, _SHORTEST_PERIOD), _LONGEST_PERIOD), self._look)

    def watch(self, ctx: HttpContext, began: float) -> None:
        """The headers have arrived, of an answer to a request that was sent at this time."""
        self._waiting[ctx] = began + self._seconds

    def forget(self, ctx: HttpContext) -> None:
        self._waiting.pop(ctx, None)

    def _look(self) -> None:
        now = time.time()
        for ctx, deadline in list(self._waiting.items()):
            if not attempts.awaits_first_event(ctx):
                del self._waiting[ctx]
            elif deadline <= now:
                del self._waiting[ctx]
                ctx.run(attempts.on_late, ctx)
