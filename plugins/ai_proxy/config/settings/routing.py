"""`routing`: how a provider is chosen among several, and what happens if it fails."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Final

from proxywasm import ConfigError, log
from proxywasm.config import Naming, Problem, key, prepare, read_object

from .models import ByModel
from .reliability import LONGEST_CALL, Statuses

CONNECT: Final = "connect"
FIRST_BYTE: Final = "firstByte"
STATUS: Final = "status"
BAD_ANSWER: Final = "badAnswer"
CONTEXT_LENGTH: Final = "contextLength"
CONTENT_FILTER: Final = "contentFilter"

TRIGGERS: Final = (CONNECT, FIRST_BYTE, STATUS, BAD_ANSWER, CONTEXT_LENGTH, CONTENT_FILTER)
_BY_DEFAULT: Final = (CONNECT, FIRST_BYTE, STATUS, BAD_ANSWER, CONTEXT_LENGTH)
_STATUSES: Final = ("408", "409", "429", "5.*")


@dataclass(frozen=True, slots=True, kw_only=True)
class NextModels:
    """What is asked after the providers of a model."""

    naming: ClassVar[Naming] = Naming.CAMEL_CASE

    then: tuple[str, ...] = key(
        "in this order: `provider` for the same model, or `provider/model`", default=(), example=("claude/claude-opus",)
    )
    longer: tuple[str, ...] = key(
        "the same for requests that are too long for the model; by default `then`", default=()
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class FallbackSettings:
    """Keys of `routing.fallback`."""

    naming: ClassVar[Naming] = Naming.CAMEL_CASE

    models: ByModel[NextModels] = key(
        "what is asked after all providers that have the model in `models`, by the client's name of the model: exact "
        "names, prefixes `name*`, `*`",
        dict[str, NextModels],
        factory=lambda: ByModel({}),
        shown={},
        convert=ByModel,
    )
    attempts: int = key(
        "attempts for one request in all, the first one and those with another key included",
        default=3,
        minimum=1,
        maximum=15,
    )
    on: tuple[str, ...] = key(
        "the failures after which the next provider is asked: no connection, no first byte in time, a status in "
        "`onStatus`, an answer that is an error or not usable, a request that is too long for the model, a request or "
        "answer that the service refuses for its content",
        default=_BY_DEFAULT,
        names=TRIGGERS,
    )
    on_status: Statuses = key(
        "statuses after which the next provider is asked, as regular expressions",
        tuple[str, ...],
        factory=lambda: Statuses(_STATUSES),
        shown=_STATUSES,
        convert=Statuses,
    )
    first_byte_timeout: int = key(
        "time limit for the first byte of each answer; 0: that of the gateway",
        default=0,
        minimum=0,
        maximum=LONGEST_CALL,
        unit="ms",
    )
    timeout: int = key(
        "time-out of an attempt after the first that is a call-out, with its whole answer",
        default=120_000,
        minimum=1,
        maximum=LONGEST_CALL,
        unit="ms",
    )
    retry_budget: int = key(
        "attempts after the first, in percent of the latest requests to this instance; ten are always allowed, unless "
        "it is 0",
        default=100,
        minimum=0,
        unit="%",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerSettings:
    """Keys of `routing.breaker`."""

    naming: ClassVar[Naming] = Naming.CAMEL_CASE

    failures: int = key(
        "consecutive failures after which a model of a provider is not asked any more", default=5, minimum=1
    )
    open_for: int = key(
        "time after which one request tries it again", default=30_000, minimum=100, maximum=86_400_000, unit="ms"
    )
    longest_wait: int = key(
        "the longest time for which the `retry-after` of a 429 or 503 opens it at once, if no other key of the "
        "provider is left; 0: it does not",
        default=300_000,
        minimum=0,
        maximum=86_400_000,
        unit="ms",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutingSettings:
    """Keys of `routing`."""

    naming: ClassVar[Naming] = Naming.CAMEL_CASE

    strategy: str = key(
        "which of the providers of a model is asked first: in the order of the configuration (`order`), at random by "
        "`weight`, the one that has answered soonest (`latency`), the cheapest by `costs` (`cost`), or the one with "
        "the fewest requests under way (`leastBusy`)",
        default="order",
        choices=("order", "weight", "latency", "cost", "leastBusy"),
    )
    sticky: str = key(
        "requests of one consumer, or of one conversation, go to the same provider, chosen by `weight`: its prompt "
        "cache stays warm",
        default="none",
        choices=("none", "consumer", "conversation"),
    )
    default_provider: str = key("the `id` of the provider for models that no provider has", default="")
    fallback: FallbackSettings | None = key("what happens if a provider fails; without it, nothing", default=None)
    breaker: BreakerSettings | None = key("when a provider that fails is left alone; without it, never", default=None)
    route_header: bool = key(
        "tell clients in the header `x-proxywasm-route` which providers were asked; it names them", default=False
    )


prepare(RoutingSettings)


def read_routing(document: dict[str, Any]) -> RoutingSettings:
    """Read `routing`. Warnings go to the log. Raises `ConfigError` with all errors."""
    problems: list[Problem] = []
    settings: RoutingSettings | None = read_object(RoutingSettings, document, "routing", problems, lenient=True)
    for problem in problems:
        if not problem.refuses:
            log.warn("%s", problem)
    if settings is None:
        raise ConfigError("\n".join(str(problem) for problem in problems if problem.refuses))
    return settings
