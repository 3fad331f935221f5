"""Check that a file is a component of the world `http-plugin`, and say what it is if not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final, TypeAlias

import wasmtime
from wasmtime import component as wasm

from ..reading import read_bytes
from .functions import Signature
from .world import HOST_FUNCTIONS, HOST_INTERFACE, PLUGIN_FUNCTIONS, signature

# What `Linker.add_wasip2` defines, any 0.2 version.
_WASI_PACKAGES: Final = frozenset({"cli", "clocks", "filesystem", "io", "random", "sockets"})
# The interfaces of WASI that this host may answer itself.
_WASI_ANSWERED: Final = frozenset({"wasi:clocks/monotonic-clock", "wasi:clocks/wall-clock", "wasi:random/random"})

_LARGEST: Final = 256 * 2**20
_MAGIC: Final = b"\0asm"
_COMPONENT_LAYER: Final = b"\x0d\0\1\0"
CUSTOM_SECTION: Final = 0
_CORE_INSTANCE_SECTION: Final = 2


class ComponentError(Exception):
    """A file is not a component that this host can run, or it cannot be compiled here.

    The message says which file, why, and what to do.
    """


def reason(error: Exception) -> str:
    """The root cause of an error of Wasmtime in one line, without the Wasm backtrace."""
    last = str(error).strip().splitlines()[-1].strip()
    number, colon, text = last.partition(": ")
    return text if colon and number.isdigit() else last


def read_component(path: Path) -> bytes:
    """A file that begins as a component does."""
    data = read_bytes(path, ComponentError, _LARGEST)
    # Wasmtime would take anything else for the text format.
    if not data.startswith(_MAGIC):
        raise ComponentError(f"{path}: is not WebAssembly; `proxywasm build` makes a component from a plugin")
    if not data.startswith(_COMPONENT_LAYER, len(_MAGIC)):
        raise ComponentError(
            f"{path}: is a WebAssembly module, not a component; a Proxy-Wasm module runs in Envoy, "
            "`proxywasm build` without `--target` makes a component for this host"
        )
    return data


def sections(data: bytes) -> Iterator[tuple[int, int, int, int]]:
    """The sections of a component itself: number, and where it starts, its content starts, and it ends.

    They end with the first one that is cut off.
    """
    position = len(_MAGIC) + len(_COMPONENT_LAYER)
    while position < len(data):
        try:
            size, content = _leb128(data, position + 1)
        except IndexError:
            return
        if content + size > len(data):
            return
        yield data[position], position, content, content + size
        position = content + size


def count_modules(data: bytes) -> int:
    """How many core modules a valid component instantiates itself, not counting those of components inside it."""
    found = [content for number, _, content, _ in sections(data) if number == _CORE_INSTANCE_SECTION]
    return sum([_count_instantiations(data, content) for content in found])


def _count_instantiations(data: bytes, position: int) -> int:
    count = 0
    items, position = _leb128(data, position)
    for _ in range(items):
        instantiates = data[position] == 0  # otherwise it bundles exports of others
        count += instantiates
        if instantiates:
            _, position = _leb128(data, position + 1)  # which module
            pairs, position = _leb128(data, position)
        else:
            pairs, position = _leb128(data, position + 1)
        for _ in range(pairs):
            length, position = _leb128(data, position)
            _, position = _leb128(data, position + length + 1)  # name, kind, index
    return count


def _leb128(data: bytes, position: int) -> tuple[int, int]:
    """An unsigned number in Wasm's encoding, and the position after it."""
    number = shift = 0
    while True:
        byte = data[position]
        position += 1
        number |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return number, position


Exports: TypeAlias = dict[str, tuple[wasm.ExportIndex, Signature]]
Imports: TypeAlias = dict[str, dict[str, Signature]]


def check_world(path: Path, engine: wasmtime.Engine, code: wasm.Component) -> tuple[Exports, Imports]:
    """The functions of the world `http-plugin`, and those that this host may answer.

    Raises `ComponentError` with everything that is missing, not known here, or of another type.
    """
    exported = {name: extern.ty for name, extern in code.type.exports(engine).items()}
    exports: Exports = {}
    differences: list[str] = []
    for name, expected in PLUGIN_FUNCTIONS.items():
        index = code.get_export_index(name)
        ty = exported.get(name)
        if index is not None and isinstance(ty, wasm.FuncType):
            exports[name] = index, Signature(name, ty)
            differences += _difference(name, ty, expected)

    imports: Imports = {}
    unexpected: list[str] = []
    for interface, extern in code.type.imports(engine).items():
        functions = _functions(engine, extern.ty)
        if interface == HOST_INTERFACE or interface.partition("@")[0] in _WASI_ANSWERED:
            imports[interface] = {name: Signature(f"{interface} {name}", ty) for name, ty in functions.items()}
        elif not _is_wasi(interface) and (functions or not isinstance(extern.ty, wasm.ComponentInstanceType)):
            # An interface that only names types has no functions to answer.
            unexpected.append(interface)
        if interface == HOST_INTERFACE:
            unexpected += [f"{interface} {name}" for name in sorted(functions.keys() - HOST_FUNCTIONS.keys())]
            for name in functions.keys() & HOST_FUNCTIONS.keys():
                differences += _difference(name, functions[name], HOST_FUNCTIONS[name])

    complaints = []
    if missing := PLUGIN_FUNCTIONS.keys() - exports.keys():
        complaints.append(f"does not export {', '.join(sorted(missing))}")
    if unexpected:
        complaints.append(f"imports {', '.join(unexpected)}, which this host does not have")
    complaints += differences
    if complaints:
        raise ComponentError(
            f"{path}: is built for another world or version: it {', and '.join(complaints)}; "
            "build it with the `proxywasm build` that comes with this host"
        )
    return exports, imports


def _functions(engine: wasmtime.Engine, ty: wasm.ComponentItem) -> dict[str, wasm.FuncType]:
    if not isinstance(ty, wasm.ComponentInstanceType):
        return {}
    items = [(name, extern.ty) for name, extern in ty.exports(engine).items()]
    return {name: item for name, item in items if isinstance(item, wasm.FuncType)}


def _difference(name: str, ty: wasm.FuncType, expected: str) -> list[str]:
    found = signature(ty)
    return [] if found == expected else [f"has {name}{found} where this host has {name}{expected}"]


def _is_wasi(name: str) -> bool:
    namespace, _, rest = name.partition(":")
    package, _, _ = rest.partition("/")
    _, _, number = name.partition("@")
    return namespace == "wasi" and package in _WASI_PACKAGES and number.startswith("0.2.")
