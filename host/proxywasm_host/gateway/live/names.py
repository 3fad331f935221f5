"""Look up the addresses of hosts, with the resolver of the system."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Sequence
from typing import Final, TypeAlias, cast

from aiohappyeyeballs import AddrInfoType

Addresses: TypeAlias = Sequence[AddrInfoType]

_AT_ONCE: Final = 64
"""Lookups of different names. A server of names that does not answer holds each for as long as the resolver waits."""


class Names:
    """Belongs to one event loop. Requests that wait for the same name share one lookup; nothing is remembered, so each
    new connection goes where the name leads now.

    A lookup has a daemon thread of its own: threads of an executor would keep the process from ending.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._running: dict[tuple[str, int], asyncio.Task[Addresses]] = {}
        self._free = asyncio.Semaphore(_AT_ONCE)

    async def find(self, host: str, port: int) -> Addresses:
        """Raises `OSError`, or `UnicodeError` for what cannot be a name."""
        with contextlib.suppress(OSError, UnicodeError):
            return _look_up(host, port, socket.AI_NUMERICHOST)
        lookup = self._running.get((host, port))
        if lookup is None:
            lookup = self._running[host, port] = self._loop.create_task(self._find(host, port))
        return await asyncio.shield(lookup)

    async def _find(self, host: str, port: int) -> Addresses:
        try:
            async with self._free:
                answer: asyncio.Future[Addresses] = self._loop.create_future()
                # Also if nobody waits any more, so that the error is not reported as one that was forgotten.
                answer.add_done_callback(lambda done: done.cancelled() or done.exception())
                thread = threading.Thread(
                    target=self._in_thread, args=(answer, host, port), name="proxywasm-name", daemon=True
                )
                thread.start()
                return await answer
        finally:
            self._running.pop((host, port), None)
            task = asyncio.current_task()
            if task is not None:
                task.add_done_callback(lambda done: done.cancelled() or done.exception())

    def _in_thread(self, answer: asyncio.Future[Addresses], host: str, port: int) -> None:
        try:
            found = _look_up(host, port)
        except (OSError, UnicodeError) as error:
            self._tell(answer, error)
        else:
            self._tell(answer, found)

    def _tell(self, answer: asyncio.Future[Addresses], result: Addresses | Exception) -> None:
        def set_result() -> None:
            if answer.done():
                return
            if isinstance(result, Exception):
                answer.set_exception(result)
            else:
                answer.set_result(result)

        with contextlib.suppress(RuntimeError):  # the loop has ended in the meantime
            self._loop.call_soon_threadsafe(set_result)


def _look_up(host: str, port: int, flags: int = 0) -> Addresses:
    return cast("Addresses", socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=flags))
