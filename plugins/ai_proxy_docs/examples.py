"""The smallest valid configuration of each provider."""

from __future__ import annotations

from typing import Any

from ai_proxy.config.settings import Settings
from ai_proxy.providers.checking import check
from ai_proxy.providers.row import Row
from proxywasm.config import All, Condition, Fault, Given, Is, Not, default_of, json_name, keys_of


def example(row: Row) -> dict[str, Any]:
    """A provider object that selects this row, with placeholders for values of an account."""
    kind = row.settings
    provider: dict[str, Any] = {"type": row.name}
    if (row.auth or row.credential) and row.login is None:
        provider["apiTokens"] = ["sk-..."]
    for chosen in _chosen_by(row.when):
        provider |= _given(kind, chosen, provider)
    by_name = {json_name(kind, field): field for field in keys_of(kind)}
    for field, entry in keys_of(kind).items():
        if entry.expected:
            provider |= _given(kind, Given(field), provider)
    while missing := _missing(provider, row):
        for name in missing:
            provider |= _given(kind, Given(by_name[name]), provider)
    return provider


def _missing(provider: dict[str, Any], row: Row) -> list[str]:
    problems = check(provider, "", [row]).problems
    return [one.path for one in problems if one.fault is Fault.WRONG and one.path not in provider]


def _chosen_by(condition: Condition) -> list[Given | Is]:
    match condition:
        case Given() | Is():
            return [condition]
        case Not(Is(name, bool() as value)):
            return [Is(name, not value)]
        case Not():
            return []
        case All(several):
            return [found for one in several for found in _chosen_by(one)]


def _given(kind: type[Any], what: Given | Is, provider: dict[str, Any]) -> dict[str, Any]:
    name = json_name(kind, what.name)
    if name in provider:
        return {}
    if isinstance(what, Is):
        return {} if default_of(kind, what.name) == what.value else {name: what.value}
    value = keys_of(kind)[what.name].example
    assert value is not None, f"{kind.__name__}.{what.name} is required, but has no example"
    return {name: value}


def settings(row: Row) -> Settings:
    """The settings of the example."""
    provider = example(row)
    if (checked := check(provider, "", [row])).settings is not None:
        return checked.settings
    # A placeholder for an account's key is refused, but the address of requests does not depend on it.
    fields = {json_name(row.settings, field): field for field in keys_of(row.settings)}
    return row.settings(**{fields[name]: value for name, value in provider.items()})
