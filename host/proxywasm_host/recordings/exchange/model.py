"""A recorded HTTP stream."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from proxywasm.wire import Fields

REPLAYED: Final = frozenset(
    {
        "name",
        "config",
        "plugins",
        "properties",
        "request",
        "response",
        "next_responses",
        "callouts",
        "before",
        "wait_ms",
        "time",
    },
)
"""The keys of an entry that a replay looks at."""


@dataclass(frozen=True, slots=True)
class Message:
    """A request or response. Without chunks the headers end the stream."""

    headers: Fields
    body: tuple[bytes, ...] = ()
    times_ms: tuple[int, ...] = ()
    """When the headers and each chunk came, after the beginning of the exchange; empty: not known."""
    unfinished: bool = False
    """The message has no end: its sender left, or the recording was cut here."""
    details: str = ""
    """Of a response that the gateway itself has made: its `response.code_details`."""
    broken: str = ""
    """Of a response that broke off before any of it had gone to the client: its `response.code_details`."""


@dataclass(frozen=True, slots=True)
class CallOut:
    """The answer to a call-out of the plugin to this cluster and path; None fits any. No response: the call fails."""

    cluster: str | None
    path: str | None
    response: Message | None
    once: bool = False
    """It answers one call only; the next one gets the next answer that fits."""


@dataclass(frozen=True, slots=True)
class Exchange:
    name: str
    config: str
    """The raw configuration of the plugin."""
    request: Message
    response: Message | None = None
    next_responses: tuple[Message, ...] = ()
    """To further requests that the plugin sends in place of the first one."""
    properties: Mapping[str, str] = field(default_factory=dict)
    callouts: tuple[CallOut, ...] = ()
    before: tuple[Exchange, ...] = ()
    """What has gone through the same plugin instance before; their configuration is not used."""
    wait_ms: int = 0
    raw: Mapping[str, Any] = field(default_factory=dict)
    """The whole entry of the file, with the expectations."""
    chain: tuple[str, ...] = ()
    """The raw configurations of several plugins, in the order of requests; `config` is not used then."""
    time_ns: int | None = None
    """When it was recorded, since 1970; None: not known, and a replay has a time of its own."""

    @property
    def configs(self) -> tuple[str, ...]:
        """The raw configuration of each plugin."""
        return self.chain or (self.config,)
