"""What people read of replays.

On a terminal, lines are wrapped and long ones of lesser interest are cut. Elsewhere each thing is one whole line, so
that the output can be searched.
"""

from .exchange import ExchangeView
from .lines import Lines
from .verdicts import VerdictView

__all__ = ["ExchangeView", "Lines", "VerdictView"]
