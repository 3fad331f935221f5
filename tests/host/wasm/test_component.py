"""`ComponentProgram`, with a plugin that does not use the SDK."""

from __future__ import annotations

import gc
import time
import weakref
from dataclasses import dataclass, field

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.host.memory import needs_linux, resident

from proxywasm import wire
from proxywasm.wire import (
    ConfigError,
    Fields,
    ForeignFunctionError,
    HttpCallError,
    LogLevel,
    MetricKind,
    Outcome,
    PluginFailure,
    ProgramLost,
    RedisCallError,
)
from proxywasm_host.wasm.component import ComponentProgram
from proxywasm_host.wasm.engine import Component

NOW = 1_700_000_000_123_456_789


@dataclass
class RecordingHost:
    """Remembers what it was asked."""

    asked: list[tuple[object, ...]] = field(default_factory=list)
    properties: dict[tuple[int, tuple[str, ...]], bytes] = field(default_factory=dict)
    shared: dict[str, tuple[bytes, int]] = field(default_factory=dict)
    random: int = 0

    def log(self, level: LogLevel, context: int, message: str) -> None:
        self.asked.append(("log", level, context, message))

    def now(self) -> int:
        return NOW

    def random_bytes(self, count: int) -> bytes:
        self.random += 1
        return bytes([self.random]) * count

    def get_property(self, context: int, path: tuple[str, ...]) -> bytes | None:
        return self.properties.get((context, path))

    def set_property(self, context: int, path: tuple[str, ...], value: bytes) -> None:
        self.properties[context, path] = value

    def get_shared_data(self, key: str) -> tuple[bytes, int] | None:
        return self.shared.get(key)

    def set_shared_data(self, key: str, value: bytes, cas: int) -> bool:
        if cas:
            return False
        self.shared[key] = value, 5
        return True

    def http_call(self, context: int, cluster: str, headers: Fields, body: bytes, timeout_ms: int) -> int:
        if cluster == "nowhere":
            raise HttpCallError("no such cluster: nowhere")
        self.asked.append(("http_call", context, cluster, headers, body, timeout_ms))
        return 9

    def redis_init(self, cluster: str, username: str, password: str, timeout_ms: int) -> None:
        if cluster == "nowhere":
            raise RedisCallError("no such cluster: nowhere")
        self.asked.append(("redis_init", cluster, username, password, timeout_ms))

    def redis_call(self, context: int, cluster: str, query: bytes) -> int:
        if cluster == "nowhere":
            raise RedisCallError("no such cluster: nowhere")
        self.asked.append(("redis_call", context, cluster, query))
        return 7

    def call_foreign_function(self, name: str, argument: bytes) -> bytes:
        if name != "f":
            raise ForeignFunctionError(f"no such function: {name}")
        return argument

    def define_metric(self, kind: MetricKind, name: str) -> int:
        self.asked.append(("define_metric", kind, name))
        return 4

    def increment_metric(self, metric: int, offset: int) -> None:
        self.asked.append(("increment_metric", metric, offset))

    def record_metric(self, metric: int, value: int) -> None:
        self.asked.append(("record_metric", metric, value))

    def get_metric(self, metric: int) -> int:
        return 2**64 - 1

    def set_tick_period(self, milliseconds: int) -> None:
        self.asked.append(("set_tick_period", milliseconds))


@pytest.fixture
def host() -> RecordingHost:
    return RecordingHost()


@pytest.fixture
def program(plugin: Component, host: RecordingHost) -> ComponentProgram:
    return ComponentProgram(plugin, host)


@pytest.fixture(scope="module")
def shared(plugin: Component) -> ComponentProgram:
    """For tests that leave the instance as it was."""
    return ComponentProgram(plugin, RecordingHost())


def do(program: ComponentProgram, action: str) -> Outcome:
    return program.on_request_headers(1, [("do", action)], False)


def lines(outcome: Outcome) -> list[str]:
    assert isinstance(outcome, bytes)
    return outcome.decode().splitlines()


# -- Calls ------------------------------------------------------------------------------------------------------------


def test_it_is_a_program(program: ComponentProgram) -> None:
    as_program: wire.Program = program
    as_program.configure("", LogLevel.TRACE)


def test_every_phase_passes_its_arguments(shared: ComponentProgram) -> None:
    fields = [(":path", "/"), ("x", "é")]
    joined = "':path\\x00/\\x00x\\x00é'"
    assert shared.on_request_headers(2**32 - 1, fields, True) == f"(4294967295, {joined}, True)".encode()
    assert shared.on_response_headers(1, fields, False) == f"(1, {joined}, False)".encode()
    assert shared.on_response_body(1, b"", True) is None
    assert shared.on_done(3) == b"3"
    assert shared.on_tick() == b"tick"
    assert shared.on_redis_call_response(6, None) == b"(6, None)"
    assert shared.on_redis_call_response(6, b"+OK") == b"(6, Payload_Utf8(value='+OK'))"
    assert shared.on_http_call_response(6, [], b"ok") == b"(6, '', Payload_Utf8(value='ok'))"


@given(st.binary() | st.text(st.characters(exclude_categories=["Cs"])).map(str.encode))
@example(b"\xff")
@example("é".encode()[:1])
@example(b"\0")
def test_any_body_crosses_unchanged(shared: ComponentProgram, body: bytes) -> None:
    assert shared.on_request_body(1, body, False) == body


@pytest.mark.parametrize("body", [b"a" * 10_000_000, bytes(range(256)) * 10_000])
def test_a_large_body_crosses_unchanged(shared: ComponentProgram, body: bytes) -> None:
    assert shared.on_request_body(1, body, True) == body


def test_every_command_has_its_class(shared: ComponentProgram) -> None:
    assert do(shared, "commands") == [
        wire.EffectiveContext(7),
        wire.HoldPhase(wire.Hold.STOP_ITERATION),
        wire.ReadRequestBody(wire.BodyMode.SKIP, None),
        wire.ReadResponseBody(wire.BodyMode.STREAM, 2**32 - 1),
        wire.EditRequestHeaders(["=a", "b", "-c", ""]),
        wire.EditResponseHeaders([]),
        wire.ReplaceRequestBody("é".encode()),
        wire.ReplaceResponseBody(b"\xe9"),
        wire.InjectResponseBody(wire.Injection(b"\xe9", True)),
        wire.ResumeRequest(),
        wire.ResumeResponse(),
        wire.SendLocalReply(wire.LocalReply(503, [("a", "b"), ("c", "")], b"\xff", "plugin.no")),
        wire.FailStream("Traceback of the plugin"),
        wire.ReadRequestTrailers(),
        wire.ReadResponseTrailers(),
        wire.EditRequestTrailers(["+a", "b"]),
        wire.EditResponseTrailers(["-c", ""]),
    ]


def test_edits_of_headers_may_come_alone(shared: ComponentProgram) -> None:
    assert do(shared, "request edits") == [wire.EditRequestHeaders(["=a", "b", "-c", ""])]
    assert do(shared, "response edits") == [wire.EditResponseHeaders(["+a", ""])]


def test_every_question_reaches_the_host(program: ComponentProgram, host: RecordingHost) -> None:
    assert lines(do(program, "questions")) == [
        r"Payload_Latin1(value='\x00ÿ')",
        "None",
        "None",
        "True",
        "SharedValue(value=Payload_Utf8(value='v'), cas=5)",
        "False",
        "9",
        "Err(value='no such cluster: nowhere')",
        "7",
        "Payload_Latin1(value='é')",
        "Err(value='no such cluster: nowhere')",
        "Err(value='no such cluster: nowhere')",
        "Err(value='no such function: g')",
        "18446744073709551615",
    ]
    assert host.properties == {(1, ("a", "b")): b"\x00\xff"}
    assert host.asked == [
        ("log", LogLevel.WARN, 3, "grüße"),
        ("http_call", 1, "cluster", [("a", "b")], b"body", 500),
        ("redis_init", "redis", "user", "secret", 100),
        ("redis_call", 1, "redis", b"*0"),
        ("define_metric", MetricKind.GAUGE, "g"),
        ("increment_metric", 4, -(2**63)),
        ("record_metric", 4, 2**64 - 1),
        ("set_tick_period", 250),
    ]


# -- Failures ---------------------------------------------------------------------------------------------------------


def test_a_refused_config_is_an_error_for_people(shared: ComponentProgram) -> None:
    with pytest.raises(ConfigError, match=r"^no such key: x DEBUG$"):
        shared.configure("no such key: x", LogLevel.DEBUG)


def test_a_crash_in_configure_is_a_failure_whatever_its_text(shared: ComponentProgram) -> None:
    with pytest.raises(PluginFailure, match=r"^out of luck TRACE$"):
        shared.configure("out of luck", LogLevel.TRACE)
    with pytest.raises(ConfigError, match=r"^Traceback of nothing INFO$"):
        shared.configure("Traceback of nothing", LogLevel.INFO)


def test_a_plugin_that_raised_goes_on(shared: ComponentProgram) -> None:
    with pytest.raises(PluginFailure, match="ValueError: no"):
        do(shared, "failed")
    assert shared.on_tick() == b"tick"


@pytest.mark.parametrize("action", ["odd", "odd alone", "no-op", "wide"])
def test_nonsense_is_a_failure(shared: ComponentProgram, action: str) -> None:
    with pytest.raises(PluginFailure, match="breaks the rules of"):
        do(shared, action)
    assert shared.on_tick() == b"tick"


@pytest.mark.parametrize("reproducible", [False, True])
@pytest.mark.parametrize(
    ("action", "cause"),
    [
        ("trap", "wasm trap: wasm `unreachable` instruction executed"),
        ("exit", "Exited with i32 exit status 1"),
        ("sleep", "the plugin sleeps"),
    ],
)
def test_a_trap_loses_the_program(plugin: Component, action: str, cause: str, reproducible: bool) -> None:
    program = ComponentProgram(plugin, RecordingHost(), reproducible=reproducible)
    with pytest.raises(ProgramLost, match=cause):
        do(program, action)
    with pytest.raises(ProgramLost, match=cause):
        program.on_tick()
    with pytest.raises(ProgramLost, match=cause):
        program.configure("", LogLevel.INFO)


class BrokenHost(RecordingHost):
    def log(self, level: LogLevel, context: int, message: str) -> None:
        raise OSError("disk full")


def test_a_host_that_raises_loses_the_program(plugin: Component) -> None:
    program = ComponentProgram(plugin, BrokenHost())
    with pytest.raises(ProgramLost, match=r"a host function failed: OSError\('disk full'\)") as lost:
        do(program, "log")
    assert isinstance(lost.value.__cause__, OSError)
    with pytest.raises(ProgramLost, match="disk full"):
        program.on_tick()


class InterruptedHost(RecordingHost):
    def log(self, level: LogLevel, context: int, message: str) -> None:
        raise KeyboardInterrupt


def test_an_interrupt_stays_an_interrupt(plugin: Component) -> None:
    program = ComponentProgram(plugin, InterruptedHost())
    with pytest.raises(KeyboardInterrupt):
        do(program, "log")
    with pytest.raises(ProgramLost, match="interrupted"):
        program.on_tick()


class ReentrantHost(RecordingHost):
    program: ComponentProgram

    def log(self, level: LogLevel, context: int, message: str) -> None:
        with pytest.raises(RuntimeError, match="in a call"):
            self.program.on_tick()
        with pytest.raises(RuntimeError, match="in a call"):
            self.program.close()


def test_a_host_function_cannot_enter_the_program(plugin: Component) -> None:
    host = ReentrantHost()
    host.program = ComponentProgram(plugin, host)
    assert do(host.program, "log") is None
    assert host.program.on_tick() == b"tick"


def test_a_header_that_cannot_cross_does_not_lose_the_program(shared: ComponentProgram) -> None:
    with pytest.raises(ValueError, match="NUL"):
        shared.on_request_headers(1, [("x", "\0")], False)
    assert shared.on_tick() == b"tick"


def test_recursion_is_an_exception_not_a_trap(shared: ComponentProgram) -> None:
    assert do(shared, "deep") == b"RecursionError"


# -- Clock and randomness ---------------------------------------------------------------------------------------------


def test_the_live_clock_and_randomness_are_the_systems(plugin: Component) -> None:
    first, second = (lines(do(ComponentProgram(plugin, RecordingHost()), "system")) for _ in range(2))
    assert abs(int(first[0]) - time.time_ns()) < 60e9
    assert int(first[2]) <= int(second[2]) <= time.monotonic_ns()
    for one, other in zip(first[3:6], second[3:6], strict=True):
        assert one != other
    assert first[6] == "{}", "the environment is not the host's"


def test_a_reproducible_program_gets_both_from_its_host(plugin: Component) -> None:
    first, second = (
        lines(do(ComponentProgram(plugin, RecordingHost(), reproducible=True), "system")) for _ in range(2)
    )
    assert first == second
    assert first[:3] == [str(NOW), "2023-11-14T22:13:20.123456+00:00", str(NOW)]


def test_printing_is_no_error(shared: ComponentProgram, capfd: pytest.CaptureFixture[str]) -> None:
    assert do(shared, "print") is None
    assert capfd.readouterr() == ("", "")


# -- Life time --------------------------------------------------------------------------------------------------------


def test_a_closed_program_is_lost(program: ComponentProgram) -> None:
    program.close()
    program.close()
    with pytest.raises(ProgramLost, match=r"^closed$"):
        program.on_tick()


def test_a_program_that_its_host_refers_to_is_collected(plugin: Component) -> None:
    host = ReentrantHost()
    host.program = ComponentProgram(plugin, host)
    do(host.program, "log")
    program = weakref.ref(host.program)
    del host
    gc.collect()
    assert program() is None


@needs_linux
def test_instances_give_their_memory_back(plugin: Component) -> None:
    """An instance takes about 5 MB."""

    def run(count: int) -> int:
        for number in range(count):
            program = ComponentProgram(plugin, RecordingHost(), reproducible=number % 2 == 0)
            program.on_tick()
            if number % 3 == 0:
                with pytest.raises(ProgramLost):
                    do(program, "trap")
        return resident()

    before = run(20)
    assert run(200) - before < 20_000_000
