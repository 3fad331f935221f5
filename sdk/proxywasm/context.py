"""`HttpContext`: one HTTP stream as the callbacks see it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from enum import Enum
from typing import TYPE_CHECKING, Any

from . import checks, properties, replies, route_call
from .attributes import UserAttributes
from .checks import MAX_U32
from .core.direction import NO_RESPONSE, Direction
from .errors import RuleError
from .framing import guard_request, guard_response
from .headers import Headers, HeaderValues, to_fields
from .http_client import RouteCallback, to_body
from .wire import (
    BodyMode,
    Command,
    EditRequestHeaders,
    EditResponseHeaders,
    Injection,
    InjectResponseBody,
    ReadRequestBody,
    ReadResponseBody,
    ReplaceRequestBody,
    ReplaceResponseBody,
    ResumeRequest,
    ResumeResponse,
    SendLocalReply,
)

if TYPE_CHECKING:
    from .core.dispatcher import Dispatcher
    from .plugin_context import PluginContext

REPLIED = "this stream has been answered with a local reply"
DONE = "this stream has ended"


class ExecutionPhase(Enum):
    """Where a stream is. The values are the names that the original gives them."""

    REQUEST_HEADERS = "DecodeHeader"
    REQUEST_BODY = "DecodeData"
    RESPONSE_HEADERS = "EncodeHeader"
    RESPONSE_BODY = "EncodeData"
    DONE = "Done"


# Looked up once: an enum member is no cheap attribute.
_REQUEST_HEADERS, _DONE = ExecutionPhase.REQUEST_HEADERS, ExecutionPhase.DONE

_NO_CALLS: frozenset[int] = frozenset()
_JSON = "application/json"
_CLEAR_ROUTE_CACHE = ("clear_route_cache",)


class HttpContext(UserAttributes):
    """One HTTP stream: its headers, what the plugin asks of its host, and room for the plugin's own values.

    A callback may keep the context and use it later, for example when a call-out is answered, while the stream lives.
    """

    __slots__ = (
        "_binary_request", "_binary_response", "_commands", "_dispatcher", "_queue", "_values", "_websocket", "config",
        "ended", "execution_phase", "has_request_body", "has_response_body", "host", "http_calls", "id", "method",
        "path", "pauses_streaming_response", "redis_calls", "replied", "request", "request_is_opaque", "response",
        "response_is_opaque", "route_callback", "scheme",
    )  # fmt: skip

    def __init__(self, dispatcher: Dispatcher, context_id: int, headers: Headers, end_of_stream: bool) -> None:
        self.id = context_id
        """The number of the stream, unique among open streams; log lines carry it."""
        first = headers.first
        # As the client sent them; they stay as they are when headers are edited.
        try:
            self.scheme, self.host = first[":scheme"], first[":authority"]
            self.path, self.method = first[":path"], first[":method"]
        except KeyError:  # of a client that is no HTTP client
            self.scheme, self.host = first.get(":scheme", ""), first.get(":authority", "")
            self.path, self.method = first.get(":path", ""), first.get(":method", "")
        self.has_request_body = not end_of_stream
        self.has_response_body = False
        """Known from the response headers on, as whether they are the end of the stream."""
        self.execution_phase = _REQUEST_HEADERS
        self._dispatcher = dispatcher
        self.config: Any = None
        """The configuration that applies to this stream: what its callbacks get."""
        headers.changed = self.touch
        headers.guard = self._guard_request
        self.request = Direction(headers)
        self.response = Direction(NO_RESPONSE)
        self.route_callback: RouteCallback | None = None
        self._websocket = "upgrade" in first and (
            first["upgrade"].lower() == "websocket" and "upgrade" in first.get("connection", "").lower()
        )
        self._binary_request = _is_binary(first)
        self._binary_response = False
        self.request_is_opaque = self._binary_request or self._websocket
        """Its body is not read."""
        self.response_is_opaque = False
        self._attributes: dict[str, Any] | None = None
        self._values: dict[str, Any] = {}
        self._queue: deque[bytes] | None = None
        self.pauses_streaming_response = False
        self._commands: list[Command] = []
        # Numbers of calls without an answer. Two sets: a host may number HTTP and Redis calls apart.
        self.http_calls: frozenset[int] = _NO_CALLS
        self.redis_calls: frozenset[int] = _NO_CALLS
        self.replied = False
        self.ended = False

    @property
    def plugin(self) -> PluginContext:
        """The plugin itself: what its streams share."""
        return self._dispatcher.plugin_context

    @property
    def request_headers(self) -> Headers:
        return self.request.headers

    @property
    def response_headers(self) -> Headers:
        """Empty until the response headers are there."""
        return self.response.headers

    # The plugin's own values.

    def set_context(self, key: str, value: Any) -> None:
        """Keep a value for later callbacks of this stream."""
        self._values[key] = value

    def get_context(self, key: str, default: Any = None) -> Any:
        return self._values.get(key, default)

    # Bodies.

    def dont_read_request_body(self) -> None:
        """No request body callback for this stream; the body passes by."""
        self.request.unread = True

    def dont_read_response_body(self) -> None:
        """No response body callback for this stream; the body passes by."""
        self.response.unread = True

    def buffer_request_body(self) -> None:
        """Use the callback for the whole body although a streaming one exists."""
        self.request.buffered = True

    def buffer_response_body(self) -> None:
        """Use the callback for the whole body although a streaming one exists."""
        self.response.buffered = True

    def set_request_body_buffer_limit(self, size: int) -> None:
        """How many bytes of request body may be buffered for this stream; beyond it the client gets 413."""
        self._limit(self.request, ReadRequestBody, size)

    def set_response_body_buffer_limit(self, size: int) -> None:
        """How many bytes of response body may be buffered for this stream; beyond it the client gets 502."""
        self._limit(self.response, ReadResponseBody, size)

    def _limit(self, direction: Direction, read: Callable[[BodyMode, int], Command], size: int) -> None:
        if self.ended:
            raise RuleError(f"nothing can be limited any more: {DONE}")
        if type(size) is not int or not 0 <= size <= MAX_U32:  # as in every request
            checks.number(size, "the limit of a body", 0, MAX_U32)
        direction.limit = size
        if direction.read is not None:
            self.command(read(direction.read, size))

    def replace_request_body(self, body: bytes) -> None:
        """Send this body upstream instead of the one that the callback got.

        `content-length`, if the request has it, is set to the new length; the headers have to be held for that
        (`Action.STOP_ITERATION`).
        """
        self._replace(self.request, ReplaceRequestBody, body, "request")

    def replace_response_body(self, body: bytes) -> None:
        """Send this body to the client instead of the one that the callback got.

        `content-length`, if the response has it, is set to the new length; the headers have to be held for that
        (`Action.STOP_ITERATION`).
        """
        self._replace(self.response, ReplaceResponseBody, body, "response")

    def _replace(self, direction: Direction, command: Callable[[bytes], Command], body: bytes, name: str) -> None:
        body = checks.data(body, "a body")
        if not direction.body_in_hand:
            raise RuleError(f"there is no body to replace: on_{name}_body is not running and has not paused")
        direction.fit_length(body, name)
        self.command(command(body))

    # A streamed response that waits for call-outs.

    def need_pause_streaming_response(self) -> None:
        """Take every chunk of the response instead of sending it on: `inject_response_body` sends what should.

        Call it before the first chunk. From then on `on_streaming_response_body` keeps what it gets (for example with
        `push_buffer`) and returns nothing.
        """
        self.pauses_streaming_response = True

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
        """Let the paused request go on. Edit its headers before, not after."""
        self._resume(self.request, ResumeRequest(), "request")

    def resume_http_response(self) -> None:
        """Let the paused response go on. Edit its headers before, not after."""
        self._resume(self.response, ResumeResponse(), "response")

    def _resume(self, direction: Direction, command: Command, what: str) -> None:
        if not direction.held:
            raise RuleError(f"cannot resume: {DONE if self.ended else f'the {what} of this stream is not paused'}")
        self.command(command)
        direction.release(f"the {what} has been resumed")

    def run(self, function: Callable[..., object], *args: object) -> None:
        """Call a function in the name of this stream, from the callback of another.

        Call-outs that it makes belong to this stream, and log lines carry its number. If it raises, this stream fails
        as if a callback of its own had raised, and the callback that is running goes on. So whoever wakes several
        streams that have waited for the same thing wakes each of them like this.
        """
        checks.function(function, "what is run for a stream")
        if self.ended:
            raise RuleError(f"nothing can be run for it: {DONE}")
        self._dispatcher.run_for(self, function, *args)

    def send_http_response(
        self, status: int, headers: HeaderValues = (), body: bytes | str = b"", *, details: str = ""
    ) -> None:
        """Answer the client at once. The upstream sees nothing more of this stream.

        `details` is a short machine-readable cause for access logs (`response.code_details`).
        Headers that tell where a message ends (`content-length`, `transfer-encoding`) are left out: the gateway knows.
        Raises `RuleError` when the stream has been answered already, and `ValueError` for a body that the status does
        not allow (204, 205, 304).
        """
        if self.replied or self.ended:
            raise RuleError(f"cannot reply: {DONE if self.ended else REPLIED}")
        reply = replies.checked(status, to_fields(headers), to_body(body), details)
        self.command(SendLocalReply(reply))
        self.replied = True
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

    # What the host knows.

    def get_property(self, *path: str) -> bytes | None:
        """An Envoy attribute, for example `get_property("route_name")`; None if the host does not know it."""
        return self._dispatcher.host.get_property(self.id, path)

    def set_property(self, path: str | Iterable[str], value: bytes) -> None:
        properties.put(self._dispatcher.host, self.id, path, value)

    def disable_reroute(self) -> None:
        """Keep the route that was chosen, whatever headers are changed."""
        self._dispatcher.host.set_property(self.id, _CLEAR_ROUTE_CACHE, b"off")

    def is_response_from_upstream(self) -> bool:
        """False for replies made on the way: a local reply of any filter, no healthy upstream, a time-out, ..."""
        return self.get_property("response", "code_details") == b"via_upstream"

    # The rules that need only headers.

    def is_websocket(self) -> bool:
        """A WebSocket handshake: no body of such a stream is read."""
        return self._websocket

    def is_binary_request_body(self) -> bool:
        """A body that no text-minded plugin should touch, as the client's headers have it; it is not read."""
        return self._binary_request

    def is_binary_response_body(self) -> bool:
        return self._binary_response

    # For the dispatcher.

    def response_arrived(self, headers: Headers, end_of_stream: bool) -> None:
        headers.changed = self.touch
        headers.guard = self._guard_response
        self.response.headers = headers
        self.has_response_body = not end_of_stream
        self._binary_response = _is_binary(headers.first)
        self.response_is_opaque = self._binary_response or self._websocket

    def _guard_request(self, name: str, value: str) -> None:
        guard_request(self.method, name, value)

    def _guard_response(self, name: str, value: str) -> None:
        guard_response(self.response.headers, name, value, has_body=self.has_response_body, head=self.method == "HEAD")

    def end(self) -> None:
        """The last callback is about to run: values and the log are still there, the stream is not."""
        self.ended = True
        self.execution_phase = _DONE
        self.response.taken = False
        self.request.release(DONE)
        self.response.release(DONE)

    def take_commands(self) -> list[Command]:
        """What the plugin has asked for since the last call, header edits first."""
        commands, self._commands = self._commands, []
        request, response = self.request.headers, self.response.headers
        if response.edits:
            commands.insert(0, EditResponseHeaders(response.take_edits()))
        if request.edits:
            commands.insert(0, EditRequestHeaders(request.take_edits()))
        return commands

    def drop_commands(self) -> None:
        """The callback has failed: what it has asked for is dropped."""
        self._commands = []
        self.request.headers.edits = []
        self.response.headers.edits = []

    def command(self, command: Command) -> None:
        if self.ended:
            raise RuleError(f"nothing can be asked for any more: {DONE}")
        if not self._commands:
            self._dispatcher.touched[self.id] = self
        self._commands.append(command)

    def command_first(self, command: Command) -> None:
        """One that stands before all others of the running callback, apart from edits of headers."""
        self.command(command)
        self._commands.insert(0, self._commands.pop())

    def touch(self) -> None:
        """The outcome of the running callback has something to say about this stream."""
        self._dispatcher.touched[self.id] = self


def _is_binary(headers: dict[str, str]) -> bool:
    if "content-encoding" in headers and headers["content-encoding"].strip().lower() not in {"", "identity"}:
        return True
    content_type = headers.get("content-type", _JSON)
    return content_type != _JSON and ("octet-stream" in content_type or "grpc" in content_type)
