"""Drive a runner by hand: what tests of the SDK have in common."""

from __future__ import annotations

from typing import Any, Protocol

from proxywasm_host.services import HostServices, HttpCall, LogRecord, RedisCall
from proxywasm_host.stream import Event, Runner, Stream

START_NS = 1_735_689_600 * 1_000_000_000
"""2025-01-01T00:00:00Z"""

REQUEST = [
    (":scheme", "https"),
    (":authority", "example.com"),
    (":path", "/p?q=1"),
    (":method", "POST"),
    ("x-request-id", "r-1"),
]
RESPONSE = [(":status", "200"), ("content-type", "text/plain")]


class Start(Protocol):
    """Starts a behaviour. Services with a standing clock make it reproducible."""

    def __call__(
        self, behaviour: str, config: dict[str, Any] | None = None, services: HostServices | None = None, **runner: Any
    ) -> Runner: ...


def http_call(runner: Runner) -> HttpCall:
    """The one call-out that waits."""
    (call,) = runner.services.take_calls()
    return call


def redis_call(runner: Runner) -> RedisCall:
    (call,) = runner.services.take_redis_calls()
    return call


def answer(runner: Runner, call: HttpCall, status: int = 200, body: bytes = b"", **headers: str) -> None:
    fields = [(":status", str(status)), *((name.replace("_", "-"), value) for name, value in headers.items())]
    runner.http_call_response(call.id, fields, body)


def request(runner: Runner, body: bytes | None = None, **headers: str) -> Stream:
    """A new stream, with its whole request."""
    stream = runner.open({("route_name",): b"route-1", ("cluster_name",): b"outbound|443||llm.dns"})
    extra = [(name.replace("_", "-"), value) for name, value in headers.items()]
    stream.request_headers([*REQUEST, *extra], body is None)
    if body is not None:
        stream.request_body(body, True)
    return stream


def respond(stream: Stream, *chunks: bytes, **headers: str) -> None:
    extra = [(name.replace("_", "-"), value) for name, value in headers.items()]
    stream.response_headers([*RESPONSE, *extra], not chunks)
    for index, chunk in enumerate(chunks):
        stream.response_body(chunk, index == len(chunks) - 1)


def last(stream: Stream, kind: type[Event]) -> Event:
    """The last event of a kind; taken events are gone."""
    return [event for event in stream.take() if isinstance(event, kind)][-1]


def errors(runner: Runner) -> list[str]:
    return [record.message for record in logs(runner) if record.level >= 4]


def logs(runner: Runner) -> list[LogRecord]:
    return runner.services.logs
