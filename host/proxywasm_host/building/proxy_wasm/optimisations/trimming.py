"""Leave out the code of Python's compiler, and of built-in modules that a plugin has not loaded.

componentize-py links every built-in module into one libpython: SQLite, Expat, decimal, the CJK codecs. V8 in Envoy
compiles all functions before the first request, so they cost start-up time (about 2.5 s of CPU per megabyte). A
module that is not loaded in the snapshot can only come in by an import inside a function; that import then fails with
`SystemError: initialization of <name> failed without raising an exception`.

All functions of a built-in module except its `PyInit_` function are static to its object file, and the linker keeps
object files together. So a module is a sequence of functions, found by the names of its first function and of the first
one after it.
The rows below were read from the libpython of componentize-py 0.25.1; for any other nothing is left out.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from ..binary import CORE_HEADER, MalformedError, Reader, sections
from ..known import LIBPYTHON, find_instance
from ..module import CODE, CUSTOM, Snapshot, imports, replace_bodies, section_reader
from ..parts import Parts
from .interface import Optimisation

_MEMORY_BASE = "libpython3.14.so:memory_base"
"""The name under which its address in memory is exported."""

# Module, its first function, the first function after it (empty: to the end).
ROWS = [
    ("_sqlite3", "pysqlite_close_all_blobs", "PyInit_array"),
    ("_sqlite3", "sqlite3_log", ""),
    ("array", "PyInit_array", "PyInit__asyncio"),
    ("_asyncio", "PyInit__asyncio", "PyInit__bisect"),
    ("_csv", "PyInit__csv", "PyInit__heapq"),
    ("_lsprof", "PyInit__lsprof", "PyInit__pickle"),
    ("_pickle", "PyInit__pickle", "PyInit__queue"),
    ("_queue", "PyInit__queue", "PyInit__random"),
    ("_zoneinfo", "calendarrule_year_to_timestamp", "PyInit_math"),
    ("cmath", "PyInit_cmath", "PyInit__statistics"),
    ("_decimal", "PyInit__decimal", "PyInit_binascii"),
    ("_decimal", "mpd_dflt_traphandler", "parserCreate"),
    ("zlib", "PyInit_zlib", "PyInit__md5"),
    # The checksums are in front of it, and binascii uses them, too.
    ("zlib", "deflateInit2_", "sqlite3_log"),
    ("_md5", "PyInit__md5", "PyInit__sha1"),
    ("_sha1", "PyInit__sha1", "PyInit__sha2"),
    ("_sha2", "PyInit__sha2", "PyInit__sha3"),
    ("_sha3", "PyInit__sha3", "PyInit__blake2"),
    ("_blake2", "PyInit__blake2", "PyInit__hmac"),
    ("_hmac", "PyInit__hmac", "PyInit_pyexpat"),
    ("pyexpat", "PyInit_pyexpat", "PyInit__elementtree"),
    ("pyexpat", "parserCreate", "adler32_z"),
    ("_elementtree", "PyInit__elementtree", "PyInit__codecs_cn"),
    ("_codecs_cn", "PyInit__codecs_cn", "PyInit__codecs_hk"),
    ("_codecs_hk", "PyInit__codecs_hk", "PyInit__codecs_iso2022"),
    ("_codecs_iso2022", "PyInit__codecs_iso2022", "PyInit__codecs_jp"),
    ("_codecs_jp", "PyInit__codecs_jp", "PyInit__codecs_kr"),
    ("_codecs_kr", "PyInit__codecs_kr", "PyInit__codecs_tw"),
    ("_codecs_tw", "PyInit__codecs_tw", "PyInit__multibytecodec"),
    ("_multibytecodec", "PyInit__multibytecodec", "PyInit_unicodedata"),
    ("unicodedata", "PyInit_unicodedata", "PyInit_select"),
    ("select", "PyInit_select", "PyInit__socket"),
    ("_socket", "PyInit__socket", "PyUnstable_AtExit"),
]

COMPILER = "compiler"
"""Not a module: parser, syntax trees, symbol tables and code generation, a quarter of what is left."""

LEFT_OUT_IF_UNUSED = frozenset({COMPILER, *(module for module, _, _ in ROWS)})

_COMPILER_ROWS = [
    (COMPILER, "_PyPegen_interactive_exit", "PyOS_StdioReadline"),
    # After it come the methods of types that `ast` may have made.
    (COMPILER, "_PyAST_Fini", "ast_dealloc"),
    (COMPILER, "ast2obj_arguments", "PyInit__tokenize"),
    (COMPILER, "_Py_asdl_generic_seq_new", "filter_dealloc"),
    (COMPILER, "_PyCodegen_Expression", "PyCode_Optimize"),
    # After it comes the effect of instructions on the stack, which garbage collection needs.
    (COMPILER, "_PyCfgBuilder_Free", "PyCompile_OpcodeStackEffectWithJump"),
    # After it comes the mangling of names, which is needed to make a class.
    (COMPILER, "ste_dealloc", "_Py_MaybeMangle"),
]
_COMPILER_ENTRIES = [
    "_PyParser_ASTFromString",
    "_PyParser_ASTFromFile",
    "_PyParser_InteractiveASTFromFile",
    "_PyTokenizer_FindEncodingFilename",
    "_PyTokenizer_FromReadline",
    "_PyAST_Compile",
    "_PyAST_Validate",
    "_PyCompile_AstPreprocess",
    "_Py_SymtableStringObjectFlags",
    "PyAST_Check",
    "PyAST_mod2obj",
    "PyAST_obj2mod",
    "PyInit__ast",
]
"""Called by the rest of Python. It returns NULL then, and `eval` and `compile` raise SystemError."""

_TRAP = b"\x00\x00\x0b"
_RETURN_NULL = b"\x00\x41\x00\x0b"
_INDEX_OFFSET = 12
"""Of `PyModuleDef.m_base.m_index`, which the module's `PyInit_` function sets when it runs."""


@dataclass(frozen=True, slots=True)
class Function:
    name: str
    body: bytes


def _leave_out_unloaded_modules(parts: Parts) -> Parts:
    index = find_instance(parts.component, LIBPYTHON)
    if index is None:
        return parts
    snapshot, addresses = parts.memory()
    unloaded = _unloaded_modules(parts.original(index), snapshot, addresses[_MEMORY_BASE])
    return _without(parts, index, unloaded - parts.keep)


def _leave_out_compiler(parts: Parts) -> Parts:
    index = find_instance(parts.component, LIBPYTHON)
    return parts if index is None else _without(parts, index, frozenset({COMPILER}) - parts.keep)


def _without(parts: Parts, index: int, left_out: frozenset[str]) -> Parts:
    module = _without_modules(parts.original(index), left_out, parts.module(index))
    return replace(parts, modules=parts.with_module(index, module), left_out=parts.left_out | left_out)


def _unloaded_modules(libpython: bytes | memoryview, snapshot: Snapshot, memory_base: int) -> frozenset[str]:
    bodies = {function.name: function.body for function in _functions(libpython)}
    return frozenset(
        module
        for module, _, _ in ROWS
        if snapshot.word(memory_base + _definition(bodies[f"PyInit_{module}"]) + _INDEX_OFFSET) == 0
    )


def _without_modules(libpython: memoryview, left_out: frozenset[str], changed: bytes | memoryview) -> bytes:
    """`changed` is the library so far. Bodies are emptied; the optimiser removes functions that only these
    called."""
    functions = _functions(libpython)
    position = {function.name: index for index, function in enumerate(functions)}
    bodies: dict[int, bytes] = {}
    for module, first, behind in ROWS + _COMPILER_ROWS:
        if module in left_out:
            bodies |= dict.fromkeys(range(position[first], position[behind] if behind else len(functions)), _TRAP)
    entries = [f"PyInit_{module}" for module in left_out - {COMPILER}]
    if COMPILER in left_out:
        entries += _COMPILER_ENTRIES
    bodies |= {position[entry]: _RETURN_NULL for entry in entries}
    return replace_bodies(changed, bodies)


def _definition(init: bytes) -> int:
    """`return PyModuleDef_Init(&definition)`: the definition's offset from the library's memory base."""
    reader = Reader(init)
    # No locals; global.get memory base; i32.const offset; ...
    locals_count, global_get = reader.byte(), reader.byte()
    reader.u32()
    if (locals_count, global_get, reader.byte()) != (0, 0x23, 0x41):
        raise MalformedError("libpython's module initialisers are not what they were")
    return reader.u32()


def _functions(module: bytes | memoryview) -> list[Function]:
    """The functions that a module defines. If a name occurs twice, the last function has it."""
    imported = sum(1 for item in imports(module) if item.signature)
    names = _names(module)
    code = section_reader(module, CODE)
    return [Function(names.get(imported + index, ""), bytes(code.take(code.u32()))) for index in range(code.u32())]


def _names(module: bytes | memoryview) -> dict[int, str]:
    for number, body in sections(module, CORE_HEADER):
        reader = Reader(body)
        if number == CUSTOM and reader.name() == "name":
            while not reader.at_end():
                kind, subsection = reader.byte(), Reader(reader.take(reader.u32()))
                if kind == 1:
                    return dict(subsection.vector(lambda sub=subsection: (sub.u32(), sub.name())))  # type: ignore[misc]
    return {}


UNLOADED_MODULES: Final = Optimisation(
    "unloaded-modules", "built-in modules that are not loaded are left out", _leave_out_unloaded_modules
)
NO_COMPILER: Final = Optimisation("no-compiler", "Python's compiler is left out", _leave_out_compiler)
