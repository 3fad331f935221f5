"""Describes rows of the provider table in words."""

from __future__ import annotations

from ai_proxy.providers.row import Row
from proxywasm.config import Is, default_of
from proxywasm.config.generate.describe import condition


def mode(row: Row) -> str:
    """The condition that selects this row among those of the same provider."""
    usual = isinstance(row.when, Is) and default_of(row.settings, row.when.name) == row.when.value
    return condition(row.settings, row.when) + (" (default)" if usual else "")
