"""Put the addresses of data and functions into a component's libraries, so that their code does not look them up.

Libraries of a component find each other's data through imported globals (`GOT.mem`, `GOT.func`, `__memory_base`,
`__table_base`), which CPython asks for at each comparison with one of its own types. componentize-py has linked when
it takes its snapshot, so they are numbers by then, and compilers make more of numbers. Only the dynamic linker writes
to these globals (https://github.com/WebAssembly/tool-conventions/blob/main/DynamicLinking.md).
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

from ..cache import cache_folder, forget_oldest, one_at_a_time, write
from .proxy_wasm import Optimisation
from .proxy_wasm.binary import COMPONENT_HEADER, CORE_HEADER, Reader, section, sections, u32, vector
from .proxy_wasm.code import GLOBAL_GET, I32_CONST, bodies, instructions, s32
from .proxy_wasm.component import Component, Export, Instantiated, read_component
from .proxy_wasm.module import CODE, GLOBAL, exported_constants, imports

_PROXY_WASM: Final = Path(__file__).with_name("proxy_wasm")
MAKERS: Final = (Path(__file__), *(_PROXY_WASM / f"{name}.py" for name in ("binary", "code", "component", "module")))
"""The files that decide what a library contains."""
_CORE_MODULE: Final = 1
_LARGE: Final = 100_000
"""Bytes. CPython with its 6 MB takes seconds; smaller libraries are faster to change than to look up."""
_KEPT: Final = 12
"""Libraries in the cache. Components of one world have the same three."""


def fix_addresses(data: bytes) -> bytes:
    """The same component with addresses as numbers in its code. Raises `MalformedError`."""
    component = read_component(data)
    known: dict[int, dict[str, int]] = {}
    fixed: dict[int, bytes] = {}
    for instance in component.core_instances:
        if isinstance(instance, Instantiated) and (values := _values(component, instance, known)):
            fixed[component.modules.index(instance.module)] = _fixed(instance.module, values)
    parts, module = [COMPONENT_HEADER], 0
    for number, body in sections(data, COMPONENT_HEADER):
        parts.append(section(number, fixed.get(module, body) if number == _CORE_MODULE else body))
        module += number == _CORE_MODULE
    return b"".join(parts)


ADDRESSES: Final = Optimisation("addresses", "addresses of CPython's types and tables are numbers", fix_addresses)


def _values(component: Component, instance: Instantiated, known: dict[int, dict[str, int]]) -> dict[int, int]:
    """The values that the dynamic linker has written to the globals that a library imports, by their index."""
    values: dict[int, int] = {}
    wanted = [item for item in imports(instance.module) if item.descriptor[0] == GLOBAL]
    for index, item in enumerate(wanted):
        if item.module in {"GOT.mem", "GOT.func"} or item.field in {"__memory_base", "__table_base"}:
            origin = component.origin(Export(instance.arguments[item.module], item.field))
            assert isinstance(origin, Export), "a component imports no globals"
            definer = component.core_instances[origin.instance]
            assert isinstance(definer, Instantiated), "what is in no bag is a module's"
            if origin.instance not in known:
                known[origin.instance] = exported_constants(definer.module)
            values[index] = known[origin.instance][origin.name]
    # 0: not filled; negative: not an address.
    return {index: value for index, value in values.items() if value > 0}


def _fixed(module: memoryview, values: dict[int, int]) -> bytes:
    """From the cache if the same library has been given the same addresses before."""
    if len(module) < _LARGE:
        return with_numbers(module, values)
    total = hashlib.sha256(repr(sorted(values.items())).encode())
    for file in MAKERS:
        total.update(file.read_bytes())
    total.update(module)
    folder = cache_folder() / "addressed"
    folder.mkdir(mode=0o700, exist_ok=True)
    entry = folder / f"{total.hexdigest()[:32]}.wasm"
    with one_at_a_time(entry):
        try:
            fixed = entry.read_bytes()
            entry.touch()
        except FileNotFoundError:  # or forgotten between the two, by another process
            fixed = with_numbers(module, values)
            write(entry, fixed)
    forget_oldest(folder, "*.wasm", _KEPT)
    return fixed


def with_numbers(module: bytes | memoryview, values: dict[int, int]) -> bytes:
    """The module with these values where its code gets the globals with these indices.

    Its custom sections stay: they have the names of functions for Wasmtime's backtraces.
    """
    code = vector(u32(len(body)) + body for body in (_with_numbers(body, values) for body in bodies(module)))
    return b"".join(
        [
            CORE_HEADER,
            *(section(number, code if number == CODE else body) for number, body in sections(module, CORE_HEADER)),
        ]
    )


def _with_numbers(body: memoryview, values: dict[int, int]) -> bytes:
    pieces: list[bytes | memoryview] = []
    cut = 0
    for opcode, start, end in instructions(body):
        if opcode == GLOBAL_GET and (value := values.get(Reader(body, start + 1).u32())) is not None:
            pieces += [body[cut:start], bytes([I32_CONST]), s32(value)]
            cut = end
    return b"".join([*pieces, body[cut:]])
