"""Compare the result of a replay with what was recorded, by the rules of `tests/conformance/README.md`."""

from .accepted import accepted
from .difference import MISSING, Difference, show
from .verdict import Verdict, differences, judge

__all__ = ["MISSING", "Difference", "Verdict", "accepted", "differences", "judge", "show"]
