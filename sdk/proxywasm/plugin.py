"""Registration: which callbacks a plugin has."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Generic, TypeAlias, TypeVar, overload

from . import callback_functions, checks, made_plugins
from .checks import MAX_U64
from .context import HttpContext
from .core.definition import Action, Callbacks
from .core.ticks import check_period
from .plugin_context import PluginContext

Config = TypeVar("Config")

# Callbacks get the context of the stream and the configuration that applies to it.
HeadersCallback: TypeAlias = Callable[[HttpContext, Config], Action | None]
BodyCallback: TypeAlias = Callable[[HttpContext, Config, bytes], Action | None]
StreamingBodyCallback: TypeAlias = Callable[[HttpContext, Config, bytes, bool], bytes | None]
StreamingResponseCallback: TypeAlias = Callable[[HttpContext, Config, bytes, bool], bytes | Action | None]
DoneCallback: TypeAlias = Callable[[HttpContext, Config], None]
ParseConfig: TypeAlias = Callable[[dict[str, Any]], Config]
ParseOverrideConfig: TypeAlias = Callable[[dict[str, Any], Config | None], Config]
PluginCallback: TypeAlias = Callable[[PluginContext], None]

AnyCallable = TypeVar("AnyCallable", bound=Callable[..., Any])

_ARGUMENTS: Final[dict[str, tuple[str, ...]]] = {
    "pre_start_or_reload": ("context",),
    "parse_config": ("document",),
    "parse_override_config": ("rule", "global_config"),
    "on_tick": ("context",),
    "on_request_headers": ("ctx", "config"),
    "on_request_body": ("ctx", "config", "body"),
    "on_streaming_request_body": ("ctx", "config", "chunk", "last_chunk"),
    "on_request_trailers": ("ctx", "config"),
    "on_response_headers": ("ctx", "config"),
    "on_response_body": ("ctx", "config", "body"),
    "on_response_too_large": ("ctx", "config"),
    "on_streaming_response_body": ("ctx", "config", "chunk", "last_chunk"),
    "on_response_trailers": ("ctx", "config"),
    "on_stream_done": ("ctx", "config"),
}
"""What callbacks are called with, by the decorator that registers them."""


class Plugin(Generic[Config]):
    """A gateway plugin: a name and callbacks, registered by decorators.

    ```python
    plugin: Plugin[dict[str, Any]] = Plugin("hello")


    @plugin.on_request_headers
    def greet(ctx: HttpContext, config: dict[str, Any]) -> None:
        ctx.request_headers["x-hello"] = config["name"]
    ```

    The module that is built must have the plugin as its attribute `plugin`.

    Args:
        name: in the log, and part of the plugin's fingerprint.
        rebuild_after_requests: ask the host for a fresh instance after so many requests; 0: never.
        rebuild_max_memory: ask for a fresh instance when this one uses so many bytes; 0: never.
        max_requests_per_io_cycle: for Higress: so many requests are served before answers to call-outs get their
            turn. It is a setting of the whole gateway; the smallest of all plugins counts. 0: do not change it.
        rule_isolation: one broken rule does not refuse the whole configuration: its last good version stays in use;
            without one the rule is left out.
        safe_log: keep headers and bodies out of the log: the SDK's messages leave them out, and `log.unsafe_info`
            writes at level debug. Of an exception that is raised while the configuration is parsed, apart from
            `ConfigError`, only type and place are logged.
    """

    def __init__(
        self,
        name: str,
        *,
        rebuild_after_requests: int = 0,
        rebuild_max_memory: int = 0,
        max_requests_per_io_cycle: int = 0,
        rule_isolation: bool = False,
        safe_log: bool = False,
    ) -> None:
        checks.name(name, "the name of a plugin")
        checks.number(rebuild_after_requests, "rebuild_after_requests", 0, MAX_U64)
        checks.number(rebuild_max_memory, "rebuild_max_memory", 0, MAX_U64)
        checks.number(max_requests_per_io_cycle, "max_requests_per_io_cycle", 0, MAX_U64)
        checks.flag(rule_isolation, "rule_isolation")
        checks.flag(safe_log, "safe_log")
        self.name = name
        self.rebuild_after_requests = rebuild_after_requests
        self.rebuild_max_memory = rebuild_max_memory
        self.max_requests_per_io_cycle = max_requests_per_io_cycle
        self.rule_isolation = rule_isolation
        self.safe_log = safe_log
        self.callbacks = Callbacks(HttpContext, PluginContext)
        made_plugins.note(self)

    # The plugin itself.

    def pre_start_or_reload(self, function: PluginCallback) -> PluginCallback:
        """Called before the configuration is parsed. What it raises fails the start."""
        return self._register("pre_start_or_reload", function)

    def parse_config(self, function: ParseConfig[Config]) -> ParseConfig[Config]:
        """Turns the JSON object of the configuration into what callbacks get. Raise `ConfigError` to refuse it.

        It is called for the global part, and for each rule unless there is `parse_override_config`. Without this the
        callbacks get the JSON object itself. The keys of the SDK (`_rules_`, `_match_..._`, `_plugin_id_`) are not in
        it.
        """
        return self._register("parse_config", function)

    def parse_override_config(self, function: ParseOverrideConfig[Config]) -> ParseOverrideConfig[Config]:
        """Turns a rule and the parsed global configuration (None if there are only rules) into what callbacks get.

        Return a new object: the global one is shared by all streams.
        """
        return self._register("parse_override_config", function)

    def on_tick(self, period_ms: int) -> Callable[[PluginCallback], PluginCallback]:
        """Called every so many milliseconds, a multiple of 100, first at once. For each instance of the plugin."""

        period_ms = check_period(period_ms)

        def register(function: PluginCallback) -> PluginCallback:
            callback_functions.check(function, "a callback", "on_tick", _ARGUMENTS["on_tick"])
            self.callbacks.ticks.append((period_ms, function))
            return function

        return register

    # Streams.

    def on_request_headers(self, function: HeadersCallback[Config]) -> HeadersCallback[Config]:
        """Called first in every stream, with the client's headers."""
        return self._register("on_request_headers", function)

    def on_request_body(self, function: BodyCallback[Config]) -> BodyCallback[Config]:
        """Called once with the whole request body. Change it with `ctx.replace_request_body`."""
        return self._register("on_request_body", function)

    @overload
    def on_streaming_request_body(self, function: StreamingBodyCallback[Config]) -> StreamingBodyCallback[Config]: ...
    @overload
    def on_streaming_request_body(
        self, *, read_only: bool, batched: bool = False
    ) -> Callable[[StreamingBodyCallback[Config]], StreamingBodyCallback[Config]]: ...
    def on_streaming_request_body(
        self, function: StreamingBodyCallback[Config] | None = None, *, read_only: bool = False, batched: bool = False
    ) -> Any:
        """Called for each chunk of the request body; returns the bytes to send on (nothing: the chunk as it is).

        The request is sent without `content-length`, whose value would be that of another body. With
        `@plugin.on_streaming_request_body(read_only=True)` the callback only looks at the chunks, and the length stays.
        With `batched=True` as well, it is called less often, as `on_streaming_response_body` says.
        """

        def register(function: StreamingBodyCallback[Config]) -> StreamingBodyCallback[Config]:
            self._register("on_streaming_request_body", function)
            self.callbacks.request_read_only, self.callbacks.request_batched = read_only, _batched(read_only, batched)
            return function

        return register if function is None else register(function)

    def on_request_trailers(self, function: HeadersCallback[Config]) -> HeadersCallback[Config]:
        """Called with the request's trailers (`ctx.request_trailers`), if it has any, after its body has gone on.

        They can be changed. `Action.PAUSE` keeps them until `ctx.resume_http_request`.
        """
        return self._register("on_request_trailers", function)

    def on_response_headers(self, function: HeadersCallback[Config]) -> HeadersCallback[Config]:
        """Called with the response headers, also for replies that this or another filter made."""
        return self._register("on_response_headers", function)

    def on_response_body(self, function: BodyCallback[Config]) -> BodyCallback[Config]:
        """Called once with the whole response body. Change it with `ctx.replace_response_body`."""
        return self._register("on_response_body", function)

    def on_response_too_large(self, function: DoneCallback[Config]) -> DoneCallback[Config]:
        """Called instead of `on_response_body` when a response has more bytes than may be buffered.

        It may answer with `ctx.send_http_response`; otherwise the client gets a 502.
        """
        return self._register("on_response_too_large", function)

    @overload
    def on_streaming_response_body(
        self, function: StreamingResponseCallback[Config]
    ) -> StreamingResponseCallback[Config]: ...
    @overload
    def on_streaming_response_body(
        self, *, read_only: bool, batched: bool = False
    ) -> Callable[[StreamingResponseCallback[Config]], StreamingResponseCallback[Config]]: ...
    def on_streaming_response_body(
        self,
        function: StreamingResponseCallback[Config] | None = None,
        *,
        read_only: bool = False,
        batched: bool = False,
    ) -> Any:
        """Called for each chunk of the response body; returns the bytes to send on (nothing: the chunk as it is).

        As long as the headers wait (`Action.STOP_ITERATION` from `on_response_headers`) it may return
        `Action.STOP_ITERATION` as well: then nothing is sent, the plugin has the chunk, and the headers can still be
        changed, or the client answered otherwise. After the last chunk that is up to the callback of a call-out.

        The response is sent without `content-length`, whose value would be that of another body. With
        `@plugin.on_streaming_response_body(read_only=True)` the callback only looks at the chunks, and the length
        stays. Add `batched=True` if it need not see each chunk when it passes: then it gets several together when they
        are 16 KiB or more, and the rest with the end of the body, or before `on_stream_done`. A chunk of a model costs
        next to nothing then.
        """

        def register(function: StreamingResponseCallback[Config]) -> StreamingResponseCallback[Config]:
            self._register("on_streaming_response_body", function)
            self.callbacks.response_read_only, self.callbacks.response_batched = read_only, _batched(read_only, batched)
            return function

        return register if function is None else register(function)

    def on_response_trailers(self, function: HeadersCallback[Config]) -> HeadersCallback[Config]:
        """Called with the response's trailers (`ctx.response_trailers`), if it has any, after its body has gone on.

        They can be changed. `Action.PAUSE` keeps them until `ctx.resume_http_response`.
        """
        return self._register("on_response_trailers", function)

    def on_stream_done(self, function: DoneCallback[Config]) -> DoneCallback[Config]:
        """Called last in every stream, however it ended."""
        return self._register("on_stream_done", function)

    def _register(self, decorator: str, function: AnyCallable) -> AnyCallable:
        callback_functions.check(function, "a callback", decorator, _ARGUMENTS[decorator])
        name = decorator.removeprefix("on_")
        if (other := getattr(self.callbacks, name)) is not None:
            raise ValueError(
                f"{callback_functions.place(function)} is a second callback for {decorator}, beside "
                f"{callback_functions.place(other)}; only one can be called: register one function that does both"
            )
        setattr(self.callbacks, name, function)
        return function


def _batched(read_only: bool, batched: bool) -> bool:
    if batched and not read_only:
        raise ValueError("batched=True needs read_only=True: what is shown later cannot be changed any more")
    return batched
