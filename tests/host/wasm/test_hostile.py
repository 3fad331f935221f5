"""A plugin that sends whatever it likes gets an error or loses its stream, and the host loses no memory."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

import pytest
from tests.host.hostile import INDEX, NULS, answer, ask, commands, load, path
from tests.host.memory import memory_within, needs_linux

from proxywasm.wire import LogLevel, PluginFailure, ProgramLost
from proxywasm_host.limit_fields import MIB
from proxywasm_host.services import HostServices, LogRecord
from proxywasm_host.stream import ResponseHeaders, Runner
from proxywasm_host.wasm.component import ComponentProgram
from proxywasm_host.wasm.engine import Component, Engine
from proxywasm_host.wasm.limits import Limits
from proxywasm_host.wasm.values import Bound, Path, compile_type
from proxywasm_host.wasm.world import HOST_INTERFACE
from proxywasm_host.wasm.world_bounds import bounds

HUGE: Final = 100_000_000
UNHURRIED: Final = Limits(call_time=20, log_rate=0)
TRANSIENT: Final = 350 * MIB
"""Wasmtime itself makes a copy of an answer, of up to 128 MiB, before we see it."""
KEPT: Final = 100 * MIB

EDITS, RESPONSE_EDITS, COMMANDS, FAILED = 3, 4, 5, 6
UTF8, LATIN1 = 1, 2
REPLACE, INJECT, REPLY, SEND_AGAIN = 6, 8, 11, 17


class Attack(NamedTuple):
    instructions: str
    refusal: str | None
    """What the stream fails with, or the plugin is told; None: nobody needs to be told."""
    calls: int = 1


ATTACKS: Final = {
    # One answer.
    "edits": Attack(answer(EDITS, NULS, HUGE), "has a header of 100000000 bytes"),
    "response edits": Attack(answer(RESPONSE_EDITS, NULS, HUGE), "has a header of 100000000 bytes"),
    "edits of nothing": Attack(answer(EDITS, NULS, 250_000), "has 125000 header fields"),
    "a body": Attack(answer(UTF8, NULS, HUGE), "has a body of 100000000 bytes"),
    "a body of characters": Attack(answer(LATIN1, NULS, HUGE), "has a body of 100000000 bytes"),
    "a body of wide characters": Attack(
        f"(i32.store16 (i32.const {NULS}) (i32.const 0x80c4)) {answer(LATIN1, NULS, HUGE // 2)}", "no byte"
    ),
    "a traceback": Attack(answer(FAILED, NULS, HUGE), r"\[99983616 bytes cut out\]"),
    "tracebacks": Attack(answer(FAILED, NULS, 3_000_000), "its traceback is dropped", calls=70),
    "commands": Attack(answer(COMMANDS, NULS, 1_000_000), "has 1000000 commands"),
    "a million edits": Attack(commands(1000, EDITS + 1, (0, NULS), (4, 1999)), "has 1000000 header fields"),
    "edits without a kind": Attack(commands(1000, EDITS + 1, (0, NULS), (4, 1)), "breaks the rules of commands"),
    "bodies": Attack(commands(1000, REPLACE, (0, 0), (4, NULS), (8, 100_000)), "has a body of 100000000 bytes"),
    "injections": Attack(commands(1000, INJECT, (0, 1), (4, NULS), (8, 100_000)), "has a body of 100000000 bytes"),
    "a reply's headers": Attack(commands(1, REPLY, (4, NULS), (8, HUGE)), "has a header of 100000000 bytes"),
    "a reply's body": Attack(commands(1, REPLY, (16, NULS), (20, HUGE)), "has a body of 100000000 bytes"),
    "a reply's details": Attack(commands(1, REPLY, (24, NULS), (28, HUGE)), "has a details text of 100000000 bytes"),
    "a request's headers": Attack(commands(1, SEND_AGAIN, (0, NULS), (4, HUGE)), "has a header of 100000000 bytes"),
    "a request's body": Attack(commands(1, SEND_AGAIN, (12, NULS), (16, HUGE)), "has a body of 100000000 bytes"),
    "requests": Attack(commands(100, SEND_AGAIN, (0, NULS), (4, 199)), "has 10000 header fields"),
    "replies": Attack(commands(100, REPLY, (4, NULS), (8, 199)), "has 10000 header fields"),
    # Questions.
    "a message": Attack(ask("log", 4, 0, NULS, HUGE, often=3, result=False), None),
    "messages": Attack(ask("log", 4, 0, NULS, 100, often=100_000, result=False), None),
    "a property's path": Attack(ask("set-property", 0, NULS, 10_000_000, 0, 0, 0, often=60), "a property's path of"),
    "a path to ask for": Attack(ask("get-property", 0, NULS, HUGE), None),
    "a property": Attack(ask("set-property", 0, NULS, 1, 0, NULS, HUGE), "a body of 100000000 bytes"),
    "properties": Attack(ask("set-property", 0, NULS, INDEX, 0, 0, 0, often=2000), "is not set: those of the plugin"),
    "a key": Attack(ask("set-shared-data", NULS, HUGE, 0, 0, 0, 0), "a key of 100000000 bytes"),
    "a key to ask for": Attack(ask("get-shared-data", NULS, HUGE), None),
    "shared data": Attack(ask("set-shared-data", NULS, 1, 0, NULS, HUGE, 0), "a body of 100000000 bytes"),
    "much shared data": Attack(ask("set-shared-data", NULS, INDEX, 0, NULS, 50_000, 0, often=2000), "is not set"),
    "a cluster": Attack(ask("http-call", 0, NULS, 10_000_000, 0, 0, 0, 0, 0, 1, often=60), "a cluster name of"),
    "headers of a call-out": Attack(ask("http-call", 0, 0, 0, NULS, HUGE, 0, 0, 0, 1), "a header of 100000000 bytes"),
    "empty headers of a call-out": Attack(ask("http-call", 0, 0, 0, NULS, 250_000, 0, 0, 0, 1), "125000 header fields"),
    "a call-out's body": Attack(ask("http-call", 0, 0, 0, 0, 0, 0, NULS, HUGE, 1), "a body of 100000000 bytes"),
    "a service": Attack(ask("redis-init", NULS, 10_000_000, 0, 0, 0, 0, 1, often=60), "a cluster name of"),
    "a user": Attack(ask("redis-init", 0, 0, NULS, HUGE, 0, 0, 1), "a user name of 100000000 bytes"),
    "a password": Attack(ask("redis-init", 0, 0, 0, 0, NULS, HUGE, 1), "a password of 100000000 bytes"),
    "services": Attack(ask("redis-init", NULS, INDEX, 0, 0, 0, 0, 1, often=1000), "100 Redis services have been"),
    "a command": Attack(ask("redis-call", 0, 0, 0, 0, NULS, HUGE), "a body of 100000000 bytes"),
    "a cluster of a command": Attack(ask("redis-call", 0, NULS, HUGE, 0, 0, 0), "a cluster name of 100000000 bytes"),
    "a function": Attack(ask("call-foreign-function", NULS, HUGE, 0, 0, 0), "a name of 100000000 bytes"),
    "an argument": Attack(ask("call-foreign-function", 0, 0, 0, NULS, HUGE), "a body of 100000000 bytes"),
    "a metric": Attack(ask("define-metric", 0, NULS, HUGE), "a name of 100000000 bytes"),
    "metrics": Attack(ask("define-metric", 2, NULS, INDEX, often=1025), None),
    "a metric's name": Attack(ask("define-metric", 2, NULS, 1025), "its name has 1025 characters"),
    "ticks": Attack(ask("set-tick-period", INDEX, often=100_000, result=False), None),
}
NAMES: Final = list(ATTACKS)


@pytest.fixture(scope="module")
def component(engine: Engine) -> Component:
    return load(engine, [attack.instructions for attack in ATTACKS.values()])


@needs_linux
@pytest.mark.parametrize("name", NAMES)
def test_no_size_is_too_large_for_the_host(component: Component, name: str) -> None:
    services = HostServices()
    program = ComponentProgram(component, services, limits=UNHURRIED)
    attack = ATTACKS[name]
    told = ""
    with memory_within(TRANSIENT, KEPT):
        for _ in range(attack.calls):
            try:
                program.on_request_headers(1, [(":path", path(NAMES.index(name)))], False)
            except PluginFailure as failure:
                told = str(failure)
                services.log(LogLevel.ERROR, 1, told)
    assert (attack.refusal is None) == (told == "")
    assert re.search(attack.refusal or "", told), told[:300]
    assert len(told) < 20_000
    assert sum([len(record.message) for record in services.logs]) < 2 * MIB
    program.close()


def test_tracebacks_in_the_log_are_short_and_not_many(component: Component) -> None:
    """They are written by the stream, not by the plugin, and pass the same gate."""
    logs: list[LogRecord] = []
    services = HostServices(on_log=logs.append)
    runner = Runner(ComponentProgram(component, services, limits=UNHURRIED), services)
    for _ in range(80):
        stream = runner.open()
        stream.request_headers([(":path", path(NAMES.index("tracebacks")))], True)
        assert isinstance(stream.take()[0], ResponseHeaders)
        stream.close()
    texts = [record.message for record in logs]
    assert max(map(len, texts)) < 17_000
    assert sum(map(len, texts)) < 1.2 * MIB
    assert texts[-1] == "the plugin failed; its traceback is dropped, it logs too much"


def test_a_name_in_front_of_each_message_is_short(component: Component) -> None:
    services = HostServices()
    for name in ("plugin_name", "plugin_id"):
        services.set_property(0, (name,), b"n" * 100_000)
    services.open_stream(1, {})
    services.set_property(1, ("x_request_id",), b"r" * 200_000)
    for _ in range(1000):
        services.log(LogLevel.INFO, 1, "hello")
    assert sum([len(str(record)) for record in services.logs]) < 1000 * 700


def test_each_string_and_list_that_a_plugin_sends_has_a_bound(component: Component) -> None:
    found = bounds(Limits())
    places: set[Path] = set()

    def note(path: Path) -> Bound | None:
        places.add(path)
        return found(path)

    for name, (_, function) in component.exports.items():
        assert function.ty.result is not None
        compile_type(function.ty.result, note, (name,))
    for name, function in component.imports[HOST_INTERFACE].items():
        for param, ty in function.ty.params:
            compile_type(ty, note, (name, param))
    assert ("set-shared-data", "value", "latin1") in places
    assert ("on-tick", "commands", "send-local-reply", "headers") in places
    assert [place for place in places if found(place) is None] == []


# -- What a component has ---------------------------------------------------------------------------------------------

MEMORY = '(memory (export "other{0}") 1024)'
TABLE = "(table {0} funcref)"


@pytest.mark.parametrize(
    ("more", "cause"),
    [
        (MEMORY.format(1), "memory count too high at 2"),
        (MEMORY.format(1) + MEMORY.format(2), "memory count too high"),
        (TABLE.format(100_001), "table minimum size of 100001 elements exceeds table limits"),
        (TABLE.format(1) * 11, "table count too high at 1"),
        ('(table 1 funcref) (func (export "grow") (drop (table.grow (ref.null func) (i32.const 5))))', None),
    ],
)
def test_a_component_has_one_memory_and_few_small_tables(engine: Engine, more: str, cause: str | None) -> None:
    component = load(engine, ["(i32.const 0)"], more=more)
    if cause is None:
        ComponentProgram(component, HostServices())
        return
    with pytest.raises(ProgramLost, match=cause):
        ComponentProgram(component, HostServices())


def test_a_table_grows_to_its_limit(engine: Engine) -> None:
    grow = "(drop (table.grow $attacks (ref.null func) (i32.const 50000)))"
    size = "(i32.store (i32.const 16) (table.size $attacks))"
    component = load(engine, [f"{grow * 5} {size} (i32.const 0)"])
    program = ComponentProgram(component, HostServices())
    program.on_request_headers(1, [(":path", path(0))], True)
    assert int.from_bytes(program.read_memory(16, 4), "little") == 50_001
