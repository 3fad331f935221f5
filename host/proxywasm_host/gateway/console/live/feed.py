"""What happens now, for the API: as it is, and as a stream of events that goes on.

Each client has its own place in the rings of lines, streams and samples. So one that reads slowly misses some of them,
and nothing waits for it in memory.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from dataclasses import dataclass, field
from typing import Any, Final

from ..server.http import event
from .log import LogRing
from .observing import ENDED, OPEN
from .peers import Peer, Peers
from .samples import Samples

TOPICS: Final = ("streams", "log", "metrics", "state", "reload")
_PERIOD: Final = 1.0
_PING: Final = 15.0


@dataclass
class Cursor:
    """What a client has got."""

    streams: dict[tuple[int, int], int] = field(default_factory=dict)
    """By place and life of a worker, the number of the last stream that has ended."""
    lines: dict[tuple[int | None, int], int] = field(default_factory=dict)
    sample: int = 0
    told: dict[str, Any] = field(default_factory=dict)
    """By event, what was told last."""


@dataclass
class Live:
    """
    Args:
        log: lines of the process of the console, where that serves no streams.
        state: what plugins keep.
        reload: the status of loads, with the checksum of the file now.
    """

    peers: Peers
    log: LogRing | None
    samples: Samples
    all_metrics: Callable[[], Awaitable[Any]]
    state: Callable[[], Any]
    reload: Callable[[], Awaitable[Any]]

    async def streams(self, cursor: Cursor) -> dict[str, Any]:
        peers = self.peers()
        most = max(OPEN // max(len(peers), 1), 1)
        answers = await asyncio.gather(
            *(
                peer.ask("streams", after=cursor.streams.get((place, peer.life), 0), most=most)
                for place, peer in peers.items()
            )
        )
        found: dict[str, list[dict[str, Any]]] = {"open": [], "ended": []}
        more = 0
        for (place, peer), answer in zip(peers.items(), answers, strict=True):
            if answer is None:
                continue
            cursor.streams[place, peer.life] = answer["last"]
            more += answer["more"]
            for kind, rows in found.items():
                rows += [{**row, "id": _id(place, peer, row["id"]), "worker": place} for row in answer[kind]]
        ended = sorted(found["ended"], key=lambda row: str(row["began"]), reverse=True)
        return {"open": sorted(found["open"], key=lambda row: str(row["began"])), "ended": ended[:ENDED], "more": more}

    async def lines(self, cursor: Cursor) -> dict[str, Any]:
        peers = self.peers()
        answers = await asyncio.gather(
            *(peer.ask("lines", after=cursor.lines.get((place, peer.life), 0)) for place, peer in peers.items())
        )
        found: list[tuple[int | None, int, Any]] = [
            (place, peer.life, answer) for (place, peer), answer in zip(peers.items(), answers, strict=True)
        ]
        if self.log is not None:
            lines, lost = self.log.after(cursor.lines.get((None, 0), 0))
            found.append((None, 0, {"lines": lines, "lost": lost}))
        result: list[dict[str, Any]] = []
        lost = 0
        for place, life, answer in found:
            if answer is None:
                continue
            lost += answer["lost"]
            for line in answer["lines"]:
                cursor.lines[place, life] = line["number"]
                name = "main" if place is None else f"{place}.{life}" if life else str(place)
                result.append({"id": f"{name}-{line['number']}", **line, "worker": place})
        return {"lines": sorted(result, key=lambda line: str(line["time"])), "lost": lost}

    async def recording(self) -> dict[str, Any]:
        """Of all workers together."""
        return together(await asyncio.gather(*(peer.ask("recording") for peer in self.peers().values())))

    async def events(self, topics: Collection[str], clean: Callable[[Any], Any]) -> AsyncIterator[bytes]:
        """Until the client leaves. `clean` takes secrets out of what is told."""
        cursor = Cursor()
        pinged = time.monotonic()
        while True:
            began = time.monotonic()
            frames = [event(name, clean(document)) async for name, document in self._news(topics, cursor)]
            if frames:
                yield b"".join(frames)
            elif began - pinged >= _PING:
                pinged = began
                yield b": ping\n\n"
            await asyncio.sleep(max(_PERIOD - (time.monotonic() - began), 0.1))

    async def _news(self, topics: Collection[str], cursor: Cursor) -> AsyncIterator[tuple[str, Any]]:
        """What there is to tell since the last time."""
        if "reload" in topics:
            for name, document in (("reload", await self.reload()), ("record", await self.recording())):
                if _is_new(cursor, name, document):
                    yield name, document
        if "streams" in topics:
            streams = await self.streams(cursor)
            if streams["open"] or streams["ended"] or _is_new(cursor, "streams", streams):
                cursor.told["streams"] = streams
                yield "streams", streams
        if "log" in topics:
            lines = await self.lines(cursor)
            if lines["lines"] or lines["lost"] or _is_new(cursor, "log", ()):
                yield "log", lines
        if "metrics" in topics:
            samples, last = self.samples.after(cursor.sample)
            if not cursor.sample:
                yield "samples", {"samples": samples}
            else:
                for sample in samples:
                    yield "metrics", sample
            cursor.sample = last
        if "state" in topics and _is_new(cursor, "state", state := self.state()):
            yield "state", state


def together(answers: Collection[Any]) -> dict[str, Any]:
    """The state of recording of several workers."""
    known = [answer for answer in answers if answer is not None]
    active = [answer for answer in known if answer["active"]]
    left = sum(answer["left"] for answer in active)
    return {"active": bool(active), "left": left, "until": max((answer["until"] for answer in active), default=None)}


def _is_new(cursor: Cursor, name: str, document: Any) -> bool:
    if name in cursor.told and cursor.told[name] == document:
        return False
    cursor.told[name] = document
    return True


def _id(place: int, peer: Peer, number: int) -> str:
    return f"{place}.{peer.life}-{number}" if peer.life else f"{place}-{number}"
