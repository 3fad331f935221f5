"""Settings of limits. The keys are those of Higress' cluster-key-rate-limit and ai-token-ratelimit, and more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from proxywasm import config

from .addresses import Network, network
from .storage import RedisSettings

PERIODS: Final = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400}
FROM_HEADER: Final = "from-header-"
FROM_REMOTE: Final = "from-remote-addr"
_NAME: Final = config.Pattern(r"^[^\x00-\x20\x7f]+(?![\s\S])", "must be a name without spaces")


def _key_text(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise config.Invalid(f"must be a string or a whole number, got {config.type_name(value)}")
    if not (text := str(value)):
        raise config.Invalid("must not be empty")
    return text


def _networks(texts: Sequence[str]) -> tuple[Network, ...]:
    found = []
    for index, text in enumerate(texts):
        try:
            found.append(network(text))
        except ValueError as error:
            raise config.Invalid(f"must be an IP address or a network (CIDR): {error}", f"[{index}]") from None
    return tuple(found)


def _status_with_body(status: int) -> int:
    if status in {204, 205, 304}:
        raise config.Invalid(f"a response with the status {status} has no body")
    return status


def rate(what: str, period: str) -> Any:
    """A key of the configuration: how much in a period."""
    return config.key(f"{what} in any {period}", type=int, default=None, minimum=1, maximum=2**48)


@dataclass(frozen=True, kw_only=True)
class BaseLimitKey:
    key: str = config.key(
        "The value that this limit is for. With `limit_by_per_...` also `*` for all values, and `regexp:` with a "
        "regular expression that is searched for in the value; with `limit_by_per_ip` an address or a network (CIDR)",
        type=config.Kind.ANY,
        convert=_key_text,
        example="*",
    )


def _by(what: str) -> Any:
    return config.key(what, type=str, default=None)


@dataclass(frozen=True, kw_only=True)
class BaseRuleItem:
    """A rule has one of the keys `limit_by_...`."""

    limit_by_header: str | None = _by("Name of a request header; each key of `limit_keys` is one value of it")
    limit_by_param: str | None = _by("Name of a parameter of the query")
    limit_by_consumer: str | None = _by("The consumer, as key_auth finds it out; the value does not matter")
    limit_by_cookie: str | None = _by("Name of a cookie")
    limit_by_route: str | None = _by("The route; the value does not matter")
    limit_by_per_header: str | None = _by("As `limit_by_header`, and each value that a key matches has its own count")
    limit_by_per_param: str | None = _by("As `limit_by_param`, with a count for each value")
    limit_by_per_consumer: str | None = _by("As `limit_by_consumer`, with a count for each consumer")
    limit_by_per_cookie: str | None = _by("As `limit_by_cookie`, with a count for each value")
    limit_by_per_route: str | None = _by("As `limit_by_route`, with a count for each route")
    limit_by_per_ip: str | None = config.key(
        "The client's address: `from-remote-addr` for the other side of the connection, or `from-header-` and the name "
        "of the header in which proxies write it, such as `from-header-x-forwarded-for`; see `trusted_proxies`. An "
        "IPv6 client is counted as its /64 network",
        type=str,
        default=None,
        patterns=(
            config.Pattern(
                r"^(?:from-remote-addr|from-header-[^\x00-\x20\x7f]+)(?![\s\S])",
                f"must be {FROM_REMOTE}, or {FROM_HEADER} and the name of a header",
            ),
        ),
    )


@dataclass(frozen=True, kw_only=True)
class BaseSettings:
    rule_name: str = config.key(
        "Name of the counts: configurations with the same name and storage count together", patterns=(_NAME,)
    )
    rejected_code: int = config.key(
        "Status of a refusal", default=429, minimum=200, maximum=599, convert=_status_with_body
    )
    rejected_msg: str | None = config.key(
        "Body of a refusal. Without it the client gets an error in its own protocol", default=None
    )
    show_limit_quota_header: bool = config.key(
        "Whether answers, too, say what is left: `x-ratelimit-limit-...`, `-remaining-...` and `-reset-...`. Refusals "
        "always do",
        default=False,
    )
    trusted_proxies: tuple[Network, ...] = config.key(
        "Addresses and networks (CIDR) of the proxies in front of the gateway. Of the header with addresses the last "
        "counts that is not one of them. Without it the first counts, as in Higress, which clients can write",
        type=tuple[str, ...],
        default=(),
        convert=_networks,
        example=["10.0.0.0/8"],
    )
    redis: RedisSettings | None = config.key(
        "Where to count for several gateways. Without it, the workers of one gateway count together", default=None
    )
    on_storage_failure: Literal["open", "closed"] = config.key(
        "What happens while the counts cannot be reached: `open`: requests pass, `closed`: they get 503",
        default="open",
    )
    slots: int = config.key(
        "Without Redis: room for counts, eight to a slot. With more values in use than about half of that, those that "
        "were not used for the longest time are forgotten",
        default=1024,
        minimum=1,
        maximum=2**20,
    )
