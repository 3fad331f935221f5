"""The configuration document: which of the providers it names is the active one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from proxywasm import ConfigError, log

from . import providers
from .jsonx import type_name
from .provider import Provider


@dataclass(frozen=True, slots=True)
class Config:
    provider: Provider | None = None
    """None: requests pass as they are."""


def parse(document: dict[str, Any]) -> Config:
    """Only the active provider is checked and built. Raises `ConfigError`."""
    single = document.get("provider")
    if isinstance(single, dict):
        return Config(providers.build(single, "provider"))
    if single is not None:
        log.warn("provider: must be an object, got %s; ignored", type_name(single))
    listed = document.get("providers")
    active = document.get("activeProviderId")
    if listed is None:
        listed = []
    if not isinstance(listed, list):
        raise ConfigError(f"providers: must be an array of objects, got {type_name(listed)}")
    if active is not None and not isinstance(active, str):
        raise ConfigError(f"activeProviderId: must be a string, got {type_name(active)}")
    if not active:
        return Config()
    for index, item in enumerate(listed):
        if not isinstance(item, dict):
            raise ConfigError(f"providers[{index}]: must be an object, got {type_name(item)}")
        if item.get("id") == active:
            return Config(providers.build(item, f"providers[{index}]"))
    log.warn('activeProviderId: no provider has the id "%s"; requests pass as they are', active)
    return Config()
