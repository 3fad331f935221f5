"""The configuration. Keys and defaults are those of Higress' ai-quota, and more."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Final, Literal

from ai_common.rate_limits.storage import RedisSettings
from proxywasm import ConfigError, config

from .balances import Account, Balances, RedisBalances, SharedBalances
from .money import ANY_MODEL, Money, Price, Tokens, Unit
from .time_zone import Month, TimeZone

ANYBODY: Final = "*"


def _amounts(unit: Unit, given: Mapping[str, float], path: str) -> dict[str, int]:
    found = {}
    for name, value in given.items():
        try:
            found[name] = unit.of_number(value)
        except ValueError as error:
            raise ConfigError(f"{path}.{name}: {error}, got {value}") from None
    return found


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Gives each consumer a budget, and administrators the paths to look at it and to change it."""

    admin_consumer: str = config.key("The consumer that may use the paths for administrators", example="admin")
    admin_path: str = config.key(
        "Paths that end with it, or with it and `/refresh` or `/delta`, are for administrators",
        default="/quota",
        patterns=(config.Pattern(r"^/[A-Za-z0-9/_.~-]+(?![\s\S])", "must be a path such as /quota"),),
    )
    unit: Literal["tokens", "money"] = config.key("What budgets are in", default="tokens")
    prices: dict[str, Price] = config.key(
        "What models cost, by name. A name may end with `*`; of several the longest counts. `*` is for all others",
        factory=dict,
    )
    monthly: dict[str, float] = config.key(
        "Budgets of a month, by consumer; `*` is for all others. What is left does not go over into the next month. "
        "Without one a consumer has what an administrator gives, and it is not renewed",
        factory=dict,
        minimum=0,
        maximum=2**50,
        example={"alice": 1_000_000, "*": 50_000},
    )
    time_zone: str = config.key(
        "Where months begin at midnight: a name such as `Europe/Berlin`, or an offset such as `+05:30`", default="UTC"
    )
    reserve: float = config.key(
        "How much of the budget each request takes before it goes upstream; the rest is given back at its end, or "
        "taken then. Without it, requests at the same time may all begin with the last of a budget",
        default=0,
        minimum=0,
        maximum=2**40,
    )
    redis: RedisSettings | None = config.key(
        "Where balances are for several gateways. Without it, they are in the gateway's shared data, until it ends",
        default=None,
    )
    redis_key_prefix: str = config.key("In front of the consumer's name in keys of Redis", default="chat_quota:")
    on_storage_failure: Literal["open", "closed"] = config.key(
        "What happens to requests while Redis does not answer: they pass, or are refused with 503", default="closed"
    )

    rules: ClassVar[tuple[config.Rule, ...]] = (
        config.Required("prices", config.Is("unit", "money"), ": tokens are counted in money by them"),
        config.NoEffect(("prices",), "without unit: money", config.Is("unit", "tokens")),
    )


class Quota:
    """What callbacks need."""

    __slots__ = (
        "_anybody", "_month", "_monthly", "_zone", "admin", "admin_path", "balances", "passes_on_failure", "reserve",
        "unit",
    )  # fmt: skip

    def __init__(self, settings: Settings) -> None:
        self.unit: Final[Unit] = _unit(settings)
        monthly = _amounts(self.unit, settings.monthly, "monthly")
        self._anybody: Final = monthly.pop(ANYBODY, None)
        self._monthly: Final = monthly
        try:
            self._zone: Final = TimeZone(settings.time_zone)
        except ValueError as error:
            raise ConfigError(f"time_zone: {error}") from None
        self._month: Month = self._zone.month(time.time())
        self.admin: Final = settings.admin_consumer
        self.admin_path: Final = settings.admin_path.rstrip("/")
        self.reserve: Final = self.unit.of_number(settings.reserve)
        self.passes_on_failure: Final = settings.on_storage_failure == "open"
        prefix = settings.redis_key_prefix
        self.balances: Final[Balances] = (
            SharedBalances(prefix) if settings.redis is None else RedisBalances(settings.redis.client(), prefix)
        )

    def account(self, consumer: str) -> Account:
        """That of a consumer now."""
        initial = self._monthly.get(consumer, self._anybody)
        return Account(consumer, "" if initial is None else self.month().name, initial)

    def month(self) -> Month:
        now = time.time()
        if not self._month.begins <= now < self._month.ends:
            self._month = self._zone.month(now)
        return self._month


def _unit(settings: Settings) -> Unit:
    if settings.unit == "tokens":
        return Tokens()
    if ANY_MODEL not in settings.prices:
        raise ConfigError("prices: must have a price for `*`: otherwise a model without a price would be free")
    return Money(settings.prices)
