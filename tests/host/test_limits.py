"""Limits that need no guest: the log gate, the size of answers, the ticker."""

from __future__ import annotations

import gc
import threading

import pytest
import wasmtime

from proxywasm import wire
from proxywasm.wire import LogLevel, Outcome
from proxywasm_host.limits import Limits, LogGate
from proxywasm_host.ticker import TICK, Ticker, ticks

LIMITS = Limits(answer=100, commands=3, header_count=2, header_size=20, log_message=50, log_rate=100, log_burst=400)


class Log:
    def __init__(self) -> None:
        self.now = 0.0
        self.messages: list[str] = []
        self.gate = LogGate(lambda level, context, message: self.messages.append(message), LIMITS, lambda: self.now)

    def __call__(self, message: str, times: int = 1) -> list[str]:
        self.messages.clear()
        for _ in range(times):
            self.gate(LogLevel.INFO, 1, message)
        return self.messages


def test_few_messages_pass() -> None:
    assert Log()("hello", 10) == ["hello"] * 10


def test_a_long_message_is_cut() -> None:
    assert Log()("x" * 60) == ["x" * 50 + " [10 more characters cut off]"]


def test_too_many_messages_are_dropped_until_there_is_room_for_many() -> None:
    log = Log()
    assert log("x" * 8, 100) == ["x" * 8] * 10 + ["the plugin logs too much: messages are dropped from here on"]
    log.now += 1
    assert log("x" * 8) == []
    log.now += 2
    assert log("x" * 8) == ["the plugin logged too much: 91 messages were dropped", "x" * 8]


def test_a_steady_rate_below_the_limit_passes() -> None:
    log = Log()
    for _ in range(1000):
        log.now += 0.5
        assert log("x" * 8) == ["x" * 8]


@pytest.mark.parametrize(
    ("outcome", "complaint"),
    [
        (None, None),
        (b"x" * 100, None),
        (b"x" * 101, "a body of 101 bytes, more than the 100 that are allowed"),
        ([wire.ResumeRequest()] * 3, None),
        ([wire.ResumeRequest()] * 4, "4 commands, more than the 3 that are allowed"),
        ([wire.ReplaceResponseBody(b"x" * 101)], "a body of 101 bytes"),
        ([wire.EditRequestHeaders(["=a", "b"] * 2)], None),
        ([wire.EditRequestHeaders(["=a", "b"] * 3)], "3 header fields, more than the 2 that are allowed"),
        ([wire.EditResponseHeaders(["=a", "b" * 20])], "a header of 21 bytes, more than the 20"),
        ([wire.SendLocalReply(wire.LocalReply(200, [], b"x" * 101, ""))], "a body of 101 bytes"),
        ([wire.SendLocalReply(wire.LocalReply(200, [("a", "b")] * 3, b"", ""))], "3 header fields"),
        ([wire.InjectResponseBody(wire.Injection(b"x" * 101, False))], "a body of 101 bytes"),
    ],
)
def test_what_is_too_large_is_named(outcome: Outcome, complaint: str | None) -> None:
    found = excess(outcome, LIMITS)
    assert found == complaint or (found is not None and complaint is not None and found.startswith(complaint))


def test_a_deadline_is_never_early() -> None:
    assert ticks(10 * TICK) == 11
    assert ticks(10.5 * TICK) == 12


def tickers() -> int:
    return sum(thread.name == "proxywasm-ticker" for thread in threading.enumerate())


def test_a_ticker_has_one_thread_that_ends_with_it() -> None:
    before = tickers()
    ticker = Ticker(wasmtime.Engine())
    assert tickers() == before
    for _ in range(10):
        ticker.start()
    assert tickers() == before + 1
    started = [thread for thread in threading.enumerate() if thread.name == "proxywasm-ticker"][-1]
    del ticker
    gc.collect()
    started.join(timeout=60)
    assert not started.is_alive()
