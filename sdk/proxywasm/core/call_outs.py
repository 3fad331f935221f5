"""The call-outs of one plugin instance that wait for their answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias, TypeVar

from ..wire import Fields, Host
from .stream_state import StreamState

HttpCallback: TypeAlias = Callable[[Fields, bytes], None]
RedisCallback: TypeAlias = Callable[[bytes | None], None]
Callback = TypeVar("Callback")
Waiting: TypeAlias = dict[int, tuple[StreamState | None, Callback]]


class CallOuts:
    """For each call, who waits for its answer: a stream, or the plugin itself (None)."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._http: Waiting[HttpCallback] = {}
        self._redis: Waiting[RedisCallback] = {}
        self.redis_ready: set[str] = set()
        """The Redis services that the host has accepted."""

    def http(
        self,
        ctx: StreamState | None,
        cluster: str,
        fields: Fields,
        body: bytes,
        timeout_ms: int,
        callback: HttpCallback,
    ) -> int:
        """Start a call. Raises `HttpCallError` if nothing was sent."""
        number = self._host.http_call(ctx.id if ctx else 0, cluster, fields, body, timeout_ms)
        self._http[number] = ctx, callback
        if ctx:
            ctx.http_calls |= {number}
        return number

    def redis(self, ctx: StreamState | None, cluster: str, query: bytes, callback: RedisCallback) -> int:
        """Send a command. Raises `RedisCallError` if nothing was sent."""
        number = self._host.redis_call(ctx.id if ctx else 0, cluster, query)
        self._redis[number] = ctx, callback
        if ctx:
            ctx.redis_calls |= {number}
        return number

    def waits_for_http(self, number: int) -> int:
        """The context of the stream that made this call; 0: the plugin itself, or a stream that has ended."""
        return _context(self._http, number)

    def waits_for_redis(self, number: int) -> int:
        """The context of the stream that sent this command; 0: the plugin itself, or a stream that has ended."""
        return _context(self._redis, number)

    def http_answered(self, number: int) -> tuple[int, HttpCallback] | None:
        """The context that has waited for this answer, and its callback; None if the stream has ended."""
        ctx, callback = self._http.pop(number, (None, None))
        if callback is None:
            return None
        if ctx is None:
            return 0, callback
        ctx.http_calls -= {number}
        return ctx.id, callback

    def redis_answered(self, number: int) -> tuple[int, RedisCallback] | None:
        """The context that has waited for this answer, and its callback; None if the stream has ended."""
        ctx, callback = self._redis.pop(number, (None, None))
        if callback is None:
            return None
        if ctx is None:
            return 0, callback
        ctx.redis_calls -= {number}
        return ctx.id, callback

    def forget(self, ctx: StreamState) -> None:
        """Forget the calls of a stream that has ended: their callbacks would keep its memory alive."""
        for number in ctx.http_calls:
            del self._http[number]
        for number in ctx.redis_calls:
            del self._redis[number]


def _context(waiting: Waiting[Callback], number: int) -> int:
    ctx, _ = waiting.get(number, (None, None))
    return ctx.id if ctx else 0
