"""The vocabulary that hosts and plugins share: the Python form of the WIT package `proxywasm:http`.

A host drives a plugin through a `Program`: one call per phase, answered by an `Outcome`. Natively the program is the
SDK's `Dispatcher` itself, in Wasm it is a component with the same methods; a host cannot distinguish them.
Plugin authors do not need this module.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Literal, Protocol, TypeAlias

Fields: TypeAlias = list[tuple[str, str]]
"""Header fields in wire order, names in lower case, pseudo-headers included.

Bytes of a value that are not UTF-8 are U+DC80 to U+DCFF, see `proxywasm.text`."""

EditOp: TypeAlias = Literal["=", "+", "-"]
"""Replace all values of a name, add a value at the end, remove the name."""

FieldEdits: TypeAlias = list[str]
"""Changes to header fields, in order: name, value, name, value, ... Each name has its `EditOp` in front; where that is
`-`, the value is empty."""


class LogLevel(IntEnum):
    """Severity, numbered as in the Proxy-Wasm ABI."""

    TRACE = 0
    DEBUG = 1
    INFO = 2
    WARN = 3
    ERROR = 4
    CRITICAL = 5


class BodyMode(StrEnum):
    """How much of a body a plugin wants to see."""

    SKIP = "skip"
    STREAM = "stream"
    BUFFER = "buffer"
    OBSERVE = "observe"
    """The bytes pass by, and the plugin is shown them in batches; see `batch`."""


class Hold(StrEnum):
    """How a phase holds its direction back."""

    STOP_ITERATION = "stop-iteration"
    """Headers wait; body phases continue, and the first one that does not hold releases the headers."""
    PAUSE = "pause"
    """Nothing of this direction moves until it is resumed or a local reply is sent."""
    STOP_NO_BUFFER = "stop-no-buffer"
    """The plugin has taken this chunk of a response: neither its bytes nor the end of the stream that it may carry go
    on. `InjectResponseBody` sends what should."""


class MetricKind(StrEnum):
    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


CREATE = 0xFFFF_FFFF
"""A compare-and-swap number that no stored value has. With it only a key without a value is written."""

LEASE_PREFIX = "higress_wasm_vm_lease:"
"""How the keys of shared data begin in which a leader has its lease. A host that sees an instance end may remove the
instance's lease, so that another one need not wait until the lease is over."""


# Commands are values and never change. They are not `frozen`, because making a frozen one takes twice as long.


@dataclass(slots=True)
class EffectiveContext:
    """The commands that follow concern this stream; before the first one, the stream of the call."""

    value: int


@dataclass(slots=True)
class HoldPhase:
    value: Hold


@dataclass(slots=True)
class ReadRequestBody:
    """`limit`: bytes that may be buffered; None: as many as the host allows."""

    mode: BodyMode
    limit: int | None


@dataclass(slots=True)
class ReadResponseBody:
    """`limit`: bytes that may be buffered; None: as many as the host allows."""

    mode: BodyMode
    limit: int | None


@dataclass(slots=True)
class ReadRequestTrailers:
    """The plugin has a phase for them; without this the host does not call it."""


@dataclass(slots=True)
class ReadResponseTrailers:
    """The plugin has a phase for them; without this the host does not call it."""


@dataclass(slots=True)
class EditRequestHeaders:
    value: FieldEdits


@dataclass(slots=True)
class EditResponseHeaders:
    value: FieldEdits


@dataclass(slots=True)
class EditRequestTrailers:
    value: FieldEdits


@dataclass(slots=True)
class EditResponseTrailers:
    value: FieldEdits


@dataclass(slots=True)
class ReplaceRequestBody:
    value: bytes


@dataclass(slots=True)
class ReplaceResponseBody:
    value: bytes


@dataclass(slots=True)
class Injection:
    """Response bytes that go to the client outside of any phase."""

    body: bytes
    end_of_stream: bool


@dataclass(slots=True)
class InjectResponseBody:
    value: Injection


@dataclass(slots=True)
class ResumeRequest:
    pass


@dataclass(slots=True)
class ResumeResponse:
    pass


@dataclass(slots=True)
class LocalReply:
    """A response that the plugin makes itself. `details` is seen as the property `response.code_details`."""

    status: int
    headers: Fields
    body: bytes
    details: str


@dataclass(slots=True)
class SendLocalReply:
    value: LocalReply


@dataclass(slots=True)
class NewRequest:
    """A request that is sent instead of the one that was answered, with all its headers and its whole body.

    `first_byte_timeout_ms`: see `LimitFirstByte`; None: as for the request before.
    """

    headers: Fields
    body: bytes
    first_byte_timeout_ms: int | None


@dataclass(slots=True)
class SendAgain:
    """Give up on the upstream's response. That to this request comes from its headers on, in the same stream."""

    value: NewRequest


@dataclass(slots=True)
class LimitFirstByte:
    """How many milliseconds the upstream may take from the end of the request to the headers of its response."""

    value: int


@dataclass(slots=True)
class Leave:
    """The plugin has nothing more to do in this stream: no phase calls it any more.

    `value`: whether it is called at the end.
    """

    value: bool


@dataclass(slots=True)
class FailStream:
    """The plugin raised while it worked for this stream in the callback of another. The value is the traceback.

    With the effective context 0 it worked for itself, for example in a tick.
    """

    value: str


Command: TypeAlias = (
    EffectiveContext
    | HoldPhase
    | ReadRequestBody
    | ReadResponseBody
    | ReadRequestTrailers
    | ReadResponseTrailers
    | EditRequestHeaders
    | EditResponseHeaders
    | EditRequestTrailers
    | EditResponseTrailers
    | ReplaceRequestBody
    | ReplaceResponseBody
    | InjectResponseBody
    | ResumeRequest
    | ResumeResponse
    | SendLocalReply
    | SendAgain
    | LimitFirstByte
    | Leave
    | FailStream
)

Outcome: TypeAlias = bytes | Sequence[Command] | None
"""None: continue, nothing changed. Bytes: continue with this body instead. Otherwise: carry out these commands."""


class PluginFailure(Exception):
    """The plugin raised in a phase. `str(error)` is the Python traceback of the plugin's own code."""


class ConfigError(ValueError):
    """The configuration is refused. The message names the key and the reason; it is meant for people."""


class Program(Protocol):
    """A loaded plugin, as its host sees it. Context numbers are positive and unique among open streams.

    Each phase call raises `PluginFailure` if the plugin raised. An implementation may raise `ProgramLost` when it can
    not be used any more.
    """

    def configure(self, config: str, log_level: LogLevel) -> None:
        """Called once, first. Raises `ConfigError`, or `PluginFailure` with a traceback."""

    def on_request_headers(self, context: int, headers: Fields, end_of_stream: bool) -> Outcome: ...

    def on_request_body(self, context: int, body: bytes, end_of_stream: bool) -> Outcome: ...

    def on_request_trailers(self, context: int, trailers: Fields) -> Outcome:
        """Called after the body, at most once, if the plugin has answered with `ReadRequestTrailers`."""

    def on_response_headers(self, context: int, headers: Fields, end_of_stream: bool) -> Outcome: ...

    def on_response_body(self, context: int, body: bytes, end_of_stream: bool) -> Outcome: ...

    def on_response_trailers(self, context: int, trailers: Fields) -> Outcome:
        """Called after the body, at most once, if the plugin has answered with `ReadResponseTrailers`."""

    def on_done(self, context: int) -> Outcome:
        """The last call of a stream, however it ended."""

    def on_http_call_response(self, call: int, headers: Fields, body: bytes) -> Outcome:
        """The answer to `Host.http_call`; no headers: there was none (timeout, reset, no such host)."""

    def on_redis_call_response(self, call: int, response: bytes | None) -> Outcome:
        """The answer to `Host.redis_call`: one RESP value, None if there was none (timeout, no connection)."""

    def on_tick(self) -> Outcome: ...


class ProgramLost(Exception):
    """The program trapped and is gone with all its streams. The message says why."""


class HttpCallError(Exception):
    """A call-out was not sent. The message says why; there will be no answer."""


class RedisCallError(Exception):
    """A Redis command was not sent. The message says why; there will be no answer."""


class LimitError(RuntimeError):
    """The host keeps no more shared data, properties or metrics, or a value is too large to cross.

    Authors do not get it for metrics: those that cannot be defined are not counted.

    The message says what is too much, and the limit.
    """


class ForeignFunctionError(Exception):
    """The host has no function of this name, or the function refused the argument."""


class Host(Protocol):
    """Everything that a plugin may ask of its host during a phase. `context` 0 is the plugin itself.

    Texts from the SDK are valid Unicode, apart from header values; names have no NUL.
    """

    def log(self, level: LogLevel, context: int, message: str) -> None: ...

    def now(self) -> int:
        """Nanoseconds since 1970-01-01T00:00:00Z."""

    def random_bytes(self, count: int) -> bytes: ...

    def get_property(self, context: int, path: tuple[str, ...]) -> bytes | None: ...

    def set_property(self, context: int, path: tuple[str, ...], value: bytes) -> None:
        """Raises `LimitError`."""

    def get_shared_data(self, key: str) -> tuple[bytes, int] | None:
        """The value and its number for compare-and-swap."""

    def set_shared_data(self, key: str, value: bytes, cas: int) -> bool:
        """False: `cas` is neither 0 (always write) nor that of the stored value.

        A key that has no value is written with any `cas`, as in Envoy. So `CREATE` never overwrites a value. Raises
        `LimitError`.
        """

    def http_call(self, context: int, cluster: str, headers: Fields, body: bytes, timeout_ms: int) -> int:
        """Start a call-out and return its number. Raises `HttpCallError` if nothing was sent."""

    def redis_init(self, cluster: str, username: str, password: str, timeout_ms: int) -> None:
        """Set how a Redis service is reached; options follow the cluster name as a query string (`?db=1`).

        Raises `RedisCallError` if it cannot be reached now; it may be asked again.
        """

    def redis_call(self, context: int, cluster: str, query: bytes) -> int:
        """Send one RESP command and return its number. Raises `RedisCallError` if nothing was sent."""

    def call_foreign_function(self, name: str, argument: bytes) -> bytes:
        """A function that this host has and others may not. Raises `ForeignFunctionError`."""

    def define_metric(self, kind: MetricKind, name: str) -> int:
        """Define a metric and return its number, which depends on kind and name only. Raises `LimitError`."""

    def increment_metric(self, metric: int, offset: int) -> None: ...

    def record_metric(self, metric: int, value: int) -> None: ...

    def get_metric(self, metric: int) -> int: ...

    def set_tick_period(self, milliseconds: int) -> None: ...
