"""Placeholders for secret values: the same for a value wherever it is, as long as this process lives.

A placeholder tells nothing of the value: it is made with a key that only this process has.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import threading
from typing import Any, Final

from ....recordings.masking import Placeholders

PLACEHOLDER: Final = re.compile(r"masked-[A-Za-z0-9]{1,40}-[0-9a-f]{10}")
_MOST: Final = 5_000
"""Values that are known at a time; the oldest are forgotten."""
_SHORTEST: Final = 6
"""Characters of a value that is looked for in other texts. Shorter ones occur inside ordinary words."""


class Secrets:
    """Those of one gateway file and of what it was, and may become."""

    def __init__(self) -> None:
        self._key = os.urandom(32)
        self._values: dict[str, Any] = {}
        self._known: dict[str, str] = {}
        """Placeholders by the end of their names."""
        self._finder: Placeholders | None = None
        self._lock = threading.RLock()  # edits are checked in threads

    def placeholder(self, value: Any, name: str) -> str:
        """For a text or a number, which is known from now on. `name` is that of the key that has it."""
        digest = hmac.new(self._key, json.dumps(value).encode(), hashlib.sha256).hexdigest()[:10]
        with self._lock:
            known = self._known.pop(digest, None)
            if known is None:
                self._finder = None
                if len(self._known) >= _MOST:
                    oldest = next(iter(self._known))
                    del self._values[self._known.pop(oldest)]
                known = f"masked-{re.sub('[^A-Za-z0-9]', '', name)[:40] or 'secret'}-{digest}"
            self._known[digest] = known  # so that it is the newest
            self._values[known] = value
            return known

    def value(self, placeholder: str) -> Any:
        """Raises `KeyError` for one that stands for nothing that is known."""
        return self._values[placeholder]

    def names(self) -> list[str]:
        """All placeholders."""
        with self._lock:
            return [*self._values]

    def texts(self) -> list[tuple[str, str]]:
        """The values that are looked for in other texts, longest first, with their placeholders."""
        with self._lock:
            found = [(str(value), name) for name, value in self._values.items()]
        return sorted((pair for pair in found if len(pair[0]) >= _SHORTEST), key=lambda pair: -len(pair[0]))

    def scrubbed(self, value: Any) -> Any:
        """A JSON value without a secret in any of its texts, also escaped or in base64."""
        finder = self._found()
        if finder.leak(json.dumps(value, ensure_ascii=False)) is None:
            return value
        return _scrubbed(value, finder)

    def scrub(self, text: str) -> str:
        return self._found().text(text)

    def _found(self) -> Placeholders:
        with self._lock:
            if self._finder is None:
                finder = Placeholders()
                for value, placeholder in self.texts():
                    finder.learn(value, placeholder)
                self._finder = finder
            return self._finder


def _scrubbed(value: Any, finder: Placeholders) -> Any:
    match value:
        case str():
            return finder.text(value)
        case dict():
            return {finder.text(name): _scrubbed(each, finder) for name, each in value.items()}
        case list() | tuple():
            return [_scrubbed(each, finder) for each in value]
        case int() | float() if not isinstance(value, bool):
            return finder.exact(str(value)) or value
    return value
