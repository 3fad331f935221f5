"""The text of a golden file: a header per line, a chunk of a body per line, so that a change is a line of a review."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from .golden import PARTS, Golden


def text(entries: Mapping[str, Golden]) -> str:
    document = {
        name: {
            "differences": sorted(golden.differences),
            "expect": {part: golden.expect[part] for part in PARTS},
        }
        for name, golden in entries.items()
    }
    return f"{_text(document, '')}\n"


def _text(value: Any, indent: str, *, pairs: bool = False) -> str:
    """`pairs`: the elements of this list are headers."""
    deeper = f"{indent}  "
    if isinstance(value, dict) and value:
        items = [
            f"{_line(key)}: {_line(item) if key == 'differences' else _text(item, deeper, pairs=key == 'headers')}"
            for key, item in value.items()
        ]
        return "{\n" + ",\n".join(deeper + item for item in items) + f"\n{indent}}}"
    if isinstance(value, list) and value:
        items = [_line(item) if pairs else _text(item, deeper) for item in value]
        return "[\n" + ",\n".join(deeper + item for item in items) + f"\n{indent}]"
    return _line(value)


def _line(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
