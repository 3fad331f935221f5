"""Limiters, as the configuration says."""

from __future__ import annotations

from proxywasm import limits

from .settings import BaseSettings


def limiter_of(settings: BaseSettings, plugin: str) -> limits.Limiter:
    """The limiter of a configuration."""
    storage = (
        limits.SharedStorage(settings.slots) if settings.redis is None else limits.RedisStorage(settings.redis.client())
    )
    name = f"{plugin}:{settings.rule_name}"
    return limits.Limiter(name, storage, fail_open=settings.on_storage_failure == "open")
