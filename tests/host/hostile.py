"""A component that sends whatever it likes: written in WebAssembly's text format, so that nothing checks it on its way.

Its memory is 128 MiB of NULs: a string, a list or an argument of any size costs it nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from wasmtime import wat2wasm
from wasmtime.component import Component as Code

from proxywasm_host.wasm.component_file import check_world, count_modules
from proxywasm_host.wasm.engine import Component, Engine

_WORLD: Final = Path(__file__).parent / "guests" / "hostile.wat"

_ANSWER: Final = 16
"""Where answers are put; the first kilobyte is not used otherwise."""
_RESULT: Final = 64
_COMMANDS: Final = 1 << 20
NULS: Final = 2 << 20
"""From here on there is nothing but NULs."""
_COMMAND: Final = 36
"""Bytes of a command: its case, and after 4 bytes what it has."""


def load(engine: Engine, attacks: Iterable[str] = (), *, more: str = "") -> Component:
    """The component, without a file and a cache.

    Args:
        attacks: instructions, of which the number in the path chooses; they leave the address of an outcome. All
            functions of the host can be called: `$log`, `$http-call`, ...
        more: of the module that has the memory.
    """
    attacks = list(attacks)
    functions = [f"(func (type $attack) (local $i i32) {attack})" for attack in attacks]
    numbers = " ".join([f"$a{number}" for number in range(len(attacks))])
    functions = [text.replace("(func", f"(func $a{number}", 1) for number, text in enumerate(functions)]
    table = f"(type $attack (func (result i32))) (table $attacks {len(attacks)} funcref)"
    text = (
        _WORLD.read_text()
        .replace(";; ATTACKS", "\n".join([table, *functions, f"(elem (i32.const 0) func {numbers})"]))
        .replace(";; MORE", more)
    )
    data = bytes(wat2wasm(text))
    code = Code(engine.engine, data)
    exports, imports = check_world(_WORLD, engine.engine, code)
    return Component(engine.engine, code, exports, imports, engine.ticker, count_modules(data))


def path(number: int) -> str:
    """The path that chooses an attack."""
    return f"/{chr(48 + number)}"


def answer(case: int, address: int, size: int) -> str:
    """Instructions for a case of `outcome` that has a string or a list."""
    return f"""
        (i32.store8 (i32.const {_ANSWER}) (i32.const {case}))
        (i32.store (i32.const {_ANSWER + 4}) (i32.const {address}))
        (i32.store (i32.const {_ANSWER + 8}) (i32.const {size}))
        (i32.const {_ANSWER})"""


def commands(count: int, case: int, *parts: tuple[int, int]) -> str:
    """Instructions for so many of the same command; `parts` are numbers and where they stand in it."""
    at = f"(i32.add (i32.const {_COMMANDS}) (i32.mul (local.get $i) (i32.const {_COMMAND})))"
    stores = [f"(i32.store8 {at} (i32.const {case}))"]
    stores += [f"(i32.store offset={4 + offset} {at} (i32.const {value}))" for offset, value in parts]
    return times(count, " ".join(stores)) + answer(5, _COMMANDS, count)


def times(count: int, instructions: str) -> str:
    """Do something again and again; `$i` counts from 0."""
    return f"""(local.set $i (i32.const 0)) (loop $again {instructions}
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br_if $again (i32.lt_u (local.get $i) (i32.const {count}))))"""


def ask(function: str, *arguments: int | str, often: int = 1, result: bool = True) -> str:
    """Call a function of the host, with `$i` as an argument where `INDEX` is given.

    If the last call is answered with an error, the outcome is the case `failed` with this error.
    """
    values = [each if isinstance(each, str) else f"(i32.const {each})" for each in arguments]
    if result:
        values.append(f"(i32.const {_RESULT})")
    return f"""{times(often, f"(call ${function} {' '.join(values)})")}
        (if (i32.load8_u (i32.const {_RESULT})) (then
            (i32.store8 (i32.const {_ANSWER}) (i32.const 6))
            (i64.store offset=4 align=1 (i32.const {_ANSWER}) (i64.load offset=4 align=1 (i32.const {_RESULT})))
            (return (i32.const {_ANSWER}))))
        (i32.const 0)"""


INDEX: Final = "(local.get $i)"
