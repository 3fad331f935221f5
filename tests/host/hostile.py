"""A component that sends whatever it likes: written in WebAssembly's text format, so that nothing checks it on its way.

Its memory is all NULs, and large: a string, a list or an argument of any size costs it nothing.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from wasmtime import wat2wasm

_WORLD: Final = (Path(__file__).parent / "guests" / "hostile.wat").read_text()
PAGE: Final = 64 * 1024

ANSWER: Final = 16
"""Where an answer is put that `answer` makes."""


def hostile(
    path: Path, on_request_headers: str, *, pages: int = 2048, memories: int = 1, extra: str = "", interfaces: str = ""
) -> Path:
    """Write the component to a file.

    Args:
        on_request_headers: instructions; the parameters are `$context $data $size $end`, the result is the address of an
            outcome. All functions of the host can be called by their names: `$log`, `$http-call`, ...
        pages: of 64 KiB, of its memory.
        extra: more of its core module.
        interfaces: more imports of the component, as `(import ...)`.
    """
    text = _WORLD.replace(";; INTERFACES", interfaces).replace("$PAGES", str(pages))
    text = text.replace(";; EXTRA", extra).replace(";; ON-REQUEST-HEADERS", on_request_headers)
    path.write_bytes(wat2wasm(text))
    return path


def outcome(case: int, address: int, size: int) -> str:
    """Instructions that answer with a case of `outcome` that has a string or a list."""
    return f"""
        (i32.store8 (i32.const {ANSWER}) (i32.const {case}))
        (i32.store (i32.const {ANSWER + 4}) (i32.const {address}))
        (i32.store (i32.const {ANSWER + 8}) (i32.const {size}))
        (i32.const {ANSWER})"""
