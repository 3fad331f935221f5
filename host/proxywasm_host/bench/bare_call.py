"""The baseline: one call of a component, with values laid out by hand and no other work."""

from __future__ import annotations

import ctypes
import hashlib
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from wasmtime import Store, WasiConfig
from wasmtime import _ffi as ffi
from wasmtime.component import Linker

from ..cache import cache_folder
from ..wasm.engine import Engine

WIT = """package proxywasm:bench;

world bare {
    export echo: func(text: string) -> string;
}
"""
GUEST = """import wit_world


class WitWorld(wit_world.WitWorld):
    def echo(self, text: str) -> str:
        return text
"""


def build_bare() -> Path:
    """The guest of the world `bare`, built once."""
    key = hashlib.sha256(f"{version('componentize-py')} {WIT} {GUEST}".encode()).hexdigest()
    folder = cache_folder() / "builds"
    folder.mkdir(mode=0o700, exist_ok=True)
    built = folder / f"bench-bare-{key[:32]}.wasm"
    if not built.exists():
        with tempfile.TemporaryDirectory(dir=folder) as work:
            Path(work, "app.py").write_text(GUEST, encoding="utf-8")
            Path(work, "bare.wit").write_text(WIT, encoding="utf-8")
            target = Path(work, "out.wasm")
            run = "import sys; from componentize_py import script; sys.exit(script())"
            options = ["-d", f"{work}/bare.wit", "-w", "bare", "componentize", "app", "-p", work, "-o", str(target)]
            subprocess.run([sys.executable, "-c", run, *options], check=True, capture_output=True)  # noqa: S603  # us
            target.replace(built)
    return built


def bare_call(engine: Engine) -> Callable[[bytes], Callable[[], str]]:
    """A function from a text to the call `echo(text)`, whose argument is prepared beforehand."""
    code = engine.compile(build_bare())
    linker = Linker(engine.engine)
    linker.add_wasip2()
    store = Store(engine.engine)
    store.set_wasi(WasiConfig())
    store.set_epoch_deadline(2**40)
    func = linker.instantiate(store, code).get_func(store, "echo")
    assert func is not None
    handle, context = ctypes.byref(func._func), store._context()
    call, delete = ffi.dll["wasmtime_component_func_call"], ffi.dll["wasmtime_component_val_delete"]
    call.argtypes = [ctypes.c_void_p] * 3 + [ctypes.c_size_t, ctypes.c_void_p, ctypes.c_size_t]
    call.restype = ctypes.c_void_p
    kind = ffi.WASMTIME_COMPONENT_STRING.value

    def prepare(text: bytes) -> Callable[[], str]:
        data = ctypes.create_string_buffer(text, len(text))
        argument = ctypes.create_string_buffer(struct.pack("@B7xQQ8x", kind, len(text), ctypes.addressof(data)), 32)
        result = ctypes.create_string_buffer(32)
        kept: list[Any] = [data, store, func]

        def echo() -> str:
            assert kept
            if call(handle, context, argument, 1, result, 1):
                raise RuntimeError("the bare call trapped")
            size, address = struct.unpack_from("@QQ", result, 8)
            answer = ctypes.string_at(address, size).decode()
            delete(result)
            return answer

        return echo

    return prepare
