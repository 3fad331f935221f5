"""From efforts to budgets of tokens, for models that know only budgets."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from .facts import Profile

BUDGETS: Final[Mapping[str, int]] = MappingProxyType(
    {"none": 0, "minimal": 1024, "low": 1024, "medium": 8192, "high": 16384, "xhigh": 24576, "max": 32768}
)
"""Each effort gets at least the budget of the one below it."""

SMALLER_BUDGETS: Final[Mapping[str, int]] = MappingProxyType({**BUDGETS, "medium": 4096})
"""Those of Bedrock and Google's services, as in the original."""

UNKNOWN_EFFORT: Final = "medium"
"""What a word that is not on the scale counts as."""


def budget_of(effort: str, budgets: Mapping[str, int] = BUDGETS) -> int:
    """The budget of an effort."""
    return budgets.get(effort, budgets[UNKNOWN_EFFORT])


def effort_of(budget: float) -> str:
    """The least effort that thinks at least as much as a budget."""
    return next((effort for effort, tokens in BUDGETS.items() if tokens >= budget), "max")


def within(profile: Profile, budget: int) -> int:
    """The budget within the model's bounds. 0 means no thinking, where the model can do without."""
    if budget <= 0 and not profile.always_thinks:
        return 0
    budget = max(budget, profile.least_budget)
    return min(budget, profile.most_budget) if profile.most_budget else budget
