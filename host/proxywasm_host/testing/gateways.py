"""The gateway that a test host drives, with one plugin or a chain: implemented by the stream runner, or by Envoy."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NoReturn, Protocol, TypeAlias

from proxywasm.text import encode
from proxywasm.wire import Fields, LocalReply, LogLevel, Program

from ..recordings.replay import SEED
from ..services import (
    Clock,
    ForeignFunction,
    HostServices,
    HttpCall,
    LogRecord,
    Metrics,
    Properties,
    RedisCall,
    SharedData,
)
from ..stream import Event, Limits

GivenProperties: TypeAlias = Mapping[str, str | bytes]
"""Envoy attributes by their dotted path, for example `{"route_name": "a", "source.address": "10.0.0.1"}`."""

UNSUPPORTED: Final = {
    "advance": "the clock of a real gateway cannot be moved",
    "start, seed": "a real gateway has its own clock and random numbers",
    "another_instance": "a real gateway starts its instances itself",
    "shared_data": "shared data is inside of the gateway, where only plugins can reach it",
    "get_property": "properties are inside of the gateway, where only plugins can reach them",
    "properties": "a real gateway has its own properties; only `route_name` can be chosen, for the whole host",
    "foreign_functions": "a real gateway has its own functions",
    "limits": "a real gateway has its own limits",
    "histograms": "a real gateway keeps no samples of histograms",
    "redis": "Envoy has no Redis calls; only Higress has them",
    "services": "what a plugin asks of the gateway for itself cannot be seen from outside",
    "clusters": "two plugins that call the same service at the same time cannot be told apart",
    "break_off": "a real gateway does not tell its plugins about a response that breaks off",
    "replay": "recordings are replayed by the stream runner",
}
"""Functions of the kit that a real gateway does not have, with the reason."""


def unsupported(what: str) -> NoReturn:
    """The running test uses a function that its gateway does not have: pytest reports it as skipped, with the reason.

    It raises a `BaseException`, so that a test that expects an `Exception` does not catch it.
    """
    # Imported late: the rest of the kit works without pytest, and this flavour is for its tests only.
    import pytest  # noqa: PLC0415

    raise pytest.skip.Exception(f"{what}: {UNSUPPORTED[what]}", _use_item_location=True)


OnFailure: TypeAlias = "Callable[[BaseException], None]"
"""Called with a failure of the plugin or the loss of its instance, before its streams are affected."""


@dataclass(frozen=True, slots=True)
class Setting:
    """Settings of a plugin; see `TestHost`."""

    config: str
    on_failure: OnFailure
    properties: Properties
    """The properties that the test has given, without the defaults."""
    log_level: LogLevel = LogLevel.INFO
    limits: Limits | None = None
    fail_open: bool = False
    clusters: Collection[str] | None = None
    foreign_functions: Mapping[str, ForeignFunction] | None = None
    start: datetime.datetime | None = None
    seed: int = SEED
    beside: Gateway | None = None
    """Another instance in the same gateway."""
    first: Gateway | None = None
    """The first plugin of the chain that this one belongs to."""


class GatewayServices(Protocol):
    """What a gateway shows of its state. Everything else is `unsupported`."""

    @property
    def logs(self) -> list[LogRecord]: ...

    @property
    def clock(self) -> Clock: ...

    @property
    def shared_data(self) -> SharedData: ...

    @property
    def metrics(self) -> Metrics: ...

    @property
    def tick_period_ms(self) -> int: ...

    @property
    def rebuild_wanted(self) -> bool: ...

    @property
    def max_requests_per_io_cycle(self) -> int: ...

    def now(self) -> int: ...

    def take_calls(self) -> list[HttpCall]: ...

    def take_redis_calls(self) -> list[RedisCall]: ...

    def take_cancelled(self) -> list[int]: ...

    def property_of(self, context: int, path: tuple[str, ...]) -> bytes | None: ...


class GatewayStream(Protocol):
    """One HTTP stream; its methods are those of `stream.Stream`."""

    @property
    def id(self) -> int: ...

    @property
    def local_reply(self) -> LocalReply | None: ...

    @property
    def request_paused(self) -> bool: ...

    @property
    def response_paused(self) -> bool: ...

    def request_headers(self, fields: Fields, end_of_stream: bool) -> None: ...

    def request_body(self, data: bytes, end_of_stream: bool) -> None: ...

    def request_trailers(self, fields: Fields) -> None: ...

    def informational_response(self, fields: Fields) -> None: ...

    def response_headers(self, fields: Fields, end_of_stream: bool, details: str = ...) -> None: ...

    def response_body(self, data: bytes, end_of_stream: bool) -> None: ...

    def response_trailers(self, fields: Fields) -> None: ...

    def response_broken(self, reply: LocalReply) -> None: ...

    def close(self) -> None: ...

    def take(self) -> list[Event]: ...


class GatewayPlugin(Protocol):
    """One plugin in a gateway. Its methods are those of `stream.Runner`."""

    @property
    def services(self) -> GatewayServices: ...

    def http_call_response(self, call: int, fields: Fields, body: bytes) -> None: ...

    def redis_call_response(self, call: int, response: bytes | None) -> None: ...

    def time_out(self, call: int, advance: Callable[[], None]) -> None:
        """Let the time of a call pass; `advance` moves the clock, if the gateway has one that can be moved."""

    def tick(self) -> None: ...


class Gateway(Protocol):
    """A gateway with its plugins, and their streams."""

    @property
    def plugins(self) -> Sequence[GatewayPlugin]:
        """The plugins that the gateway can distinguish, in the order of requests."""

    @property
    def services(self) -> GatewayServices:
        """The services that the plugins share, and those of the first plugin where they have their own."""

    def open(self, properties: Properties) -> GatewayStream: ...

    def ready(self) -> Sequence[GatewayStream]: ...

    def refuse_calls(self, cluster: str) -> None:
        """Let calls to this service fail."""

    def expire(self) -> None: ...

    def close(self) -> None: ...


class Start(Protocol):
    """How a plugin is started in one flavour."""

    def gateway(self, setting: Setting, after: Sequence[Link] = ()) -> Gateway:
        """A gateway with a fresh instance, and with one of each plugin that comes after it in the chain.

        Raises `ConfigError`, `PluginFailure` and `ProgramLost`.
        """

    def program(self, services: HostServices) -> Program:
        """A fresh instance over given services."""


Link: TypeAlias = tuple[Start, str]
"""A plugin of a chain, with its configuration."""


def split_properties(properties: GivenProperties | None) -> Properties:
    """The properties as the gateway keeps them: by their path, as bytes."""
    return {
        tuple(name.split(".")): encode(value) if isinstance(value, str) else value
        for name, value in (properties or {}).items()
    }
