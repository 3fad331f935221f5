"""The providers that requests are routed to, with what an instance knows of their load."""

from __future__ import annotations

import time
from typing import Final, NamedTuple

from ...providers.row import Provider
from ..plans import Config, Plans

_FORGET_AFTER: Final = 60.0
"""Seconds after which a provider's latency counts as unknown, so that it is measured again."""
_SHARE: Final = 0.3
"""The share of the latest answer in a latency."""
_MOST_MODELS: Final = 200


class Entry:
    """One of the providers. Load and latency are those of this instance of the plugin."""

    def __init__(self, config: Config) -> None:
        assert config.plans is not None, "a provider has plans"
        self.config: Final = config
        self.plans: Final[Plans] = config.plans
        self.provider: Final[Provider] = config.plans.provider
        settings = self.provider.settings
        self.id: Final = settings.id
        self.models: Final = settings.models
        self.weight: Final = settings.weight
        self.costs: Final = settings.costs
        self.busy = 0
        """Requests under way."""
        self._latency: dict[str, tuple[float, float]] = {}

    def latency(self, model: str) -> float:
        """Seconds until answers for this model begin; 0: not known."""
        value, measured = self._latency.get(model, (0.0, 0.0))
        return value if time.time() - measured < _FORGET_AFTER else 0.0

    def answered(self, model: str, seconds: float) -> None:
        """An answer has begun after this time."""
        if len(self._latency) >= _MOST_MODELS and model not in self._latency:
            self._latency.clear()
        known = self.latency(model)
        self._latency[model] = (known + _SHARE * (seconds - known) if known else seconds, time.time())


class Candidate(NamedTuple):
    """A provider to ask, and the model to ask for."""

    entry: Entry
    model: str

    @property
    def name(self) -> str:
        """For logs, metrics and the header."""
        return f"{self.entry.id}/{self.model}" if self.model else self.entry.id
