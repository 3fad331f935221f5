"""Play client, upstream and called services of one exchange, for a plugin or a chain of plugins."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias

from proxywasm.text import encode
from proxywasm.wire import Fields

from ...services import HttpCall, Properties
from ...stream import Chain, ChainedStream, Runner
from ..exchange import CallOut, Exchange, Message, chunk_to_json
from .observed import Observed

MAX_ROUNDS = 1000
"""Rounds of call-outs after one event, each from the answers to the last one. More are treated as endless."""
MOST_TICKS = 100_000
"""Ticks in the time that passes before an exchange."""

DEFAULT_PROPERTIES = {
    "route_name": "route-default",
    "cluster_name": "outbound|443||llm-default.internal.dns",
    "request.id": "00000000-0000-4000-8000-000000000001",
}

Result: TypeAlias = dict[str, Any]

NOTHING: Result = {"upstream": None, "downstream": None, "local_reply": None, "callouts": []}


class ReplayError(Exception):
    """A replay has no result. The message names the exchange and the reason."""


class Player:
    """Plays one exchange and reports the result. Raises `ReplayError`."""

    def __init__(self, chain: Chain, exchange: Exchange) -> None:
        self._chain = chain
        self._exchange = exchange
        self._callouts: list[dict[str, Any]] = []

    def wait(self) -> None:
        """Let time pass; timers fire when they are due."""
        runners = self._chain.runners
        remaining = self._exchange.wait_ms
        waited = dict.fromkeys(runners, 0)
        rounds = 0
        while remaining > 0:
            periods = {runner: runner.services.tick_period_ms for runner in runners}
            left = [max(period - waited[runner], 0) for runner, period in periods.items() if period]
            step = min([remaining, *left])
            rounds += 1
            if rounds > MOST_TICKS:
                period = min(filter(None, periods.values()))
                raise ReplayError(
                    f"{self._exchange.name}: more than {MOST_TICKS:,} ticks of {period} ms within `wait_ms`; wait less"
                )
            runners[0].services.clock.advance(step)  # the one of all of them
            remaining -= step
            for runner, period in periods.items():
                waited[runner] += step
                if period and waited[runner] >= period:
                    waited[runner] = 0
                    runner.tick()
                    self.answer_calls()

    def open(self) -> ChainedStream:
        """A stream with the properties of the exchange."""
        defaults = DEFAULT_PROPERTIES | dict(self._exchange.properties)
        properties: Properties = {tuple(name.split(".")): encode(value) for name, value in defaults.items()}
        return self._chain.open(properties)

    def run(self) -> Result:
        stream = self.open()
        observed = Observed()
        for _ in self.feed(self._exchange.request, stream.request_headers, stream.request_body):
            observed.collect(stream)
        replied_to_request = stream.local_reply is not None
        if observed.upstream_headers is not None and stream.request_done and not replied_to_request:
            responses = [self._exchange.response, *self._exchange.next_responses]
            for attempt, response in enumerate(responses):
                if stream.attempts == attempt:  # each request that a plugin sends gets the next response
                    self._respond(stream, observed, response)
        stream.close()
        self.answer_calls()
        observed.collect(stream)
        return self._report(stream, observed, replied_to_request=replied_to_request)

    def _respond(self, stream: ChainedStream, observed: Observed, response: Message | None) -> None:
        if response is None:
            return
        attempts = stream.attempts
        for chunk in self.feed(response, stream.response_headers, stream.response_body):
            if chunk is not None:
                observed.chunks.append(bytearray())
            observed.collect(stream)
            if stream.local_reply is not None or stream.attempts != attempts:
                return

    def feed(
        self, message: Message, headers: Callable[[Fields, bool], None], body: Callable[[bytes, bool], None]
    ) -> Iterator[bytes | None]:
        """Give a message piece by piece. Yields each chunk after it was given, and None for the headers."""
        headers(message.headers, not message.body)
        self.answer_calls()
        yield None
        for index, chunk in enumerate(message.body):
            body(chunk, index == len(message.body) - 1)
            self.answer_calls()
            yield chunk

    def answer_calls(self) -> None:
        """Answer what the plugins have called, and what they call when they hear the answers."""
        for _ in range(MAX_ROUNDS):
            last = [self._answer_calls_of(runner) for runner in self._chain.runners]
            if not any(last):
                return
        raise ReplayError(
            f"{self._exchange.name}: the plugin answers each answer with another call-out, at last to "
            f"{next(filter(None, last))}; let it give up after some"
        )

    def _answer_calls_of(self, runner: Runner) -> str:
        """The last cluster that the plugin has called; empty: it has called none."""
        calls, commands = runner.services.take_calls(), runner.services.take_redis_calls()
        for command in commands:
            runner.redis_call_response(command.id, None)  # exchange files know no Redis: no connection
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
            runner.http_call_response(call.id, fields, body)
        return (calls or commands)[-1].cluster if calls or commands else ""

    def _report(self, stream: ChainedStream, observed: Observed, *, replied_to_request: bool) -> Result:
        report = NOTHING | {"callouts": self._callouts}
        reply = stream.local_reply
        if reply is not None:
            report["local_reply"] = {
                "status": reply.status,
                "headers": _pairs(reply.headers),
                "body": chunk_to_json(reply.body),
                "details": reply.details,
            }
        # A reply made in the request phase: the upstream sees nothing, and what the client sees is the reply.
        if observed.upstream_headers is not None and not replied_to_request:
            body = chunk_to_json(bytes(observed.upstream_body))
            report["upstream"] = {"headers": _pairs(observed.upstream_headers), "body": body}
        if observed.given_up:
            report["given_up"] = [
                {"headers": _pairs(headers), "body": chunk_to_json(body)} for headers, body in observed.given_up
            ]
        # Of a chain it is shown as well: what the other plugins have made of the reply.
        if observed.client_headers is not None and (reply is None or observed.reset or len(self._chain.runners) > 1):
            chunks = [chunk_to_json(bytes(chunk)) for chunk in observed.chunks]
            report["downstream"] = {"headers": _pairs(observed.client_headers), "body": chunks}
            if observed.reset:
                report["downstream"]["reset"] = True
        return report


def _answer(call: HttpCall, answers: Sequence[CallOut]) -> Message | None:
    path = next((value for name, value in call.headers if name == ":path"), None)
    for answer in answers:
        if answer.cluster in (None, call.cluster) and answer.path in (None, path):
            return answer.response
    return None


def _pairs(fields: Fields) -> list[list[str]]:
    return [list(pair) for pair in fields]
