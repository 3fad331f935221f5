"""The traffic that a test inspects: messages that were sent, and call-outs that wait for their answer."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from proxywasm import Event, Headers, SSEDecoder
from proxywasm.errors import RedisError
from proxywasm.headers import HeaderValues
from proxywasm.resp import RespValue, decode, encode_value
from proxywasm.text import encode
from proxywasm.wire import Fields

from ..recordings.exchange import Message
from ..services import HttpCall, RedisCall
from .messages import Body, body_of, response


class ScenarioError(AssertionError):
    """The test expects or does something impossible. The message describes the actual state."""


class PeerError(AssertionError):
    """The plugin has sent a message that a real client, upstream or service could not read. The message says why."""


class BodyViews:
    """The views of a body that tests ask for."""

    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    def json(self) -> Any:
        try:
            return json.loads(self.body)
        except ValueError as error:
            raise ScenarioError(f"the body is not JSON ({error}): {_brief(self.body)}") from None

    def events(self) -> list[Event]:
        """The server-sent events of the body."""
        decoder = SSEDecoder()
        return [*decoder.feed(self.body), *decoder.close()]

    def json_events(self) -> list[Any]:
        """The data of each server-sent event: parsed where it is JSON, as it is otherwise (`[DONE]`)."""
        return [_loads(event.data) for event in self.events()]


class Sent(BodyViews):
    """Everything that was sent in one direction so far. It is false until something was sent."""

    def __init__(self, explain: Callable[[], str]) -> None:
        self.fields: Fields | None = None
        """Header fields in wire order; None if nothing has been sent."""
        self.chunks: list[bytes] = []
        """The body as it was sent."""
        self.ended = False
        """The last byte has been sent."""
        self.informational: list[Fields] = []
        """Responses with status 100, 102 or 103 that went ahead, in order."""
        self._trailers: Fields = []
        self._explain = explain

    def __bool__(self) -> bool:
        return self.fields is not None

    @property
    def headers(self) -> Headers:
        if self.fields is None:
            raise ScenarioError(self._explain())
        return Headers.sent(self.fields, "they have been sent")

    @property
    def trailers(self) -> Headers:
        """Header fields after the body; empty if none have been sent."""
        return Headers.sent(self._trailers, "they have been sent")

    def end_with(self, trailers: Fields) -> None:
        """Used by the stream: these have been sent."""
        self._trailers, self.ended = trailers, True

    @property
    def status(self) -> int:
        return int(self.headers[":status"])

    @property
    def method(self) -> str:
        return self.headers[":method"]

    @property
    def path(self) -> str:
        return self.headers[":path"]

    @property
    def host(self) -> str:
        return self.headers[":authority"]

    @property
    def body(self) -> bytes:  # type: ignore[override]  # read-only here
        if self.fields is None:
            raise ScenarioError(self._explain())
        return b"".join(self.chunks)

    def __repr__(self) -> str:
        if self.fields is None:
            return "<nothing sent>"
        return f"<sent {self.fields} {_brief(b''.join(self.chunks))}{'' if self.ended else ' ...'}>"


class CallOut:
    """A call of the plugin to another service."""

    def __init__(
        self, number: int, context: int, cluster: str, deadline: int, time_out: Callable[[CallOut], None]
    ) -> None:
        self.number = number
        self.context = context
        """The stream that waits for the answer; 0: the plugin itself, or in Envoy whichever it is."""
        self.cluster = cluster
        self.deadline = deadline
        """When it times out, in nanoseconds on the host's clock."""
        self.status = "waiting"
        """`waiting`, `answered`, `failed`, `timed out`, or `cancelled`: its stream ended first."""
        self._time_out = time_out

    @property
    def waiting(self) -> bool:
        return self.status == "waiting"

    def time_out(self) -> None:
        """Let the call time out. The clock moves to that moment; in a real Envoy the test waits for it."""
        self._insist_it_waits("timed out")
        self._time_out(self)

    def settle(self, status: str) -> None:
        """Used by the host: the call has ended."""
        self._insist_it_waits(status)
        self.status = status

    def _insist_it_waits(self, status: str) -> None:
        if not self.waiting:
            raise ScenarioError(f"{self} cannot be {status}: it is {self.status} already")


class HttpCallOut(CallOut, BodyViews):
    """An HTTP call of the plugin."""

    def __init__(
        self,
        call: HttpCall,
        deadline: int,
        deliver: Callable[[HttpCallOut, Fields, bytes], None],
        time_out: Callable[[CallOut], None],
    ) -> None:
        super().__init__(call.id, call.context, call.cluster, deadline, time_out)
        self.headers = Headers.sent(call.headers, "the call has been sent")
        self.body = call.body
        self.timeout_ms = call.timeout_ms
        self._deliver = deliver

    @property
    def method(self) -> str:
        return self.headers[":method"]

    @property
    def path(self) -> str:
        return self.headers[":path"]

    @property
    def host(self) -> str:
        return self.headers[":authority"]

    def answer(
        self, answer: int | Message = 200, headers: HeaderValues = (), body: Body = None, *, json: Any = None
    ) -> None:
        """Give the plugin this answer: a status with what goes with it, or a whole response."""
        message = answer if isinstance(answer, Message) else response(answer, headers, body, json=json)
        self.settle("answered")
        self._deliver(self, message.headers, body_of(message))

    def fail(self) -> None:
        """There is no answer: the service is down, or breaks the connection."""
        self.settle("failed")
        self._deliver(self, [], b"")

    def __repr__(self) -> str:
        return f"<HTTP call {self.method} {self.path} to {self.cluster}, {self.status}>"


class RedisCallOut(CallOut):
    """A Redis command of the plugin."""

    def __init__(
        self,
        call: RedisCall,
        deadline: int,
        deliver: Callable[[RedisCallOut, bytes | None], None],
        time_out: Callable[[CallOut], None],
    ) -> None:
        super().__init__(call.id, call.context, call.cluster, deadline, time_out)
        self.command = _words(call.query)
        """For example `["INCR", "visits"]`; arguments that are not text stay bytes."""
        self.settings = call.settings
        self._deliver = deliver

    @property
    def name(self) -> str:
        return str(self.command[0]).upper()

    def answer(self, value: RedisValue) -> None:
        """Give the plugin this answer: text, bytes, a number, None, a list of them, or a `RedisError`."""
        data = encode_value(_resp(value))
        self.settle("answered")
        self._deliver(self, data)

    def fail(self) -> None:
        """There is no answer: the server is down."""
        self.settle("failed")
        self._deliver(self, None)

    def __repr__(self) -> str:
        return f"<Redis command {' '.join(map(str, self.command))} to {self.cluster}, {self.status}>"


RedisValue: TypeAlias = "str | bytes | int | RedisError | Sequence[RedisValue] | None"


def _resp(value: RedisValue) -> RespValue:
    if isinstance(value, str):
        return encode(value)
    if value is None or isinstance(value, bytes | int | RedisError):
        return value
    return [_resp(item) for item in value]


def _words(query: bytes) -> list[str | bytes]:
    value = decode(query)
    assert isinstance(value, list)
    return [_text(item) for item in value if isinstance(item, bytes)]


def _text(data: bytes) -> str | bytes:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data


def _loads(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _brief(data: bytes) -> str:
    return repr(data if len(data) <= 200 else data[:200] + b"...")
