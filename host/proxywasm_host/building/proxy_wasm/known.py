"""The libraries of componentize-py 0.25.1, by SHA-256. What we know about their internals is valid for these only.

After an update: compare `optimisations.trimming` and `shim` with the new libraries, put their SHA-256 here, and run
`python -m tools.branch_hints` in the repository.
"""

from __future__ import annotations

import hashlib
from typing import Final

from .component import Component, Instantiated

LIBPYTHON: Final = "4f8eadd579e63d99a0634c9326a1263460dbacf7f823d80bfb10369779ac7e4e"
"""libpython3.14.so; `optimisations.trimming` has the order of its functions."""

RUNTIME: Final = "d6d1faffc282de30f35fc38cda9fd558f3a22a2df24f0868104847f22bddf4dd"
"""libcomponentize_py_runtime.so; `shim` frees the memory that it leaks."""

LIBC: Final = "e82b4984c67822ae48cbe8969513932454622f31e91841cca0e80183de59f1ef"
"""libc.so"""

LIBRARIES: Final = {LIBPYTHON: "libpython3.14.so", RUNTIME: "libcomponentize_py_runtime.so", LIBC: "libc.so"}
"""Those whose branches are hinted."""


def find_instance(component: Component, digest: str) -> int | None:
    """The core instance of the module with this SHA-256."""
    for index, instance in enumerate(component.core_instances):
        if isinstance(instance, Instantiated) and hashlib.sha256(instance.module).hexdigest() == digest:
            return index
    return None
