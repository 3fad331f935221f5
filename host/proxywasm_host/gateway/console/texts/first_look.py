"""Whether a short text may have a secret in it: a look at each of its places, however many secrets there are."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from ....recordings.masking.patterns import base64_forms, layers

_SIZE: Final = 6
_RUN: Final = re.compile(rb"[!#-$'-\[\]-~]{6,}")
"""What is the same however a text is escaped, or can be read when its escapes are removed."""


class FirstLook:
    """Knows a few characters of each secret, and of its base64."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._known: set[bytes] = set()
        self._always = False
        """A secret has no such characters."""
        for secret in secrets:
            raw = secret.encode(errors="surrogateescape")
            if (run := _RUN.search(raw)) is None:
                self._always = True
                continue
            self._known.add(run[0][:_SIZE].lower())
            self._known.update(form[:_SIZE].lower() for form in base64_forms(raw) if len(form) >= _SIZE)

    def may_be_in(self, text: str) -> bool:
        if self._always:
            return True
        known = self._known
        for layer in layers(text.encode(errors="surrogateescape")):
            lower = layer.lower()
            if any(lower[at : at + _SIZE] in known for at in range(len(lower) - _SIZE + 1)):
                return True
        return False
