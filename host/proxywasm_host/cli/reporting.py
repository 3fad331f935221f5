"""What `proxywasm replay` prints: results, timelines and verdicts."""
# ruff: noqa: PLC0415  # what is slow to import is imported when the command runs

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from .terminal import console

if TYPE_CHECKING:
    from ..recordings.exchange import Exchange
    from ..recordings.replay import Result, Timeline

_WIDEST = 160
"""Columns of a timeline: chunks are long lines."""


class Timelines:
    """That there are timelines, with these names of the plugins; `full`: nothing is left out."""

    def __init__(self, names: Sequence[str], *, full: bool) -> None:
        self.names, self.full = names, full


class Report:
    """Results go to stdout: as JSON lines, as a list of verdicts, readable in full, or as timelines."""

    def __init__(self, *, as_json: bool, check: bool, timelines: Timelines | None) -> None:
        self._as_json, self._check, self._timelines = as_json, check, timelines
        if check or not as_json:
            from ..recordings.render import ExchangeView, Lines, VerdictView

            lines = Lines(console(err=as_json))
            self._exchanges, self._verdicts = ExchangeView(lines), VerdictView(lines)

    def new_timeline(self) -> Timeline | None:
        """To be filled by the next replay, if timelines are shown."""
        if self._timelines is None:
            return None
        from ..recordings.replay import Timeline

        return Timeline()

    def result(self, exchange: Exchange, result: Result, timeline: Timeline | None) -> None:
        if self._as_json:
            self._json(result, timeline)
        elif timeline and self._timelines:
            from ..recordings.render import Lines, TimelineView

            lines = Lines(console(), _WIDEST)
            TimelineView(lines, self._timelines.names, full=self._timelines.full).show(exchange, result, timeline)
        elif not self._check:
            self._exchanges.show(exchange, result)

    def verdict(self, exchange: Exchange, verdict: Any) -> None:
        self._verdicts.show(exchange, verdict)

    def summary(self, verdicts: Any) -> None:
        self._verdicts.summary(verdicts)

    def _json(self, result: Result, timeline: Timeline | None) -> None:
        if timeline and self._timelines:
            from ..recordings.replay import timeline_report

            result = result | {"timeline": timeline_report(timeline, self._timelines.names)}
        # ASCII: some characters inside JSON strings count as line ends elsewhere, U+2028 for one.
        click.echo(json.dumps(result))
