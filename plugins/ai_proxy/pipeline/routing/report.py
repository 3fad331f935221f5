"""What happened to routed requests, for metrics, logs and clients."""

from __future__ import annotations

import re
from typing import Final

from proxywasm import Counter

ROUTE_HEADER: Final = "x-proxywasm-route"
"""The response header that names the providers that were asked."""
_LONGEST_NAME: Final = 200
_NOT_PRINTABLE: Final = re.compile("[^!-~]|[,=]")

_attempts: Final = Counter("ai_proxy_attempts", labels=["provider", "outcome"])
_fallbacks: Final = Counter("ai_proxy_fallbacks", labels=["provider", "reason"])


class Journal:
    """The attempts of one request and their outcomes."""

    def __init__(self) -> None:
        self._attempts: list[tuple[str, str]] = []

    def __len__(self) -> int:
        return len(self._attempts)

    def ended(self, provider: str, name: str, outcome: str) -> None:
        """An attempt has ended: with its status, or the reason of its failure."""
        self._attempts.append((name, outcome))
        _attempts.increment(provider=provider, outcome=outcome)

    def shown(self, name: str, outcome: str) -> str:
        """As a value of a header, with the attempt that is under way; names of models are the client's."""
        attempts = [*self._attempts, (name, outcome)] if name else self._attempts
        return ", ".join([f"{_printable(name)}={outcome}" for name, outcome in attempts])


def fell_back(provider: str, reason: str) -> None:
    """Another provider is asked after this one has failed."""
    _fallbacks.increment(provider=provider, reason=reason)


def _printable(name: str) -> str:
    return _NOT_PRINTABLE.sub("?", name[:_LONGEST_NAME])
