"""Build a plugin: Python in, one WebAssembly component or Proxy-Wasm module out."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import logging
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from ..cache import CacheFolderError, cache_folder, forget_oldest, one_at_a_time
from ..reading import shown
from ..wasm.seal import is_changed, seal
from .addresses import ADDRESSES
from .addresses import MAKERS as ADDRESS_MAKERS
from .bounded_process import Bounds, Ended, OverrunError, run_bounded
from .import_errors import explain
from .proxy_wasm import LoweringError, Optimisation, lower, remaining
from .proxy_wasm.binary import MalformedError
from .staging import WHERE, Staging, StagingError, collect
from .worlds import ABIS, HTTP_PLUGIN, World

_COMPONENTS: Final = "*[0-9a-f].wasm"
_KEPT_BUILDS: Final = 32
"""A component has some 20 MB. The number must exceed that of the plugins of a test suite, or each run builds them
all."""
_KEPT_MODULES: Final = 16
BOUNDS: Final = Bounds(seconds=180, memory=2 * 2**30, disk=2**30)
"""Of the process that runs the plugin's imports. For ai-proxy it takes 10 s, 400 MB, and 100 MB on disk."""
_SECONDS: Final = "PROXYWASM_BUILD_SECONDS"
_MAKERS: Final = (
    *(Path(__file__).with_name(name) for name in ("build.py", "staging.py", "worlds.py")),
    *ADDRESS_MAKERS,
)
"""The files that determine the content of a component, in addition to componentize-py."""


COMPONENT_OPTIMISATIONS: Final[tuple[Optimisation[bytes], ...]] = (ADDRESSES,)
"""Optimisations of a component for our own host; `proxy_wasm.OPTIMISATIONS` are those of a module for Envoy."""


_log = logging.getLogger("proxywasm.build")
"""Says when something that takes long begins and ends, for users who do not see `progress`: in pytest, in CI jobs."""


class BuildError(Exception):
    """The build failed. The message is for people: it has the author's traceback if the plugin's code is the reason."""


@dataclass(frozen=True, slots=True)
class Built:
    path: Path
    size: int
    cached: bool
    """Nothing had changed since an earlier build."""


def build(
    plugin: Path,
    output: Path | None = None,
    *,
    others: Sequence[Path] = (),
    without: Collection[str] = (),
    progress: Callable[[str], None] = lambda _: None,
) -> Built:
    """Build a package folder or module file; without an output the component stays in the cache.

    With `others`, plugins that lie beside it, the component has all of them, and an instance is told which it becomes.

    A plugin may import pure-Python packages: those that lie beside it, and those that are installed where this runs.
    `without` names the `COMPONENT_OPTIMISATIONS` to leave out. Raises `BuildError`.
    """
    try:
        optimisations = remaining(COMPONENT_OPTIMISATIONS, without)
    except LoweringError as error:
        raise BuildError(str(error)) from None
    built = build_component(plugin, HTTP_PLUGIN, optimisations, others=others, progress=progress)
    # Users build again when a component is damaged, so the cached one must not be damaged, too.
    if output is not None and built.cached and is_changed(built.path.read_bytes()):
        built.path.unlink(missing_ok=True)
        built = build_component(plugin, HTTP_PLUGIN, optimisations, others=others, progress=progress)
    return _delivered(built, output)


def build_module(
    plugin: Path,
    output: Path | None = None,
    *,
    abi: str = "0.2.1",
    keep: Collection[str] = (),
    without: Collection[str] = (),
    progress: Callable[[str], None] = lambda _: None,
) -> Built:
    """Build a module for Envoy and Istio ("0.2.1") or for Higress ("higress"); see `proxy_wasm.lower` for `keep`."""
    if abi not in ABIS:
        raise BuildError(f"there is no ABI {abi!r}, only {' and '.join(ABIS)}")
    component = build_component(plugin, ABIS[abi], progress=progress).path
    total = hashlib.sha256(repr((abi, sorted(keep), sorted(without))).encode())
    for file in sorted((Path(__file__).parent / "proxy_wasm").rglob("*.*")):
        if file.suffix != ".pyc":
            total.update(file.read_bytes())
    entry = component.with_name(f"{component.stem}-{total.hexdigest()[:16]}.proxy-wasm.wasm")
    cached = entry.is_file()
    if not cached:
        try:
            with _announced(f"{plugin}: making a Proxy-Wasm module, which takes up to two minutes"):
                lower(component, entry, abi=abi, keep=keep, without=without, progress=progress)
        except LoweringError as error:
            raise BuildError(str(error)) from None
        forget_oldest(entry.parent, "*.proxy-wasm.wasm", _KEPT_MODULES)
    else:
        os.utime(entry)
    return _delivered(Built(entry, entry.stat().st_size, cached), output)


def _delivered(built: Built, output: Path | None) -> Built:
    if output is None:
        return built
    _put(built.path, output)
    return replace(built, path=output)


def build_component(
    plugin: Path,
    world: World,
    optimisations: Sequence[Optimisation[bytes]] = (),
    *,
    others: Sequence[Path] = (),
    progress: Callable[[str], None] = lambda _: None,
) -> Built:
    """The component for a world, in the cache. Raises `BuildError`."""
    progress("collecting sources")
    staging, wit, entry = _locate([plugin, *others], world, optimisations)
    cached = entry.is_file()
    if not cached:
        with _announced(f"{plugin}: compiling Python to WebAssembly"), one_at_a_time(entry):
            if not entry.is_file():
                _componentize(staging, world, optimisations, wit, entry, progress)
        forget_oldest(entry.parent, _COMPONENTS, _KEPT_BUILDS)
    else:
        os.utime(entry)
    return Built(entry, entry.stat().st_size, cached)


def kept_component(plugin: Path) -> Path:
    """Where `build` keeps the component of a plugin, also if it is not there yet. Raises `BuildError`."""
    return _locate([plugin], HTTP_PLUGIN, COMPONENT_OPTIMISATIONS)[2]


def _locate(
    plugins: Sequence[Path], world: World, optimisations: Sequence[Optimisation[bytes]]
) -> tuple[Staging, Path, Path]:
    """What goes into a component, the folder of its WIT package, and its place in the cache."""
    try:
        staging = collect(*plugins)
        folder = cache_folder() / "builds"
        folder.mkdir(mode=0o700, exist_ok=True)
    except (StagingError, CacheFolderError) as error:
        raise BuildError(str(error)) from None
    wit = _wit_folder() / world.folder
    return staging, wit, folder / f"{staging.module}-{_key(staging, world, optimisations, wit)}.wasm"


@contextlib.contextmanager
def _announced(what: str) -> Iterator[None]:
    _log.info("%s", what)
    started = time.monotonic()
    yield
    _log.info("%s: done in %.0f s", what, time.monotonic() - started)


def _wit_folder() -> Path:
    """In a wheel the WIT package is part of the host's package; in the repository it is at the root."""
    here = Path(__file__).resolve().parents[1]
    for folder in (here / "wit", here.parents[1] / "wit"):
        if folder.is_dir():
            return folder
    raise BuildError(f"the WIT package is missing from this installation: there is no {here / 'wit'}; reinstall it")


def _key(staging: Staging, world: World, optimisations: Sequence[Optimisation[bytes]], wit: Path) -> str:
    total = hashlib.sha256(f"{world} {[each.name for each in optimisations]} {staging.digest()}".encode())
    for file in [*sorted(wit.glob("*.wit")), *_MAKERS]:
        total.update(file.read_bytes())
    total.update(importlib.metadata.version("componentize-py").encode())
    return total.hexdigest()[:32]


def _componentize(
    staging: Staging,
    world: World,
    optimisations: Sequence[Optimisation[bytes]],
    wit: Path,
    entry: Path,
    progress: Callable[[str], None],
) -> None:
    with tempfile.TemporaryDirectory(prefix="proxywasm-build-") as temporary:
        root = Path(temporary)
        progress(f"compiling {staging.module} and CPython to WebAssembly")
        bounds = replace(BOUNDS, seconds=_seconds())
        try:
            target, ended = _run(staging, world, wit, root / "build", bounds)
        except OverrunError as error:
            progress("finding out what does not end")
            where = _where(staging, world, wit, root / "traced", bounds)
            raise BuildError(
                f"{where or staging.module}: importing the plugin {error}: it runs when the component is built, and "
                f"has to end; do what takes long in a callback. {_SECONDS} gives it more time"
            ) from None
        if ended.status or not target.is_file():
            raise BuildError(explain(staging, ended.said))
        if world.name == HTTP_PLUGIN.name:
            component = target.read_bytes()
            for each in optimisations:
                try:
                    component = each.apply(component)
                except (MalformedError, OSError) as error:
                    raise BuildError(f"the optimisation {each.name} of the component failed: {error}") from error
            target.write_bytes(component + seal(component))
        _put(target, entry)


def _seconds() -> float:
    text = os.environ.get(_SECONDS, "")
    if not text:
        return BOUNDS.seconds
    if not re.fullmatch("[1-9][0-9]{0,5}", text):
        raise BuildError(f"{_SECONDS} is a whole number of seconds, from 1 to 999999, not {shown(text)!r}")
    return int(text)


def _run(
    staging: Staging, world: World, wit: Path, root: Path, bounds: Bounds, *, trace: bool = False
) -> tuple[Path, Ended]:
    """Run componentize-py. The path of the component, which exists on success, and the output. Raises
    `OverrunError`."""
    staging.copy_to(root / "app", trace=trace)
    # componentize-py appends the `site-packages` of the virtual environment, or else of any Python it finds. The
    # staging folder has all that is needed, so it gets an empty one.
    (root / "venv" / "lib" / "site-packages").mkdir(parents=True)
    target = root / "out.wasm"
    command: list[str | Path] = [
        sys.executable,
        "-c",
        "import sys; from componentize_py import script; sys.exit(script())",
        *("--wit-path", wit, "--world", world.name, "componentize", world.app),
        *("--python-path", root / "app", "--output", target),
    ]
    environment = os.environ | {"VIRTUAL_ENV": str(root / "venv"), "RUST_BACKTRACE": "0", "NO_COLOR": "1"}
    return target, run_bounded(command, root, environment, bounds)


def _where(staging: Staging, world: World, wit: Path, root: Path, bounds: Bounds) -> str:
    """The author's file and line where an endless import is; empty if it is unknown."""
    with contextlib.suppress(OverrunError):
        _run(staging, world, wit, root, bounds, trace=True)
    # The plugin can write to this file, too. A shorter line overwrites the beginning of a longer one.
    file = root / "app" / WHERE
    if file.is_symlink() or not file.is_file():
        return ""
    with file.open(encoding="utf-8", errors="replace") as content:
        return shown(staging.real_paths(content.readline(1000).strip()), 1000)


def _put(source: Path, target: Path) -> None:
    """Copy a component; readers see all of it or nothing."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=target.parent, prefix=f".{target.name}.", delete=False) as file:
            temporary = Path(file.name)
            try:
                with source.open("rb") as original:
                    shutil.copyfileobj(original, file)
                temporary.chmod(0o644)
                temporary.replace(target)
            except BaseException:
                temporary.unlink(missing_ok=True)
                raise
    except OSError as error:
        raise BuildError(f"cannot write {target}: {error.strerror}") from None
