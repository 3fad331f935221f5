"""The Proxy-Wasm ABI as the bindings of `wit/proxy-wasm` have it: its functions and its numbers."""

from __future__ import annotations

from enum import IntEnum
from typing import Final, NoReturn, Protocol

# Header maps.
REQUEST_HEADERS: Final = 0
RESPONSE_HEADERS: Final = 2
TRAILERS: Final = 1
"""The number of a message's trailers minus that of its headers."""
CALL_HEADERS: Final = 6

# Buffers.
REQUEST_BODY: Final = 0
RESPONSE_BODY: Final = 1
CALL_BODY: Final = 4
PLUGIN_CONFIGURATION: Final = 7
REDIS_ANSWER: Final = 9

# Directions of a stream.
REQUEST: Final = 0
RESPONSE: Final = 1

# What a phase returns. The ABI's specification has 0 and 1; Envoy takes its own filter statuses, of which these are.
CONTINUE: Final = 0
PASS: Final = 8
"""From a header phase, for the shim, which tells the gateway to continue: the plugin reads neither the body nor the
trailers of this message, so trailers need no call into it."""
PASS_WHOLE: Final = 9
"""The same, and the message's body needs no call either."""
STOP_HEADERS: Final = 1
"""Headers wait, body phases continue. Envoy needs `allow_on_headers_stop_iteration: true` for it."""
STOP_ALL: Final = 4
"""From a header phase: nothing moves until the stream is continued. What arrives meanwhile is held back at its sender,
not refused for its size."""
STOP_BODY: Final = 1
"""From a body phase: what is there stays in the gateway's buffer, and the plugin can still change it."""
STOP_TAKEN: Final = 3
"""From a body phase: the chunk has been handled and is not sent on; what the gateway has in its buffer stays
there, out of reach."""
STOP_TRAILERS: Final = 1

EVERYTHING: Final = 0x7FFF_FFFF
"""As a number of bytes to replace: all bytes of the buffer."""


class Status(IntEnum):
    """The status that a call returns."""

    OK = 0
    NOT_FOUND = 1
    BAD_ARGUMENT = 2
    SERIALIZATION_FAILURE = 3
    PARSE_FAILURE = 4
    BAD_EXPRESSION = 5
    INVALID_MEMORY_ACCESS = 6
    EMPTY = 7
    CAS_MISMATCH = 8
    RESULT_MISMATCH = 9
    INTERNAL_FAILURE = 10
    BROKEN_CONNECTION = 11
    UNIMPLEMENTED = 12


def status_name(status: int) -> str:
    """For messages: `status 2, bad argument`."""
    known = status in Status.__members__.values()
    return f"status {status}, {Status(status).name.lower().replace('_', ' ')}" if known else f"status {status}"


def refused(what: str, status: int) -> NoReturn:
    """Raises `RuntimeError`: the gateway refused a call that always works."""
    raise RuntimeError(f"the gateway refused to {what} ({status_name(status)})")


class Abi(Protocol):
    """The interface `host` of the WIT package. Functions that return `int` return a status.

    The others raise the bindings' own error, which has the status as its `value`.
    """

    def log(self, level: int, message: bytes) -> int: ...
    def get_log_level(self) -> int: ...
    def set_effective_context(self, context: int) -> int: ...
    def set_tick_period_milliseconds(self, milliseconds: int) -> int: ...
    def get_header_map_pairs(self, kind: int) -> bytes | None: ...
    def set_header_map_pairs(self, kind: int, value: bytes) -> int: ...
    def edit_header_map(self, kind: int, edits: bytes) -> int: ...
    def get_buffer_bytes(self, kind: int, start: int, size: int) -> bytes | None: ...
    def set_buffer_bytes(self, kind: int, start: int, size: int, value: bytes) -> int: ...
    def continue_stream(self, kind: int) -> int: ...
    def close_stream(self, kind: int) -> int: ...
    def send_local_response(
        self, status_code: int, details: bytes, body: bytes, headers: bytes, grpc_status: int
    ) -> int: ...
    def http_call(
        self, cluster: bytes, headers: bytes, body: bytes, trailers: bytes, timeout_milliseconds: int
    ) -> int: ...
    def get_shared_data(self, key: bytes) -> tuple[bytes, int] | None: ...
    def set_shared_data(self, key: bytes, value: bytes, cas: int) -> int: ...
    def define_metric(self, kind: int, name: bytes) -> int: ...
    def increment_metric(self, metric: int, offset: int) -> int: ...
    def record_metric(self, metric: int, value: int) -> int: ...
    def get_metric(self, metric: int) -> int: ...
    def get_property(self, path: bytes) -> bytes | None: ...
    def set_property(self, path: bytes, value: bytes) -> int: ...
    def call_foreign_function(self, name: bytes, argument: bytes) -> bytes: ...


class RedisAbi(Protocol):
    """The interface `redis`, which only Higress has."""

    def redis_init(self, cluster: bytes, username: bytes, password: bytes, timeout_milliseconds: int) -> int: ...
    def redis_call(self, cluster: bytes, query: bytes) -> int: ...


class Gateway:
    """The calls of one VM, and the context that they concern at the moment."""

    __slots__ = ("abi", "error", "here", "redis")

    def __init__(self, abi: Abi, redis: RedisAbi | None, error: type[Exception]) -> None:
        self.abi = abi
        self.redis = redis
        """None: not in this gateway."""
        self.error = error
        """What the bindings raise for a status that is not 0; the status is its `value`."""
        self.here = 0
        """Set to the context of a callback when it starts."""

    def enter(self, context: int) -> None:
        """The calls that follow concern this context."""
        if context != self.here:
            if status := self.abi.set_effective_context(context):
                refused(f"turn to context {context}", status)
            self.here = context
