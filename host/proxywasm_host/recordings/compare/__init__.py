"""Compare the result of a replay with what was recorded, by the rules of `tests/conformance/README.md`."""

from .accepted import accepted
from .answers import compare_answers
from .difference import MISSING, Difference, show
from .verdict import Verdict, differences, judge, own_failure

__all__ = [
    "MISSING",
    "Difference",
    "Verdict",
    "accepted",
    "compare_answers",
    "differences",
    "judge",
    "own_failure",
    "show",
]
