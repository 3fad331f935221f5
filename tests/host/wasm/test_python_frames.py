"""A component that is stopped says where its Python code was, as a plugin in this process does."""

from __future__ import annotations

import inspect
import re
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.host.conftest import MakeFaulty
from tests.host.guests import faulty as source

from proxywasm.wire import LogLevel, Program, ProgramLost
from proxywasm_host.services import HostServices
from proxywasm_host.wasm.limits import Limits
from proxywasm_host.wasm.python_frames import where

LIMITS = Limits(call_time=0.3, start_time=1)
REQUEST = [(":method", "GET"), (":path", "/"), (":authority", "example.com")]


def frames(message: str) -> list[tuple[str, int, str]]:
    return [
        (file, int(line), function)
        for file, line, function in re.findall(r'  File "([^"]+)", line (\d+), in (.+)', message)
    ]


def lines(function: Any) -> range:
    body, first = inspect.getsourcelines(function)
    return range(first + 1, first + len(body))


def stopped(program: Program, fault: str) -> str:
    with pytest.raises(ProgramLost) as lost:
        program.on_request_headers(1, [*REQUEST, ("do", fault)], True)
    with pytest.raises(ProgramLost) as again:
        program.on_done(1)
    assert "Traceback" not in str(again.value), "once is enough"
    return str(lost.value)


def started(faulty: MakeFaulty) -> Program:
    program = faulty(HostServices(), limits=LIMITS)
    program.configure("{}", LogLevel.INFO)
    return program


def test_a_loop_is_told_with_the_frames_that_lead_to_it(faulty: MakeFaulty) -> None:
    message = stopped(started(faulty), "loop further in")
    assert message.startswith(
        "a call took longer than it may (wasm trap: interrupt)\n\nTraceback (most recent call last)"
    )
    found = frames(message)
    assert [function for _, _, function in found] == ["on_request_headers", "größer", "循环"]
    assert all(file.endswith("/faulty.py") for file, _, _ in found)
    for (_, line, _), function in zip(found[1:], (source.größer, source.循环), strict=True):
        assert line in lines(function)


def test_so_is_one_while_a_configuration_is_parsed(faulty: MakeFaulty) -> None:
    with pytest.raises(ProgramLost) as lost:
        faulty(HostServices(), limits=LIMITS).configure('{"do": "loop"}', LogLevel.INFO)
    assert [function for _, _, function in frames(str(lost.value))][-2:] == ["parse_config", "loop"]


@pytest.mark.parametrize(("fault", "function"), [("loop in C", source.loop_in_c), ("deep json", source.deep_json)])
def test_code_in_c_has_the_line_that_called_it(faulty: MakeFaulty, fault: str, function: Any) -> None:
    found = {name: line for _, line, name in frames(stopped(started(faulty), fault))}
    assert found[function.__name__] in lines(function)


NUMBERS = st.integers(0, 2**12) | st.integers(0, 2**64 - 1)


@given(st.lists(NUMBERS, min_size=79, max_size=79), st.binary(min_size=100, max_size=400), st.integers(0, 64))
def test_any_memory_is_read_without_an_exception(table: list[int], rest: bytes, before: int) -> None:
    memory = bytes(before) + b"xdebugpy" + struct.pack("<80Q", 0x030E00F0, *table) + rest
    for size in (len(memory), before + 100, before + 8, 0):
        assert isinstance(where(lambda start, count, size=size: memory[:size][start : start + count]), str)  # type: ignore[misc]
