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
    },
)
"""The keys of an entry that a replay looks at."""


@dataclass(frozen=True, slots=True)
class Message:
    """A request or response. Without chunks the headers end the stream."""

    headers: Fields
    body: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class CallOut:
    """The answer to a call-out of the plugin to this cluster and path; None fits any. No response: the call fails."""

    cluster: str | None
    path: str | None
    response: Message | None


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

    @property
    def configs(self) -> tuple[str, ...]:
        """The raw configuration of each plugin."""
        return self.chain or (self.config,)
