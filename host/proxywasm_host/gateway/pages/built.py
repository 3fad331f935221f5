"""The built files of the pages, as their manifest lists them."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parent / "static"
_COMPRESSED: Final = ("text/", "image/svg")
"""Types that are sent compressed. Fonts are compressed already."""


@dataclass(frozen=True)
class BuiltFile:
    name: str
    kind: str
    """Its `content-type`."""
    sha256: str
    contents: bytes

    @property
    def has_hash_in_name(self) -> bool:
        """A name stands for one content for ever: a browser need not ask again."""
        return self.kind.partition(";")[0] not in ("text/html", "text/plain")

    @cached_property
    def compressed(self) -> bytes | None:
        """By gzip, made once for the process; None if that does not help."""
        if not self.kind.startswith(_COMPRESSED):
            return None
        smaller = gzip.compress(self.contents, mtime=0)
        return smaller if len(smaller) < len(self.contents) else None


@cache
def files() -> dict[str, BuiltFile]:
    """By their names. All are read at once, so that those of one build are served, whatever happens to the folder."""
    listed = json.loads((FOLDER / "manifest.json").read_bytes())["files"]
    return {
        name: BuiltFile(name, each["type"], each["sha256"], (FOLDER / name).read_bytes())
        for name, each in listed.items()
    }
