"""The facade's input to the core: a plugin's settings and callbacks, and functions that make its contexts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Protocol, TypeAlias

from ..headers import Headers
from ..wire import Host
from .plugin_state import PluginState
from .stream_state import StreamOwner, StreamState
from .ticks import Ticks


class Action(Enum):
    """What a header or body callback returns. Returning nothing is `CONTINUE`."""

    CONTINUE = "continue"
    STOP_ITERATION = "stop-iteration"
    """Header callbacks: the headers wait for the body callback, which may still change them. A streamed body releases
    them with its first chunk, a buffered one after its last; headers without a body are sent at once.
    `on_streaming_response_body` may return it too, while the headers wait: the plugin keeps the chunk, and the headers
    wait for the next one."""
    PAUSE = "pause"
    """Nothing of this direction moves until `resume_http_request` / `resume_http_response`, or a local reply."""


# The facade has the precise types: an author's callback takes the facade's own contexts and the author's configuration.
PluginCallback: TypeAlias = Callable[[Any], object]
HeadersCallback: TypeAlias = Callable[[Any, Any], Action | None]
BodyCallback: TypeAlias = Callable[[Any, Any, bytes], Action | None]
StreamingRequestCallback: TypeAlias = Callable[[Any, Any, bytes, bool], bytes | None]
StreamingResponseCallback: TypeAlias = Callable[[Any, Any, bytes, bool], bytes | Action | None]
StreamCallback: TypeAlias = Callable[[Any, Any], object]


@dataclass(slots=True)
class Callbacks:
    """The callbacks that a plugin has registered (None: not registered), and functions that make their contexts."""

    stream_context: Callable[[StreamOwner, int, Headers, bool], StreamState]
    """Makes the context of a stream: of its owner, number, request headers, and whether they are the end of it."""
    plugin_context: Callable[[Host, Ticks, str], PluginState]
    """Makes the context of the plugin itself: of its host, timers and name."""
    pre_start_or_reload: PluginCallback | None = None
    parse_config: Callable[[dict[str, Any]], Any] | None = None
    parse_override_config: Callable[[dict[str, Any], Any], Any] | None = None
    ticks: list[tuple[int, PluginCallback]] = field(default_factory=list)
    request_headers: HeadersCallback | None = None
    request_body: BodyCallback | None = None
    streaming_request_body: StreamingRequestCallback | None = None
    request_read_only: bool = False
    request_batched: bool = False
    request_trailers: HeadersCallback | None = None
    response_headers: HeadersCallback | None = None
    response_body: BodyCallback | None = None
    response_too_large: StreamCallback | None = None
    streaming_response_body: StreamingResponseCallback | None = None
    response_read_only: bool = False
    response_batched: bool = False
    response_trailers: HeadersCallback | None = None
    stream_done: StreamCallback | None = None


class PluginDefinition(Protocol):
    """A plugin as its author has defined it. `proxywasm.Plugin` is one, and documents the settings."""

    name: str
    rebuild_after_requests: int
    rebuild_max_memory: int
    max_requests_per_io_cycle: int
    rule_isolation: bool
    safe_log: bool
    callbacks: Callbacks
