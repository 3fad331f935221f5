"""One core module: where its imports come from, and its snapshot apart from its code.

componentize-py starts Python once, imports the plugin and stores the memory it then has as the data section of the
component's first module. All code is the same for every plugin, so code can be linked and optimised once and each
plugin's memory put in later.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .binary import CORE_HEADER, MalformedError, Reader, name, section, sections, u32, vector

CUSTOM, TYPES, IMPORTS, FUNCTIONS, MEMORY, GLOBALS, EXPORTS, START, ELEMENTS, CODE, DATA = (
    0,
    1,
    2,
    3,
    5,
    6,
    7,
    8,
    9,
    10,
    11,
)
_FUNC, _TABLE, _MEMORY, GLOBAL, _TAG = range(5)
BRANCH_HINTS = "metadata.code.branch_hint"
"""A custom section in front of the code: which branches are likely to be taken."""

VALUE_TYPES = {0x7F: "i32", 0x7E: "i64", 0x7D: "f32", 0x7C: "f64"}


@dataclass(frozen=True, slots=True)
class Signature:
    params: tuple[str, ...]
    results: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Import:
    module: str
    field: str
    descriptor: bytes
    signature: Signature | None
    """None: not a function."""


def types(module: bytes | memoryview) -> list[Signature]:
    reader = section_reader(module, TYPES)
    return reader.vector(lambda: _signature(reader))


def imports(module: bytes | memoryview) -> list[Import]:
    reader, signatures = section_reader(module, IMPORTS), types(module)
    return reader.vector(lambda: _import(reader, signatures))


def exports(module: bytes | memoryview) -> dict[str, tuple[int, int]]:
    """Name -> kind and index."""
    reader = section_reader(module, EXPORTS)
    return dict(reader.vector(lambda: (reader.name(), (reader.byte(), reader.u32()))))


def export_signature(module: bytes | memoryview, name: str) -> Signature:
    kind, index = exports(module)[name]
    if kind != _FUNC:
        raise MalformedError(f"the export {name} is not a function")
    imported = [item.signature for item in imports(module) if item.signature]
    if index < len(imported):
        return imported[index]
    reader = section_reader(module, FUNCTIONS)
    return types(module)[reader.vector(reader.u32)[index - len(imported)]]


def keep_exports(module: bytes | memoryview, wanted: Callable[[str], bool]) -> bytes:
    kept = vector(
        name(item) + bytes([kind]) + u32(index) for item, (kind, index) in exports(module).items() if wanted(item)
    )
    return replace_sections(module, {EXPORTS: kept})


def exported_constants(module: bytes | memoryview) -> dict[str, int]:
    """The initial values of the globals that a module defines and exports."""
    reader = section_reader(module, GLOBALS)
    values = reader.vector(lambda: _constant(reader))
    imported = sum(1 for item in imports(module) if item.descriptor[0] == GLOBAL)
    return {
        export: values[index - imported]
        for export, (kind, index) in exports(module).items()
        if kind == GLOBAL and index >= imported
    }


def _constant(reader: Reader) -> int:
    reader.take(2)
    if reader.byte() not in {0x41, 0x42}:
        raise MalformedError("a global is not initialised with a number")
    value = reader.signed()
    reader.byte()
    return value


def replace_bodies(module: bytes | memoryview, bodies: dict[int, bytes]) -> bytes:
    """The module with other bodies for some of its functions, counted without imported ones, and no hints for these."""
    reader = section_reader(module, CODE)
    old = reader.vector(lambda: reader.take(reader.u32()))
    new = (bodies.get(index, body) for index, body in enumerate(old))
    code = vector(u32(len(body)) + bytes(body) for body in new)
    imported = sum(1 for item in imports(module) if item.signature)
    result = replace_sections(module, {CODE: code})
    hints = _hints(module, lambda function: function - imported not in bodies)
    return result if hints is None else put_hints(result, hints)


def section_reader(module: bytes | memoryview, wanted: int) -> Reader:
    return Reader(next((body for number, body in sections(module, CORE_HEADER) if number == wanted), u32(0)))


def replace_sections(module: bytes | memoryview, bodies: dict[int, bytes]) -> bytes:
    """The module with other bodies for sections it has. Of its custom sections only the hints about branches stay."""
    kept = (
        section(number, bodies.get(number, body))
        for number, body in sections(module, CORE_HEADER)
        if number != CUSTOM or Reader(body).name() == BRANCH_HINTS
    )
    return b"".join([CORE_HEADER, *kept])


def put_hints(module: bytes | memoryview, hints: bytes) -> bytes:
    """The module with these hints about its branches instead of any others, and without other custom sections."""
    parts = [CORE_HEADER]
    for number, body in sections(module, CORE_HEADER):
        if number == CODE:
            parts.append(section(CUSTOM, name(BRANCH_HINTS), hints))
        if number != CUSTOM:
            parts.append(section(number, body))
    return b"".join(parts)


def _hints(module: bytes | memoryview, wanted: Callable[[int], bool]) -> bytes | None:
    """The hints for wanted functions, by index; None if the module has no hints."""
    customs = (Reader(body) for number, body in sections(module, CORE_HEADER) if number == CUSTOM)
    reader = next((custom for custom in customs if custom.name() == BRANCH_HINTS), None)
    if reader is None:
        return None
    kept = []
    for _ in range(reader.u32()):
        start = reader.position
        function = reader.u32()
        for _ in range(reader.u32()):
            reader.u32()
            reader.take(reader.u32())
        if wanted(function):
            kept.append(bytes(reader.data[start : reader.position]))
    return vector(kept)


def _signature(reader: Reader) -> Signature:
    if reader.byte() != 0x60:
        raise MalformedError("a module uses types other than plain functions")
    params, results = (tuple(VALUE_TYPES[code] for code in reader.take(reader.u32())) for _ in range(2))
    return Signature(params, results)


def _import(reader: Reader, types: list[Signature]) -> Import:
    module, field = reader.name(), reader.name()
    start = reader.position
    kind = reader.byte()
    signature = None
    if kind == _FUNC:
        signature = types[reader.u32()]
    elif kind == _TABLE:
        reader.byte()
        _limits(reader)
    elif kind == _MEMORY:
        _limits(reader)
    elif kind == GLOBAL:
        reader.take(2)
    else:
        raise MalformedError(f"{module}.{field} is an import of an unknown kind ({kind})")
    return Import(module, field, bytes(reader.data[start : reader.position]), signature)


def _limits(reader: Reader) -> tuple[int, int, int | None]:
    flags = reader.byte()
    return flags, reader.u32(), reader.u32() if flags & 1 else None


def acts_by_itself(module: bytes | memoryview) -> bool:
    """Whether instantiating the module has an effect: it fills a table or runs a function."""
    return any(number in {START, ELEMENTS} for number, _ in sections(module, CORE_HEADER))


def rename_imports(module: bytes | memoryview, rename: Callable[[Import], tuple[str, str]]) -> bytes:
    """The module with other names for what it imports, and without its custom sections."""
    renamed = vector(
        name(new_module) + name(new_field) + item.descriptor
        for item in imports(module)
        for new_module, new_field in [rename(item)]
    )
    return replace_sections(module, {IMPORTS: renamed})


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The memory of a started Python that has loaded the plugin."""

    pages: int
    data: memoryview
    """The body of the data section."""

    def word(self, address: int) -> int:
        """The 32-bit number at an address. What no segment covers is zero."""
        reader = Reader(self.data)
        for _ in range(reader.u32()):
            if reader.byte() or reader.byte() != 0x41:
                raise MalformedError("a data segment without a fixed address")
            start = reader.u32()
            reader.byte()
            segment = reader.take(reader.u32())
            if start <= address and address + 4 <= start + len(segment):
                return int.from_bytes(segment[address - start : address - start + 4], "little")
        return 0


_ROOM = 1024
"""Pages while the code is linked: more than any library asks for."""


def take_snapshot(module: bytes | memoryview) -> tuple[bytes, Snapshot]:
    """Separate a module into its code, with an empty memory, and its memory."""
    code = replace_sections(module, {MEMORY: _memory(_ROOM, None), DATA: u32(0)})
    return code, Snapshot(_only_memory(section_reader(module, MEMORY))[1], section_reader(module, DATA).data)


def put_snapshot(code: bytes, snapshot: Snapshot, max_pages: int | None) -> bytes:
    if any(number == DATA for number, _ in sections(code, CORE_HEADER)):
        raise MalformedError("the linked code has data of its own")
    # Data is the last section but for custom ones, and those were left out.
    return replace_sections(code, {MEMORY: _memory(snapshot.pages, max_pages)}) + section(DATA, snapshot.data)


def _only_memory(reader: Reader) -> tuple[int, int, int | None]:
    if reader.u32() != 1:
        raise MalformedError("expected one memory")
    return _limits(reader)


def _memory(minimum: int, maximum: int | None) -> bytes:
    return vector([b"\0" + u32(minimum) if maximum is None else b"\1" + u32(minimum) + u32(maximum)])
