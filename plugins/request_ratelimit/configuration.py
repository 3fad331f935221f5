"""The configuration: requests in any second, minute, hour or day, and streams at the same time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ai_common.rate_limits import PERIODS, BaseLimitKey, BaseRuleItem, BaseSettings, Rules, limiter_of, rate
from proxywasm import ConfigError, config
from proxywasm.limits import Limiter, Places, Window

DEFAULT_LEASE: Final = 60


@dataclass(frozen=True, kw_only=True)
class Threshold:
    """At least one of these; all that are given apply."""

    query_per_second: int | None = rate("Requests", "second")
    query_per_minute: int | None = rate("Requests", "minute")
    query_per_hour: int | None = rate("Requests", "hour")
    query_per_day: int | None = rate("Requests", "day")
    concurrent_streams: int | None = config.key(
        "Requests whose answers have not ended", type=int, default=None, minimum=1, maximum=2**48
    )


@dataclass(frozen=True, kw_only=True)
class LimitKey(Threshold, BaseLimitKey):
    """A value, and its limits: at least one of them; all that are given apply."""


@dataclass(frozen=True, kw_only=True)
class RuleItem(BaseRuleItem):
    """Whose requests are counted: one of the keys `limit_by_...`, and the limits by value."""

    limit_keys: tuple[LimitKey, ...] = config.key("Values and their limits. The first that matches applies")


@dataclass(frozen=True, kw_only=True)
class Settings(BaseSettings):
    """Limits how many requests clients may send. `global_threshold` applies to all requests; of `rule_items` the first
    applies that has a key for the request.
    """

    global_threshold: Threshold | None = config.key("Limits for all requests together", default=None)
    rule_items: tuple[RuleItem, ...] = config.key(
        "Limits by consumer, header, query, cookie, address or route", default=()
    )
    lease_seconds: int = config.key(
        "For `concurrent_streams`: a place whose gateway has died is free again after so long. Places in use are "
        "renewed",
        default=DEFAULT_LEASE,
        minimum=10,
        maximum=86_400,
        unit="s",
    )


class Limits:
    """A configuration, ready for use."""

    __slots__ = ("limiter", "message", "rejected_code", "rejected_msg", "rule_name", "rules", "shows_quota")

    def __init__(self, settings: Settings) -> None:
        """Raises `ConfigError`."""
        lease = settings.lease_seconds
        overall = settings.global_threshold
        self.rules: Final = Rules(
            settings,
            settings.rule_items,
            lambda item: [(key.key, _limits(key, lease)) for key in item.limit_keys],
            None if overall is None else _limits(overall, lease, "global_threshold: "),
        )
        self.limiter: Final[Limiter] = limiter_of(settings, "request-ratelimit")
        self.rule_name: Final = settings.rule_name
        self.rejected_code: Final = settings.rejected_code
        self.rejected_msg: Final = settings.rejected_msg
        self.shows_quota: Final = settings.show_limit_quota_header


def _limits(rates: Threshold, lease: int, at: str = "limit_keys: ") -> tuple[Window | Places, ...]:
    """Windows first, the shortest first."""
    found: list[Window | Places] = []
    for period, seconds in PERIODS.items():
        limit = getattr(rates, f"query_per_{period}")
        if limit is not None:
            found.append(Window(limit, seconds=seconds))
    if rates.concurrent_streams is not None:
        found.append(Places(rates.concurrent_streams, lease_seconds=lease))
    if not found:
        raise ConfigError(
            f"{at}a limit is required: query_per_second, ..._minute, ..._hour, ..._day, concurrent_streams"
        )
    return tuple(found)
