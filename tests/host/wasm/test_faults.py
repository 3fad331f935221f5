"""A plugin that misbehaves: each call ends within its limit, nobody else notices, the log says why."""

from __future__ import annotations

import gc
import json
import re
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.host.conftest import MakeFaulty, faulty_program
from tests.host.memory import needs_linux, resident

from proxywasm.wire import LogLevel, PluginFailure, ProgramLost
from proxywasm_host.limit_fields import MIB
from proxywasm_host.services import HostServices, LogRecord
from proxywasm_host.stream import Limits as Streams
from proxywasm_host.stream import RequestHeaders, Reset, ResponseBody, ResponseHeaders, Stream
from proxywasm_host.wasm.engine import Engine
from proxywasm_host.wasm.limits import Limits
from proxywasm_host.wasm.pool import Pool, Sharing

REQUEST = [(":method", "POST"), (":path", "/"), (":authority", "example.com")]
RESPONSE = [(":status", "200"), ("content-type", "text/event-stream")]
LIMITS = Limits(call_time=0.3, memory=48 * MIB, streams=Streams(answer=8 * MIB))
UNHURRIED = replace(LIMITS, call_time=20)
"""For calls that take long on a busy machine, and end by themselves."""

# What ends with a traceback, and leaves the instance as it was.
RAISES = {
    "deep": "RecursionError",
    "deep source": "MemoryError",
    "memory": "MemoryError",
    "storm": "ValueError",
    "unprintable": "exception str\\(\\) failed",
    "sys.exit": "SystemExit: 3",
    "sleep": "sleep",
    "input": "EOFError",
    "thread": "can't start new thread",
    "connect": "gaierror",
    "resolve": "gaierror",
    "read": "FileNotFoundError",
    "wide reply": "MemoryError",
    "header bomb": "2000 header fields, more than the 1000 that are allowed",
    "commands": "2000 commands, more than the 1000 that are allowed",
    "header giant": "a header of 10000003 bytes, more than the 262144 that are allowed",
}
# What costs the instance.
TRAPS = {
    "loop": "longer than it may",
    "loop in C": "longer than it may",
    "regex": "longer than it may",
    "power": "longer than it may",
    "swallow": "longer than it may",
    "log flood": "longer than it may",
    "deep json": "used up the stack",
    "os._exit": "Exited",
    "abort": "unreachable",
    "select": "sleeps",
    "poll": "sleeps",
}


class House:
    """A pool, and what it logged."""

    def __init__(self, faulty: MakeFaulty, limits: Limits = LIMITS, **options: Any) -> None:
        self.logs: list[LogRecord] = []
        self.pool = Pool(
            lambda services: faulty(services, limits=limits),
            '{"name": "first"}',
            limits=limits,
            on_log=self.logs.append,
            **options,
        )

    def open(self, do: str = "nothing") -> Stream:
        stream = self.pool.runner().open()
        stream.request_headers([*REQUEST, ("do", do)], True)
        return stream

    def works(self) -> bool:
        stream = self.open()
        events = stream.take()
        stream.close()
        return isinstance(events[0], RequestHeaders) and ("x-config", "first") in events[0].fields

    def logged(self) -> str:
        return "\n".join([record.message for record in self.logs])


@pytest.fixture
def house(faulty: MakeFaulty) -> Iterator[House]:
    made = House(faulty)
    with made.pool:
        yield made


def answer(stream: Stream) -> str:
    """The status that the client gets, or that the request went on."""
    first = stream.take()[0]
    return first.fields[0][1] if isinstance(first, ResponseHeaders) else type(first).__name__


def fails(house: House, fault: str, message: str) -> None:
    stream = house.open(fault)
    assert answer(stream) == "500"
    stream.close()
    assert re.search(message, house.logged())


@pytest.mark.parametrize(("fault", "message"), RAISES.items())
def test_what_python_can_catch_costs_one_stream(faulty: MakeFaulty, fault: str, message: str) -> None:
    house = House(faulty, UNHURRIED)
    with house.pool:
        neighbour = house.open()
        fails(house, fault, message)
        neighbour.response_headers(RESPONSE, False)
        neighbour.response_body(b"return 3", True)
        assert neighbour.take()[-1] == ResponseBody(b"xxx", True)
        assert house.pool.lost == 0
        assert house.works()


@pytest.mark.parametrize(("fault", "message"), TRAPS.items())
def test_a_trap_costs_the_streams_of_its_instance_only(house: House, fault: str, message: str) -> None:
    elsewhere = house.open()
    house.pool.reconfigure('{"name": "first"}')
    waiting, answering = house.open("hold"), house.open()
    answering.response_headers(RESPONSE, False)
    answering.take()

    fails(house, fault, message)

    assert answer(waiting) == "500", "nothing was sent yet, so the client gets an answer"
    assert isinstance(answering.take()[-1], Reset), "an answer that has begun cannot end well"
    elsewhere.response_headers(RESPONSE, False)
    elsewhere.response_body(b"return 3", True)
    assert elsewhere.take()[-1] == ResponseBody(b"xxx", True)
    assert house.pool.lost == 1
    assert house.works()


def test_failing_open_goes_on_without_the_plugin(faulty: MakeFaulty) -> None:
    house = House(faulty, fail_open=True)
    waiting = house.open("hold")
    assert answer(house.open("loop")) == "RequestHeaders"
    assert answer(waiting) == "RequestHeaders"
    assert house.works()


def test_a_long_answer_costs_its_stream(house: House) -> None:
    stream = house.open()
    stream.response_headers(RESPONSE, False)
    stream.take()
    stream.response_body(b"return 9000000", False)
    assert isinstance(stream.take()[-1], Reset)
    assert "a body of 9000000 bytes, more than the 8388608 that are allowed" in house.logged()
    assert house.works()
    assert house.pool.lost == 0


def test_64_megabytes_come_back_where_they_may(faulty: MakeFaulty) -> None:
    house = House(faulty, Limits(call_time=20))
    stream = house.open()
    stream.response_headers(RESPONSE, False)
    stream.response_body(b"return 64000000", False)
    body = stream.take()[-1]
    assert isinstance(body, ResponseBody)
    assert len(body.data) == 64_000_000


def test_memory_that_is_kept_is_given_back_with_the_instance(house: House) -> None:
    runner = house.pool.runner()
    stream = house.open("keep all memory")
    assert answer(stream) == "RequestHeaders"
    stream.close()
    assert house.works()
    house.pool.sharing = Sharing(memory=40 * MIB)
    assert house.works()
    assert house.pool.runner() is not runner
    assert house.pool.lost == 0


def test_a_flood_of_messages_is_cut_and_says_so(house: House) -> None:
    fails(house, "log flood", "messages are dropped from here on")
    assert sum([len(record.message) for record in house.logs]) < LIMITS.log_burst * 3


def test_a_long_message_is_cut(faulty: MakeFaulty) -> None:
    house = House(faulty, Limits(memory=200 * MIB))
    assert answer(house.open("long log")) == "RequestHeaders"
    assert house.logged().endswith("x [29983616 more bytes cut off]")


def test_an_endless_configuration_is_refused(faulty: MakeFaulty) -> None:
    with pytest.raises(ProgramLost, match="longer than it may"):
        faulty(HostServices(), limits=Limits(start_time=0.5)).configure('{"do": "loop"}', LogLevel.INFO)


def test_with_room_for_it_recursion_in_c_is_a_python_error(bundle_component: Path) -> None:
    component = Engine(stack=400 * MIB, optimize=False).load(bundle_component)
    outcome: list[str] = []

    def run() -> None:
        try:
            faulty_program(component, HostServices()).configure('{"do": "deep json"}', LogLevel.INFO)
        except PluginFailure as failure:
            outcome.append(str(failure).splitlines()[-1])

    before = threading.stack_size(500 * MIB)
    try:
        thread = threading.Thread(target=run)
        thread.start()
    finally:
        threading.stack_size(before)
    thread.join()
    assert outcome[0].startswith("RecursionError")


# -- The sandbox ------------------------------------------------------------------------------------------------------


def test_a_plugin_sees_nothing_of_its_host(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "hush")
    house.open("escape").close()
    house.open("stdin").close()
    seen, stdin = [record.message for record in house.logs]
    refused = ["/: FileNotFoundError", ".: FileNotFoundError", "/etc/passwd: FileNotFoundError"]
    assert json.loads(seen) == {"environ": {}, "argv": [], "refused": refused}
    assert stdin == "stdin: ''"


def test_a_component_imports_nothing_new(engine: Engine, bundle_component: Path) -> None:
    """Whoever adds a name here says why a plugin may reach it. All but ours are linked and grant nothing."""
    code = engine.compile(bundle_component)
    assert {name.partition("@")[0] for name in code.type.imports(engine.engine)} == {
        "proxywasm:http/host",
        "proxywasm:http/types",
        "wasi:cli/environment",  # empty
        "wasi:cli/exit",  # ends the instance, not the host
        "wasi:cli/stderr",  # goes nowhere
        "wasi:cli/stdin",  # at its end
        "wasi:cli/stdout",  # goes nowhere
        "wasi:cli/terminal-input",
        "wasi:cli/terminal-output",
        "wasi:cli/terminal-stderr",
        "wasi:cli/terminal-stdin",
        "wasi:cli/terminal-stdout",
        "wasi:clocks/monotonic-clock",  # the host's own: waiting ends the instance
        "wasi:clocks/wall-clock",
        "wasi:filesystem/preopens",  # none
        "wasi:filesystem/types",
        "wasi:io/error",
        "wasi:io/poll",
        "wasi:io/streams",
        "wasi:random/random",
        "wasi:sockets/instance-network",
        "wasi:sockets/ip-name-lookup",  # refused
        "wasi:sockets/network",
        "wasi:sockets/tcp",  # refused
        "wasi:sockets/tcp-create-socket",
        "wasi:sockets/udp",  # refused
        "wasi:sockets/udp-create-socket",
    }


# -- Again and again --------------------------------------------------------------------------------------------------

_ROUNDS = [
    "loop",
    "deep json",
    "memory",
    "storm",
    "abort",
    "keep memory",
    "header giant",
    "poll",
    "nothing",
    "wide reply",
]


@needs_linux
@pytest.mark.parametrize("rounds", [60, pytest.param(1000, marks=pytest.mark.exhaustive)])
def test_faults_again_and_again_leave_nothing_behind(faulty: MakeFaulty, rounds: int) -> None:
    house = House(faulty, Limits(call_time=LIMITS.call_time, memory=24 * MIB))
    elsewhere = house.open()
    house.pool.reconfigure('{"name": "first"}')
    sizes, threads = [], threading.active_count()
    for number in range(rounds):
        stream = house.open(_ROUNDS[number % len(_ROUNDS)])
        stream.take()
        stream.close()
        assert house.works()
        house.logs.clear()
        sizes.append(resident())
    elsewhere.response_headers(RESPONSE, False)
    elsewhere.response_body(b"return 3", True)
    assert elsewhere.take()[-1] == ResponseBody(b"xxx", True)
    elsewhere.close()
    assert len(house.pool.runners) == 1
    assert threading.active_count() <= threads  # one of an earlier test may have ended
    house.pool.close()
    gc.collect()
    # What was needed at most in the first third is not exceeded by more than an instance.
    assert max(sizes[rounds // 3 :]) - max(sizes[: rounds // 3]) < 30_000_000
