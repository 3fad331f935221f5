"""When a replayed value is the same as a recorded one that has placeholders in it."""

from __future__ import annotations

import re
from typing import Final

from .placeholders import MADE

_PLACEHOLDER: Final = re.compile(rf"({MADE}|masked-[A-Za-z0-9]+-[0-9]+-[0-9]+)")


def alike(expected: str, got: str) -> bool:
    """Whether they are equal, but for what a plugin computes with a credential, and for which credential of a list it
    has chosen: that may be chance.
    """
    if expected == got:
        return True
    if "masked-" not in expected:
        return False
    parts = [_pattern(part) for part in _PLACEHOLDER.split(expected)]
    return re.fullmatch("".join(parts), got, re.S) is not None


def _pattern(part: str) -> str:
    if part == MADE:
        return r"[\w+/=.%-]+"
    if _PLACEHOLDER.fullmatch(part):
        return rf"{re.escape(part.rpartition('-')[0])}-[0-9]+"
    return re.escape(part)
