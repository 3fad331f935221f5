"""A gateway that runs a Proxy-Wasm module and counts what it executes.

WebAssembly instructions, by Wasmtime's fuel: the same number on any machine, however busy. They do not show what a
compiler makes of them, so that hints about branches count for nothing here.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Final

import wasmtime
from wasmtime import Func, FuncType, Instance, Memory, Module, Store

from proxywasm.abi.pairs import join_pairs
from proxywasm.wire import Fields

_OK, _NOT_FOUND, _UNIMPLEMENTED = 0, 1, 12
_ROOT: Final = 1
_FUEL: Final = 2**62
_CONFIGURATION: Final = 7
"""A kind of buffer; 0 and 1 are the bodies."""
_PROPERTIES: Final = {b"response\0code_details": b"via_upstream"}


class CountingGateway:
    """One configured plugin. What it does to a stream is in `headers` and `bodies`, by the ABI's numbers for them."""

    def __init__(self, module: Path, configuration: str) -> None:
        engine, code = _compiled(module)
        self._store = Store(engine)
        self._store.set_fuel(_FUEL)
        self._context = _ROOT
        self._now = 1_735_689_600_000_000_000
        self.headers: dict[int, Fields] = {}
        self.bodies: dict[int, bytes] = {_CONFIGURATION: configuration.encode()}
        self.log: list[str] = []
        functions = []
        for wanted in code.imports:
            assert isinstance(wanted.type, FuncType)
            assert wanted.name is not None
            host: Callable[..., int] = getattr(self, f"_{wanted.name.removeprefix('proxy_')}", _not_here)
            functions.append(Func(self._store, wanted.type, host))
        self._exports = Instance(self._store, code, functions).exports(self._store)
        self._call("proxy_on_context_create", _ROOT, 0)
        started = self._call("proxy_on_vm_start", _ROOT, 0)
        if not started or not self._call("proxy_on_configure", _ROOT, len(configuration.encode())):
            raise RuntimeError(f"the plugin does not start: {self.log}")

    def close(self) -> None:
        """Give its memory back, which nothing else does: Wasmtime keeps what calls back into Python."""
        self._store.close()

    @property
    def executed(self) -> int:
        """Instructions so far."""
        return _FUEL - self._store.get_fuel()

    @property
    def memory(self) -> int:
        """Bytes that the plugin has taken."""
        return self._memory.data_len(self._store)

    def exchange(self, request: Fields, body: bytes, response: Fields, chunks: list[bytes]) -> tuple[bytes, bytes]:
        """A stream from its begin to its end; the bodies that upstream and client got."""
        self._context += 1
        self._call("proxy_on_context_create", self._context, _ROOT)
        self.headers = {0: list(request)}
        self._call("proxy_on_request_headers", self._context, len(request), 0)
        sent = self._body("request", 0, body, end=True)
        self.headers[2] = list(response)
        self._call("proxy_on_response_headers", self._context, len(response), 0)
        received = [
            self._body("response", 1, chunk, end=number == len(chunks)) for number, chunk in enumerate(chunks, 1)
        ]
        for callback in ("log", "delete"):
            self._call(f"proxy_on_{callback}", self._context)
        return sent, b"".join(received)

    def _body(self, direction: str, kind: int, data: bytes, *, end: bool) -> bytes:
        self.bodies[kind] = data
        self._call(f"proxy_on_{direction}_body", self._context, len(data), int(end))
        return self.bodies[kind]

    def _call(self, name: str, *arguments: int) -> int:
        function = self._exports[name]
        assert isinstance(function, Func)
        answer = function(self._store, *arguments)
        return answer if isinstance(answer, int) else 0

    # Memory of the plugin.

    @property
    def _memory(self) -> Memory:
        memory = self._exports["memory"]
        assert isinstance(memory, Memory)
        return memory

    def _read(self, address: int, size: int) -> bytes:
        return bytes(self._memory.read(self._store, address, address + size))

    def _put(self, number: int, address: int, size: int = 4) -> int:
        self._memory.write(self._store, number.to_bytes(size, "little"), address)
        return _OK

    def _give(self, data: bytes, address: int, size: int) -> int:
        place = self._call("proxy_on_memory_allocate", len(data))
        self._memory.write(self._store, data, place)
        self._put(place, address)
        return self._put(len(data), size)

    # What the plugin asks for, by the ABI's names.

    def _log(self, level: int, address: int, size: int) -> int:
        self.log.append(f"{level} {self._read(address, size).decode(errors='replace')}")
        return _OK

    def _get_log_level(self, address: int) -> int:
        return self._put(2, address)

    def _set_effective_context(self, context: int) -> int:
        return _OK if context in {_ROOT, self._context} else _NOT_FOUND

    def _get_buffer_bytes(self, kind: int, start: int, length: int, address: int, size: int) -> int:
        if kind not in self.bodies:
            return _NOT_FOUND
        return self._give(self.bodies[kind][start : start + _unsigned(length)], address, size)

    def _set_buffer_bytes(self, kind: int, start: int, length: int, address: int, size: int) -> int:
        old = self.bodies[kind]
        self.bodies[kind] = old[:start] + self._read(address, size) + old[start + _unsigned(length) :]
        return _OK

    def _get_header_map_pairs(self, kind: int, address: int, size: int) -> int:
        return self._give(join_pairs(self.headers[kind]), address, size) if kind in self.headers else _NOT_FOUND

    def _add_header_map_value(self, kind: int, name: int, name_size: int, value: int, size: int) -> int:
        self.headers[kind].append((self._read(name, name_size).decode(), self._read(value, size).decode()))
        return _OK

    def _remove_header_map_value(self, kind: int, name: int, name_size: int) -> int:
        gone = self._read(name, name_size).decode()
        self.headers[kind] = [field for field in self.headers[kind] if field[0] != gone]
        return _OK

    def _replace_header_map_value(self, kind: int, name: int, name_size: int, value: int, size: int) -> int:
        self._remove_header_map_value(kind, name, name_size)
        return self._add_header_map_value(kind, name, name_size, value, size)

    def _get_property(self, path: int, path_size: int, address: int, size: int) -> int:
        value = _PROPERTIES.get(self._read(path, path_size))
        return _NOT_FOUND if value is None else self._give(value, address, size)

    def _set_property(self, *_: int) -> int:
        return _OK

    def _continue_stream(self, _: int) -> int:
        return _OK

    def _set_tick_period_milliseconds(self, _: int) -> int:
        return _OK

    def _clock_time_get(self, clock: int, precision: int, address: int) -> int:
        del clock, precision
        self._now += 1000
        return self._put(self._now, address, 8)

    def _random_get(self, address: int, size: int) -> int:
        self._memory.write(self._store, bytes(size), address)
        return _OK


@cache
def _compiled(module: Path) -> tuple[wasmtime.Engine, Module]:
    config = wasmtime.Config()
    config.consume_fuel = True
    config.cranelift_opt_level = "none"  # the count is the same
    engine = wasmtime.Engine(config)
    return engine, Module.from_file(engine, module)


def _unsigned(number: int) -> int:
    return number % 2**32


def _not_here(*_: int) -> int:
    return _UNIMPLEMENTED
