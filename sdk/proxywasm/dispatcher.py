"""From host events to callbacks and back: the `Program` that every plugin is."""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable
from typing import Any, TypeAlias

from . import log
from .context import Direction, HttpContext
from .errors import ConfigError, RuleError
from .headers import Headers
from .plugin import Action, BodyCallback, Plugin, StreamingBodyCallback
from .wire import (
    BodyMode,
    Command,
    EffectiveContext,
    Fields,
    Hold,
    HoldPhase,
    Host,
    LogLevel,
    Outcome,
    PluginFailure,
    ReadRequestBody,
    ReadResponseBody,
    ReplaceRequestBody,
    ReplaceResponseBody,
)

CONTINUED = "the headers have gone on; return Action.STOP_ITERATION from the header callback to keep them"

_HOLDS = {Action.STOP_ITERATION: Hold.STOP_ITERATION, Action.PAUSE: Hold.PAUSE}

CallCallback: TypeAlias = Callable[[Fields, bytes], None]


class Dispatcher:
    """Runs one plugin: finds the context of an event, calls the callback, returns what the plugin asked for.

    Nothing that the plugin raises gets past it: a callback that raises ends its phase with `PluginFailure`, which has
    the traceback, and what that callback asked for is dropped.
    """

    def __init__(self, plugin: Plugin[Any], host: Host) -> None:
        self.host = host
        self.log_level = LogLevel.INFO
        self._callbacks = plugin.callbacks
        self._config: Any = None
        self._contexts: dict[int, HttpContext] = {}
        self._touched: dict[int, HttpContext] = {}
        self._calls: dict[int, tuple[HttpContext, CallCallback]] = {}
        self._current = 0
        self._capture = log.Capture(self)

    # The events of wire.Program.

    def configure(self, config: str, log_level: LogLevel) -> None:
        self.log_level = log_level
        log.install(log_level)
        try:
            document = json.loads(config) if config.strip() else {}
        except ValueError as error:
            raise ConfigError(f"the configuration is not JSON: {error}") from None
        if not isinstance(document, dict):
            raise ConfigError(f"the configuration must be a JSON object, not {type(document).__name__}")
        self._run(0, self._parse_config, document)

    def on_request_headers(self, context: int, headers: Fields, end_of_stream: bool) -> Outcome:
        ctx = self._contexts[context] = HttpContext(self, context, headers, end_of_stream=end_of_stream)
        return self._run(context, self._request_headers, ctx)

    def on_request_body(self, context: int, body: bytes, end_of_stream: bool) -> Outcome:
        return self._run(context, self._request_body, self._contexts[context], body, end_of_stream)

    def on_response_headers(self, context: int, headers: Fields, end_of_stream: bool) -> Outcome:
        ctx = self._contexts[context]
        ctx.response.headers = Headers(headers, changed=ctx.touch)
        ctx.has_response_body = not end_of_stream
        return self._run(context, self._response_headers, ctx)

    def on_response_body(self, context: int, body: bytes, end_of_stream: bool) -> Outcome:
        return self._run(context, self._response_body, self._contexts[context], body, end_of_stream)

    def on_done(self, context: int) -> Outcome:
        ctx = self._contexts[context]
        try:
            return self._run(context, self._done, ctx)
        finally:
            del self._contexts[context]
            # Nobody is left to hear these answers; the callbacks would keep the stream's memory alive.
            self._calls = {call: entry for call, entry in self._calls.items() if entry[0] is not ctx}

    def on_http_call_response(self, call: int, headers: Fields, body: bytes) -> Outcome:
        entry = self._calls.pop(call, None)
        if entry is None:
            return None
        ctx, callback = entry
        return self._run(ctx.id, callback, headers, body, own=0)

    def on_tick(self) -> Outcome:
        return None

    # For contexts and the log.

    def touch(self, ctx: HttpContext) -> None:
        """This stream has something to tell the host in the outcome of the running callback."""
        self._touched[ctx.id] = ctx

    def emit_log(self, level: LogLevel, message: str) -> None:
        self.host.log(level, self._current, message)

    def http_call(
        self, ctx: HttpContext, cluster: str, headers: Fields, body: bytes, timeout_ms: int, callback: CallCallback
    ) -> None:
        """Raises `HttpCallError` if nothing was sent; then the callback is not called."""
        call = self.host.http_call(ctx.id, cluster, headers, body, timeout_ms)
        self._calls[call] = ctx, callback

    # Callbacks.

    def _parse_config(self, document: dict[str, Any]) -> None:
        parse = self._callbacks.parse_config
        self._config = parse(document) if parse else document

    def _request_headers(self, ctx: HttpContext) -> None:
        callbacks = self._callbacks
        action = callbacks.request_headers(ctx, self._config) if callbacks.request_headers else None
        if ctx.replied:
            return
        mode = ctx.request.mode(
            streaming=callbacks.streaming_request_body is not None,
            whole=callbacks.request_body is not None,
            opaque=ctx.is_websocket() or ctx.is_binary_request_body(),
        )
        if mode is not BodyMode.SKIP:
            ctx.command(ReadRequestBody(mode))
        ctx.request.streaming = mode is BodyMode.STREAM
        _hold(ctx, ctx.request, action, "on_request_headers")

    def _response_headers(self, ctx: HttpContext) -> None:
        callbacks = self._callbacks
        replied = ctx.replied
        action = callbacks.response_headers(ctx, self._config) if callbacks.response_headers else None
        if ctx.replied and not replied:
            return
        mode = ctx.response.mode(
            streaming=callbacks.streaming_response_body is not None,
            whole=callbacks.response_body is not None,
            opaque=ctx.is_websocket() or ctx.is_binary_response_body(),
        )
        if mode is not BodyMode.SKIP:
            ctx.command(ReadResponseBody(mode))
        ctx.response.streaming = mode is BodyMode.STREAM
        _hold(ctx, ctx.response, action, "on_response_headers")

    def _request_body(self, ctx: HttpContext, body: bytes, end_of_stream: bool) -> bytes | None:
        if not ctx.request.streaming:
            self._whole_body(ctx, ctx.request, self._callbacks.request_body, body, "on_request_body")
            return None
        new = self._chunk(ctx, ctx.request, self._callbacks.streaming_request_body, body, end_of_stream)
        if new is not None and self._touched:
            ctx.command(ReplaceRequestBody(new))
            return None
        return new

    def _response_body(self, ctx: HttpContext, body: bytes, end_of_stream: bool) -> bytes | None:
        if not ctx.response.streaming:
            self._whole_body(ctx, ctx.response, self._callbacks.response_body, body, "on_response_body")
            return None
        new = self._chunk(ctx, ctx.response, self._callbacks.streaming_response_body, body, end_of_stream)
        if new is not None and self._touched:
            ctx.command(ReplaceResponseBody(new))
            return None
        return new

    def _whole_body(
        self, ctx: HttpContext, direction: Direction, callback: BodyCallback[Any] | None, body: bytes, name: str
    ) -> None:
        assert callback is not None, "the host gives a body only to a plugin that asked for it"
        replied = ctx.replied
        direction.body_in_hand = True
        action = callback(ctx, self._config, body)
        if ctx.replied and not replied:
            return
        if action is Action.STOP_ITERATION:
            raise RuleError(
                f"{name} returned STOP_ITERATION, which is for header callbacks; to wait, return Action.PAUSE"
            )
        _hold(ctx, direction, action, name)

    def _chunk(
        self,
        ctx: HttpContext,
        direction: Direction,
        callback: StreamingBodyCallback[Any] | None,
        body: bytes,
        end_of_stream: bool,
    ) -> bytes | None:
        assert callback is not None, "the host gives a body only to a plugin that asked for it"
        new = callback(ctx, self._config, body, end_of_stream)
        if direction.held:
            direction.release(CONTINUED)
        if new is None or new is body:
            return None
        if not isinstance(new, bytes):
            raise TypeError(f"a streaming body callback must return bytes or None, got {type(new).__name__}")
        return new

    def _done(self, ctx: HttpContext) -> None:
        if self._callbacks.stream_done:
            self._callbacks.stream_done(ctx, self._config)

    # Around every callback.

    def _run(self, context: int, function: Callable[..., bytes | None], *args: Any, own: int | None = None) -> Outcome:
        """Call and collect. `own` is the stream that commands concern by default, if not the context of the call."""
        self._current = context
        try:
            with self._capture:
                body = function(*args)
        except ConfigError:
            raise
        except (Exception, SystemExit) as error:
            for ctx in self._touched.values():
                ctx.take_commands()
            self._touched.clear()
            raise PluginFailure(_plugin_traceback(error)) from error
        if not self._touched:
            return body
        return self._collect(context if own is None else own)

    def _collect(self, own: int) -> list[Command]:
        touched, self._touched = self._touched, {}
        mine = touched.pop(own, None)
        commands = mine.take_commands() if mine else []
        for ctx in touched.values():
            commands += [EffectiveContext(ctx.id), *ctx.take_commands()]
        return commands


def _hold(ctx: HttpContext, direction: Direction, action: Action | None, callback: str) -> None:
    if action is None or action is Action.CONTINUE:
        direction.release(CONTINUED)
    elif isinstance(action, Action):
        direction.held = True
        ctx.command(HoldPhase(_HOLDS[action]))
    else:
        raise TypeError(f"{callback} must return an Action or None, got {action!r}")


def _plugin_traceback(error: BaseException) -> str:
    """The traceback from the plugin's own first frame on; the way through this module tells an author nothing."""
    frames = error.__traceback__
    while frames is not None and frames.tb_frame.f_code.co_filename == __file__:
        frames = frames.tb_next
    return "".join(traceback.format_exception(type(error), error, frames)).rstrip()
