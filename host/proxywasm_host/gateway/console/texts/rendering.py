"""Values as YAML."""

from __future__ import annotations

import json
import re
from typing import Any, Final

_PLAIN: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_./@-]*")
_WORDS: Final = re.compile(r"null|true|false|yes|no|on|off|y|n", re.I)
"""Texts that some readers of YAML take for something else."""
_LITERAL: Final = re.compile(r"[^\s](?:[^\n]*[^\s])?(?:\n+[^\n]*[^\s])*\n?")
"""Texts of lines of which none ends with a space, and the first does not begin with one."""
_ESCAPES: Final = {"\n": "\\n", "\t": "\\t", "\r": "\\r", '"': '\\"', "\\": "\\\\"}


def text(value: str) -> str:
    """On one line, in quotes where it needs them."""
    if _PLAIN.fullmatch(value) and not _WORDS.fullmatch(value):
        return value
    return quoted(value)


def quoted(value: str) -> str:
    return f'"{"".join(map(_escaped, value))}"'


def _escaped(character: str) -> str:
    if (known := _ESCAPES.get(character)) is not None:
        return known
    if character.isprintable() and character != "\ufeff":
        return character
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def flow(value: Any) -> str:
    """On one line."""
    match value:
        case str():
            return text(value)
        case dict():
            return "{" + ", ".join(f"{text(key)}: {flow(each)}" for key, each in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(flow, value)) + "]"
    return json.dumps(value)


def entry(key: str, value: Any, indent: int) -> str:
    """A key and its value in a block, in lines that end with a line break."""
    return f"{' ' * indent}{text(key)}:{after(value, indent)}\n"


def item(value: Any, indent: int) -> str:
    """An item of a list in a block."""
    if isinstance(value, dict) and value:
        inner = "".join(entry(key, each, indent + 2) for key, each in value.items())
        return f"{' ' * indent}- {inner.lstrip()}"
    return f"{' ' * indent}-{after(value, indent)}\n"


def after(value: Any, indent: int) -> str:
    """What follows `key:` or `-` in a block with this indentation, without the last line break."""
    match value:
        case dict() if value:
            return "\n" + "".join(entry(key, each, indent + 2) for key, each in value.items()).removesuffix("\n")
        case list() if value and any(isinstance(each, dict | list) for each in value):
            return "\n" + "".join(item(each, indent + 2) for each in value).removesuffix("\n")
        case str() if "\n" in value and value.replace("\n", "").isprintable() and _LITERAL.fullmatch(value):
            lines = value.removesuffix("\n").split("\n")
            inner = "\n".join(f"{' ' * (indent + 2)}{line}" if line else "" for line in lines)
            return (" |\n" if value.endswith("\n") else " |-\n") + inner
    return f" {flow(value)}"
