"""Collects the credentials to mask: those of the configuration, and those that are made for single requests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from proxywasm.config import keys_of

from ..config.settings import Settings
from .scrubber import Scrubber

_TOKENS: Final = "api_tokens"
_MOST: Final = 64
"""The most scrubbers that are kept for credentials of single requests. Access tokens serve many requests."""
_SIGNATURE: Final = "Signature="
"""Precedes the signature in the headers of all signing methods that the plugin uses."""


class Scrubbers:
    """The scrubbers of one provider: one for the configured credentials, others with those of single requests."""

    def __init__(self, settings: Settings) -> None:
        self.configured = Scrubber(settings.api_tokens, _others(settings))
        self._known = frozenset({"", *settings.api_tokens})
        self._made: dict[tuple[tuple[str, ...], str], Scrubber] = {}

    def of(self, tokens: tuple[str, ...], signature: str) -> Scrubber:
        """The scrubber for answers to requests with these tokens, and with this signature unless it is empty."""
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
        """The text with all of these credentials masked."""
        for scrubber in (self.configured, *self._made.values()):
            text = scrubber.clean_text(text)
        return text


def signature(headers: Mapping[str, str]) -> str:
    """The signature in the headers of a request, which is as good as a credential; empty if there is none."""
    return headers.get("authorization", "").rpartition(_SIGNATURE)[2]


def _others(settings: Settings) -> Iterator[str]:
    """All secret values of the configuration except tokens."""
    for name, entry in keys_of(type(settings)).items():
        if not entry.secret or name == _TOKENS:
            continue
        value = getattr(settings, name)
        if isinstance(value, str):
            yield value.strip()
        else:
            yield from getattr(value, "secrets", ())
