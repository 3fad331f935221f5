"""The phases of a stream: which callback runs in each, and what it may do and return."""

from __future__ import annotations

from ..callback_functions import place
from ..errors import RuleError
from ..wire import (
    BodyMode,
    Command,
    EditRequestTrailers,
    EditResponseTrailers,
    Hold,
    HoldPhase,
    ReadRequestBody,
    ReadRequestTrailers,
    ReadResponseBody,
    ReadResponseTrailers,
    ReplaceRequestBody,
    ReplaceResponseBody,
)
from .definition import Action, BodyCallback, Callbacks, HeadersCallback, StreamingResponseCallback
from .direction import NO_RESPONSE, Direction
from .instance import PluginInstance
from .stream_state import LEFT, ExecutionPhase, StreamState
from .trailers import Trailers

READ_ONLY = (
    "this callback is registered with read_only=True, so the body goes on with the length that it came with: "
    "the callback must return nothing, and neither take chunks nor inject others"
)
CONTINUED = "the headers have gone on; return Action.STOP_ITERATION from the header callback to keep them"
BROKEN = "the upstream's response has broken off, and the gateway answers"
NO_BODY = (
    "the headers have gone on: no body follows that Action.STOP_ITERATION could wait for; "
    "to wait for a call-out, return Action.PAUSE"
)

TO_WAIT = "to wait, return Action.PAUSE"

# Looked up once: reading an enum member is slow, and there may be a chunk for each token of a model.
_REQUEST_BODY, _RESPONSE_BODY = ExecutionPhase.REQUEST_BODY, ExecutionPhase.RESPONSE_BODY
_RESPONSE_HEADERS = ExecutionPhase.RESPONSE_HEADERS
_SKIP, _STREAM, _BUFFER, _OBSERVE = BodyMode.SKIP, BodyMode.STREAM, BodyMode.BUFFER, BodyMode.OBSERVE
_CONTINUE, _WAIT, _STOP = Action.CONTINUE, Action.PAUSE, Action.STOP_ITERATION

# Commands that say the same in every stream.
_STOP_ITERATION, _PAUSE = HoldPhase(Hold.STOP_ITERATION), HoldPhase(Hold.PAUSE)
_STOP_NO_BUFFER = HoldPhase(Hold.STOP_NO_BUFFER)


class Phases:
    """Calls the plugin's callbacks. Each public method is one phase; `Dispatcher.run` calls it."""

    def __init__(self, instance: PluginInstance, callbacks: Callbacks) -> None:
        self._instance = instance
        self._callbacks = callbacks
        # How bodies are read unless a stream asks for something else, and the commands that said so last.
        self._request_mode = self._response_mode = _SKIP
        self._read_request = ReadRequestBody(_SKIP, None)
        self._read_response = ReadResponseBody(_SKIP, None)
        self._read_trailers: list[Command] = []

    def start(self) -> None:
        """The plugin has started: compute once what depends on its callbacks only."""
        callbacks = self._callbacks
        self._request_mode = _mode(
            callbacks.streaming_request_body, callbacks.request_body, batched=callbacks.request_batched
        )
        self._response_mode = _mode(
            callbacks.streaming_response_body, callbacks.response_body, batched=callbacks.response_batched
        )
        self._read_trailers = []
        if callbacks.request_trailers is not None:
            self._read_trailers.append(ReadRequestTrailers())
        if callbacks.response_trailers is not None:
            self._read_trailers.append(ReadResponseTrailers())

    def request_headers(self, ctx: StreamState) -> None:
        callbacks = self._callbacks
        action = callbacks.request_headers(ctx, ctx.config) if callbacks.request_headers else None
        if ctx.replied:
            return
        if ctx.left:
            _stays_away(ctx, action)
            return
        if self._read_trailers:
            for read in self._read_trailers:
                ctx.command(read)
        request = ctx.request
        if not ctx.request_is_opaque:
            mode = self._request_mode
            if request.unread:
                mode = _SKIP
            elif request.buffered and callbacks.request_body is not None:
                mode = _BUFFER
            if mode is not _SKIP:
                request.read = mode
                command = self._read_request
                if command.mode is not mode or command.limit != request.limit:
                    command = self._read_request = ReadRequestBody(mode, request.limit)
                ctx.command(command)
                if mode is not _BUFFER and ctx.has_request_body:
                    _begin_streaming(request, read_only=callbacks.request_read_only)
        if action is None:
            request.release(CONTINUED)
        else:
            _hold(ctx, request, action, "on_request_headers", callbacks.request_headers, has_body=ctx.has_request_body)

    def response_headers(self, ctx: StreamState) -> None:
        callbacks = self._callbacks
        ctx.execution_phase = _RESPONSE_HEADERS
        if ctx.route_callback is not None and not ctx.replied:
            self._route_answer_arrives(ctx)
            return
        turns = ctx.turns
        action = callbacks.response_headers(ctx, ctx.config) if callbacks.response_headers else None
        if ctx.turns != turns:
            return
        if ctx.left:
            _stays_away(ctx, action)
            return
        response = ctx.response
        if not ctx.response_is_opaque:
            mode = self._response_mode
            if response.unread:
                mode = _SKIP
            elif response.buffered and callbacks.response_body is not None:
                mode = _BUFFER
            if mode is not _SKIP:
                response.read = mode
                command = self._read_response
                if command.mode is not mode or command.limit != response.limit:
                    command = self._read_response = ReadResponseBody(mode, response.limit)
                ctx.command(command)
                if mode is not _BUFFER and ctx.has_response_body:
                    _begin_streaming(response, read_only=callbacks.response_read_only)
        if action is None:
            response.release(CONTINUED)
        else:
            _hold(
                ctx, response, action, "on_response_headers", callbacks.response_headers, has_body=ctx.has_response_body
            )

    def _route_answer_arrives(self, ctx: StreamState) -> None:
        """The callback of a route call gets the whole answer."""
        if ctx.has_response_body:
            ctx.response.read = _BUFFER
            ctx.command(ReadResponseBody(_BUFFER, ctx.response.limit))
            ctx.response.held = True
            ctx.command(_STOP_ITERATION)
        else:
            self._whole_body(ctx, ctx.response, ctx.route_callback, b"", "the callback of the route call")

    def request_body(self, ctx: StreamState, body: bytes, end_of_stream: bool) -> bytes | None:
        ctx.execution_phase = _REQUEST_BODY
        if ctx.request.read is _BUFFER:
            self._whole_body(ctx, ctx.request, self._callbacks.request_body, body, "on_request_body")
            return None
        new = self._chunk(ctx, ctx.request, self._callbacks.streaming_request_body, body, end_of_stream)
        if end_of_stream:
            ctx.request.read_whole = True
        if new is not None and self._instance.touched:
            ctx.command(ReplaceRequestBody(new))
            return None
        return new

    def response_body(self, ctx: StreamState, body: bytes, end_of_stream: bool) -> bytes | None:
        ctx.execution_phase = _RESPONSE_BODY
        if ctx.response.read is _BUFFER:
            if not end_of_stream:
                self._response_too_large(ctx)
                return None
            callback = ctx.route_callback or self._callbacks.response_body
            self._whole_body(ctx, ctx.response, callback, body, "on_response_body")
            return None
        if ctx.pauses_streaming_response:
            self._taken_chunk(ctx, body, end_of_stream)
            return None
        ctx.chunk_in_hand = True
        new = self._chunk(ctx, ctx.response, self._callbacks.streaming_response_body, body, end_of_stream)
        ctx.chunk_in_hand = False
        if not self._instance.touched:
            return new
        if ctx.response.headers is NO_RESPONSE:
            return None  # the callback has sent another request
        if ctx.pauses_streaming_response and not ctx.replied:
            self._take(ctx, new)
        elif new is not None:
            ctx.command(ReplaceResponseBody(new))
        return None

    def request_trailers(self, ctx: StreamState, trailers: Trailers) -> None:
        ctx.execution_phase = ExecutionPhase.REQUEST_TRAILERS
        callback = self._callbacks.request_trailers
        self._trailers(ctx, ctx.request, trailers, EditRequestTrailers, callback, "on_request_trailers")

    def response_trailers(self, ctx: StreamState, trailers: Trailers) -> None:
        ctx.execution_phase = ExecutionPhase.RESPONSE_TRAILERS
        callback = self._callbacks.response_trailers
        self._trailers(ctx, ctx.response, trailers, EditResponseTrailers, callback, "on_response_trailers")

    def _trailers(
        self,
        ctx: StreamState,
        direction: Direction,
        trailers: Trailers,
        command: type[EditRequestTrailers | EditResponseTrailers],
        callback: HeadersCallback | None,
        name: str,
    ) -> None:
        assert callback is not None, "the host gives trailers only to a plugin that asked for them"
        turns = ctx.turns
        direction.trailers = trailers
        trailers.belong_to(lambda edits: ctx.command(command(edits)), lambda: direction.held)
        try:
            action = callback(ctx, ctx.config)
        finally:
            trailers.open = False
        if ctx.turns != turns:
            return
        if action is _STOP:
            raise RuleError(
                f"{place(callback)}: {name} returned STOP_ITERATION, which is for header callbacks; {TO_WAIT}"
            )
        if action is None:
            direction.release(CONTINUED)
        else:
            _hold(ctx, direction, action, name, callback)

    def response_broken(self, ctx: StreamState) -> None:
        """The rest of a response whose headers the plugin holds does not come."""
        callback = self._callbacks.response_broken
        if callback is None:
            return
        turns = ctx.turns
        action = callback(ctx, ctx.config)
        if ctx.turns != turns:
            return
        if action is _STOP:
            raise RuleError(
                f"{place(callback)}: on_response_broken returned STOP_ITERATION, but no body follows; {TO_WAIT}"
            )
        if action is None:
            ctx.response.release(BROKEN)
        else:
            _hold(ctx, ctx.response, action, "on_response_broken", callback)

    def _response_too_large(self, ctx: StreamState) -> None:
        """A buffered body exceeded its limit: the plugin does not get a part of it."""
        if self._callbacks.response_too_large is not None and ctx.route_callback is None:
            self._callbacks.response_too_large(ctx, ctx.config)

    def _whole_body(
        self, ctx: StreamState, direction: Direction, callback: BodyCallback | None, body: bytes, name: str
    ) -> None:
        assert callback is not None, "the host gives a body only to a plugin that asked for it"
        turns = ctx.turns
        direction.body_in_hand = direction.read_whole = True
        action = callback(ctx, ctx.config, body)
        if ctx.turns != turns:
            return
        if action is None:
            direction.release(CONTINUED)
            return
        if action is _STOP:
            raise RuleError(
                f"{place(callback)}: {name} returned STOP_ITERATION, which is for header callbacks; {TO_WAIT}"
            )
        _hold(ctx, direction, action, name, callback)

    def _chunk(
        self,
        ctx: StreamState,
        direction: Direction,
        callback: StreamingResponseCallback | None,
        body: bytes,
        end_of_stream: bool,
    ) -> bytes | None:
        assert callback is not None, "the host gives a body only to a plugin that asked for it"
        new = callback(ctx, ctx.config, body, end_of_stream)
        if new is _STOP and direction is not ctx.request:
            self._headers_wait_on(ctx, direction)
            return None
        if direction.held:
            direction.release(CONTINUED)
        if new is None or new is body:
            return new if self._instance.touched and ctx.pauses_streaming_response else None
        if type(new) is not bytes:
            if not isinstance(new, bytes):
                got = type(new).__name__
                raise TypeError(f"{place(callback)}: a streaming body callback must return bytes or None, got {got}")
            new = bytes.__bytes__(new)
        if direction.read_only:
            raise RuleError(READ_ONLY)
        return new

    def _taken_chunk(self, ctx: StreamState, body: bytes, end_of_stream: bool) -> None:
        ctx.response.taken = True
        turns = ctx.turns
        callback = self._callbacks.streaming_response_body
        assert callback is not None, "the host gives a body only to a plugin that asked for it"
        returned = callback(ctx, ctx.config, body, end_of_stream)
        if ctx.turns == turns or returned:
            self._take(ctx, returned)

    def _take(self, ctx: StreamState, returned: object) -> None:
        """The plugin keeps the chunk for which its callback has returned this."""
        if ctx.response.read_only:
            raise RuleError(READ_ONLY)
        if returned:
            callback = self._callbacks.streaming_response_body
            raise RuleError(
                f"{place(callback)}: on_streaming_response_body must return nothing after "
                "need_pause_streaming_response: inject_response_body sends what should go on"
            )
        ctx.command_first(_STOP_NO_BUFFER)
        if ctx.response.held:
            ctx.response.release(CONTINUED)

    def _headers_wait_on(self, ctx: StreamState, response: Direction) -> None:
        """The plugin keeps a chunk of a streamed response, and still wants to change the headers."""
        if ctx.replied or ctx.response is not response:
            return
        if response.read_only:
            raise RuleError(READ_ONLY)
        if not response.held:
            raise RuleError(
                "on_streaming_response_body returned STOP_ITERATION, but the headers have gone on; "
                "it can take chunks only as long as each callback since the headers' returned STOP_ITERATION"
            )
        ctx.command_first(_STOP_NO_BUFFER)

    def done(self, ctx: StreamState) -> None:
        if self._callbacks.stream_done:
            self._callbacks.stream_done(ctx, ctx.config)


def _mode(streaming: object | None, whole: object | None, *, batched: bool) -> BodyMode:
    """Which body callback is used: the streaming one, unless there is none or the plugin asked for buffering."""
    if streaming is not None:
        return _OBSERVE if batched else _STREAM
    return _SKIP if whole is None else _BUFFER


def _begin_streaming(direction: Direction, *, read_only: bool) -> None:
    """Remove the length of a body that the callback may change: it is unknown when the headers are sent."""
    direction.read_only = read_only
    if not read_only and "content-length" in direction.headers.first:
        direction.headers.discard("content-length")


def _stays_away(ctx: StreamState, action: Action | None) -> None:
    """After `leave`: what has been in hand goes on."""
    if action is not None and action is not _CONTINUE:
        raise RuleError(f"the callback returned {action!r}, but {LEFT}")
    ctx.request.release(CONTINUED)


def _hold(
    ctx: StreamState,
    direction: Direction,
    action: Action,
    name: str,
    callback: object,
    *,
    has_body: bool = True,
) -> None:
    """Send or hold what is in hand, depending on the callback's result."""
    if action is _CONTINUE:
        direction.release(CONTINUED)
    elif action is _STOP and (not has_body or ctx.websocket or ctx.method == "CONNECT"):
        # Only a body would release these headers, and the two ends of a tunnel send nothing before they have them.
        direction.headers.seal(NO_BODY)
    elif isinstance(action, Action):
        direction.held = True
        ctx.command(_PAUSE if action is _WAIT else _STOP_ITERATION)
    else:
        raise TypeError(f"{place(callback)}: {name} must return an Action or None, got {action!r}")
