"""A gateway with the shim's `headers.wat` and `streams.wat`, and a guest that notes what it is called with."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

from wasmtime import Engine, Func, FuncType, Instance, Memory, Module, Store, ValType, wat2wasm

from proxywasm.abi.pairs import join_pairs
from proxywasm.wire import Fields
from proxywasm_host.building.proxy_wasm.shim import HEADER_CALLS

WIT = Path(__file__).parents[4] / "wit" / "proxy-wasm" / "proxy-wasm.wit"


class Function(NamedTuple):
    """One that the guest exports. Whatever it returns is a number."""

    is_bytes: tuple[bool, ...]
    """By parameter: an address and a size, or a number."""
    answers: bool

    def declared(self, name: str) -> str:
        parameters = "(param i32) " * (len(self.is_bytes) + sum(self.is_bytes))
        result = "(result i32)" if self.answers else ""
        return f'(import "guest" "{name}" (func ${name} {parameters}{result}))'


def _exports() -> dict[str, Function]:
    found = re.findall(r"^    export (on-[a-z-]+): func\((.*?)\)( -> .*)?;", WIT.read_text(), re.M)
    return {
        name: Function(tuple(each.endswith(": fields") for each in parameters.split(", ")), bool(result))
        for name, parameters, result in found
    }


GUEST = _exports()

TEXT = """
  (memory (export "memory") 1)
  (global $free-from (mut i32) (i32.const 1024))
  (func $realloc (export "allocate") (param i32 i32 i32 i32) (result i32)
    (global.get $free-from)
    (global.set $free-from
      (i32.and (i32.add (i32.add (global.get $free-from) (local.get 3)) (i32.const 7)) (i32.const -8))))
  (func $free_argument (param i32) (call $freed (local.get 0)))
"""

REFUSED = 2


class Gateway:
    def __init__(self) -> None:
        self.calls: list[tuple[object, ...]] = []
        """Of the guest; headers are bytes."""
        self.maps: dict[int, Fields | None] = {0: [], 2: []}
        """Header maps by kind; None: not in this phase."""
        self.level = 2
        """The log level; negative: the gateway does not say."""
        self.refused: set[bytes] = set()
        """Names that cannot be edited."""
        self.edits: list[tuple[object, ...]] = []
        self.freed: list[int] = []
        self.answer = 0
        """What the guest's phases return."""
        number = ValType.i32()
        self._store = store = Store(Engine())
        header = [
            '(import "guest" "freed" (func $freed (param i32)))',
            *HEADER_CALLS,
            *(function.declared(name) for name, function in GUEST.items()),
        ]
        parts = [
            files("proxywasm_host.building.proxy_wasm").joinpath(name).read_text()
            for name in ("headers.wat", "streams.wat")
        ]
        module = Module(store.engine, bytes(wat2wasm("\n".join(["(module", *header, TEXT, *parts, ")"]))))
        host: dict[str, Callable[..., int | None]] = {
            "freed": self.freed.append,
            "proxy_get_log_level": self._get_log_level,
            "proxy_get_header_map_pairs": self._get_header_map_pairs,
            "proxy_add_header_map_value": lambda *arguments: self._edit("add", *arguments),
            "proxy_replace_header_map_value": lambda *arguments: self._edit("replace", *arguments),
            "proxy_remove_header_map_value": lambda *arguments: self._edit("remove", *arguments),
            **{name: lambda *arguments, name=name: self._noted(name, *arguments) for name in GUEST},
        }
        functions = []
        for each in module.imports:
            assert isinstance(each.type, FuncType)
            assert each.name is not None
            functions.append(
                Func(store, FuncType([number] * len(each.type.params), each.type.results), host[each.name])
            )
        self._exports = Instance(store, module, functions).exports(store)

    def __call__(self, name: str, *arguments: int) -> object:
        """A callback of the ABI, without `proxy_`."""
        return self._call(f"proxy_{name}", *arguments)

    def edit(self, kind: int, edits: bytes) -> object:
        """What the guest calls; its status."""
        return self._call("proxywasm:abi/host#edit-header-map", kind, self._put(edits), len(edits))

    def _call(self, name: str, *arguments: int) -> object:
        function = self._exports[name]
        assert isinstance(function, Func)
        return function(self._store, *arguments)

    @property
    def _memory(self) -> Memory:
        memory = self._exports["memory"]
        assert isinstance(memory, Memory)
        return memory

    def _put(self, data: bytes) -> int:
        address = self._call("allocate", 0, 0, 1, len(data))
        assert isinstance(address, int)
        self._memory.write(self._store, data, address)
        return address

    def _read(self, address: int, size: int) -> bytes:
        return bytes(self._memory.read(self._store, address, address + size))

    def _store_number(self, address: int, number: int) -> None:
        self._memory.write(self._store, number.to_bytes(4, "little"), address)

    def _get_log_level(self, place: int) -> int:
        if self.level < 0:
            return 12
        self._store_number(place, self.level)
        return 0

    def _get_header_map_pairs(self, kind: int, address: int, size: int) -> int:
        fields = self.maps[kind]
        if fields is None:
            return 1
        data = join_pairs(fields)
        self._store_number(address, self._put(data))
        self._store_number(size, len(data))
        return 0

    def _edit(self, what: str, kind: int, name: int, name_size: int, *value: int) -> int:
        texts = [self._read(name, name_size), *([self._read(*value)] if value else [])]
        if texts[0] in self.refused:
            return REFUSED
        self.edits.append((what, kind, *texts))
        return 0

    def _noted(self, name: str, *arguments: int) -> int | None:
        noted: list[object] = []
        numbers = iter(arguments)
        for is_bytes in GUEST[name].is_bytes:
            number = next(numbers)
            noted.append(self._read(number, next(numbers)) if is_bytes else number)
        self.calls.append((name, *noted))
        return self.answer if GUEST[name].answers else None
