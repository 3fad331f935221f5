"""One direction of a stream, request or response: the state of its headers and body, and pending actions."""

from __future__ import annotations

from ..errors import RuleError
from ..headers import Headers
from ..wire import BodyMode

NO_RESPONSE = Headers.sent([], "there is no response yet")
"""The response headers of all streams that have no response yet."""


class Direction:
    """One direction of a stream: its headers, the plugin's requests for it, and what still waits."""

    __slots__ = (
        "body_in_hand",
        "buffered",
        "headers",
        "held",
        "limit",
        "read",
        "read_only",
        "read_whole",
        "taken",
        "trailers",
        "unread",
    )

    def __init__(self, headers: Headers) -> None:
        self.headers = headers
        self.unread = False
        self.buffered = False
        self.held = False
        self.body_in_hand = False
        self.read: BodyMode | None = None
        """How the host was told to read the body."""
        self.read_whole = False
        """The plugin has been given the end of its body."""
        self.read_only = False
        """Its streamed body passes unchanged: the plugin only reads it."""
        self.limit: int | None = None
        """Bytes of it that may be buffered."""
        # `trailers` is there when they are: most messages have none, and each attribute costs.
        self.trailers: Headers
        self.taken = False
        """The plugin has taken a chunk, and has not yet said where the end is."""

    def release(self, reason: str) -> None:
        """Note that the headers are sent, and the body in hand."""
        self.held = self.body_in_hand = False
        headers = self.headers
        if headers is NO_RESPONSE:
            headers = self.headers = Headers([])
        # As `Headers.seal`: four times in every stream, so it is not called.
        headers.sealed = reason
        headers.changed = headers.guard = None

    def fit_length(self, body: bytes, name: str) -> None:
        """`content-length` has to tell the length of a body that is replaced."""
        if "content-length" not in self.headers.first:
            return
        given, length = self.headers["content-length"], len(body)
        if given == str(length):
            return
        if self.headers.sealed:
            raise RuleError(
                f"the {name} headers have gone on with content-length {given}, and the new body has {length} bytes: "
                f"return Action.STOP_ITERATION from on_{name}_headers, or delete content-length there"
            )
        self.headers.set_length(length)
