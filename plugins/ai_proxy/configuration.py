"""The configuration document: finds the active provider and builds it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from proxywasm import ConfigError, log
from proxywasm.config import Fault, Problem, did_you_mean, json_name, keys_of, nearest, type_name

from .config.coercion import text
from .config.settings import Settings
from .config.settings.routing import read_routing
from .pipeline import failover
from .pipeline.plans import Config, Plans
from .pipeline.routing.router import Router
from .pipeline.routing.selection import Selection
from .protocols.clients import BUILT_IN, Clients
from .providers import ROWS, build
from .providers.checking import check
from .providers.row import Provider, Row
from .wire.memory_budget import MemoryBudget

# The SDK removes its own keys, which begin with `_`.
KEYS: Final = {
    "provider": "The only provider. With it, the other keys have no effect.",
    "providers": "The providers to choose from, each with an `id`.",
    "activeProviderId": "The `id` of the provider that gets all requests, whatever its `models`. Without it, the model "
    "of a request chooses among the providers with `models`; if there are none, requests pass unchanged.",
    "routing": "How a provider is chosen by the model, and what happens if it fails; see [routing.md](routing.md).",
}
"""The keys of a document and of a rule."""


def parse(document: dict[str, Any], rows: Sequence[Row] = ROWS, clients: Clients = BUILT_IN) -> Config:
    """Builds only the active provider; problems of the others are logged. Raises `ConfigError`."""
    return _parse(document, None, rows, clients)


def parse_override(
    document: dict[str, Any], base: Config | None, rows: Sequence[Row] = ROWS, clients: Clients = BUILT_IN
) -> Config:
    """Builds the provider of a rule. Raises `ConfigError`.

    A rule without `providers` inherits those of the global configuration. It has to name its active provider itself:
    otherwise its requests pass unchanged.
    """
    return _parse(document, base, rows, clients)


def _parse(document: dict[str, Any], base: Config | None, rows: Sequence[Row], clients: Clients) -> Config:
    for problem in outer_problems(document):
        if problem.refuses:
            raise ConfigError(str(problem))
        log.warn("%s", problem)
    single = document.get("provider")
    if isinstance(single, dict):
        return _with_health_checks(build(single, "provider", rows), clients, (single,))
    given, active = document.get("providers"), document.get("activeProviderId")
    listed = _listed(given) if given is not None else base.listed if base is not None else ()
    active = text(active)
    chosen = _index_of(listed, active) if active else None
    if given is not None:
        for index, item in enumerate(listed):
            if index != chosen:
                _log_problems(item, f"providers[{index}]", rows)
    if chosen is not None:
        provider = build(listed[chosen], f"providers[{chosen}]", rows, log_warnings=given is not None)
        return _with_health_checks(provider, clients, listed)
    if not active and ((given is not None and _has_models(listed)) or document.get("routing") is not None):
        return _routed(document.get("routing") or {}, listed, rows, clients)
    if active:
        ids = [name for item in listed if (name := _id(item))]
        known = f"known are: {', '.join(ids)}" if ids else "there are no providers with an id"
        hint = f"{known}{did_you_mean(active, ids)}"
        log.warn('activeProviderId: no provider has the id "%s", and requests pass as they are; %s', active, hint)
    return Config(listed=listed)


def _has_models(listed: Sequence[Any]) -> bool:
    return any(isinstance(item, dict) and item.get("models") for item in listed)


def _routed(document: dict[str, Any], listed: tuple[Any, ...], rows: Sequence[Row], clients: Clients) -> Config:
    """The configuration that chooses among the providers by model. Raises `ConfigError`."""
    settings = read_routing(document)
    memory_budget = MemoryBudget()
    configs: list[Config] = []
    for index, item in enumerate(listed):
        path = f"providers[{index}]"
        if not isinstance(item, dict):
            raise ConfigError(f"{path}: must be an object, got {type_name(item)}")
        if not item.get("id"):
            raise ConfigError(f"{path}.id: is required: routing, its log and its metrics name providers by it")
        provider = replace(build(item, path, rows), memory_budget=memory_budget)
        if not any(provider.settings.id == one.plans.provider.settings.id for one in configs if one.plans is not None):
            configs.append(_with_health_checks(provider, clients, listed))
    if not configs:
        raise ConfigError("routing: there are no providers to choose from")
    selection = Selection(configs, settings, memory_budget)
    if unknown := selection.unknown_names():
        raise ConfigError("\n".join(unknown))
    return Config(listed=listed, router=Router(selection, clients))


def outer_problems(document: dict[str, Any]) -> list[Problem]:
    """The problems of a document or rule, without those of its providers."""
    problems: list[Problem] = []
    single, given, active, routing = (document.get(name) for name in KEYS)
    for name in document:
        if name not in KEYS and name != "$schema" and not name.startswith("_"):
            problems.append(Problem(Fault.IGNORED, name, _unknown_key(name)))
    if isinstance(single, dict):
        for name in ("providers", "activeProviderId", "routing"):
            if document.get(name) is not None:
                problems.append(Problem(Fault.IDLE, name, "has no effect beside provider; remove one of the two"))
        return problems
    if single is not None:
        problems.append(Problem(Fault.IGNORED, "provider", f"must be an object, got {type_name(single)}; ignored"))
    if given is not None and not isinstance(given, list):
        fate = "understood as an array with one entry"
        problems.append(
            Problem(Fault.SPELLING, "providers", f"must be an array of objects, got {type_name(given)}; {fate}")
        )
    elif given is not None:
        problems += _ids(given)
    if active is not None and not isinstance(active, str):
        fate = f"must be a string, got {type_name(active)}; understood as text"
        problems.append(Problem(Fault.SPELLING, "activeProviderId", fate))
    if routing is not None and not isinstance(routing, dict):
        problems.append(Problem(Fault.WRONG, "routing", f"must be an object, got {type_name(routing)}"))
    elif routing is not None and active:
        text = "has no effect beside activeProviderId, which names the provider of all requests; remove one of the two"
        problems.append(Problem(Fault.IDLE, "routing", text))
    return problems


def _ids(listed: list[Any]) -> list[Problem]:
    problems = []
    first: dict[str, int] = {}
    for index, item in enumerate(listed):
        name = _id(item)
        if isinstance(item, dict) and not name:
            why = "is missing: without it nothing can choose this provider; give it one, or remove it"
            problems.append(Problem(Fault.IDLE, f"providers[{index}].id", why))
        elif name in first:
            why = f'providers[{first[name]}] has the id "{name}" as well, and is the one that is used; rename one'
            problems.append(Problem(Fault.IDLE, f"providers[{index}].id", why))
        elif name:
            first[name] = index
    return problems


def _unknown_key(name: str) -> str:
    if nearest(name, KEYS):
        return f"unknown key, ignored{did_you_mean(name, KEYS)}"
    of_a_provider = any(name == json_name(Settings, one) for one in keys_of(Settings))
    return "ignored: it belongs into a provider object" if of_a_provider else "unknown key, ignored"


def _index_of(listed: Sequence[Any], active: str) -> int | None:
    return next((index for index, item in enumerate(listed) if _id(item) == active), None)


def _listed(given: Any) -> tuple[Any, ...]:
    return tuple(given) if isinstance(given, list) else (given,)


def _id(item: Any) -> str:
    return text(item.get("id")) if isinstance(item, dict) else ""


def _log_problems(item: Any, path: str, rows: Sequence[Row]) -> None:
    """Log the problems of a provider that is not active here."""
    if not isinstance(item, dict):
        log.warn("%s: must be an object, got %s; ignored", path, type_name(item))
        return
    for problem in check(item, path, rows).problems:
        log.warn("%s%s", problem, "; it is not the active provider, so the gateway starts" if problem.refuses else "")


def _with_health_checks(provider: Provider, clients: Clients, listed: tuple[Any, ...]) -> Config:
    """The configuration with this provider. Starts the health checks of its tokens."""
    failover.watch(provider)
    return Config(Plans(provider, clients), listed)
