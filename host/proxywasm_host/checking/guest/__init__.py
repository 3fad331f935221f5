"""What the CPython inside components lacks, as measured. `proxywasm check` warns about it.

`facts.json` is written by `python -m tools.guest_facts` in the repository. Run it after an update of componentize-py.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FACTS = Path(__file__).parent / "facts.json"


@dataclass(frozen=True, slots=True)
class Facts:
    """Measurements, with the versions that were measured.

    Attributes:
        measured: versions, and the command that measures again.
        modules: modules of the standard library that cannot be imported, with the reason.
        calls: functions of the standard library that are there and do not work, with what they raise.
    """

    measured: Mapping[str, str]
    modules: Mapping[str, str]
    calls: Mapping[str, str]


@cache
def facts() -> Facts:
    return Facts(**json.loads(FACTS.read_text(encoding="utf-8")))
