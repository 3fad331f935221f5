"""Drive recorded exchanges through a plugin and say what came out: the result format of `tests/conformance/README.md`.

A replay is reproducible: the clock stands at 2025-01-01T00:00:00Z and random numbers come from a fixed seed, so two
replays of one exchange give the same JSON, natively as in Wasm.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, TypeAlias

from proxywasm import Plugin
from proxywasm.wire import ConfigError, Fields, LogLevel, PluginFailure, Program, ProgramLost

from .exchange import CallOut, Exchange, Message, chunk_to_json
from .services import HostServices, HttpCall, Properties
from .stream import CloseUpstream, RequestBody, RequestHeaders, Reset, ResponseBody, ResponseHeaders, Runner, Stream

if TYPE_CHECKING:
    from .engine import Component

START_NS = 1_735_689_600 * 1_000_000_000
"""2025-01-01T00:00:00Z, when the conformance exchanges were recorded."""
SEED = 20250101

DEFAULT_PROPERTIES = {
    "route_name": "route-default",
    "cluster_name": "outbound|443||llm-default.internal.dns",
    "request.id": "00000000-0000-4000-8000-000000000001",
}

Session: TypeAlias = Callable[[HostServices], AbstractContextManager[Program]]
"""Makes a fresh instance of the plugin over the given services, and ends it."""

Result: TypeAlias = dict[str, Any]

_NOTHING: Result = {"upstream": None, "downstream": None, "local_reply": None, "callouts": []}


def native_session(plugin: Plugin[Any]) -> Session:
    """Instances of the plugin in this process; clock and randomness of the standard library repeat for them too."""

    from .standing import standing_program  # noqa: PLC0415  # what stops the clock is not imported for replays in Wasm

    return lambda services: contextlib.nullcontext(standing_program(plugin, services))


def wasm_session(component: Component) -> Session:
    """Instances of a component from `Engine.load`."""
    from .component import ComponentProgram  # noqa: PLC0415  # Wasmtime takes 0.1 s to import; native replays go without

    @contextlib.contextmanager
    def session(services: HostServices) -> Iterator[Program]:
        program = ComponentProgram(component, services, reproducible=services.reproducible)
        try:
            yield program
        finally:
            program.close()

    return session


def replay(
    exchange: Exchange,
    session: Session,
    *,
    log_level: LogLevel = LogLevel.INFO,
) -> Result:
    """Replay one exchange in a fresh instance of the plugin."""
    services = HostServices(start_ns=START_NS, seed=SEED, log_level=log_level)
    result: Result = {"name": exchange.name, "start": "ok", "error": None} | _NOTHING | {"logs": []}
    with contextlib.ExitStack() as stack:
        try:
            program = stack.enter_context(session(services))
            program.configure(exchange.config, log_level)
        except (ConfigError, PluginFailure, ProgramLost) as error:
            result |= {"start": "failed", "error": str(error)}
        else:
            _run(exchange, Runner(program, services), result)
    result["logs"] = [f"[{record.level.name.lower()}] {record.message}" for record in services.logs]
    return result


def replay_responses(
    exchange: Exchange, session: Session, responses: Iterable[Message], *, log_level: LogLevel = LogLevel.INFO
) -> Iterator[Result]:
    """Replay an exchange once for each of these responses, as streams of one instance of the plugin."""
    services = HostServices(start_ns=START_NS, seed=SEED, log_level=log_level)
    with session(services) as program:
        program.configure(exchange.config, log_level)
        runner = Runner(program, services)
        for response in responses:
            yield _Replay(runner, dataclasses.replace(exchange, response=response)).run()


def _run(exchange: Exchange, runner: Runner, result: Result) -> None:
    for before in exchange.before:
        _Replay(runner, before).run()
    main = _Replay(runner, exchange)
    main.wait()
    result |= main.run()
    if runner.lost:
        result["crash"] = next(record.message for record in runner.services.logs if record.level is LogLevel.CRITICAL)


class _Replay:
    """One exchange on a runner: plays client, upstream and the services that the plugin calls."""

    def __init__(self, runner: Runner, exchange: Exchange) -> None:
        self._runner = runner
        self._exchange = exchange
        self._callouts: list[dict[str, Any]] = []

    def wait(self) -> None:
        """Let time pass; timers fire when they are due."""
        services = self._runner.services
        remaining = self._exchange.wait_ms
        while remaining > 0:
            period = services.tick_period_ms
            step = min(period, remaining) if period else remaining
            services.clock.advance(step)
            remaining -= step
            if step == period:
                self._runner.tick()
                self._answer_calls()

    def run(self) -> Result:
        defaults = DEFAULT_PROPERTIES | dict(self._exchange.properties)
        properties: Properties = {tuple(name.split(".")): value.encode() for name, value in defaults.items()}
        stream = self._runner.open(properties)
        seen = _Seen()
        for _ in self._feed(self._exchange.request, stream.request_headers, stream.request_body):
            seen.see(stream)
        replied_to_request = stream.local_reply is not None
        if seen.upstream_headers is not None and stream.request_done and not replied_to_request:
            self._respond(stream, seen)
        stream.close()
        self._answer_calls()
        seen.see(stream)
        return self._report(stream, seen, replied_to_request=replied_to_request)

    def _respond(self, stream: Stream, seen: _Seen) -> None:
        response = self._exchange.response
        if response is None:
            return
        for chunk in self._feed(response, stream.response_headers, stream.response_body):
            if chunk is not None:
                seen.chunks.append(bytearray())
            seen.see(stream)
            if stream.local_reply is not None:
                return

    def _feed(
        self, message: Message, headers: Callable[[Fields, bool], None], body: Callable[[bytes, bool], None]
    ) -> Iterator[bytes | None]:
        """Give a message piece by piece; yields after each what it was, None for the headers."""
        headers(message.headers, not message.body)
        self._answer_calls()
        yield None
        for index, chunk in enumerate(message.body):
            body(chunk, index == len(message.body) - 1)
            self._answer_calls()
            yield chunk

    def _answer_calls(self) -> None:
        """Answer what the plugin has called, and what it calls when it hears the answers."""
        services = self._runner.services
        while True:
            calls, commands = services.take_calls(), services.take_redis_calls()
            if not calls and not commands:
                return
            for command in commands:
                self._runner.redis_call_response(command.id, None)  # exchange files know no Redis: no connection
            for call in calls:
                self._callouts.append(
                    {
                        "cluster": call.cluster,
                        "headers": _pairs(call.headers),
                        "body": chunk_to_json(call.body),
                        "timeout_ms": call.timeout_ms,
                    }
                )
                answer = _answer(call, self._exchange.callouts)
                fields, body = (answer.headers, b"".join(answer.body)) if answer else ([], b"")
                self._runner.http_call_response(call.id, fields, body)

    def _report(self, stream: Stream, seen: _Seen, *, replied_to_request: bool) -> Result:
        report = _NOTHING | {"callouts": self._callouts}
        reply = stream.local_reply
        if reply is not None:
            report["local_reply"] = {
                "status": reply.status,
                "headers": _pairs(reply.headers),
                "body": chunk_to_json(reply.body),
                "details": reply.details,
            }
        # A reply made in the request phase: the upstream sees nothing, and what the client sees is the reply.
        if seen.upstream_headers is not None and not replied_to_request:
            body = chunk_to_json(bytes(seen.upstream_body))
            report["upstream"] = {"headers": _pairs(seen.upstream_headers), "body": body}
        if seen.client_headers is not None and (reply is None or seen.reset):
            chunks = [chunk_to_json(bytes(chunk)) for chunk in seen.chunks]
            report["downstream"] = {"headers": _pairs(seen.client_headers), "body": chunks}
            if seen.reset:
                report["downstream"]["reset"] = True
        return report


class _Seen:
    """What client and upstream have got."""

    def __init__(self) -> None:
        self.upstream_headers: Fields | None = None
        self.upstream_body = bytearray()
        self.client_headers: Fields | None = None
        self.chunks: list[bytearray] = []
        self.reset = False

    def see(self, stream: Stream) -> None:
        for event in stream.take():
            match event:
                case RequestHeaders(fields):
                    self.upstream_headers = fields
                case RequestBody(data):
                    self.upstream_body += data
                case ResponseHeaders(fields):
                    self.client_headers = fields
                case ResponseBody(data):
                    if not self.chunks:
                        self.chunks.append(bytearray())
                    self.chunks[-1] += data
                case Reset():
                    self.reset = True
                case CloseUpstream():
                    pass


def _answer(call: HttpCall, answers: Sequence[CallOut]) -> Message | None:
    path = next((value for name, value in call.headers if name == ":path"), None)
    for answer in answers:
        if answer.cluster in (None, call.cluster) and answer.path in (None, path):
            return answer.response
    return None


def _pairs(fields: Fields) -> list[list[str]]:
    return [list(pair) for pair in fields]
