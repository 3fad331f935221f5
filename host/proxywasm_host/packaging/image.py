"""An OCI image of a plugin, written as an image layout (version 1.0.0): a folder that registry tools can push.

The last layer is an archive with `plugin.wasm`, the variant "compat" of the Wasm image specification, which Istio and
Higress load. Before it lie files for Higress' console, each a layer that is the file itself. Nothing says when it was
made, so the same input gives the same bytes.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import re
import tarfile
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

MANIFEST_TYPE: Final = "application/vnd.oci.image.manifest.v1+json"
CONFIG_TYPE: Final = "application/vnd.oci.image.config.v1+json"
INDEX_TYPE: Final = "application/vnd.oci.image.index.v1+json"
LAYER_TYPE: Final = "application/vnd.oci.image.layer.v1.tar+gzip"
MODULE_NAME: Final = "plugin.wasm"
_TAG: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_TITLE: Final = "org.opencontainers.image.title"
_TAR_BLOCK: Final = 10240


class PackageError(Exception):
    """The image cannot be written. The message says why."""


@dataclass(frozen=True, slots=True)
class File:
    """A layer that is a file."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Image:
    module: bytes
    files: tuple[File, ...]
    """In front of the module."""
    tag: str
    annotations: Mapping[str, str]


def write_layout(image: Image, folder: Path) -> str:
    """Write the image; the digest of its manifest. Raises `PackageError`."""
    if not _TAG.fullmatch(image.tag):
        raise PackageError(f"{image.tag!r} cannot be a tag: up to 128 letters, digits, dots, dashes and underscores")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise PackageError(f"{folder} is there already; name a folder that is empty or does not exist")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        # Nobody finds half a layout: it gets its name when it is complete.
        with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as work:
            made = Path(work, "layout")
            digest = _write(image, made)
            made.replace(folder)
    except OSError as error:
        raise PackageError(f"{folder} cannot be written: {error}") from None
    return digest


def _write(image: Image, folder: Path) -> str:
    blobs = folder / "blobs" / "sha256"
    blobs.mkdir(parents=True)
    archive = _archive(image.module)
    packed = gzip.compress(archive, 9, mtime=0)
    config = _json(
        {
            "architecture": "wasm",
            "os": "wasip1",
            "config": {},
            "rootfs": {
                "type": "layers",
                "diff_ids": [_digest(content) for content in (*(file.content for file in image.files), archive)],
            },
        }
    )
    layers = [_put(blobs, file.media_type, file.content, {_TITLE: file.name}) for file in image.files]
    manifest = _json(
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST_TYPE,
            "config": _put(blobs, CONFIG_TYPE, config),
            "layers": [*layers, _put(blobs, LAYER_TYPE, packed, {_TITLE: "plugin.tar.gz"})],
            "annotations": {"module.wasm.image/variant": "compat", **image.annotations},
        }
    )
    described = _put(blobs, MANIFEST_TYPE, manifest, {"org.opencontainers.image.ref.name": image.tag})
    index = {"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": [described]}
    (folder / "index.json").write_bytes(_json(index))
    (folder / "oci-layout").write_bytes(_json({"imageLayoutVersion": "1.0.0"}))
    digest: str = described["digest"]
    return digest


def _archive(module: bytes) -> bytes:
    """A tar archive with the module as its only file: nobody's, and as old as the epoch."""
    output = io.BytesIO()
    with tarfile.open(fileobj=output, mode="w", format=tarfile.USTAR_FORMAT, bufsize=_TAR_BLOCK) as archive:
        entry = tarfile.TarInfo(MODULE_NAME)
        entry.size, entry.mode = len(module), 0o644
        archive.addfile(entry, io.BytesIO(module))
    return output.getvalue()


def _put(blobs: Path, media_type: str, content: bytes, annotations: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Store a blob; its descriptor."""
    digest = _digest(content)
    (blobs / digest.removeprefix("sha256:")).write_bytes(content)
    described = {"mediaType": media_type, "digest": digest, "size": len(content)}
    return {**described, "annotations": dict(annotations)} if annotations else described


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _json(document: object) -> bytes:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
