"""A plugin whose limiter a test drives, natively, with a clock that the test moves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from proxywasm import FQDNCluster, HttpContext, Plugin, RedisClient
from proxywasm.adapters.native import native_program
from proxywasm.limits import Decision, Demand, Limiter, RedisStorage, SharedStorage
from proxywasm.wire import LogLevel
from proxywasm_host.services import HostServices
from proxywasm_host.services.redis_calls import Address, RedisCalls
from proxywasm_host.services.shared_data import SharedData
from proxywasm_host.stream import Runner, Stream

START_MS = 1_735_689_600_000
CLUSTER = "outbound|6379||redis.dns"


class Clock:
    def __init__(self) -> None:
        self.now = START_MS

    def __call__(self) -> int:
        return self.now


class Running:
    """One instance of the plugin, as a gateway has it. Several with the same data or Redis count together."""

    def __init__(
        self,
        clock: Clock,
        redis: Address | None = None,
        shared: SharedData | None = None,
        *,
        slots: int = 1024,
        fail_open: bool = True,
    ) -> None:
        self.clock = clock
        self._redis = None if redis is None else RedisCalls({CLUSTER: redis})
        plugin: Plugin[Limiter] = Plugin("limits")
        self._action: Callable[[Limiter], Any] = lambda _: None

        @plugin.parse_config
        def parse(document: dict[str, Any]) -> Limiter:
            if redis is None:
                return Limiter("test", SharedStorage(slots, clock=clock), fail_open=fail_open)
            client = RedisClient(FQDNCluster("redis.dns", 6379))
            client.init(timeout_ms=500)
            return Limiter("test", RedisStorage(client, clock=clock), fail_open=fail_open)

        @plugin.on_request_headers
        def run(ctx: HttpContext, limiter: Limiter) -> None:
            self._action(limiter)

        self.services = HostServices(start_ns=clock.now * 1_000_000, shared_data=shared)
        self.runner = Runner(native_program(plugin, self.services), self.services)
        self.runner.program.configure("{}", LogLevel.INFO)

    def begin(self, action: Callable[[Limiter], Any]) -> Stream:
        """A stream in whose callback the function is called. What it asks of Redis waits."""
        self._action = action
        behind = self.clock.now - self.services.clock.now() // 1_000_000
        if behind > 0:
            self.services.clock.advance(behind)
        stream = self.runner.open()
        stream.request_headers([(":method", "GET"), (":path", "/"), (":scheme", "http"), (":authority", "a")], True)
        assert stream.local_reply is None, self.services.logs
        return stream

    def run(self, action: Callable[[Limiter], Any]) -> Any:
        """Call a function in the plugin, and carry out what it asks Redis for."""
        results: list[Any] = []
        stream = self.begin(lambda limiter: results.append(action(limiter)))
        self.answer()
        stream.close()
        return results[0]

    def tick(self) -> None:
        behind = self.clock.now - self.services.clock.now() // 1_000_000
        if behind > 0:
            self.services.clock.advance(behind)
        self.runner.tick()
        self.answer()

    def answer(self) -> None:
        while waiting := self.services.take_redis_calls():
            assert self._redis is not None
            for call in waiting:
                self.runner.redis_call_response(call.id, self._redis.execute(call))

    def take(self, *demands: Demand) -> Decision:
        decisions: list[Decision] = []
        self.run(lambda limiter: limiter.take(demands, decisions.append))
        (decision,) = decisions
        return decision

    def settle(self, decision: Decision, amounts: Sequence[int]) -> None:
        assert decision.holding is not None
        holding = decision.holding
        self.run(lambda _: holding.settle(amounts))

    def close(self) -> None:
        if self._redis is not None:
            self._redis.close()
