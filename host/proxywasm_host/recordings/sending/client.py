"""Send one request over the connections of the live gateway, and collect the answer."""

from __future__ import annotations

import asyncio

from proxywasm.wire import Fields

from ...gateway.live.http1.messages import ResponseHead
from ...gateway.live.http1.upstream import Failure
from ...gateway.live.origins import Origin, Origins
from ..exchange import Message

LARGEST = 256 * 2**20


async def ask(origins: Origins, origin: Origin, fields: Fields, body: tuple[bytes, ...]) -> Message | str:
    """The answer, or why there is none. Raises `ConnectError`, and `ValueError` for what cannot be sent."""
    connection = origins.idle(origin) or await origins.connect(origin)
    answer = Answer()
    connection.open(answer, fields, ends=not body)
    for chunk in body:
        connection.send_body(chunk)
    connection.send_end()
    try:
        return await answer.result
    finally:
        if not answer.ended:
            connection.cancel()


class Answer:
    """Collects one. It is the `ResponseExchange` of its connection."""

    def __init__(self) -> None:
        self.result: asyncio.Future[Message | str] = asyncio.get_running_loop().create_future()
        self.ended = False
        self._fields: Fields | None = None
        self._chunks: list[bytes] = []
        self._size = 0

    def on_informational(self, fields: Fields) -> None: ...

    def on_head(self, head: ResponseHead) -> None:
        self._fields = head.fields

    def on_body(self, data: bytes) -> None:
        self._chunks.append(data)
        self._size += len(data)
        if self._size > LARGEST:
            self._settle(f"the answer is larger than {LARGEST:,} bytes")

    def on_end(self, rest: bytes, trailers: Fields) -> None:
        del trailers
        self.ended = True
        if rest:
            self.on_body(rest)
        self._settle(Message(self._fields or [], tuple(self._chunks)))

    def on_failure(self, failure: Failure, details: str) -> None:
        del details
        self.ended = True
        if self._fields is None:
            self._settle(failure.value)
        else:
            self._settle(Message(self._fields, tuple(self._chunks), unfinished=True))

    def on_upstream_slow(self) -> None: ...

    def on_upstream_ready(self) -> None: ...

    def on_upstream_data(self, data: bytes) -> None: ...

    def on_upstream_closed(self) -> None:
        self.on_failure(Failure.CUT, "")

    def _settle(self, answer: Message | str) -> None:
        if not self.result.done():
            self.result.set_result(answer)
