"""The call-outs of one plugin instance that wait for their answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from .. import log
from ..http_client import AnswerCallback, answer_from
from ..wire import Fields, LogLevel, Outcome

if TYPE_CHECKING:
    from ..context import HttpContext
    from .dispatcher import Dispatcher

FieldsCallback: TypeAlias = Callable[[Fields, bytes], None]
RespCallback: TypeAlias = Callable[[bytes | None], None]


class Calls:
    """Who waits for which answer. A call belongs to the stream that is current when it is made."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._dispatcher = dispatcher
        self._http: dict[int, tuple[HttpContext | None, FieldsCallback]] = {}
        self._redis: dict[int, tuple[HttpContext | None, RespCallback]] = {}
        self.redis_ready: set[str] = set()
        """The Redis services that the host can reach, as far as we know."""

    def http(self, cluster: str, fields: Fields, body: bytes, timeout_ms: int, callback: AnswerCallback) -> int:
        """Start a call for the current stream. Raises `HttpCallError` if nothing was sent."""

        def answered(fields: Fields, body: bytes) -> None:
            answer = answer_from(fields, body)
            if log.enabled_for(LogLevel.DEBUG):
                detail = "" if log.is_safe_log_enabled() else f", headers {fields}, body {body!r}"
                end = str(answer.status) if answer.received else "no answer"
                log.debug("%s", f"http call {number} is answered: {end}{detail}")
            callback(answer)

        ctx = self._dispatcher.stream
        number = self._dispatcher.host.http_call(ctx.id if ctx else 0, cluster, fields, body, timeout_ms)
        self._http[number] = ctx, answered
        if ctx:
            ctx.http_calls |= {number}
        return number

    def redis(self, cluster: str, query: bytes, callback: RespCallback) -> int:
        """Send a command for the current stream. Raises `RedisCallError` if nothing was sent."""
        ctx = self._dispatcher.stream
        number = self._dispatcher.host.redis_call(ctx.id if ctx else 0, cluster, query)
        self._redis[number] = ctx, callback
        if ctx:
            ctx.redis_calls |= {number}
        return number

    def waits_for_http(self, number: int) -> int:
        """The context of the stream that made this call; 0: the plugin itself, or nobody any more."""
        ctx, _ = self._http.get(number, (None, None))
        return ctx.id if ctx else 0

    def waits_for_redis(self, number: int) -> int:
        """Likewise."""
        ctx, _ = self._redis.get(number, (None, None))
        return ctx.id if ctx else 0

    def http_answered(self, number: int, fields: Fields, body: bytes) -> Outcome:
        ctx, callback = self._http.pop(number, (None, None))
        if callback is None:
            return None  # the stream that called has ended
        if ctx:
            ctx.http_calls -= {number}
        return self._dispatcher.run(ctx.id if ctx else 0, callback, fields, body, own=0)

    def redis_answered(self, number: int, response: bytes | None) -> Outcome:
        ctx, callback = self._redis.pop(number, (None, None))
        if callback is None:
            return None
        if ctx:
            ctx.redis_calls -= {number}
        return self._dispatcher.run(ctx.id if ctx else 0, callback, response, own=0)

    def forget(self, ctx: HttpContext) -> None:
        """Nobody is left to hear the answers; the callbacks would keep the stream's memory alive."""
        if ctx.http_calls or ctx.redis_calls:
            for number in ctx.http_calls:
                del self._http[number]
            for number in ctx.redis_calls:
                del self._redis[number]
