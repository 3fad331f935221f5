"""The error of the estimate, from the stored numbers of tokens."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from ai_proxy.profiles.tokens import estimate

from .samples import SAMPLES

COUNTS: Final = Path(__file__).with_name("counts.json")
"""The tokens of each sample by vendor, as its tokenizer has counted them."""


def errors() -> Mapping[str, Mapping[str, float]]:
    """By sample and vendor: 0.1 is a tenth too many."""
    counts: Mapping[str, Mapping[str, int]] = json.loads(COUNTS.read_text(encoding="utf-8"))
    return {
        name: {vendor: estimate(SAMPLES[name].measured, vendor) / tokens - 1 for vendor, tokens in of_vendors.items()}
        for name, of_vendors in counts.items()
    }


def table() -> str:
    found = errors()
    vendors = list(next(iter(found.values())))
    lines = [f"| text | {' | '.join(vendors)} |", f"| --- |{' --- |' * len(vendors)}"]
    lines += [f"| {name} | {' | '.join(f'{one:+.0%}' for one in row.values())} |" for name, row in found.items()]
    means = [sum(abs(row[vendor]) for row in found.values()) / len(found) for vendor in vendors]
    return "\n".join([*lines, f"| mean of the amounts | {' | '.join(f'{one:.0%}' for one in means)} |"])
