"""Show verdicts and differences."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from ..compare import MISSING, Difference, Verdict, show
from ..exchange import Exchange
from ..masking import Masker, is_secret
from .lines import QUIET, Lines


class VerdictView:
    """Shows one verdict after another, and their sum."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines

    def show(self, exchange: Exchange, verdict: Verdict) -> None:
        """One line, and what differs."""
        mark, style = ("✗", "red") if verdict.differences else ("✓", "green")
        if not verdict.differences and verdict.status != "same":
            mark, style = "-", "yellow"
        line = Text(f"{mark} {exchange.name}", style)
        if verdict.status not in ("same", "different"):
            line.append(f"  ({verdict.status})", QUIET)
        self._lines.line(line)
        masker = Masker(exchange)
        for difference in verdict.differences:
            self._difference(difference, masker)

    def summary(self, verdicts: Sequence[Verdict]) -> None:
        counts: dict[str, int] = {}
        for verdict in verdicts:
            counts[verdict.status] = counts.get(verdict.status, 0) + 1
        text = ", ".join(f"{count} {status}" for status, count in counts.items())
        plural = "" if len(verdicts) == 1 else "s"
        self._lines.line(Text(f"{len(verdicts)} exchange{plural}: {text}", "bold"))

    def _difference(self, difference: Difference, masker: Masker) -> None:
        name = difference.path.rpartition(".headers.")[2] if ".headers." in difference.path else ""

        def masked(value: object) -> str:
            if value is not MISSING and is_secret(name):
                return masker.header(name, str(value), fingerprint=True)
            return masker.text(show(value))

        self._lines.line(Text(difference.path, "bold"), 4)
        for label, style, value in (("expected ", "green", difference.expected), ("got      ", "red", difference.got)):
            for index, line in enumerate(masked(value).split("\n")):
                self._lines.line(Text(line), 6, first=" " * len(label) if index else label, first_style=style)
