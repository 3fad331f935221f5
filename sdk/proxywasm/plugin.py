"""Registration: which callbacks a plugin has."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar

if TYPE_CHECKING:
    from .context import HttpContext

Config = TypeVar("Config")


class Action(Enum):
    """What a header or body callback returns. Returning nothing is `CONTINUE`."""

    CONTINUE = "continue"
    STOP_ITERATION = "stop-iteration"
    """Header callbacks only: the headers wait for the body callback, which may still change them. A streamed body
    releases them with its first chunk, a buffered one after its last."""
    PAUSE = "pause"
    """Nothing of this direction moves until `resume_http_request` / `resume_http_response`, or a local reply."""


# Callbacks get the context of the stream and the configuration that applies to it.
HeadersCallback: TypeAlias = "Callable[[HttpContext, Config], Action | None]"
BodyCallback: TypeAlias = "Callable[[HttpContext, Config, bytes], Action | None]"
StreamingBodyCallback: TypeAlias = "Callable[[HttpContext, Config, bytes, bool], bytes | None]"
DoneCallback: TypeAlias = "Callable[[HttpContext, Config], None]"


@dataclass(slots=True)
class Callbacks(Generic[Config]):
    """What a plugin has registered; None where it does not care."""

    parse_config: Callable[[dict[str, Any]], Config] | None = None
    request_headers: HeadersCallback[Config] | None = None
    request_body: BodyCallback[Config] | None = None
    streaming_request_body: StreamingBodyCallback[Config] | None = None
    response_headers: HeadersCallback[Config] | None = None
    response_body: BodyCallback[Config] | None = None
    streaming_response_body: StreamingBodyCallback[Config] | None = None
    stream_done: DoneCallback[Config] | None = None


class Plugin(Generic[Config]):
    """A gateway plugin: a name and callbacks, registered by decorators.

    ```python
    plugin: Plugin[dict[str, Any]] = Plugin("hello")


    @plugin.on_request_headers
    def greet(ctx: HttpContext, config: dict[str, Any]) -> None:
        ctx.request_headers["x-hello"] = config["name"]
    ```

    The module that is built must have the plugin as its attribute `plugin`.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.callbacks: Callbacks[Config] = Callbacks()

    def parse_config(self, function: Callable[[dict[str, Any]], Config]) -> Callable[[dict[str, Any]], Config]:
        """Turns the JSON object of the configuration into what callbacks get. Raise `ConfigError` to refuse it.

        Without this the callbacks get the JSON object itself.
        """
        self.callbacks.parse_config = function
        return function

    def on_request_headers(self, function: HeadersCallback[Config]) -> HeadersCallback[Config]:
        """Called first in every stream, with the client's headers."""
        self.callbacks.request_headers = function
        return function

    def on_request_body(self, function: BodyCallback[Config]) -> BodyCallback[Config]:
        """Called once with the whole request body. Change it with `ctx.replace_request_body`."""
        self.callbacks.request_body = function
        return function

    def on_streaming_request_body(self, function: StreamingBodyCallback[Config]) -> StreamingBodyCallback[Config]:
        """Called for each chunk of the request body; returns the bytes to send on (nothing: the chunk as it is)."""
        self.callbacks.streaming_request_body = function
        return function

    def on_response_headers(self, function: HeadersCallback[Config]) -> HeadersCallback[Config]:
        """Called with the response headers, also for replies that this or another filter made."""
        self.callbacks.response_headers = function
        return function

    def on_response_body(self, function: BodyCallback[Config]) -> BodyCallback[Config]:
        """Called once with the whole response body. Change it with `ctx.replace_response_body`."""
        self.callbacks.response_body = function
        return function

    def on_streaming_response_body(self, function: StreamingBodyCallback[Config]) -> StreamingBodyCallback[Config]:
        """Called for each chunk of the response body; returns the bytes to send on (nothing: the chunk as it is)."""
        self.callbacks.streaming_response_body = function
        return function

    def on_stream_done(self, function: DoneCallback[Config]) -> DoneCallback[Config]:
        """Called last in every stream, however it ended."""
        self.callbacks.stream_done = function
        return function
