"""Write what the plugin answers now into the `expect` of exchange files."""

from __future__ import annotations

import json
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from proxywasm.text import encode

from .files import write_whole
from .replay import Result

_PARTS: Final = ("start", "upstream", "downstream", "local_reply", "callouts")
_OTHER_EXPECTATIONS: Final = ("expect_main", "expect_semantic", "uncut")
"""What says that other results are right, too."""


def update(file: Path, results: Mapping[str, Result]) -> None:
    """Results by the names of their exchanges; the other exchanges of the file stay as they are. Raises `OSError`."""
    document = json.loads(file.read_text(encoding="utf-8-sig"))
    for entry in document if isinstance(document, list) else [document]:
        if (result := results.get(entry["name"])) is not None:
            entry["expect"] = expectation(result)
            for key in _OTHER_EXPECTATIONS:
                entry.pop(key, None)
    target = file.resolve()  # of a link, the file that it leads to
    data = encode(json.dumps(document, ensure_ascii=False, indent=2) + "\n")
    write_whole(target, data, mode=stat.S_IMODE(target.stat().st_mode))


def expectation(result: Result) -> dict[str, Any]:
    """A result as `expect` has it. One that failed to start has nothing else."""
    if result["start"] == "failed":
        return {"start": "failed"}
    return {key: result[key] for key in _PARTS}
