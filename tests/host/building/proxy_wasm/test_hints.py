"""Hints about branches: how they are recorded, and where they go."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wasmtime import Engine, Func, Instance, Memory, Module, Store, wat2wasm

from proxywasm_host.building.proxy_wasm import hints
from proxywasm_host.building.proxy_wasm.binary import CORE_HEADER, MalformedError, Reader, sections
from proxywasm_host.building.proxy_wasm.code import s32
from proxywasm_host.building.proxy_wasm.hints import DIGEST_SIZE, SUFFIX, recorded_hints
from proxywasm_host.building.proxy_wasm.known import LIBRARIES
from proxywasm_host.building.proxy_wasm.module import BRANCH_HINTS, CUSTOM, put_hints, replace_bodies
from tools.branch_hints.branches import COUNTER_SIZE, PAGE, branches, counted, hint_section
from tools.branch_hints.record import record

EXCHANGE = Path(__file__).parents[3] / "conformance" / "qwen" / "native-chat.json"
HINTS = Path(hints.__file__).parent
START = 3 * PAGE

# Of the instructions each kind that has something behind it, and three branches: one in the first function, and a
# loop and an `if` in the second.
TEXT = """
(module
  (import "host" "double" (func $double (param i32) (result i32)))
  (memory (export "memory") 1)
  (table 2 funcref)
  (elem (i32.const 0) $is_large $sum)
  (global $calls (mut i64) (i64.const 0))
  (func $is_large (param i32 i32) (result i32)
    (block $large
      (br_if $large (i32.gt_u (local.get 0) (local.get 1)))
      (return (i32.const 0)))
    (i32.const 1))
  (func $sum (export "sum") (param $to i32) (result i32) (local $sum i32) (local $some f64)
    (global.set $calls (i64.add (global.get $calls) (i64.const -9_000_000_000)))
    (local.set $some (f64.promote_f32 (f32.const 1.5)))
    (memory.fill (i32.const 0) (i32.const 4) (i32.const 8))
    (drop (i32.trunc_sat_f64_s (select (result f64) (local.get $some) (f64.const 2.5) (i32.const 0))))
    (i64.store offset=300 align=4 (i32.const 8) (i64.load (i32.const 0)))
    (loop $next
      (local.set $sum (i32.add (local.get $sum) (call $double (local.get $to))))
      (if (call_indirect (param i32 i32) (result i32) (local.get $to) (i32.const 4) (i32.const 0))
        (then (local.set $sum (i32.sub (local.get $sum) (i32.const 1)))))
      (br_if $next (local.tee $to (i32.sub (local.get $to) (i32.const 1)))))
    (block $b (block $a (br_table $a $b (local.get $to))))
    (local.get $sum)))
"""
MODULE = bytes(wat2wasm(TEXT))


def run(module: bytes, to: int) -> tuple[object, list[tuple[int, int]]]:
    """What the module answers, and for each branch how often it was not taken, and taken."""
    store = Store(Engine())
    loaded = Module(store.engine, module)
    double = Func(store, next(each.type for each in loaded.imports), lambda number: 2 * number)  # type: ignore[arg-type]
    exports = Instance(store, loaded, [double]).exports(store)
    function, memory = exports["sum"], exports["memory"]
    assert isinstance(function, Func)
    assert isinstance(memory, Memory)
    answer = function(store, to)
    data = memoryview(bytes(memory.read(store, START, START + len(branches(MODULE)) * COUNTER_SIZE))).cast("I")
    return answer, list(zip(data[::2], data[1::2], strict=True))


@given(st.integers(0, 2**31 - 1))
def test_a_number_is_not_read_as_negative(value: int) -> None:
    encoded = s32(value)
    assert Reader(encoded).u32() == value
    assert not encoded[-1] & 0x40


@pytest.mark.parametrize("to", [1, 4, 5, 300])
def test_branches_are_counted_by_the_way_they_go(to: int) -> None:
    module = counted(MODULE, branches(MODULE), START, 0, len(branches(MODULE)))
    answer, counts = run(module, to)
    large = max(0, to - 4)
    assert answer == to * (to + 1) - large
    assert counts == [(to - large, large), (to - large, large), (1, to - 1)]


def test_branches_of_several_libraries_are_told_apart() -> None:
    module = counted(MODULE, branches(MODULE), START - 5 * COUNTER_SIZE, 5, 8)
    assert run(module, 7)[1] == [(4, 3), (4, 3), (1, 6)]


def test_an_instruction_that_is_not_known_is_no_guess() -> None:
    with pytest.raises(MalformedError, match="0xfd"):
        branches(bytes(wat2wasm("(module (func (drop (v128.const i64x2 0 0))))")))


def hints_of(module: bytes) -> dict[int, dict[int, bool]]:
    """Function -> offset -> likely."""
    contents = [body for number, body in sections(module, CORE_HEADER) if number == CUSTOM]
    readers = [reader for reader in map(Reader, contents) if reader.name() == BRANCH_HINTS]
    return read_hints(readers[0]) if readers else {}


def read_hints(reader: Reader) -> dict[int, dict[int, bool]]:
    def of_function() -> Iterator[tuple[int, bool]]:
        for _ in range(reader.u32()):
            offset = reader.u32()
            assert reader.u32() == 1
            yield offset, bool(reader.byte())

    return {reader.u32(): dict(of_function()) for _ in range(reader.u32())}


def test_hints_stand_in_front_of_the_code_by_function_and_offset() -> None:
    first, second, third = branches(MODULE)
    hinted = put_hints(MODULE, hint_section(MODULE, {third: True, first: False}))
    # Of the functions the first one is imported.
    assert hints_of(hinted) == {1: {first.offset: False}, 2: {third.offset: True}}
    assert (first.function, second.function, third.function) == (0, 1, 1)
    numbers = [number for number, _ in sections(hinted, CORE_HEADER)]
    assert numbers.index(CUSTOM) + 1 == numbers.index(10)
    assert run(hinted, 5)[0] == 29


def test_a_function_that_is_replaced_loses_its_hints() -> None:
    hinted = put_hints(MODULE, hint_section(MODULE, dict.fromkeys(branches(MODULE), True)))
    nothing_is_large = b"\x00\x41\x00\x0b"
    replaced = replace_bodies(hinted, {0: nothing_is_large})
    assert hints_of(replaced) == {2: hints_of(hinted)[2]}
    assert run(replaced, 5)[0] == 30


def test_of_an_unknown_library_nothing_is_known() -> None:
    assert recorded_hints(MODULE) is None


@pytest.mark.envoy
def test_python_in_a_module_has_its_hints(bundle_module: Path) -> None:
    # The optimiser leaves out what it finds wrong, so that this also holds that they are for these libraries.
    assert sum(map(len, hints_of(bundle_module.read_bytes()).values())) > 4000


@pytest.mark.exhaustive
def test_hints_are_recorded_from_replays(tmp_path: Path) -> None:
    record([EXCHANGE], tmp_path)
    assert {file.name for file in tmp_path.iterdir()} == {name + SUFFIX for name in LIBRARIES.values()}
    same, different = 0, 0
    for file in tmp_path.iterdir():
        shipped = read_hints(Reader((HINTS / file.name).read_bytes()[DIGEST_SIZE:]))
        for function, found in read_hints(Reader(file.read_bytes()[DIGEST_SIZE:])).items():
            for offset, likely in found.items():
                known = shipped.get(function, {}).get(offset)
                same += known is likely
                different += known is (not likely)
    assert same > 1000
    assert different < same / 100
