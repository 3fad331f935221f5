"""Addresses in a component's libraries: numbers instead of globals that a linker has filled."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wasmtime import Engine, Func, Global, GlobalType, Instance, Module, Store, Val, ValType, wat2wasm

from proxywasm_host.building.addresses import fix_addresses, with_numbers
from proxywasm_host.building.proxy_wasm.binary import MalformedError, Reader
from proxywasm_host.building.proxy_wasm.code import GLOBAL_GET, bodies, instructions, s32
from proxywasm_host.building.proxy_wasm.component import Instantiated, read_component
from proxywasm_host.building.proxy_wasm.known import LIBRARIES
from proxywasm_host.building.proxy_wasm.module import imports

LIBRARY = bytes(
    wat2wasm("""
(module
  (import "env" "__memory_base" (global $base i32))
  (import "GOT.mem" "data" (global $data (mut i32)))
  (import "GOT.func" "function" (global $function (mut i32)))
  (import "env" "__stack_pointer" (global $stack (mut i32)))
  (global $own (mut i32) (i32.const 35))
  (func (export "f") (param $times i32) (result i32) (local $sum i32)
    (loop $next
      (local.set $sum (i32.add (local.get $sum) (i32.sub (global.get $data) (global.get $base))))
      (if (i32.eq (global.get $data) (global.get $function))
        (then (global.set $own (i32.add (global.get $own) (i32.const 1)))))
      (br_if $next (local.tee $times (i32.sub (local.get $times) (i32.const 1)))))
    (i32.add (i32.xor (local.get $sum) (global.get $own)) (global.get $stack))))
""")
)


def run(module: bytes, values: list[int]) -> object:
    store = Store(Engine())
    compiled = Module(store.engine, module)
    globals_ = [
        Global(store, GlobalType(ValType.i32(), index > 0), Val.i32(value)) for index, value in enumerate(values)
    ]
    function = Instance(store, compiled, globals_).exports(store)["f"]
    assert isinstance(function, Func)
    return function(store, 3)


addresses = st.integers(1, 2**31 - 1)


@given(addresses, addresses, addresses)
def test_a_library_does_the_same_with_numbers(base: int, data: int, function: int) -> None:
    fixed = with_numbers(LIBRARY, {0: base, 1: data, 2: function})
    # What the globals hold no longer matters, but for the stack pointer, which moves.
    assert run(fixed, [5, 6, 7, 77]) == run(LIBRARY, [base, data, function, 77])


@given(st.integers(0, 2**31 - 1))
def test_signed_numbers_are_read_as_they_are_written(value: int) -> None:
    reader = Reader(s32(value) + b"\x7f")
    assert (reader.signed(), reader.signed()) == (value, -1)


def test_what_is_no_component_is_refused() -> None:
    with pytest.raises(MalformedError, match="not a component"):
        fix_addresses(LIBRARY)


@pytest.mark.slow
def test_libraries_of_a_component_ask_for_no_address(ai_proxy_component: Path) -> None:
    read = read_component(ai_proxy_component.read_bytes())
    libraries = [instance for instance in read.core_instances if isinstance(instance, Instantiated)]
    asked = 0
    for library in (each for each in libraries if {"GOT.mem", "GOT.func"} & {*each.arguments}):
        names = [item.field for item in imports(library.module) if item.descriptor[0] == 3]
        for body in bodies(library.module)[:1000]:  # All take a while.
            for opcode, start, _ in instructions(body):
                if opcode == GLOBAL_GET and (index := Reader(body, start + 1).u32()) < len(names):
                    assert names[index] not in {"__memory_base", "__table_base", "PyLong_Type", "PyUnicode_Type"}
                    asked += 1
    assert asked  # for the stack pointer
    assert len(libraries) > len(LIBRARIES)
