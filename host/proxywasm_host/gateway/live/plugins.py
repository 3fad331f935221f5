"""The plugins of a live gateway: instances, streams, ticks and call-outs of all of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence

from ...services import HostServices, HttpCall, Properties, RedisCall
from ...stream import ChainedStream, Ready, Runner, Stream
from ...wasm.limits import Limits
from ...wasm.pool import ClosableProgram, Pool

Start = Callable[[HostServices], ClosableProgram]
MakeStream = Callable[[Sequence[Stream], Ready[ChainedStream]], ChainedStream]


class LivePlugin:
    """One plugin of the chain, with its configuration. Raises what a `Pool` raises that cannot start."""

    def __init__(
        self,
        name: str,
        start: Start,
        config: str,
        *,
        limits: Limits,
        fail_open: bool,
        services: Callable[[], HostServices],
    ) -> None:
        self.name = name
        self.pool = Pool(start, config, limits=limits, fail_open=fail_open, services=services)
        self._ticked: dict[Runner, float] = {}
        """When each was last called, or was first seen with a period, which passes before the first call."""

    def tick(self, now: float) -> None:
        """Call the ticks that are due, answer call-outs whose time is up, end what is paused for too long."""
        runners = self.pool.runners
        for runner in runners:
            period = runner.services.tick_period_ms / 1000
            if not period:
                self._ticked.pop(runner, None)
            elif now - self._ticked.setdefault(runner, now) >= period:
                self._ticked[runner] = now
                runner.tick()
            runner.expire()
        for gone in self._ticked.keys() - set(runners):
            del self._ticked[gone]


class LivePlugins:
    """All plugins, in the order of requests."""

    def __init__(self, plugins: Sequence[LivePlugin]) -> None:
        self.plugins = tuple(plugins)
        self._ready: Ready[ChainedStream] = Ready()
        self._passing = Runner(_Passing(), HostServices())

    def open(self, properties: Properties, make: MakeStream = ChainedStream) -> ChainedStream:
        """`make` makes the stream of those of the plugins."""
        streams = [plugin.pool.runner().open(properties) for plugin in self.plugins]
        return make(streams or [self._passing.open(properties)], self._ready)

    def ready(self) -> list[ChainedStream]:
        return self._ready.streams()

    def tick(self) -> None:
        now = time.monotonic()
        for plugin in self.plugins:
            plugin.tick(now)

    def calls(self) -> Iterable[tuple[Runner, HttpCall | RedisCall]]:
        """Call-outs that were made since the last time."""
        for plugin in self.plugins:
            for runner in plugin.pool.runners:
                if not runner.services.calls_changed:
                    continue
                for call in runner.services.take_calls():
                    yield runner, call
                for command in runner.services.take_redis_calls():
                    yield runner, command

    def cancelled(self) -> Iterable[tuple[Runner, int]]:
        """Calls whose stream has ended in the meantime."""
        for plugin in self.plugins:
            for runner in plugin.pool.runners:
                if runner.services.calls_changed:
                    for call in runner.services.take_cancelled():
                        yield runner, call

    def close(self) -> None:
        for plugin in self.plugins:
            plugin.pool.close()


class _Passing:
    """What a gateway without plugins does to its streams: nothing."""

    def _nothing(self, *_: object) -> None:
        return None

    configure = on_request_headers = on_request_body = on_request_trailers = _nothing
    on_response_headers = on_response_body = on_response_trailers = _nothing
    on_done = on_http_call_response = on_redis_call_response = on_tick = _nothing
