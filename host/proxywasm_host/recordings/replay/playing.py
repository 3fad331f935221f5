"""Play client, upstream and called services of one exchange, for a plugin or a chain of plugins."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from proxywasm.text import encode
from proxywasm.wire import Fields

from ...services import HttpCall, Properties
from ...stream import Chain, ChainedStream, Runner
from ..exchange import Exchange, Message
from .observed import Observed
from .report import Result, call_report, report

MAX_ROUNDS = 1000
"""Rounds of call-outs after one event, each from the answers to the last one. More are treated as endless."""
MOST_TICKS = 100_000
"""Ticks in the time that passes before an exchange."""

DEFAULT_PROPERTIES = {
    "route_name": "route-default",
    "cluster_name": "outbound|443||llm-default.internal.dns",
    "request.id": "00000000-0000-4000-8000-000000000001",
}


class ReplayError(Exception):
    """A replay has no result. The message names the exchange and the reason."""


class Player:
    """Plays one exchange and reports the result. Raises `ReplayError`."""

    def __init__(self, chain: Chain, exchange: Exchange) -> None:
        self._chain = chain
        self._exchange = exchange
        self._callouts: list[Result] = []
        self._answers = list(exchange.callouts)
        self._clock = chain.runners[0].services.clock  # the one of all of them
        self._began = self._clock.now()

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
            self._clock.advance(step)
            remaining -= step
            for runner, period in periods.items():
                waited[runner] += step
                if period and waited[runner] >= period:
                    waited[runner] = 0
                    runner.tick()
                    self.answer_calls()

    def open(self) -> ChainedStream:
        """A stream with the properties of the exchange."""
        self._began = self._clock.now()
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
        reply = stream.local_reply
        return report(
            observed, reply, self._callouts, replied_to_request=replied_to_request, chained=len(self._chain.runners) > 1
        )

    def _respond(self, stream: ChainedStream, observed: Observed, response: Message | None) -> None:
        if response is None:
            return
        attempts = stream.attempts
        headers: Callable[[Fields, bool], None] = stream.response_headers
        if response.details:
            headers = partial(stream.response_headers, details=response.details)
        for chunk in self.feed(response, headers, stream.response_body):
            if chunk is not None:
                observed.begin_chunk()
            observed.collect(stream)
            if stream.local_reply is not None or stream.attempts != attempts:
                return

    def feed(
        self, message: Message, headers: Callable[[Fields, bool], None], body: Callable[[bytes, bool], None]
    ) -> Iterator[bytes | None]:
        """Give a message piece by piece. Yields each chunk after it was given, and None for the headers."""
        finished = not message.unfinished
        self._pass_time(message, 0)
        headers(message.headers, finished and not message.body)
        self.answer_calls()
        yield None
        for index, chunk in enumerate(message.body):
            self._pass_time(message, index + 1)
            body(chunk, finished and index == len(message.body) - 1)
            self.answer_calls()
            yield chunk

    def _pass_time(self, message: Message, place: int) -> None:
        """Move the clock to the time at which the headers came (0) or the chunk at this place."""
        if message.times_ms and (passed := (self._clock.now() - self._began) // 10**6) < message.times_ms[place]:
            self._clock.advance(message.times_ms[place] - passed)

    def answer_calls(self) -> None:
        """Answer what the plugins have called, and what they call when they hear the answers."""
        last: list[str] = []
        for _ in range(MAX_ROUNDS):
            waiting = [runner for runner in self._chain.runners if runner.services.calls_changed]
            if not waiting:  # as after nearly each chunk
                return
            last = [self._answer_calls_of(runner) for runner in waiting]
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
            self._callouts.append(call_report(call))
            answer = self._answer(call)
            fields, body = (answer.headers, b"".join(answer.body)) if answer else ([], b"")
            runner.http_call_response(call.id, fields, body)
        return (calls or commands)[-1].cluster if calls or commands else ""

    def _answer(self, call: HttpCall) -> Message | None:
        path = next((value for name, value in call.headers if name == ":path"), None)
        for place, answer in enumerate(self._answers):
            if answer.cluster in (None, call.cluster) and answer.path in (None, path):
                if answer.once:
                    del self._answers[place]
                return answer.response
        return None
