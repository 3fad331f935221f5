"""Replay exchanges through ai-proxy in a component whose libraries count their branches, and write `*.hints` files."""

from __future__ import annotations

import contextlib
import hashlib
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from proxywasm_host.building.build import build_component
from proxywasm_host.building.flagship import flagship
from proxywasm_host.building.proxy_wasm.binary import COMPONENT_HEADER, section, sections
from proxywasm_host.building.proxy_wasm.hints import SUFFIX
from proxywasm_host.building.proxy_wasm.known import LIBRARIES
from proxywasm_host.building.proxy_wasm.module import CUSTOM
from proxywasm_host.building.worlds import HTTP_PLUGIN
from proxywasm_host.limit_fields import MIB
from proxywasm_host.recordings.exchange import load
from proxywasm_host.recordings.replay import replay
from proxywasm_host.services import HostServices
from proxywasm_host.wasm.component import ComponentProgram
from proxywasm_host.wasm.engine import Component, Engine
from proxywasm_host.wasm.limits import DEFAULT_LIMITS

from .branches import COUNTER_SIZE, Branch, branches, counted, hint_section

_CORE_MODULE: Final = 1
_START: Final = 384 * MIB
"""Where the counters are: behind what a plugin may use."""
_LIMITS: Final = replace(DEFAULT_LIMITS, memory=512 * MIB, call_time=30.0, start_time=60.0)
_OFTEN: Final = 100
"""A branch is hinted if it was come to as often as this, ..."""
_SURE: Final = 0.95
"""... and went the same way in this part of the cases."""


@dataclass(frozen=True, slots=True)
class _Library:
    name: str
    code: bytes
    branches: list[Branch]
    first: int
    """The number of its first branch."""


def record(files: list[Path], folder: Path) -> None:
    """Write the hints for each library into a folder."""
    with tempfile.TemporaryDirectory(prefix="proxywasm-hints-") as temporary:
        # Without optimisations: with the libraries as they come.
        component, libraries = _counting(build_component(flagship(), HTTP_PLUGIN).path.read_bytes())
        path = Path(temporary) / "counting.wasm"
        path.write_bytes(component)
        counts = _count(Engine(optimize=False).load(path), files, sum(len(library.branches) for library in libraries))
    for library in libraries:
        taken = {}
        for number, branch in enumerate(library.branches, library.first):
            no, yes = counts[2 * number], counts[2 * number + 1]
            if no + yes >= _OFTEN and max(no, yes) >= _SURE * (no + yes):
                taken[branch] = yes > no
        content = hint_section(library.code, taken)
        target = folder / (library.name + SUFFIX)
        target.write_bytes(hashlib.sha256(library.code).digest() + content)
        print(f"{target.name}: {len(taken)} of {len(library.branches)} branches hinted, {len(content)} bytes")


def _counting(component: bytes) -> tuple[bytes, list[_Library]]:
    """The component with libraries that count."""
    # Without custom sections: one of them is the seal, which will not fit any more.
    parts = [(number, bytes(body)) for number, body in sections(component, COMPONENT_HEADER) if number != CUSTOM]
    libraries: dict[int, _Library] = {}
    first = 0
    for index, (number, body) in enumerate(parts):
        name = LIBRARIES.get(hashlib.sha256(body).hexdigest()) if number == _CORE_MODULE else None
        if name is not None:
            libraries[index] = _Library(name, body, branches(body), first)
            first += len(libraries[index].branches)
    for index, library in libraries.items():
        parts[index] = _CORE_MODULE, counted(library.code, library.branches, _START, library.first, first)
    return b"".join([COMPONENT_HEADER, *(section(*part) for part in parts)]), list(libraries.values())


def _count(component: Component, files: list[Path], total: int) -> Counter[int]:
    counts: Counter[int] = Counter()

    @contextlib.contextmanager
    def session(services: HostServices) -> Iterator[ComponentProgram]:
        program = ComponentProgram(component, services, limits=_LIMITS, reproducible=services.reproducible)
        try:
            yield program
        finally:
            data = program.read_memory(_START, total * COUNTER_SIZE)
            counts.update({index: count for index, count in enumerate(memoryview(data).cast("I")) if count})
            program.close()

    for number, file in enumerate(files, 1):
        for exchange in load(file):
            replay(exchange, session)
        print(f"{number} of {len(files)}: {file}", flush=True)
    return counts
