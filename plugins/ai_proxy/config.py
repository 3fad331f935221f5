"""The configuration document: which of the providers it names is the active one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from proxywasm import ConfigError, log

from . import failover, providers
from .jsonx import type_name
from .provider import Provider


@dataclass(frozen=True, slots=True)
class Config:
    provider: Provider | None = None
    """None: requests pass as they are."""
    listed: tuple[Any, ...] = field(default=(), repr=False)
    """`providers` as given, for rules that choose another one of them."""


def parse(document: dict[str, Any]) -> Config:
    """Only the active provider is checked and built. Raises `ConfigError`."""
    return _watched(_parse(document, ()))


def parse_override(document: dict[str, Any], base: Config | None) -> Config:
    """A rule. It has the `providers` of the global configuration unless it brings its own; which one is active it has
    to say itself, otherwise requests pass as they are.
    """
    return _watched(_parse(document, base.listed if base is not None else ()))


def _parse(document: dict[str, Any], inherited: tuple[Any, ...]) -> Config:
    single = document.get("provider")
    if isinstance(single, dict):
        return Config(providers.build(single, "provider"), (single,))
    if single is not None:
        log.warn("provider: must be an object, got %s; ignored", type_name(single))
    given = document.get("providers")
    active = document.get("activeProviderId")
    if given is not None and not isinstance(given, list):
        raise ConfigError(f"providers: must be an array of objects, got {type_name(given)}")
    listed = inherited if given is None else tuple(given)
    if active is not None and not isinstance(active, str):
        raise ConfigError(f"activeProviderId: must be a string, got {type_name(active)}")
    if not active:
        return Config(listed=listed)
    for index, item in enumerate(listed):
        if not isinstance(item, dict):
            raise ConfigError(f"providers[{index}]: must be an object, got {type_name(item)}")
        if item.get("id") == active:
            return Config(providers.build(item, f"providers[{index}]"), listed)
    log.warn('activeProviderId: no provider has the id "%s"; requests pass as they are', active)
    return Config(listed=listed)


def _watched(config: Config) -> Config:
    """Have the health of its tokens looked after."""
    if config.provider is not None:
        failover.watch(config.provider)
    return config
