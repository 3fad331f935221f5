"""`HttpContext`: one HTTP stream as the callbacks see it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from .errors import RuleError
from .headers import Headers, HeaderValues, to_fields
from .wire import (
    BodyMode,
    Command,
    EditRequestHeaders,
    EditResponseHeaders,
    Fields,
    LimitRequestBody,
    LimitResponseBody,
    LocalReply,
    ReplaceRequestBody,
    ReplaceResponseBody,
    ResumeRequest,
    ResumeResponse,
    SendLocalReply,
)

if TYPE_CHECKING:
    from .dispatcher import Dispatcher

REPLIED = "this stream has been answered with a local reply"


class Direction:
    """One direction of a stream: its headers, what the plugin asked for, and what still waits for it."""

    __slots__ = ("body_in_hand", "buffered", "headers", "held", "streaming", "unread")

    def __init__(self, headers: Headers) -> None:
        self.headers = headers
        self.unread = False
        self.buffered = False
        self.held = False
        self.body_in_hand = False
        self.streaming = False

    def mode(self, *, streaming: bool, whole: bool, opaque: bool) -> BodyMode:
        """The rule of which body callback is used: the streaming one, unless buffering was asked for."""
        if self.unread or opaque:
            return BodyMode.SKIP
        if whole and (self.buffered or not streaming):
            return BodyMode.BUFFER
        return BodyMode.STREAM if streaming else BodyMode.SKIP

    def release(self, reason: str) -> None:
        """The headers go on, and the body if there is one in hand."""
        self.held = self.body_in_hand = False
        self.headers.seal(reason)


class HttpContext:
    """One HTTP stream: its headers, what the plugin asks of its host, and room for the plugin's own values.

    A callback may keep the context and use it later, for example when a call-out is answered, while the stream lives.
    """

    def __init__(self, dispatcher: Dispatcher, context_id: int, fields: Fields, *, end_of_stream: bool) -> None:
        self.id = context_id
        """The number of the stream, unique among open streams; log lines carry it."""
        headers = Headers(fields, changed=self.touch)
        # As the client sent them; they stay as they are when headers are edited.
        self.scheme = headers.get(":scheme", "")
        self.host = headers.get(":authority", "")
        self.path = headers.get(":path", "")
        self.method = headers.get(":method", "")
        self.has_request_body = not end_of_stream
        self.has_response_body = False
        self._dispatcher = dispatcher
        self.request = Direction(headers)
        self.response = Direction(Headers([], sealed="there is no response yet"))
        self._values: dict[str, Any] = {}
        self._commands: list[Command] = []
        self.replied = False

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
        self.command(LimitRequestBody(size))

    def set_response_body_buffer_limit(self, size: int) -> None:
        """How many bytes of response body may be buffered for this stream; beyond it the client gets 502."""
        self.command(LimitResponseBody(size))

    def replace_request_body(self, body: bytes) -> None:
        """Send this body upstream instead of the one that the callback got."""
        self._replace(self.request, ReplaceRequestBody(body), body, "on_request_body")

    def replace_response_body(self, body: bytes) -> None:
        """Send this body to the client instead of the one that the callback got."""
        self._replace(self.response, ReplaceResponseBody(body), body, "on_response_body")

    def _replace(self, direction: Direction, command: Command, body: bytes, callback: str) -> None:
        if not isinstance(body, bytes):
            raise TypeError(f"a body is bytes, got {type(body).__name__}")
        if not direction.body_in_hand:
            raise RuleError(f"there is no body to replace: {callback} is not running and has not paused")
        self.command(command)

    # Flow.

    def resume_http_request(self) -> None:
        """Let the paused request go on. Edit its headers before, not after."""
        self._resume(self.request, ResumeRequest(), "request")

    def resume_http_response(self) -> None:
        """Let the paused response go on. Edit its headers before, not after."""
        self._resume(self.response, ResumeResponse(), "response")

    def _resume(self, direction: Direction, command: Command, what: str) -> None:
        if not direction.held:
            raise RuleError(f"cannot resume: the {what} of this stream is not paused")
        self.command(command)
        direction.release(f"the {what} has been resumed")

    def send_http_response(
        self, status: int, headers: HeaderValues = (), body: bytes | str = b"", *, details: str = ""
    ) -> None:
        """Answer the client at once. The upstream sees nothing more of this stream.

        `details` is a short machine-readable cause for access logs (`response.code_details`).
        Raises `RuleError` when the stream has been answered already.
        """
        if self.replied:
            raise RuleError(f"cannot reply: {REPLIED}")
        if not 200 <= status <= 599:
            raise ValueError(f"{status} is not a status that can be sent (200 to 599)")
        raw = body.encode() if isinstance(body, str) else body
        self.command(SendLocalReply(LocalReply(status, to_fields(headers), raw, details)))
        self.replied = True
        self.request.release(REPLIED)
        self.response.release(REPLIED)

    # What the host knows.

    def get_property(self, *path: str) -> bytes | None:
        """An Envoy attribute, for example `get_property("route_name")`; None if the host does not know it."""
        return self._dispatcher.host.get_property(self.id, path)

    def set_property(self, path: str | Iterable[str], value: bytes) -> None:
        self._dispatcher.host.set_property(self.id, (path,) if isinstance(path, str) else tuple(path), value)

    def disable_reroute(self) -> None:
        """Keep the route that was chosen, whatever headers are changed."""
        self.set_property("clear_route_cache", b"off")

    def is_response_from_upstream(self) -> bool:
        """False for replies made on the way: a local reply of any filter, no healthy upstream, a time-out, ..."""
        return self.get_property("response", "code_details") == b"via_upstream"

    # The rules that need only headers.

    def is_websocket(self) -> bool:
        """A WebSocket handshake: no body of such a stream is read."""
        headers = self.request_headers
        return "upgrade" in headers.get("connection", "").lower() and headers.get("upgrade", "").lower() == "websocket"

    def is_binary_request_body(self) -> bool:
        """A body that no text-minded plugin should touch; it is not read."""
        return _is_binary(self.request_headers)

    def is_binary_response_body(self) -> bool:
        return _is_binary(self.response_headers)

    # For the dispatcher.

    def take_commands(self) -> list[Command]:
        """What the plugin has asked for since the last call, header edits first."""
        commands, self._commands = self._commands, []
        if edits := self.response.headers.take_edits():
            commands.insert(0, EditResponseHeaders(edits))
        if edits := self.request.headers.take_edits():
            commands.insert(0, EditRequestHeaders(edits))
        return commands

    def command(self, command: Command) -> None:
        self._commands.append(command)
        self.touch()

    def touch(self) -> None:
        """The outcome of the running callback has something to say about this stream."""
        self._dispatcher.touch(self)


def _is_binary(headers: Headers) -> bool:
    content_type = headers.get("content-type", "")
    return "octet-stream" in content_type or "grpc" in content_type or bool(headers.get("content-encoding"))
