"""The state of one HTTP stream. The facade's `HttpContext` is a subclass."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from enum import Enum
from typing import Any, Protocol

from .. import checks
from ..errors import RuleError
from ..framing import guard_request, guard_response
from ..headers import Headers
from ..wire import Command, EditRequestHeaders, EditResponseHeaders, Fields, Host, Leave
from . import client_credentials
from .direction import NO_RESPONSE, Direction
from .plugin_state import PluginState

DONE = "this stream has ended"
LEFT = "the plugin has left this stream"
REPLIED = "this stream has been answered with a local reply"


class ExecutionPhase(Enum):
    """Where a stream is. The values are the names in Higress' Go wrapper."""

    REQUEST_HEADERS = "DecodeHeader"
    REQUEST_BODY = "DecodeData"
    RESPONSE_HEADERS = "EncodeHeader"
    RESPONSE_BODY = "EncodeData"
    REQUEST_TRAILERS = "DecodeTrailers"
    RESPONSE_TRAILERS = "EncodeTrailers"
    DONE = "Done"


# Looked up once: reading an enum member is slow.
_REQUEST_HEADERS, _DONE = ExecutionPhase.REQUEST_HEADERS, ExecutionPhase.DONE

_NO_CALLS: frozenset[int] = frozenset()
_PLAIN = frozenset({"application/json", "text/event-stream", None})
"""Content types that are known to be text or binary without further checks."""


class StreamOwner(Protocol):
    """What a stream needs of the plugin instance that it belongs to."""

    host: Host
    unchecked_host: Host
    """The host without the checks of `Boundary`, for names that the SDK itself passes."""
    plugin_context: PluginState
    contexts: dict[int, StreamState]
    """Streams whose events the plugin is told."""
    touched: dict[int, StreamState]
    """Streams that have something to tell the host in the outcome of the running callback."""
    sends_again: bool
    """The host can send another request in a stream that has sent one."""
    can_send_again: Callable[[int], bool]
    """Whether another request can be sent in this stream, as far as only the host knows."""

    def run_for(self, ctx: StreamState, function: Callable[..., object], *args: object) -> None:
        """Call a function for one stream, within the callback of any."""


class StreamState:
    """One HTTP stream: its two directions, the call-outs it waits for, and the commands that the plugin has given."""

    __slots__ = (
        "_attributes",
        "_binary_request",
        "_binary_response",
        "_commands",
        "_id",
        "_owner",
        "_queue",
        "_values",
        "chunk_in_hand",
        "config",
        "ended",
        "execution_phase",
        "has_request_body",
        "has_response_body",
        "host",
        "http_calls",
        "left",
        "method",
        "path",
        "pauses_streaming_response",
        "redis_calls",
        "replied",
        "request",
        "request_is_opaque",
        "response",
        "response_is_opaque",
        "route_callback",
        "scheme",
        "turns",
        "websocket",
    )  # fmt: skip

    def __init__(self, owner: StreamOwner, context_id: int, headers: Headers, end_of_stream: bool) -> None:
        self._id = context_id
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
        self._owner = owner
        self.config: Any = None
        """The configuration that applies to this stream: what its callbacks get."""
        headers.changed = self.touch
        headers.guard = self._guard_request
        self.request = Direction(headers)
        self.response = Direction(NO_RESPONSE)
        self.route_callback: Callable[[Any, Any, bytes], Any] | None = None
        """Replaces the response callbacks: it gets the whole body of the response."""
        self.websocket = "upgrade" in first and (
            first["upgrade"].lower() == "websocket" and "upgrade" in first.get("connection", "").lower()
        )
        kind = first.get("content-type")
        self._binary_request = (kind not in _PLAIN or "content-encoding" in first) and _is_binary(first)
        self._binary_response = False
        self.request_is_opaque = self._binary_request or self.websocket
        """Its body is not read."""
        self.response_is_opaque = False
        self._commands: list[Command] = []
        """What the plugin has asked for since the host was told; edits of headers are with the headers."""
        # Numbers of calls without an answer. Two sets: a host may number HTTP and Redis calls apart.
        self.http_calls: frozenset[int] = _NO_CALLS
        self.redis_calls: frozenset[int] = _NO_CALLS
        self.pauses_streaming_response = False
        """The plugin takes every chunk of the response, and injects what should be sent."""
        self.chunk_in_hand = False
        """The callback for a chunk of the response is running, and has not sent another request."""
        self.replied = False
        self.turns = 0
        """How often the callback of a response has ended it: by a local reply, or by another request."""
        self.ended = False
        self.left = False
        """The plugin has nothing more to do in it."""
        # What the facade keeps for the author. All of it is made here: another `__init__` would be another call.
        self._values: dict[str, Any] = {}
        self._attributes: dict[str, Any] | None = None
        """Made when the first is set: few streams have any."""
        self._queue: deque[bytes] | None = None

    @property
    def id(self) -> int:
        """The number of the stream, unique among open streams; log lines carry it."""
        return self._id

    def credentials(self) -> Fields:
        """Header fields that may say who the client is, whatever the plugin has done to them."""
        request, response = self.request.headers, self.response.headers
        return [*client_credentials.of_client(request.arrived), *request.fields(), *response.fields()]

    def response_arrived(self, headers: Headers, end_of_stream: bool) -> None:
        headers.changed = self.touch
        headers.guard = self._guard_response
        self.response.headers = headers
        self.has_response_body = not end_of_stream
        first = headers.first
        kind = first.get("content-type")
        self._binary_response = (kind not in _PLAIN or "content-encoding" in first) and _is_binary(first)
        self.response_is_opaque = self._binary_response or self.websocket

    def _guard_request(self, name: str, value: str) -> None:
        guard_request(self.method, name, value)

    def _guard_response(self, name: str, value: str) -> None:
        guard_response(self.response.headers, name, value, has_body=self.has_response_body, head=self.method == "HEAD")

    def end(self) -> None:
        """The last callback is about to run. It can use the stream's values and log, but give no more commands."""
        self.ended = True
        self.execution_phase = _DONE
        # As `Direction.release`, in every stream.
        request, response = self.request, self.response
        request.held = request.body_in_hand = response.held = response.body_in_hand = response.taken = False
        if response.headers is NO_RESPONSE:
            response.headers = Headers([])
        for headers in (request.headers, response.headers):
            headers.sealed = DONE
            headers.changed = headers.guard = None

    def take_commands(self) -> list[Command]:
        """What the plugin has asked for since the last call, header edits first."""
        commands, self._commands = self._commands, []
        headers = self.response.headers
        if headers.edits:
            commands.insert(0, EditResponseHeaders(headers.edits))
            headers.edits = []
        headers = self.request.headers
        if headers.edits:
            commands.insert(0, EditRequestHeaders(headers.edits))
            headers.edits = []
        return commands

    def drop_commands(self) -> None:
        """The callback has failed: drop its commands."""
        self._commands = []
        self.request.headers.edits = []
        self.response.headers.edits = []

    @property
    def sends_again(self) -> bool:
        """The host can send another request."""
        return self._owner.sends_again and self._owner.can_send_again(self._id)

    def start_over(self, request: Direction) -> None:
        """This request was sent in place of the one before; whatever was decided for its response is forgotten."""
        request.read_whole = True
        self.request = request
        self.response = Direction(NO_RESPONSE)
        self.has_response_body = self._binary_response = self.response_is_opaque = False
        self.pauses_streaming_response = self.chunk_in_hand = False
        self.route_callback = None
        self.turns += 1

    def leave(self, *, until_done: bool = False) -> None:
        """The plugin has nothing more to do in this stream: what follows passes it, and costs nothing.

        No callback is called for the stream any more, not even `on_stream_done`, unless `until_done` is given. Call it
        as the last thing in a callback. What the plugin still holds back goes on. While a call-out of the stream is
        under way, the plugin stays.
        """
        checks.flag(until_done, "until_done")
        if self.response.taken or self.pauses_streaming_response:
            raise RuleError("a plugin cannot leave a stream of whose response it has taken chunks")
        if self.http_calls or self.redis_calls:
            return
        self.command(Leave(until_done))
        self.left = True
        if not until_done:
            self._owner.contexts.pop(self._id, None)

    def command(self, command: Command) -> None:
        if self.ended or self.left:
            raise RuleError(f"nothing can be asked for any more: {DONE if self.ended else LEFT}")
        if not self._commands:
            self._owner.touched[self._id] = self
        self._commands.append(command)

    def command_first(self, command: Command) -> None:
        """Add a command before all others of the running callback, except edits of headers."""
        self.command(command)
        self._commands.insert(0, self._commands.pop())

    def replace_body(self, direction: Direction, command: Callable[[bytes], Command], body: bytes, name: str) -> None:
        if not direction.body_in_hand:
            raise RuleError(f"there is no body to replace: on_{name}_body is not running and has not paused")
        direction.fit_length(body, name)
        self.command(command(body))

    def touch(self) -> None:
        """Note that the outcome of the running callback has commands for this stream."""
        self._owner.touched[self._id] = self


def _is_binary(headers: dict[str, str]) -> bool:
    if "content-encoding" in headers and headers["content-encoding"].strip().lower() not in {"", "identity"}:
        return True
    content_type = headers.get("content-type", "")
    return "octet-stream" in content_type or "grpc" in content_type
