"""Generated text in another language: each unit of it (a heading, a paragraph, an item, a part of a table's cell) is
looked up in a catalogue.

Code, numbers and the targets of links are not translated: in the catalogue they are `{0}`, `{1}`, ... So one entry
serves for all providers, and a translation may use them in another order.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

_KEPT: Final = re.compile(
    r"`[^`]+`(?:, `[^`]+`)*"  # code, and lists of it
    r"|(?<=\]\()[^)\s]+(?=\))"  # the target of a link
    r"|<https?://[^>]+>"
    r"|(?<![\w.])\d[\d,.]*\d|(?<![\w.])\d(?!\w)"
)
_LETTER: Final = re.compile(r"[A-Za-z]")
_HOLE: Final = re.compile(r"\{(\d+)\}")
_NAMED: Final = re.compile(r"([a-z][a-z0-9-]*)(?:: (.*))?")
_FENCE: Final = "```"
_CELL: Final = re.compile(r"(?<=\|) ?(.*?) ?(?=\|)")
_START: Final = re.compile(r"(#+ |\s*[-*] |\s*\d+\. )?(.*)", re.DOTALL)


class Catalogue:
    """Texts and their translations, from files of JSON. `missing` has those that were asked for and are not there,
    `used` the others."""

    def __init__(self, *files: Path) -> None:
        self._texts: dict[str, str] = {}
        for file in files:
            self._texts |= json.loads(file.read_text(encoding="utf-8"))
        self.missing: dict[str, None] = {}
        self.used: set[str] = set()

    @property
    def unused(self) -> list[str]:
        return [text for text in self._texts if text not in self.used]

    def page(self, text: str) -> str:
        """A page of Markdown, or a part of one."""
        return "".join(self._block(kind, block) for kind, block in _blocks(text))

    def _block(self, kind: str, block: str) -> str:
        if kind == "kept":
            return block
        if kind == "row":
            return _CELL.sub(lambda cell: f" {self._cell(cell[1])} " if cell[1].strip() else cell[0], block)
        match = _START.fullmatch(" ".join(block.split("\n")).rstrip())
        assert match is not None
        lead, words = match[1] or "", re.sub(" +", " ", match[2])
        if lead.startswith("#") and (named := _NAMED.fullmatch(words)):
            # The name of a provider, to which links lead, and for one of its modes what selects it.
            return f"{lead}{named[1]}：{self.unit(named[2])}\n" if named[2] else block
        return f"{lead}{self.unit(words)}\n"

    def _cell(self, cell: str) -> str:
        return "；".join(self.unit(part) for part in _outside_code(cell, "; "))

    def unit(self, text: str) -> str:
        kept: list[str] = []

        def hole(found: re.Match[str]) -> str:
            kept.append(found[0])
            return f"{{{len(kept) - 1}}}"

        words = _KEPT.sub(hole, text)
        if not _LETTER.search(words):
            return text
        ending = words.endswith(".") and words not in self._texts and words[:-1] in self._texts
        known = words[:-1] if ending else words
        if known not in self._texts:
            self.missing[words] = None
            return text
        self.used.add(known)
        translated = _HOLE.sub(lambda found: kept[int(found[1])].replace("`, `", "`、`"), self._texts[known])
        return f"{translated}。" if ending else translated


def _outside_code(text: str, separator: str) -> list[str]:
    """The parts between separators that are not within code."""
    parts: list[str] = []
    for piece in text.split(separator):
        if parts and parts[-1].count("`") % 2:
            parts[-1] += separator + piece
        else:
            parts.append(piece)
    return parts


def _blocks(text: str) -> Iterator[tuple[str, str]]:
    """Blocks of a page: `kept` as it is, a `row` of a table, or `words`."""
    lines = text.splitlines(keepends=True)
    at = 0
    while at < len(lines):
        line = lines[at]
        if line.startswith(_FENCE):
            end = _until(lines, at + 1, lambda other: other.startswith(_FENCE)) + 1
            yield "kept", "".join(lines[at:end])
        elif line.startswith("|"):
            end = at + 1
            yield "row" if not line.startswith("| ---") else "kept", line
        elif not line.strip() or line.startswith("<!--"):
            end = at + 1
            yield "kept", line
        else:
            end = _until(lines, at + 1, _begins_something) if not line.startswith("#") else at + 1
            yield "words", "".join(lines[at:end])
        at = end


def _until(lines: list[str], at: int, ends: Callable[[str], bool]) -> int:
    while at < len(lines) and not ends(lines[at]):
        at += 1
    return at


def _begins_something(line: str) -> bool:
    return not line.strip() or line.lstrip().startswith(("- ", "* ")) or line.startswith(("|", "#", _FENCE, "<!--"))
