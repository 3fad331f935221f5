"""The configuration: tokens in any second, minute, hour or day."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final, Literal, NamedTuple

from ai_common.rate_limits import PERIODS, BaseLimitKey, BaseRuleItem, BaseSettings, Rules, limiter_of, rate
from proxywasm import ConfigError, config
from proxywasm.limits import Limiter, Window


class What(Enum):
    """What a limit counts. The values are the beginnings of the configuration's keys."""

    TOTAL = "token"
    INPUT = "input_token"
    OUTPUT = "output_token"
    REQUESTS = "request"


class TokenLimit(NamedTuple):
    what: What
    window: Window


@dataclass(frozen=True, kw_only=True)
class Threshold:
    """At least one of these; all that are given apply."""

    token_per_second: int | None = rate("Tokens of input and output", "second")
    token_per_minute: int | None = rate("Tokens of input and output", "minute")
    token_per_hour: int | None = rate("Tokens of input and output", "hour")
    token_per_day: int | None = rate("Tokens of input and output", "day")
    input_token_per_second: int | None = rate("Tokens of input", "second")
    input_token_per_minute: int | None = rate("Tokens of input", "minute")
    input_token_per_hour: int | None = rate("Tokens of input", "hour")
    input_token_per_day: int | None = rate("Tokens of input", "day")
    output_token_per_second: int | None = rate("Tokens of output", "second")
    output_token_per_minute: int | None = rate("Tokens of output", "minute")
    output_token_per_hour: int | None = rate("Tokens of output", "hour")
    output_token_per_day: int | None = rate("Tokens of output", "day")


@dataclass(frozen=True, kw_only=True)
class LimitKey(Threshold, BaseLimitKey):
    """A value, and its limits: at least one of them; all that are given apply."""

    limit_type: Literal["token", "request"] = config.key(
        "`request`: `token_per_...` count requests instead, as in Higress", default="token"
    )


@dataclass(frozen=True, kw_only=True)
class RuleItem(BaseRuleItem):
    """Whose tokens are counted: one of the keys `limit_by_...`, and the limits by value."""

    limit_keys: tuple[LimitKey, ...] = config.key("Values and their limits. The first that matches applies")


@dataclass(frozen=True, kw_only=True)
class Settings(BaseSettings):
    """Limits how many tokens clients may use. `global_threshold` applies to all requests; of `rule_items` the first
    applies that has a key for the request.
    """

    global_threshold: Threshold | None = config.key("Limits for all requests together", default=None)
    rule_items: tuple[RuleItem, ...] = config.key(
        "Limits by consumer, header, query, cookie, address or route", default=()
    )
    bytes_per_token: int = config.key(
        "For estimates, before and without the service's own count: bytes of a request, or of an answer's text, that "
        "are a token",
        default=4,
        minimum=1,
        maximum=100,
    )
    reserved_output: int = config.key(
        "Tokens of output that are reserved for a request that does not limit its answer (`max_tokens` and its likes)",
        default=1000,
        minimum=0,
        maximum=10**9,
        unit="tokens",
    )
    cached_token_percent: int = config.key(
        "How much of a token of input counts that the service had in its cache", default=100, minimum=0, maximum=100
    )


class Limits:
    """A configuration, ready for use."""

    __slots__ = (
        "bytes_per_token", "cached_percent", "limiter", "rejected_code", "rejected_msg", "reserved_output",
        "rule_name", "rules", "shows_quota",
    )  # fmt: skip

    def __init__(self, settings: Settings) -> None:
        """Raises `ConfigError`."""
        overall = settings.global_threshold
        self.rules: Final = Rules(
            settings,
            settings.rule_items,
            lambda item: [(key.key, _limits(key, requests=key.limit_type == "request")) for key in item.limit_keys],
            None if overall is None else _limits(overall, at="global_threshold: "),
        )
        self.limiter: Final[Limiter] = limiter_of(settings, "ai-token-ratelimit")
        self.rule_name: Final = settings.rule_name
        self.rejected_code: Final = settings.rejected_code
        self.rejected_msg: Final = settings.rejected_msg
        self.shows_quota: Final = settings.show_limit_quota_header
        self.bytes_per_token: Final = settings.bytes_per_token
        self.reserved_output: Final = settings.reserved_output
        self.cached_percent: Final = settings.cached_token_percent


def _limits(rates: Threshold, *, requests: bool = False, at: str = "limit_keys: ") -> tuple[TokenLimit, ...]:
    found: list[TokenLimit] = []
    for what in (What.TOTAL, What.INPUT, What.OUTPUT):
        for period, seconds in PERIODS.items():
            limit = getattr(rates, f"{what.value}_per_{period}")
            if limit is None:
                continue
            if requests and what is not What.TOTAL:
                raise ConfigError(f"{at}{what.value}_per_{period} cannot be combined with limit_type: request")
            found.append(TokenLimit(What.REQUESTS if requests else what, Window(limit, seconds=seconds)))
    if not found:
        raise ConfigError(f"{at}a limit is required, such as token_per_minute")
    return tuple(found)
