"""The order in which the providers of one model are asked."""

from __future__ import annotations

import hashlib
import math
import random
from collections.abc import Sequence
from typing import Final

from .entries import Entry

_RANGE: Final = 2**64


def ordered(entries: Sequence[Entry], strategy: str, model: str, sticky_key: str) -> list[Entry]:
    """The providers in the order of this strategy; with a key, always the same one comes first."""
    if len(entries) < 2:
        return [*entries]
    if sticky_key:
        return sorted(entries, key=lambda entry: -_score(entry.weight, _place(sticky_key, entry.id)))
    if strategy == "weight":
        # Prefer large weights, without replacement.
        return sorted(entries, key=lambda entry: -_score(entry.weight, random.random()))  # noqa: S311
    if strategy == "latency":
        return sorted(entries, key=lambda entry: entry.latency(model))
    if strategy == "cost":
        return sorted(entries, key=lambda entry: _cost(entry, model))
    if strategy == "leastBusy":
        return sorted(entries, key=lambda entry: entry.busy / entry.weight if entry.weight else math.inf)
    return [*entries]


def _cost(entry: Entry, model: str) -> float:
    """Providers without a cost come last."""
    cost = entry.costs.of(model)
    return math.inf if cost is None else cost


def _score(weight: float, uniform: float) -> float:
    """The highest score wins with a probability that is proportional to the weight."""
    return -1.0 if not weight else weight / max(-math.log(uniform or 1 / _RANGE), 1 / _RANGE)


def _place(key: str, name: str) -> float:
    """A number in (0, 1) that only the two texts decide: rendezvous hashing.

    If a provider is left out, only its own keys move to others.
    """
    digest = hashlib.blake2b(f"{name}\0{key}".encode(errors="surrogatepass"), digest_size=8).digest()
    return (int.from_bytes(digest, "big") + 0.5) / _RANGE
