"""What is recorded, and how much of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_UNITS: Final = {"": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
_MOST: Final = 2**50
LARGEST: Final = 4 * 2**20
"""Bytes of an exchange, unless given."""


@dataclass(frozen=True, slots=True)
class RecordOptions:
    folder: Path
    most: int = 2**30
    """Bytes of all files in the folder. When they are reached, nothing more is recorded."""
    largest: int = LARGEST
    """Bytes of one exchange: of a longer response the beginning is recorded, of a longer request nothing."""
    names: tuple[str, ...] = ()
    """Keys of configurations, and headers, that have credentials in addition to those whose names say so."""


def parse_size(text: str) -> int:
    """A number of bytes. Raises `ValueError`.

    >>> parse_size("4MiB")
    4194304
    """
    match = re.fullmatch(r"([0-9]{1,15}) ?(KiB|MiB|GiB|)", text)
    size = int(match[1]) * _UNITS[match[2]] if match else 0
    if not 0 < size <= _MOST:
        raise ValueError("expected a number of bytes, such as 1000000 or 32MiB")
    return size
