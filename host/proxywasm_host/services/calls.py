"""Call-outs of a plugin: those that wait to be sent, and those that wait for their answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from proxywasm.wire import Fields


@dataclass(frozen=True, slots=True)
class HttpCall:
    """A call-out that waits to be sent. `headers` include the pseudo-headers."""

    id: int
    context: int
    cluster: str
    headers: Fields
    body: bytes
    timeout_ms: int


@dataclass(frozen=True, slots=True)
class RedisSettings:
    """A plugin's `redis_init` for a service. `options` are the query string of the cluster name."""

    cluster: str
    username: str
    password: str = field(repr=False)
    timeout_ms: int
    options: Mapping[str, str] = field(hash=False)


@dataclass(frozen=True, slots=True)
class RedisCall:
    """A Redis command that waits to be sent, as RESP bytes."""

    id: int
    context: int
    cluster: str
    query: bytes
    settings: RedisSettings


@dataclass(frozen=True, slots=True)
class _Pending:
    """A call-out without an answer yet."""

    context: int
    deadline: int
    redis: bool
    size: int


class Calls:
    """The call-outs of one instance.

    Attributes:
        size: bytes of those that have no answer yet.
    """

    def __init__(self) -> None:
        self.size = 0
        self._http: dict[int, HttpCall] = {}  # not sent yet
        self._redis: dict[int, RedisCall] = {}  # not sent yet
        self._pending: dict[int, _Pending] = {}  # by call, until it is answered
        self._waiting: dict[int, set[int]] = {}  # the same calls by context; no entry: none
        self._cancelled: list[int] = []
        self._last = 0

    def start_http(
        self, context: int, cluster: str, headers: Fields, body: bytes, timeout_ms: int, *, size: int, now: int
    ) -> int:
        """`now` in nanoseconds. The number of the call."""
        number = self._start(_Pending(context, now + timeout_ms * 1_000_000, redis=False, size=size))
        self._http[number] = HttpCall(number, context, cluster, headers, body, timeout_ms)
        return number

    def start_redis(self, context: int, query: bytes, settings: RedisSettings, *, now: int) -> int:
        number = self._start(_Pending(context, now + settings.timeout_ms * 1_000_000, redis=True, size=len(query)))
        self._redis[number] = RedisCall(number, context, settings.cluster, query, settings)
        return number

    def _start(self, pending: _Pending) -> int:
        self._last += 1
        self._pending[self._last] = pending
        self._waiting.setdefault(pending.context, set()).add(self._last)
        self.size += pending.size
        return self._last

    def finish(self, number: int) -> int:
        """The call is over, with or without an answer. Returns the stream that waits for it; 0: none does."""
        pending = self._pending.pop(number, None)
        self._http.pop(number, None)
        self._redis.pop(number, None)
        if pending is None:
            return 0
        self.size -= pending.size
        calls = self._waiting[pending.context]
        calls.remove(number)
        if not calls:
            del self._waiting[pending.context]
        return pending.context

    def cancel(self, context: int) -> None:
        """Cancel the calls of a stream that has ended. Redis commands are sent all the same, as in Higress; only their
        answers are not wanted any more."""
        if context not in self._waiting:  # as nearly always
            return
        for number in sorted(self._waiting.pop(context)):
            self.size -= self._pending.pop(number).size
            if self._http.pop(number, None) is None:
                self._cancelled.append(number)

    @property
    def count(self) -> int:
        """The number of calls without an answer."""
        return len(self._pending)

    def waits(self, context: int) -> bool:
        return context in self._waiting

    def overdue(self, now: int) -> list[tuple[int, bool]]:
        """Calls whose time is up, each with whether it is a Redis command."""
        return [(call, pending.redis) for call, pending in self._pending.items() if pending.deadline <= now]

    @property
    def changed(self) -> bool:
        """Some were started or cancelled since they were taken last."""
        return bool(self._http or self._redis or self._cancelled)

    def take_http(self) -> list[HttpCall]:
        calls, self._http = list(self._http.values()), {}
        return calls

    def take_redis(self) -> list[RedisCall]:
        calls, self._redis = list(self._redis.values()), {}
        return calls

    def take_cancelled(self) -> list[int]:
        cancelled, self._cancelled = self._cancelled, []
        return cancelled
