"""`failover` and `retryOnFailure`: what the plugin does when the model service refuses or fails."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar, Final

from proxywasm.config import Invalid, Is, Naming, Required, Rule, key

LONGEST_CALL: Final = 2**32 - 1
"""Milliseconds. The largest time-out that a gateway accepts."""
LONGEST_INTERVAL: Final = LONGEST_CALL // 100 * 100
"""Timers have steps of 100 milliseconds."""


class Statuses:
    """HTTP statuses that match a regular expression as a whole: `4.*` is 400 to 499, and not 204."""

    def __init__(self, patterns: tuple[str, ...]) -> None:
        self._patterns = []
        for index, pattern in enumerate(patterns):
            try:
                self._patterns.append(re.compile(pattern))
            except re.error as error:
                raise Invalid(f"not a regular expression: {error}", f"[{index}]") from None

    def __contains__(self, status: int) -> bool:
        return any(pattern.fullmatch(str(status)) for pattern in self._patterns)


_ERRORS: Final = ("4.*", "5.*")

_OFF: Final = "it is off; say whether it is to be on"


@dataclass(frozen=True, slots=True, kw_only=True)
class FailoverSettings:
    """Keys of `failover`."""

    naming: ClassVar[Naming] = Naming.CAMEL_CASE

    enabled: bool = key("stop using tokens that fail until a health check succeeds", default=False, expected=_OFF)
    failure_threshold: int = key("consecutive failures after which a token is no longer used", default=3, minimum=1)
    success_threshold: int = key(
        "consecutive successful health checks after which it is used again", default=1, minimum=1
    )
    health_check_interval: int = key(
        "time between two health checks of a token",
        default=5000,
        minimum=100,
        maximum=LONGEST_INTERVAL,
        unit="ms",
    )
    health_check_timeout: int = key(
        "time-out of a health check", default=5000, minimum=1, maximum=LONGEST_CALL, unit="ms"
    )
    health_check_model: str = key("model of the health checks; required if enabled", default="", example="gpt-4o-mini")
    failover_on_status: Statuses = key(
        "statuses that count as failures, as regular expressions",
        tuple[str, ...],
        factory=lambda: Statuses(_ERRORS),
        shown=_ERRORS,
        convert=Statuses,
    )

    rules: ClassVar[tuple[Rule, ...]] = (
        Required("health_check_model", Is("enabled", True), ": the model that health checks ask"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrySettings:
    """Keys of `retryOnFailure`."""

    naming: ClassVar[Naming] = Naming.CAMEL_CASE

    enabled: bool = key(
        "repeat a failed request with another token before the client sees the failure",
        default=False,
        expected=_OFF,
    )
    max_retries: int = key(
        "number of retries; each uses a token that the request has not used yet", default=1, minimum=0
    )
    retry_timeout: int = key("time-out of an attempt", default=60_000, minimum=1, maximum=LONGEST_CALL, unit="ms")
    retry_on_status: Statuses = key(
        "statuses that are retried, as regular expressions",
        tuple[str, ...],
        factory=lambda: Statuses(_ERRORS),
        shown=_ERRORS,
        convert=Statuses,
    )
