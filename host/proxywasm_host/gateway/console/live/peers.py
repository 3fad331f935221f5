"""The processes of a gateway, and how the console asks each of them.

A worker has a pair of sockets with its supervisor for this alone: what it is asked there waits for nothing, not for a
reload either. A question and its answer are JSON behind their length.
"""

from __future__ import annotations

import asyncio
import json
import logging
import struct
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final, Protocol

_LENGTH: Final = struct.Struct(">I")
_LARGEST: Final = 64 * 2**20
_SECONDS: Final = 5.0
"""For an answer. A worker in which a native plugin computes gives none meanwhile."""
_log = logging.getLogger("proxywasm")


class Peer(Protocol):
    life: int
    """A worker that is started again has another one than before."""

    async def ask(self, what: str, **arguments: Any) -> Any:
        """What `Observer.answer` answers; None: there is no answer."""


class LocalPeer:
    """The process that the console is in."""

    life = 0

    def __init__(self, answer: Callable[[str, dict[str, Any]], Any]) -> None:
        self._answer = answer

    async def ask(self, what: str, **arguments: Any) -> Any:
        return self._answer(what, arguments)


class RemotePeer:
    """A worker at the other end of these streams."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, life: int) -> None:
        self.life = life
        self._reader = reader
        self._writer = writer
        self._lock = asyncio.Lock()
        self._asked = 0

    async def ask(self, what: str, **arguments: Any) -> Any:
        with suppress(TimeoutError, asyncio.IncompleteReadError, ConnectionError):
            async with asyncio.timeout(_SECONDS), self._lock:
                self._asked += 1
                question = [self._asked, what, arguments]
                self._writer.write(_encoded(question))
                await self._writer.drain()
                while True:
                    number, answer = await _received(self._reader)
                    if number == self._asked:  # and not a late answer to an earlier one
                        return answer
        return None

    def close(self) -> None:
        self._writer.close()


Peers = Callable[[], Mapping[int, Peer]]
"""Those that run now, by their places."""


async def answer_all(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answer: Callable[[str, dict[str, Any]], Any]
) -> None:
    """In a worker: answer until the supervisor ends."""
    with suppress(asyncio.IncompleteReadError, ConnectionError):
        while True:
            number, what, arguments = await _received(reader)
            try:
                found = answer(what, arguments)
            except Exception:
                _log.exception("the console has failed, which is a fault of proxywasm")
                found = None
            writer.write(_encoded([number, found]))
            await writer.drain()


def _encoded(message: Any) -> bytes:
    data = json.dumps(message).encode()
    return _LENGTH.pack(len(data)) + data


async def _received(reader: asyncio.StreamReader) -> Any:
    (length,) = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))
    if length > _LARGEST:
        raise ConnectionError("the message is too large")
    return json.loads(await reader.readexactly(length))
