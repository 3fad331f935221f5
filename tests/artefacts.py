"""What takes long to make for the tests: components, modules for Envoy, and their machine code.

Each is made once, and again when something that goes into it has changed. `conftest.py` at the root makes what the
tests of a run need, two at a time, before the first test starts. `python -m tests.artefacts` makes all of them.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from tests import bundle

from proxywasm_host.building.build import build, build_component, build_module
from proxywasm_host.building.proxy_wasm import SLOW
from proxywasm_host.building.worlds import ABIS
from proxywasm_host.cache import cache_folder, one_at_a_time
from proxywasm_host.wasm.engine import Engine

ROOT = Path(__file__).parents[1]
AI_PROXY_SOURCE = ROOT / "plugins" / "ai_proxy"
_GUESTS = ROOT / "tests" / "host" / "guests"
_AT_ONCE = 2
"""More would wait for a processor on the machines that run the suite."""


def ai_proxy_component() -> Path:
    """Compiled with optimisation: a thousand exchanges go through it."""
    path = build(AI_PROXY_SOURCE).path
    Engine().load(path)
    return path


def ai_proxy_module() -> Path:
    return build_module(AI_PROXY_SOURCE, without=SLOW).path


def bundle_component() -> Path:
    """For `Engine(optimize=False)`."""
    path = _from_bundle(lambda source: build(source).path)
    Engine(optimize=False).load(path)
    return path


def bundle_module() -> Path:
    return _from_bundle(lambda source: build_module(source, without=SLOW).path)


def proxy_wasm_component() -> Path:
    """What the bundle's module is lowered from."""
    return _from_bundle(lambda source: build_component(source, ABIS["0.2.1"]).path)


def higress_component() -> Path:
    return _from_bundle(lambda source: build_component(source, ABIS["higress"]).path)


def plain_guest() -> Path:
    """A plugin that does not use the SDK."""
    return _guest(_GUESTS / "http_plugin", ROOT / "wit", "http-plugin")


def values_guest() -> Path:
    """Returns what it is given, for the world `values` of the tests."""
    return _guest(_GUESTS / "values", _GUESTS / "values", "values")


@dataclass(frozen=True, slots=True)
class Artefact:
    title: str
    make: Callable[[], Path]
    """Takes it from the cache if it is there."""
    on_request: bool = False
    """Only tests need it that are marked `exhaustive`."""


ARTEFACTS = {
    artefact.make.__name__: artefact
    for artefact in (
        Artefact("ai_proxy for Envoy", ai_proxy_module),
        Artefact("the plugins of the tests for Envoy", bundle_module),
        Artefact("ai_proxy as a component", ai_proxy_component),
        Artefact("the plugins of the tests as a component", bundle_component),
        Artefact("a plugin without the SDK", plain_guest),
        Artefact("a guest for conversions of values", values_guest, on_request=True),
        Artefact("the plugins of the tests for Higress", higress_component, on_request=True),
        Artefact("the component behind the module for Envoy", proxy_wasm_component),
    )
}
"""By name; the ones that take longest come first."""
IN_THE_SUITE = [name for name, artefact in ARTEFACTS.items() if not artefact.on_request]


def make(names: Collection[str], say: Callable[[str], None]) -> None:
    """Make those that are not there, and say which and how far it is. Raises what a build raises."""
    os.environ.setdefault("PROXYWASM_BUILD_SECONDS", "1800")  # on a busy machine it takes ten times as long as usual
    chosen = [artefact for name, artefact in ARTEFACTS.items() if name in names]
    lock = threading.Lock()
    numbers = iter(range(1, len(chosen) + 1))

    def one(artefact: Artefact) -> None:
        with lock:
            place = f"[{next(numbers)}/{len(chosen)}]"
            say(f"{place} {artefact.title}")
        started = time.monotonic()
        artefact.make()
        with lock:
            seconds = time.monotonic() - started
            if seconds >= 1:  # otherwise it was in the cache
                say(f"{place} {artefact.title}: built in {seconds:.0f} s")

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for done in [pool.submit(one, artefact) for artefact in chosen]:
            done.result()


def _from_bundle(make: Callable[[Path], Path]) -> Path:
    with tempfile.TemporaryDirectory(prefix="proxywasm-bundle-") as folder:
        return make(bundle.write_source(Path(folder)))


def _guest(source: Path, wit: Path, world: str) -> Path:
    digest = hashlib.sha256(version("componentize-py").encode())
    for path in sorted([*source.glob("*.py"), *wit.glob("*.wit")]):
        digest.update(path.read_bytes())
    folder = cache_folder() / "guests"
    folder.mkdir(mode=0o700, exist_ok=True)
    built = folder / f"{source.name}-{digest.hexdigest()[:16]}.wasm"
    with one_at_a_time(built):
        if not built.exists():
            _componentize(source, wit, world, built)
    Engine(optimize=False).compile(built)
    return built


def _componentize(source: Path, wit: Path, world: str, built: Path) -> None:
    with tempfile.TemporaryDirectory(dir=built.parent) as folder:
        # A copy, because componentize-py leaves `__pycache__` in the source.
        work = Path(shutil.copytree(source, Path(folder, "source")))
        tool = Path(sys.executable).with_name("componentize-py")
        subprocess.run(
            [tool, "-d", wit, "-w", world, "componentize", "app", "-p", work, "-o", Path(folder, "out.wasm")],
            check=True,
            capture_output=True,
        )
        Path(folder, "out.wasm").replace(built)


if __name__ == "__main__":
    make(ARTEFACTS, lambda text: print(text, flush=True))
