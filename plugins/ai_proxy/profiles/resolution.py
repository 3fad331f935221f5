"""Finds the profile of a model by its name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, Protocol
from urllib.parse import unquote

from . import amazon, claude, gemini, grok, kimi, minimax, mistral, openai, others, qwen
from .facts import UNKNOWN, Profile, Vendor
from .services import Service, service_of

VENDORS: Final[tuple[Vendor, ...]] = (
    claude.VENDOR, gemini.VENDOR, gemini.GEMMA, kimi.VENDOR, minimax.VENDOR, *others.VENDORS, qwen.VENDOR,
    mistral.VENDOR, grok.VENDOR, *amazon.VENDORS, openai.VENDOR,
)  # fmt: skip
"""The first whose hint a name contains is the model's vendor."""

FAMILIES: Final[Mapping[str, Profile]] = {profile.family: profile for vendor in VENDORS for profile in vendor.families}

_EXPRESSIONS: Final = {
    vendor.name: tuple((re.compile(profile.models), profile) for profile in vendor.families) for vendor in VENDORS
}
_NEWEST: Final = {vendor.name: vendor.newest for vendor in VENDORS}

_MOST_KEPT: Final = 256
"""Names whose profiles are kept: clients choose the names."""
_LONGEST: Final = 512
"""Characters of a name that are looked at. Names of models and ARNs are shorter."""

# A date, and what follows it: `-20250929-v1:0` at AWS, `@20250929` at Google, `-2025-08-07` at OpenAI.
_DATE: Final = re.compile(r"[-@]20\d\d-?\d\d-?\d\d.*|@.*")


def plain_name(name: str) -> str:
    """A model's name as the expressions read it: the last part of a path or ARN, in lower case, with hyphens for dots
    and underscores, and without a date.

    >>> plain_name("us.anthropic.claude-opus-4-1-20250805-v1:0")
    'us-anthropic-claude-opus-4-1'
    """
    name = name[:_LONGEST]
    if "%" in name:
        name = unquote(name)
    return _DATE.sub("", name.lower().rpartition("/")[2]).replace(".", "-").replace("_", "-")


def profile_of(name: str, service: Service | None = None) -> Profile:
    """The profile of a model. At a service with the models of one vendor, a name that says nothing is its newest."""
    plain = plain_name(name)
    vendor = _vendor(plain)
    if vendor is not None:
        if service is not None and service.vendor not in {"", vendor.name}:
            return UNKNOWN  # A name of the gateway's clients, which says nothing about the model of this service.
        return _family(vendor, plain) or vendor.newest
    return _NEWEST.get(service.vendor, UNKNOWN) if service is not None else UNKNOWN


def known_family(name: str) -> Profile | None:
    """The family of this name, or that of a model of this name; None for a name that no family contains."""
    plain = plain_name(name)
    vendor = _vendor(plain)
    return FAMILIES.get(name) or (None if vendor is None else _family(vendor, plain))


def _vendor(plain: str) -> Vendor | None:
    return next((vendor for vendor in VENDORS if vendor.hint.search(plain)), None)


def _family(vendor: Vendor, plain: str) -> Profile | None:
    return next((profile for pattern, profile in _EXPRESSIONS[vendor.name] if pattern.search(plain)), None)


class Overrides(Protocol):
    """What a configuration says of models."""

    def family(self, model: str) -> Profile | None:
        """The family of a model; None: that of its name."""

    def changed(self, model: str, profile: Profile) -> Profile:
        """The profile with the facts that the configuration states for this model."""


class Profiles:
    """The profiles of one provider's models. Each name is looked up once."""

    def __init__(self, service_name: str, overrides: Overrides | None = None) -> None:
        self.service: Final = service_of(service_name)
        self._overrides = overrides
        self._known: dict[str, Profile] = {}

    def of(self, model: str) -> Profile:
        found = self._known.get(model)
        if found is None:
            if len(self._known) >= _MOST_KEPT:
                self._known.clear()
            found = self._known[model] = self._find(model)
        return found

    def _find(self, model: str) -> Profile:
        overrides = self._overrides
        if overrides is None:
            return profile_of(model, self.service)
        return overrides.changed(model, overrides.family(model) or profile_of(model, self.service))
