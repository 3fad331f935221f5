"""Print lines to a console or a file."""

from __future__ import annotations

from typing import Final

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from ...escapes import UNSAFE, escape

QUIET: Final = "bright_black"
_WIDEST: Final = 120


class Lines:
    """Wraps lines on a terminal, and nowhere else. Nothing that is printed can control the terminal.

    `widest`: more columns than that are not used.
    """

    def __init__(self, console: Console, widest: int = _WIDEST) -> None:
        self._console = console
        self._width = min(console.width, widest)

    @property
    def wraps(self) -> bool:
        return self._console.is_terminal

    def heading(self, text: str) -> None:
        self._console.print()
        self._console.rule(_visible(Text(text.replace("\n", " "), "bold")), align="left", style=QUIET)

    def title(self, title: str) -> None:
        self._console.print()
        self.line(Text(title, "bold cyan"))

    def prose(self, text: str, style: str) -> None:
        for line in text.splitlines():
            shown = _visible(Text(line, style))
            wrapped = shown.wrap(self._console, self._width - 2) if self.wraps else [shown]
            for part in wrapped:
                self.line(part, 2)

    def line(self, text: Text, indent: int = 0, *, first: str = "", first_style: str = QUIET, most: int = 0) -> None:
        """Print after `first`, and below that if it takes more lines; `most`: of which no more than so many."""
        lines = _visible(text).split("\n", allow_blank=True) if text.plain else [text]
        if self.wraps:
            room = self._width - indent - cell_len(first)
            lines = [part for line in lines for part in _fold(line, room)]
            if most and len(lines) > most:
                lines = lines[:most]
                lines[-1].truncate(room - 1)
                lines[-1].append("…")
        for line in lines:
            line.rstrip()
            self._console.print(Text.assemble(" " * indent, (first, first_style), line), soft_wrap=True)
            first = " " * cell_len(first)


def _fold(text: Text, room: int) -> list[Text]:
    """Break at the last cell of a line: JSON without spaces has no better place."""
    offsets, used = [], 0
    for index, character in enumerate(text.plain):
        width = cell_len(character)
        if used + width > room:
            offsets.append(index)
            used = 0
        used += width
    return list(text.divide(offsets))


def _visible(text: Text) -> Text:
    """The text with escapes in place of characters that a terminal would obey, or that hide text."""
    if not UNSAFE.search(text.plain):
        return text
    result, start = Text(style=text.style), 0
    for found in UNSAFE.finditer(text.plain):
        result.append_text(text[start : found.start()])
        result.append(escape(found[0]), "reverse")
        start = found.end()
    return result.append_text(text[start:])
