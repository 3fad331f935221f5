"""`HttpContext`: one HTTP stream as the callbacks see it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from . import checks, properties, replies, route_call, sending_again
from .attributes import UserAttributes
from .checks import MAX_U32
from .core.direction import Direction
from .core.stream_state import DONE, REPLIED
from .core.trailers import NO_TRAILERS
from .errors import RuleError
from .headers import Headers, HeaderValues, to_fields
from .http_client import RouteCallback, to_body
from .plugin_context import PluginContext
from .wire import (
    BodyMode,
    Command,
    Injection,
    InjectResponseBody,
    LimitFirstByte,
    ReadRequestBody,
    ReadResponseBody,
    ReplaceRequestBody,
    ReplaceResponseBody,
    ResumeRequest,
    ResumeResponse,
    SendLocalReply,
)

_CLEAR_ROUTE_CACHE = ("clear_route_cache",)
_CODE_DETAILS = ("response", "code_details")


class HttpContext(UserAttributes):
    """One HTTP stream: its headers, what the plugin asks of its host, and room for the plugin's own values.

    A callback may keep the context and use it later, for example when a call-out is answered, while the stream lives.
    """

    __slots__ = ()

    @property
    def plugin(self) -> PluginContext:
        """The plugin itself: what its streams share."""
        context = self._owner.plugin_context
        assert isinstance(context, PluginContext)
        return context

    @property
    def request_headers(self) -> Headers:
        return self.request.headers

    @property
    def response_headers(self) -> Headers:
        """Empty until the response headers are there."""
        return self.response.headers

    @property
    def request_trailers(self) -> Headers:
        """Empty until the request's trailers have arrived, after its body."""
        return getattr(self.request, "trailers", NO_TRAILERS)

    @property
    def response_trailers(self) -> Headers:
        """Empty until the response's trailers have arrived, after its body."""
        return getattr(self.response, "trailers", NO_TRAILERS)

    # The plugin's own values.

    def set_context(self, key: str, value: Any) -> None:
        """Keep a value for later callbacks of this stream."""
        self._values[key] = value

    def get_context(self, key: str, default: Any = None) -> Any:
        return self._values.get(key, default)

    # Bodies.

    def dont_read_request_body(self) -> None:
        """No request body callback for this stream; the body passes unread."""
        self.request.unread = True

    def dont_read_response_body(self) -> None:
        """No response body callback for this stream; the body passes unread."""
        self.response.unread = True

    def buffer_request_body(self) -> None:
        """Use the callback for the whole body although a streaming one exists."""
        self.request.buffered = True

    def buffer_response_body(self) -> None:
        """Use the callback for the whole body although a streaming one exists."""
        self.response.buffered = True

    def set_request_body_buffer_limit(self, size: int) -> None:
        """How many bytes of request body may be buffered for this stream; beyond it the client gets 413."""
        request = self.request
        if type(size) is int and 0 <= size <= MAX_U32 and request.read is None and not self.ended:
            request.limit = size  # as in nearly every request
        else:
            self._limit(request, ReadRequestBody, size)

    def set_response_body_buffer_limit(self, size: int) -> None:
        """How many bytes of response body may be buffered for this stream; beyond it the client gets 502."""
        response = self.response
        if type(size) is int and 0 <= size <= MAX_U32 and response.read is None and not self.ended:
            response.limit = size  # as in nearly every response
        else:
            self._limit(response, ReadResponseBody, size)

    def _limit(self, direction: Direction, read: Callable[[BodyMode, int], Command], size: int) -> None:
        if self.ended:
            raise RuleError(f"nothing can be limited any more: {DONE}")
        direction.limit = size = checks.number(size, "the limit of a body", 0, MAX_U32)
        if direction.read is not None:
            self.command(read(direction.read, size))

    def replace_request_body(self, body: bytes) -> None:
        """Send this body upstream instead of the one that the callback got.

        `content-length`, if the request has it, is set to the new length; the headers have to be held for that
        (`Action.STOP_ITERATION`).
        """
        body = body if type(body) is bytes else checks.data(body, "a body")
        self.replace_body(self.request, ReplaceRequestBody, body, "request")

    def replace_response_body(self, body: bytes) -> None:
        """Send this body to the client instead of the one that the callback got.

        `content-length`, if the response has it, is set to the new length; the headers have to be held for that
        (`Action.STOP_ITERATION`).
        """
        body = body if type(body) is bytes else checks.data(body, "a body")
        self.replace_body(self.response, ReplaceResponseBody, body, "response")

    # A streamed response that waits for call-outs.

    def need_pause_streaming_response(self) -> None:
        """Take every chunk of the response. Only `inject_response_body` sends data to the client then.

        Call it before the first chunk, or in `on_streaming_response_body` for this chunk and all that follow. Between
        two chunks it is for those that follow. From then on that callback keeps what it gets (for example with
        `push_buffer`) and returns nothing.
        """
        self.pauses_streaming_response = True
        if self.chunk_in_hand:
            self.response.taken = True
            self.touch()

    def inject_response_body(self, data: bytes, end_of_stream: bool = False) -> None:
        """Send response data to the client, from any callback; for streams with `need_pause_streaming_response`.

        Nothing else ends the response: the last injection has `end_of_stream`, also if its data is empty.
        """
        data = checks.data(data, "response data")
        checks.flag(end_of_stream, "end_of_stream")
        if not self.response.taken:
            raise RuleError(
                "cannot inject response data: no chunk has been taken (need_pause_streaming_response), "
                "or the end has been injected"
            )
        self.command(InjectResponseBody(Injection(data, end_of_stream)))
        if end_of_stream:
            self.response.taken = False

    def push_buffer(self, data: bytes) -> None:
        """Put data at the end of this stream's queue."""
        data = checks.data(data, "data of the queue")
        if self._queue is None:
            self._queue = deque()
        self._queue.append(data)

    def pop_buffer(self) -> bytes:
        """Take the oldest data of the queue; empty if there is none."""
        return self._queue.popleft() if self._queue else b""

    def buffer_queue_size(self) -> int:
        """How many pieces of data are in the queue."""
        return len(self._queue or ())

    # Flow.

    def resume_http_request(self) -> None:
        """Continue the paused request. Edit its headers before, not after."""
        self._resume(self.request, ResumeRequest(), "request")

    def resume_http_response(self) -> None:
        """Continue the paused response. Edit its headers before, not after."""
        self._resume(self.response, ResumeResponse(), "response")

    def _resume(self, direction: Direction, command: Command, what: str) -> None:
        if not direction.held:
            raise RuleError(f"cannot resume: {DONE if self.ended else f'the {what} of this stream is not paused'}")
        self.command(command)
        direction.release(f"the {what} has been resumed")

    def run(self, function: Callable[..., object], *args: object) -> None:
        """Call a function in the name of this stream, from the callback of another.

        Call-outs that it makes belong to this stream, and log lines carry its number. If it raises, this stream fails
        as if a callback of its own had raised, and the running callback continues. Use it to wake each of several
        streams that have waited for the same thing.
        """
        checks.function(function, "what is run for a stream")
        if self.ended:
            raise RuleError(f"nothing can be run for it: {DONE}")
        self._owner.run_for(self, function, *args)

    def send_http_response(
        self, status: int, headers: HeaderValues = (), body: bytes | str = b"", *, details: str = ""
    ) -> None:
        """Answer the client at once. The upstream sees nothing more of this stream.

        `details` is a short machine-readable cause for access logs (`response.code_details`).
        Headers that tell where a message ends (`content-length`, `transfer-encoding`) are left out: the gateway sets
        them. Raises `RuleError` when the stream has been answered already, and `ValueError` for a body that the status
        does not allow (204, 205, 304).
        """
        if self.replied or self.ended:
            raise RuleError(f"cannot reply: {DONE if self.ended else REPLIED}")
        reply = replies.checked(status, to_fields(headers), to_body(body), details)
        self.command(SendLocalReply(reply))
        self.replied = True
        self.turns += 1
        self.response.taken = False
        self.request.release(REPLIED)
        self.response.release(REPLIED)

    def route_call(
        self,
        method: str,
        url: str,
        callback: RouteCallback,
        *,
        headers: HeaderValues = (),
        body: bytes | str = b"",
    ) -> None:
        """Send another request in place of this one, on its own route; the callback gets the answer.

        Call it in `on_request_body`, with the headers held (`Action.STOP_ITERATION`), or, for a request without body,
        in `on_request_headers`. The callback replaces the response callbacks. It runs with the whole answer in hand
        and may reply, change the response, or return `Action.PAUSE`; if it does nothing, the client gets the answer.
        """
        route_call.start(self, method, url, callback, headers, body)

    @property
    def can_send_again(self) -> bool:
        """Whether `send_again` is possible now, in this gateway. With Proxy-Wasm it needs a second stage."""
        return not sending_again.why_not(self)

    def send_again(
        self,
        method: str,
        url: str,
        *,
        headers: HeaderValues = (),
        body: bytes | str = b"",
        first_byte_timeout_ms: int | None = None,
    ) -> None:
        """Give up on the response, and send this request in place of the one that was sent.

        What answers it comes to the response callbacks from the beginning: its body streams like that of a first one.

        Call it before any of the response has gone to the client: in `on_response_headers`; in a body callback whose
        headers are held; or in the callback of a call-out or a tick while the response is held, or has not begun. The
        plugin must have been given the end of the request's body, if it has one. What the running callback returns
        is ignored.

        Args:
            url: a path, or a full URL whose host becomes `:authority`.
            headers: all others of the new request. They may be those of another message, as in a call-out.
            body: the whole body.
            first_byte_timeout_ms: see `set_first_byte_timeout`; None: as for the request before.

        Raises `RuleError` where it is not possible; see `can_send_again`.
        """
        sending_again.start(self, method, url, headers, body, first_byte_timeout_ms)

    def set_first_byte_timeout(self, milliseconds: int) -> None:
        """How long the upstream may take from the end of the request until its response begins.

        That is to the headers; then there is a response 504, and `response.code_details` is
        `upstream_per_try_timeout`. As long as a plugin holds the headers, it is to the first byte of the body (not in
        gateways with Proxy-Wasm): see `on_response_broken`. It replaces what the gateway is configured with. Call it
        before the request headers go on.
        """
        milliseconds = checks.number(milliseconds, "the time to the first byte", 1, MAX_U32)
        if sealed := self.request.headers.sealed:
            raise RuleError(f"cannot limit the time to the first byte: {sealed}")
        self.command(LimitFirstByte(milliseconds))

    # What the host knows.

    def get_property(self, *path: str) -> bytes | None:
        """An Envoy attribute, for example `get_property("route_name")`; None if the host does not know it."""
        return self._owner.host.get_property(self._id, path)

    def set_property(self, path: str | Iterable[str], value: bytes) -> None:
        properties.put(self._owner.host, self._id, path, value)

    def disable_reroute(self) -> None:
        """Keep the route that was chosen, whatever headers are changed."""
        self._owner.unchecked_host.set_property(self._id, _CLEAR_ROUTE_CACHE, b"off")

    def is_response_from_upstream(self) -> bool:
        """False for replies made on the way: a local reply of any filter, no healthy upstream, a time-out, ..."""
        return self._owner.unchecked_host.get_property(self.id, _CODE_DETAILS) == b"via_upstream"

    # The rules that need only headers.

    def is_websocket(self) -> bool:
        """A WebSocket handshake: no body of such a stream is read."""
        return self.websocket

    def is_binary_request_body(self) -> bool:
        """A binary body, according to the client's headers; it is not read."""
        return self._binary_request

    def is_binary_response_body(self) -> bool:
        return self._binary_response
