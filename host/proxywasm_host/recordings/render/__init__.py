"""Show replays to people.

On a terminal, lines are wrapped, and less important long ones are cut. Otherwise each item is one whole line, so that
the output can be searched.
"""

from .exchange import ExchangeView
from .lines import Lines
from .timeline import TimelineView
from .verdicts import VerdictView

__all__ = ["ExchangeView", "Lines", "TimelineView", "VerdictView"]
