"""Which branches of CPython are taken: hints for the compilers that turn WebAssembly into machine code.

An interpreter is a few large functions in which nearly every branch is about something rare: an error, the last
reference to an object, a cache that missed. Without hints a compiler makes the rare branches as fast as the others, and
spends registers and moves on them. The section `metadata.code.branch_hint` of WebAssembly contains hints. V8 14.6,
which is in Envoy 1.40, follows them; 13.6 passes over them, and so does Wasmtime.

`*.hints` are such sections for the libraries of componentize-py, made by `tools.branch_hints` of the repository from
what replayed exchanges do in them. Each begins with the SHA-256 of the library whose functions it counts.
"""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files
from typing import Final

DIGEST_SIZE: Final = 32
SUFFIX: Final = ".hints"


def recorded_hints(library: bytes | memoryview) -> bytes | None:
    """The content of the hint section for a library, without its name; None for an unknown module."""
    return _by_digest().get(hashlib.sha256(library).digest())


@cache
def _by_digest() -> dict[bytes, bytes]:
    found = [file.read_bytes() for file in files(__name__).iterdir() if file.name.endswith(SUFFIX)]
    return {data[:DIGEST_SIZE]: data[DIGEST_SIZE:] for data in found}
