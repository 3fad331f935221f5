"""The call-outs of a plugin under test: which wait for an answer, and what answers them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias, TypeVar

from proxywasm.wire import Fields

from ..recordings.exchange import Message
from .gateways import Gateway, GatewayPlugin
from .traffic import CallOut, HttpCallOut, RedisCallOut, RedisValue, ScenarioError

HttpResponder: TypeAlias = "Message | Callable[[HttpCallOut], Message | None] | None"
"""An answer, or a function that makes one; None: the call fails."""

RedisResponder: TypeAlias = "RedisValue | Callable[[RedisCallOut], RedisValue]"

C = TypeVar("C", bound=CallOut)


@dataclass(frozen=True, slots=True)
class _Rule:
    """An answer for every call that fits."""

    fits: Callable[[CallOut], bool]
    give: Callable[[Any], None]


class CallOuts:
    """The call-outs of one gateway.

    Attributes:
        http: every HTTP call, in order.
        redis: every Redis command, in order.

    Args:
        delivered: is told that the plugin has got an answer.
        time_out: lets the time of a call pass.
    """

    def __init__(
        self, gateway: Gateway, delivered: Callable[[], None], time_out: Callable[[GatewayPlugin, CallOut], None]
    ) -> None:
        self.http: list[HttpCallOut] = []
        self.redis: list[RedisCallOut] = []
        self._gateway = gateway
        self._delivered = delivered
        self._time_out = time_out
        self._waiting: list[CallOut] = []
        self._by_number: dict[tuple[GatewayPlugin, int], CallOut] = {}
        self._rules: list[_Rule] = []

    @property
    def pending(self) -> list[CallOut]:
        self._waiting = [call for call in self._waiting if call.waiting]
        return list(self._waiting)

    @property
    def last(self) -> CallOut:
        return list(self._by_number.values())[-1]

    def collect(self) -> None:
        """Note new calls of the plugins, and calls that were cancelled."""
        for plugin in self._gateway.plugins:
            self._collect_from(plugin)

    def _collect_from(self, plugin: GatewayPlugin) -> None:
        services = plugin.services
        now = services.now()
        time_out = partial(self._time_out, plugin)
        new: list[CallOut] = []
        for call in services.take_calls():
            deadline = now + call.timeout_ms * 1_000_000
            self.http.append(HttpCallOut(call, deadline, partial(self._deliver_http, plugin), time_out))
            new.append(self.http[-1])
        for command in services.take_redis_calls():
            deadline = now + command.settings.timeout_ms * 1_000_000
            self.redis.append(RedisCallOut(command, deadline, partial(self._deliver_redis, plugin), time_out))
            new.append(self.redis[-1])
        new.sort(key=lambda call: call.number)
        self._waiting += new
        self._by_number |= {(plugin, call.number): call for call in new}
        for number in services.take_cancelled():
            cancelled = self._by_number.get((plugin, number))
            if cancelled is not None and cancelled.waiting:
                cancelled.settle("cancelled")

    def time_out(self) -> None:
        """Settle calls whose time is up."""
        now = self._gateway.services.now()
        for call in self.pending:
            if call.deadline <= now:
                call.settle("timed out")

    def next_http(self, cluster: str | None, path: str | None) -> HttpCallOut:
        __tracebackhide__ = True
        return _next(self.http, _http_fits(cluster, path), f"HTTP call{_to(cluster=cluster, path=path)}")

    def next_redis(self, name: str | None) -> RedisCallOut:
        __tracebackhide__ = True
        return _next(self.redis, _redis_fits(name), f"Redis command{_to(name=name)}")

    # Rules.

    def answer_http(self, answer: HttpResponder, cluster: str | None, path: str | None) -> None:
        def give(call: HttpCallOut) -> None:
            message = answer(call) if callable(answer) else answer
            call.fail() if message is None else call.answer(message)

        self._rules.append(_Rule(_http_fits(cluster, path), give))

    def fail_http(self, cluster: str) -> None:
        """Let every call to this service fail, before all other answers for it."""
        self._rules.insert(0, _Rule(_http_fits(cluster, None), HttpCallOut.fail))

    def answer_redis(self, answer: RedisResponder, name: str | None) -> None:
        def give(call: RedisCallOut) -> None:
            call.answer(answer(call) if callable(answer) else answer)

        self._rules.append(_Rule(_redis_fits(name), give))

    def answer_one(self) -> bool:
        """Answer one waiting call by a rule. Returns whether there was one."""
        for call in self.pending if self._rules else ():
            for rule in self._rules:
                if rule.fits(call):
                    rule.give(call)
                    return True
        return False

    def _deliver_http(self, plugin: GatewayPlugin, call: HttpCallOut, fields: Fields, body: bytes) -> None:
        plugin.http_call_response(call.number, fields, body)
        self._delivered()

    def _deliver_redis(self, plugin: GatewayPlugin, call: RedisCallOut, response: bytes | None) -> None:
        plugin.redis_call_response(call.number, response)
        self._delivered()


def _next(calls: list[C], fits: Callable[[CallOut], bool], wanted: str) -> C:
    __tracebackhide__ = True
    for call in calls:
        if call.waiting and fits(call):
            return call
    there = "".join(f"\n  {call}" for call in calls) or " none"
    raise ScenarioError(f"no {wanted} waits for an answer; so far there were:{there}")


def _http_fits(cluster: str | None, path: str | None) -> Callable[[CallOut], bool]:
    return lambda call: isinstance(call, HttpCallOut) and cluster in (None, call.cluster) and path in (None, call.path)


def _redis_fits(name: str | None) -> Callable[[CallOut], bool]:
    return lambda call: isinstance(call, RedisCallOut) and (name is None or call.name == name.upper())


def _to(**wanted: str | None) -> str:
    given = [f"{name} {value!r}" for name, value in wanted.items() if value is not None]
    return f" with {' and '.join(given)}" if given else ""
