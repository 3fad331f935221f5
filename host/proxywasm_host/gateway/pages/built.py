"""The built files of the pages, as their manifest lists them."""

from __future__ import annotations

import gzip
import json
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

FOLDER: Final = Path(__file__).parent / "static"
_COMPRESSED: Final = ("text/", "image/svg")
"""Types that are sent compressed. Fonts are compressed already."""


class BuiltFile(NamedTuple):
    name: str
    kind: str
    """Its `content-type`."""
    sha256: str

    @property
    def has_hash_in_name(self) -> bool:
        """A name stands for one content for ever: a browser need not ask again."""
        return self.kind.partition(";")[0] not in ("text/html", "text/plain")


@cache
def files() -> dict[str, BuiltFile]:
    """By their names."""
    manifest = json.loads((FOLDER / "manifest.json").read_bytes())
    return {name: BuiltFile(name, each["type"], each["sha256"]) for name, each in manifest["files"].items()}


@cache
def contents(name: str) -> bytes:
    """`name` is one of `files`."""
    return (FOLDER / name).read_bytes()


@cache
def compressed(name: str) -> bytes | None:
    """By gzip, made once for the process; None if that does not help."""
    if not files()[name].kind.startswith(_COMPRESSED):
        return None
    data = contents(name)
    smaller = gzip.compress(data, mtime=0)
    return smaller if len(smaller) < len(data) else None
