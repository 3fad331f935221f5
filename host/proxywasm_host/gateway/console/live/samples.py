"""Metrics over time: a sample every second while somebody looks, every ten seconds otherwise; the last 600."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, Final

from ..times import iso

_log = logging.getLogger("proxywasm")
MOST: Final = 600
_WATCHED: Final = 1.0
_UNWATCHED: Final = 10.0
_LOOKING: Final = 5.0
"""Seconds after the last question that somebody counts as looking."""

Sample = dict[str, Any]
FIELDS: Final = (
    "requests", "failed", "client_closed", "streams", "connections", "input_tokens", "output_tokens", "received_bytes",
    "sent_bytes", "memory_bytes", "first_byte",
)  # fmt: skip
"""None where an engine does not know it."""


class Samples:
    """`take` makes a sample; None: there is nothing to measure now."""

    def __init__(self, take: Callable[[], Awaitable[Sample | None]]) -> None:
        self._take = take
        self._samples: deque[tuple[int, Sample]] = deque(maxlen=MOST)
        self._count = 0
        self._latest = 0.0
        self._asked = float("-inf")
        self._woken = asyncio.Event()

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            await self._add()
            try:
                async with asyncio.timeout(self.interval):
                    await self._woken.wait()
            except TimeoutError:
                continue
            self._woken.clear()
            await asyncio.sleep(max(_WATCHED - (time.time() - self._latest), 0))

    @property
    def interval(self) -> float:
        return _WATCHED if time.monotonic() - self._asked < _LOOKING else _UNWATCHED

    def after(self, number: int) -> tuple[list[Sample], int]:
        """The samples behind this one, and the number of the last."""
        if self.interval == _UNWATCHED:
            self._woken.set()
        self._asked = time.monotonic()
        return [sample for count, sample in self._samples if count > number], self._count

    async def _add(self) -> None:
        try:
            sample = await self._take()
        except Exception:
            _log.exception("the console cannot measure, which is a fault of proxywasm")
            return
        if sample is not None:
            self._latest = time.time()
            self._count += 1
            self._samples.append((self._count, {"time": iso(self._latest), **dict.fromkeys(FIELDS), **sample}))
