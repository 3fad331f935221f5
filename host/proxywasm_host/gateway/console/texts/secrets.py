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
from .first_look import FirstLook

PLACEHOLDER: Final = re.compile(r"masked-[A-Za-z0-9]{1,40}-[0-9a-f]{10}")
_MOST: Final = 5_000
"""Values that are known at a time; the oldest are forgotten."""
_SHORTEST: Final = 6
"""Characters of a value that is looked for in other texts. Shorter ones occur inside ordinary words."""


_LONGEST_KNOWN: Final = 2_000
"""Characters of a text that is remembered."""


class Secrets:
    """Those of one gateway file and of what it was, and may become."""

    def __init__(self) -> None:
        self._key = os.urandom(32)
        self._values: dict[str, Any] = {}
        self._known: dict[str, str] = {}
        """Placeholders by the end of their names."""
        self._finder: tuple[Placeholders, FirstLook] | None = None
        self._clean: dict[str, str] = {}
        """Texts that were searched for the secrets that are known now."""
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
        match value:
            case str():
                return self.scrub(value)
            case dict():
                return {self.scrub(name): self.scrubbed(each) for name, each in value.items()}
            case list() | tuple():
                return [self.scrubbed(each) for each in value]
            case int() | float() if not isinstance(value, bool) and len(text := str(value)) >= _SHORTEST:
                return clean if (clean := self.scrub(text)) != text else value
        return value

    def scrub(self, text: str) -> str:
        """Most texts come again and again: a second look at one costs nothing."""
        if len(text) < _SHORTEST:
            return text
        finder, first_look = self._found()
        if len(text) > _LONGEST_KNOWN:
            return finder.text(text)
        if (clean := self._clean.get(text)) is None:
            if len(self._clean) >= _MOST:
                self._clean.clear()
            clean = self._clean[text] = finder.text(text) if first_look.may_be_in(text) else text
        return clean

    def _found(self) -> tuple[Placeholders, FirstLook]:
        with self._lock:
            if self._finder is None:
                finder, texts = Placeholders(), self.texts()
                for value, placeholder in texts:
                    finder.learn(value, placeholder)
                self._finder, self._clean = (finder, FirstLook(value for value, _ in texts)), {}
            return self._finder
