"""Amounts: tokens, or money in millionths, so that all of them are whole numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Final

from proxywasm import config

MOST: Final = 2**50
"""Redis' scripts calculate with doubles, which are exact up to 2**53."""
MILLION: Final = 1_000_000
ANY_MODEL: Final = "*"


@dataclass(frozen=True, kw_only=True)
class Price:
    """What a model costs, for a million tokens each."""

    input: float = config.key("Of the input", minimum=0, maximum=1_000_000)
    output: float = config.key("Of the output", minimum=0, maximum=1_000_000)
    cached_input: float | None = config.key(
        "Of the part of the input that the service had in a cache; by default the same as other input",
        default=None,
        minimum=0,
        maximum=1_000_000,
    )

    def of(self, given: int, made: int, cached: int) -> int:
        """In millionths: a price for a million tokens is one in millionths for one token."""
        cached_price = self.input if self.cached_input is None else self.cached_input
        cached = min(cached, given)
        return min(math.ceil((given - cached) * self.input + cached * cached_price + made * self.output), MOST)


class Tokens:
    """Budgets in tokens."""

    name: Final = "tokens"

    def cost(self, model: str, given: int, made: int, cached: int) -> int:  # noqa: ARG002  # as `Money` has it
        return min(given + made, MOST)

    def amount(self, text: str) -> int:
        """Raises `ValueError`."""
        if len(text) > 20:
            raise ValueError("is too long")
        return _bounded(int(text))

    def of_number(self, value: float) -> int:
        """Raises `ValueError`."""
        if value != int(value):
            raise ValueError("must be a whole number of tokens")
        return _bounded(int(value))

    def shown(self, amount: int) -> int | float:
        return amount


class Money:
    """Budgets in money. The prices have one for `*`, all other models, so that no model is free by mistake."""

    name: Final = "money"

    def __init__(self, prices: Mapping[str, Price]) -> None:
        self._exact: Final = {name: price for name, price in prices.items() if not name.endswith(ANY_MODEL)}
        prefixes = [(name.removesuffix(ANY_MODEL), price) for name, price in prices.items() if name.endswith(ANY_MODEL)]
        self._prefixes: Final = sorted(prefixes, key=lambda pair: -len(pair[0]))

    def cost(self, model: str, given: int, made: int, cached: int) -> int:
        price = self._exact.get(model)
        if price is None:
            price = next(price for prefix, price in self._prefixes if model.startswith(prefix))
        return price.of(given, made, cached)

    def amount(self, text: str) -> int:
        """Raises `ValueError`."""
        try:
            value = Decimal(text) * MILLION if len(text) <= 20 else Decimal("nan")
        except InvalidOperation:
            raise ValueError("is no number") from None
        if not value.is_finite() or value != value.to_integral_value():
            raise ValueError("must be a number with up to six decimals")
        return _bounded(int(value))

    def of_number(self, value: float) -> int:
        """Raises `ValueError`."""
        return _bounded(round(value * MILLION))

    def shown(self, amount: int) -> int | float:
        return amount // MILLION if amount % MILLION == 0 else amount / MILLION


Unit = Tokens | Money


def _bounded(amount: int) -> int:
    if abs(amount) > MOST:
        raise ValueError("is too large")
    return amount
