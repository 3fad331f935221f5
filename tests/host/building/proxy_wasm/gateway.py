"""A gateway with the shim's `headers.wat` and `streams.wat`, and a guest that notes what it is called with."""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files

from wasmtime import Engine, Func, FuncType, Instance, Memory, Module, Store, ValType, wat2wasm

from proxywasm.abi.pairs import join_pairs
from proxywasm.wire import Fields
from proxywasm_host.building.proxy_wasm.shim import HEADER_CALLS

GUEST = {
    "on-context-create": 2,
    "on-request-headers": 6,
    "on-request-trailers": 2,
    "on-response-headers": 4,
    "on-response-trailers": 2,
    "on-log": 1,
    "on-delete": 1,
}
"""By function, how many numbers it takes. Those of a message answer with one."""
_ANSWERING = {name for name in GUEST if name.startswith(("on-request", "on-response"))}

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


def _guest_function(name: str, count: int) -> str:
    result = "(result i32)" if name in _ANSWERING else ""
    return f'(import "guest" "{name}" (func ${name} {"(param i32) " * count}{result}))'


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
            *(_guest_function(name, count) for name, count in GUEST.items()),
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
        if name == "on-request-headers":
            context, parent, level, address, size, end = arguments
            self.calls.append((name, context, parent, level, self._read(address, size), end))
            return self.answer
        if name == "on-response-headers":
            context, address, size, end = arguments
            self.calls.append((name, context, self._read(address, size), end))
            return self.answer
        self.calls.append((name, *arguments))
        return self.answer if name in _ANSWERING else None
