"""Which credentials there are: those of a configuration, and those that are made for a request."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from proxywasm.config import keys_of

from ..config.settings import Settings
from .scrubber import Scrubber

_TOKENS: Final = "api_tokens"
_MOST: Final = 64
"""Scrubbers for credentials of single requests that are kept: those of access tokens serve many requests."""
_SIGNATURE: Final = "Signature="
"""Begins, in the headers of all signatures that we know, what must not be repeated."""


class Scrubbers:
    """The scrubbers of one provider: that for what is configured, and those for what single requests have as well."""

    def __init__(self, settings: Settings) -> None:
        self.configured = Scrubber(settings.api_tokens, _others(settings))
        self._known = frozenset({"", *settings.api_tokens})
        self._made: dict[tuple[tuple[str, ...], str], Scrubber] = {}

    def of(self, tokens: tuple[str, ...], signature: str) -> Scrubber:
        """For an answer to requests with these tokens, and this signature if there is one."""
        if not signature and self._known.issuperset(tokens):
            return self.configured
        made = self._made.get((tokens, signature))
        if made is None:
            if len(self._made) >= _MOST:
                self._made.clear()
            others = (signature,) if signature else ()
            new = [token for token in tokens if token not in self._known]
            made = self._made[tokens, signature] = self.configured.plus(new, others)
        return made

    def clean(self, text: str) -> str:
        """A text without any of these credentials."""
        for scrubber in (self.configured, *self._made.values()):
            text = scrubber.clean_text(text)
        return text


def signature(headers: Mapping[str, str]) -> str:
    """What in the headers of a signed request is as good as a credential; empty if there is nothing."""
    return headers.get("authorization", "").rpartition(_SIGNATURE)[2]


def _others(settings: Settings) -> Iterator[str]:
    """All values of keys that are secret, but tokens."""
    for name, entry in keys_of(type(settings)).items():
        if not entry.secret or name == _TOKENS:
            continue
        value = getattr(settings, name)
        if isinstance(value, str):
            yield value.strip()
        else:
            yield from getattr(value, "secrets", ())
