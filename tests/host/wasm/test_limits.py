"""Limits that need no guest: the log gate, the size of answers, the ticker."""

from __future__ import annotations

import gc
import threading
import tracemalloc
from typing import Any

import pytest
import wasmtime

from proxywasm.wire import LogLevel, PluginFailure
from proxywasm_host.stream import Limits as Streams
from proxywasm_host.wasm.crossing import to_outcome
from proxywasm_host.wasm.limits import Limits, LogGate
from proxywasm_host.wasm.ticker import TICK, Ticker, ticks
from tools.limits_page import PAGE, with_table

LIMITS = Limits(
    streams=Streams(answer=100, commands=3),
    header_count=2,
    header_size=20,
    log_message=50,
    log_rate=100,
    log_burst=400,
)


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


def test_a_traceback_counts_as_a_message() -> None:
    log = Log()
    assert log.gate.failure("x" * 300) == "x" * 300
    assert log("x" * 100) == ["the plugin logs too much: messages are dropped from here on"]
    assert log.gate.failure("x" * 100) == "the plugin failed; its traceback is dropped, it logs too much"
    log.now += 4
    assert log.gate.failure("x" * 100) == "x" * 100


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
    ("case", "value", "complaint"),
    [
        ("utf8", b"x" * 100, None),
        ("latin1", "é".encode() * 100, None),
        ("latin1", "é".encode() * 101, "a body of 101 bytes, more than the 100 that are allowed"),
        ("commands", [("replace-request-body", ("latin1", "é".encode() * 100))], None),
        ("commands", [("replace-request-body", ("utf8", b"x" * 60))] * 2, "a body of 120 bytes"),
        ("commands", [("inject-response-body", (("latin1", "é".encode() * 60), False))] * 2, "a body of 120 bytes"),
        ("commands", [("edit-request-headers", b"=a\0b\0=a\0b")], None),
        ("commands", [("edit-request-headers", b"=a\0b"), ("edit-response-headers", b"=a\0b")], None),
        ("commands", [("edit-request-headers", b"=a\0b")] * 3, "3 header fields, more than the 2 that are allowed"),
        ("commands", [("edit-response-headers", b"=a\0" + b"b" * 20)], "a header of 23 bytes, more than the 20"),
        ("commands", [("send-local-reply", (200, b"a\0b\0a\0b\0a\0b", ("utf8", b""), ""))], "3 header fields"),
        ("commands", [("send-local-reply", (200, b"", ("utf8", b"x" * 101), ""))], "a body of 101 bytes"),
    ],
)
def test_what_is_too_large_as_a_whole_is_named(case: str, value: Any, complaint: str | None) -> None:
    if complaint is None:
        to_outcome(case, value, LIMITS)
        return
    with pytest.raises(PluginFailure, match=complaint):
        to_outcome(case, value, LIMITS)


def test_a_body_of_wide_characters_is_refused_before_it_is_converted() -> None:
    data = b"x" * 10_000_000 + "\u0100".encode()
    tracemalloc.start()
    try:
        with pytest.raises(PluginFailure, match="no byte"):
            to_outcome("latin1", data, Limits())
        assert tracemalloc.get_traced_memory()[1] < 15_000_000
    finally:
        tracemalloc.stop()


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


def test_the_page_has_the_limits_as_they_are() -> None:
    """`python -m tools.limits_page` writes them."""
    page = PAGE.read_text()
    assert with_table(page) == page
