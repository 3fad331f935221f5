"""Carry out the call-outs of plugins: HTTP over the connections of the gateway, Redis by the `redis` package."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

from proxywasm.wire import Fields

from ...services import HttpCall, RedisCall
from .http1.messages import ResponseHead
from .http1.upstream import Failure
from .origins import ConnectError, Origin, Origins

if TYPE_CHECKING:
    from ...services.redis_calls import RedisCalls

NO_ANSWER: tuple[Fields, bytes] = ([], b"")
_REDIS_THREADS: Final = 16
_LAST_SECONDS: Final = 1.0


class HttpCalls:
    """HTTP call-outs go to the entries of `upstreams`, by the name of the cluster.

    Args:
        largest: bytes of an answer; a larger one counts as none.
    """

    def __init__(self, origins: Origins, clusters: Mapping[str, Origin], *, largest: int) -> None:
        self._origins = origins
        self._clusters = clusters
        self._largest = largest

    async def execute(self, call: HttpCall) -> tuple[Fields, bytes]:
        """The answer; no fields: there is none. Never raises but for cancellation."""
        origin = self._clusters.get(call.cluster)
        if origin is None:
            return NO_ANSWER
        try:
            async with asyncio.timeout(call.timeout_ms / 1000):
                connection = self._origins.idle(origin) or await self._origins.connect(origin)
                answer = _Answer(self._largest)
                connection.open(answer, _sized(call), ends=not call.body)
                connection.send_body(call.body)
                connection.send_end()
                try:
                    return await answer.result
                finally:
                    if not answer.ended:
                        connection.cancel()
        except (TimeoutError, ConnectError, ValueError):
            return NO_ANSWER


class RedisCommands:
    """Redis commands go to the same entries. They need the extra `redis`; without it they have no answer.

    The package waits for Redis, so commands run in threads, and some wait for a thread. All of that counts: no command
    has an answer after its time is up.
    """

    def __init__(self, clusters: Mapping[str, Origin], log: Callable[[str], None]) -> None:
        self._addresses = {name: (origin.host, origin.port) for name, origin in clusters.items()}
        self._log = log
        self._calls: RedisCalls | None = None
        self._threads = ThreadPoolExecutor(_REDIS_THREADS, "redis")
        self._under_way: set[asyncio.Task[bytes | None]] = set()

    def send(self, call: RedisCall) -> Awaitable[bytes | None]:
        """Start a command. Awaiting it gives the answer as RESP, or None: there is none.

        A command is sent even if nobody waits for it any more, as in Higress: plugins send one when a stream ends.
        """
        sent = asyncio.get_running_loop().create_task(self._execute(call))
        self._under_way.add(sent)
        sent.add_done_callback(self._under_way.discard)
        return asyncio.shield(sent)

    async def _execute(self, call: RedisCall) -> bytes | None:
        if self._calls is None:
            try:
                from ...services.redis_calls import RedisCalls  # noqa: PLC0415  # an extra of its own
            except ImportError:
                self._log("a plugin asks Redis, which needs the extra `redis`: pip install '/path/to/proxywasm[redis]'")
                return None
            self._calls = RedisCalls(self._addresses)
        answer = asyncio.get_running_loop().run_in_executor(self._threads, self._calls.execute, call)
        try:
            async with asyncio.timeout(call.settings.timeout_ms / 1000):
                return await answer
        except TimeoutError:
            return None

    async def close(self) -> None:
        """Commands under way get a second to end."""
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=_LAST_SECONDS)
        self._threads.shutdown(wait=False, cancel_futures=True)
        if self._calls is not None:
            self._calls.close()


def _sized(call: HttpCall) -> Fields:
    fields = [pair for pair in call.headers if pair[0] != "content-length"]
    return [*fields, ("content-length", str(len(call.body)))] if call.body else fields


class _Answer:
    """Collects one."""

    def __init__(self, largest: int) -> None:
        self.result: asyncio.Future[tuple[Fields, bytes]] = asyncio.get_running_loop().create_future()
        self.ended = False
        self._largest = largest
        self._fields: Fields = []
        self._body = bytearray()

    def on_informational(self, fields: Fields) -> None: ...

    def on_head(self, head: ResponseHead) -> None:
        self._fields = head.fields

    def on_body(self, data: bytes) -> None:
        self._body += data
        if len(self._body) > self._largest:
            self._settle(NO_ANSWER)

    def on_end(self, rest: bytes, trailers: Fields) -> None:
        del trailers
        self.ended = True
        self.on_body(rest)
        self._settle((self._fields, bytes(self._body)))

    def on_failure(self, failure: Failure, details: str) -> None:
        del failure, details
        self.ended = True
        self._settle(NO_ANSWER)

    def on_upstream_slow(self) -> None: ...

    def on_upstream_ready(self) -> None: ...

    def on_upstream_data(self, data: bytes) -> None: ...

    def on_upstream_closed(self) -> None:
        self.on_failure(Failure.CUT, "")

    def _settle(self, answer: tuple[Fields, bytes]) -> None:
        if not self.result.done():
            self.result.set_result(answer)
