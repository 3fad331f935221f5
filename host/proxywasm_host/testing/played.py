"""The gateway of the stream runner, for native instances and for components."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import cast

from proxywasm.wire import Command, FailStream, PluginFailure, Program, ProgramLost

from ..recordings.replay import DEFAULT_PROPERTIES, START_NS
from ..services import HostServices, Properties
from ..services.frozen_clock import around
from ..stream import Chain, Runner, Stream
from ..stream.half import Half
from .gateways import Gateway, Link, Setting
from .services import TestServices


class Played:
    """A start whose gateway is played."""

    def __init__(self, program: Callable[[HostServices], Program]) -> None:
        self._program = program

    def program(self, services: HostServices) -> Program:
        return self._program(services)

    def gateway(self, setting: Setting, after: Sequence[Link] = ()) -> PlayedGateway | PlayedChain:
        first = self._one(setting)
        if not after:
            return first
        with contextlib.ExitStack() as stack:
            stack.callback(first.close)
            gateways: list[Gateway] = [first]
            for number, (start, config) in enumerate(after, 1):
                # Each draws random numbers of its own.
                own = replace(setting, config=config, seed=setting.seed + number, first=first)
                gateways.append(start.gateway(own))
                stack.callback(gateways[-1].close)
            chain = PlayedChain(cast("list[PlayedGateway]", gateways))
            stack.pop_all()
        return chain

    def _one(self, setting: Setting) -> PlayedGateway:
        beside = setting.first or setting.beside
        assert beside is None or isinstance(beside, PlayedGateway | PlayedChain)
        services = TestServices(
            start_ns=START_NS if setting.start is None else int(setting.start.timestamp() * 1e9),
            seed=setting.seed,
            log_level=setting.log_level,
            shared_data=beside.services.shared_data if beside else None,
            metrics=beside.services.metrics if beside else None,
            clusters=setting.clusters,
            foreign_functions=setting.foreign_functions,
            log_of=beside.services if beside and setting.first else None,
        )
        if beside:
            services.clock = beside.services.clock

        @contextlib.contextmanager
        def overheard() -> Iterator[None]:
            try:
                yield
            except (PluginFailure, ProgramLost) as failure:
                setting.on_failure(failure)
                raise

        gateway = PlayedGateway(around(self._program(services), overheard), services, setting)
        try:
            gateway.program.configure(setting.config, setting.log_level)
        except BaseException:
            gateway.close()
            raise
        return gateway


class PlayedGateway(Runner):
    """A gateway with one plugin."""

    services: TestServices

    def __init__(self, program: Program, services: TestServices, setting: Setting) -> None:
        super().__init__(program, services, limits=setting.limits, fail_open=setting.fail_open)
        self._defaults = {tuple(name.split(".")): value.encode() for name, value in DEFAULT_PROPERTIES.items()}
        self._defaults |= setting.properties
        self._on_failure = setting.on_failure

    @property
    def plugins(self) -> Sequence[PlayedGateway]:
        return (self,)

    def open(self, properties: Properties | None = None) -> Stream:
        """Puts the defaults of what is missing into the properties."""
        properties = {} if properties is None else properties
        for path, value in self._defaults.items():
            properties.setdefault(path, value)
        return super().open(properties)

    def carry_out(self, commands: Sequence[Command], stream: Stream | None, half: Half | None) -> None:
        for command in commands:
            if isinstance(command, FailStream):
                self._on_failure(PluginFailure(command.value))
        super().carry_out(commands, stream, half)

    def refuse_calls(self, cluster: str) -> None:
        """The kit answers for the services, so it lets the calls fail."""

    def time_out(self, call: int, advance: Callable[[], None]) -> None:  # noqa: ARG002  # its deadline is known
        advance()

    def close(self) -> None:
        close(self.program)


class PlayedChain(Chain):
    """A gateway with several plugins. They share clock, log, shared data and metrics."""

    def __init__(self, plugins: Sequence[PlayedGateway]) -> None:
        super().__init__(plugins)
        self.plugins = plugins
        self.services = plugins[0].services

    def refuse_calls(self, cluster: str) -> None:
        """The kit answers for the services, so it lets the calls fail."""

    def close(self) -> None:
        for plugin in self.plugins:
            plugin.close()


def close(program: Program) -> None:
    """Close the instance if it has a `close`."""
    end = getattr(program, "close", None)
    if end is not None:
        end()
