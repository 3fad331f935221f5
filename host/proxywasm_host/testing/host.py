"""`TestHost`: a gateway in a test. It starts a plugin, and the test plays clients and services."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Self, TypeAlias

from proxywasm.headers import HeaderValues
from proxywasm.wire import LogLevel, PluginFailure, ProgramLost

from ..recordings.exchange import Message
from ..recordings.replay import MAX_ROUNDS, SEED
from ..services import ForeignFunction
from ..stream import Limits
from .callouts import CallOuts, HttpResponder, RedisResponder
from .failures import Failures, cause_of, plugin_failed
from .gateways import Gateway, GatewayPlugin, GatewayStream, GivenProperties, Setting, split_properties
from .messages import Body, config_text, request
from .programs import PluginSource, starts_of
from .stream import TestStream
from .ticks import Ticks
from .traffic import CallOut, ScenarioError
from .views import HostViews

Config: TypeAlias = "Mapping[str, Any] | str | None"
"""The configuration of a plugin, as an object or as the text that the gateway gives."""


class TestHost(HostViews):
    """A plugin under test, or a chain of them, and the gateway around it.

    ```python
    host = TestHost("hello.py", {"name": "you"})
    stream = host.request("GET", "/")
    assert stream.upstream.headers["x-hello"] == "you"
    ```

    The clock stands still until `advance`, and random numbers repeat, also in the standard library inside the plugin.
    Streams follow the rules of the gateway's own stream runner.

    Args:
        plugin: a plugin object, its file or package folder (runs in this process), or a built component (`.wasm`).
            Of several, a list: requests pass the first one first, responses the last one.
        config: the configuration, as an object or as the text that the gateway gives; of several plugins a list.
        properties: Envoy attributes of every stream by their dotted path, for example `{"route_name": "a"}`.
        log_level: what the plugin is told.
        limits: what one stream may use.
        fail_open: streams in which the plugin fails continue without it, instead of ending with a 500.
        tolerate_failures: note in `failures` that the plugin raises, instead of raising `PluginFailedError`.
        clusters: the services that can be called; by default any, and in a real Envoy none.
        foreign_functions: what the host offers by name.
        start: the time on the clock.
        seed: other random numbers.
        beside: another instance that shares clock, shared data and metrics; see `another_instance`.

    Raises:
        ConfigError: the plugin refuses the configuration.
        PluginFailedError: it raised something else while it started.
    """

    __test__ = False  # for pytest: this is no class of tests

    def __init__(
        self,
        plugin: PluginSource | Sequence[PluginSource],
        config: Config | Sequence[Config] = None,
        *,
        properties: GivenProperties | None = None,
        log_level: LogLevel = LogLevel.INFO,
        limits: Limits | None = None,
        fail_open: bool = False,
        tolerate_failures: bool = False,
        clusters: Collection[str] | None = None,
        foreign_functions: Mapping[str, ForeignFunction] | None = None,
        start: datetime.datetime | None = None,
        seed: int = SEED,
        beside: TestHost | None = None,
    ) -> None:
        __tracebackhide__ = True
        self.streams: list[TestStream] = []
        """Every stream, in order."""
        self.config = config
        self._starts = starts_of(plugin)
        first, *others = _configs(config, len(self._starts))
        self._failures = Failures(tolerate=tolerate_failures)
        self._open: dict[GatewayStream, TestStream] = {}
        self._instances: list[TestHost] = beside._instances if beside else []
        setting = Setting(
            config=first,
            on_failure=self._failures.note,
            properties=split_properties(properties),
            log_level=log_level,
            limits=limits,
            fail_open=fail_open,
            clusters=clusters,
            foreign_functions=foreign_functions,
            start=start,
            seed=seed,
            beside=beside._gateway if beside else None,
        )
        try:
            after = list(zip(self._starts[1:], others, strict=True))
            self._gateway: Gateway = self._starts[0].gateway(setting, after)
        except (PluginFailure, ProgramLost) as failure:
            # A plugin that has not started cannot be tested, so `tolerate_failures` does not apply.
            raise plugin_failed(failure) from cause_of(failure)
        self.services = self._gateway.services
        self._callouts = CallOuts(self._gateway, self._after_answer, self._time_out)
        self._ticks = [Ticks(plugin) for plugin in self._gateway.plugins]
        self._settling = False
        self._closed = False
        self._instances.append(self)
        try:
            self.settle()
        except BaseException:
            self.close()
            raise

    # Streams.

    def request(
        self,
        method: str | Message = "GET",
        path: str = "/",
        headers: HeaderValues = (),
        body: Body = None,
        *,
        json: Any = None,
        host: str = "example.com",
        properties: GivenProperties | None = None,
    ) -> TestStream:
        """A client sends a whole request: method, path and the rest, or a message that a builder has made."""
        __tracebackhide__ = True
        message = method if isinstance(method, Message) else request(method, path, headers, body, json=json, host=host)
        stream = self.open(properties)
        stream.request(message)
        return stream

    def roundtrip(self, request: Message, response: Message) -> TestStream:
        """A request, its response, and the end of the stream.

        The response does not arrive if the plugin answers itself.
        """
        __tracebackhide__ = True
        stream = self.request(request)
        if stream.reply is None:
            stream.respond(response)
        stream.finish()
        return stream

    def open(self, properties: GivenProperties | None = None) -> TestStream:
        """A stream of which nothing has arrived yet."""
        sender = self._gateway.open(split_properties(properties))
        stream = self._open[sender] = TestStream(self, sender)
        self.streams.append(stream)
        return stream

    # Call-outs.

    def answer_calls(self, answer: HttpResponder, *, cluster: str | None = None, path: str | None = None) -> None:
        """From now on give this answer to every matching HTTP call; also to those that wait for one.

        The first of several matching answers is used. A function is called with the call.
        """
        self._callouts.answer_http(answer, cluster, path)
        self.settle()

    def answer_redis(self, answer: RedisResponder, *, name: str | None = None) -> None:
        """From now on give this answer to every matching Redis command. A function is called with the command."""
        self._callouts.answer_redis(answer, name)
        self.settle()

    def refuse_calls(self, cluster: str) -> None:
        """From now on this service is down: every HTTP call to it fails before it has been sent.

        In a real Envoy the service no longer listens, so the test does not see these calls.
        """
        self._gateway.refuse_calls(cluster)
        self._callouts.fail_http(cluster)
        self.settle()

    # Time.

    def advance(self, seconds: float) -> None:
        """Let time pass, in all instances: ticks run when they are due, call-outs without an answer time out.

        With a negative number the clock goes back, as when an operator corrects it.
        """
        __tracebackhide__ = True
        if seconds < 0:
            self.services.clock.advance(round(seconds * 1000))
            return
        end = self.services.now() + round(seconds * 1000) * 1_000_000
        while True:
            due = min([end, *(moment for host in self._instances for moment in host._moments())])
            self.services.clock.advance(-(-max(due - self.services.now(), 0) // 1_000_000))
            for host in list(self._instances):
                host._wake()
            if self.services.now() >= end:
                return

    def _moments(self) -> list[int]:
        """The times of the next timeouts and ticks."""
        return [
            *(call.deadline for call in self.pending),
            *(moment for ticks in self._ticks for moment in ticks.moments()),
        ]

    def _wake(self) -> None:
        self._callouts.time_out()
        self._gateway.expire()
        self.settle()
        for ticks in self._ticks:
            if ticks.run():
                self.settle()

    # Life.

    def another_instance(self, config: Config | Sequence[Config] = None, *, seed: int | None = None) -> TestHost:
        """A second instance of each plugin in the same gateway: same clock, shared data and metrics.

        Without a configuration it gets that of the first. It draws other random numbers.
        """
        return TestHost(
            self._starts,
            self.config if config is None else config,
            tolerate_failures=self._failures.tolerate,
            seed=SEED + len(self._instances) if seed is None else seed,
            beside=self,
        )

    def close(self) -> None:
        """End the streams that are open, and the plugin."""
        if self._closed:
            return
        self._closed = True
        try:
            for stream in list(self._open.values()):
                stream.finish()
        finally:
            self._instances.remove(self)
            self._gateway.close()
        # What a real gateway has done since the last step of the test is seen now.
        self._failures.report_at_the_end()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # Inside.

    def settle(self) -> None:
        """Deliver events and call-outs until there are no more."""
        __tracebackhide__ = True
        self._settling = True
        try:
            for _ in range(MAX_ROUNDS):
                self._collect()
                if not self._callouts.answer_one():
                    break
            else:
                raise ScenarioError(f"the plugin calls without end, at last {self._callouts.last}")
        finally:
            self._settling = False
        for ticks in self._ticks:
            ticks.look()
        self._failures.report()

    def _collect(self) -> None:
        __tracebackhide__ = True
        for sender in self._gateway.ready():
            self._open[sender].see()
        self._callouts.collect()

    def forget(self, sender: GatewayStream) -> None:
        """Used by streams: this one is over; collect its last events."""
        __tracebackhide__ = True
        self._open.pop(sender).see()

    def _time_out(self, plugin: GatewayPlugin, call: CallOut) -> None:
        __tracebackhide__ = True
        plugin.time_out(call.number, lambda: self.advance((call.deadline - self.services.now()) / 1e9))
        if call.waiting:
            call.settle("timed out")
        self._after_answer()

    def _after_answer(self) -> None:
        # `settle` itself answers calls by rules until there is nothing left to do.
        if not self._settling:
            self.settle()


def _configs(config: Config | Sequence[Config], plugins: int) -> list[str]:
    """One for each plugin."""
    configs: Sequence[Config]
    if isinstance(config, Sequence) and not isinstance(config, str):
        configs = config
    else:
        configs = [config] * (plugins if config is None else 1)
    if len(configs) != plugins:
        raise ScenarioError(f"{plugins} plugins need a list of {plugins} configurations, got {len(configs)}")
    return [config_text(each) for each in configs]
