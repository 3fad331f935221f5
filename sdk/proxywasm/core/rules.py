"""Which configuration applies to a stream: `_rules_` override the global configuration by route, domain or service."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeAlias, TypeVar

from ..errors import ConfigError
from ..wire import LogLevel
from .log_lines import write
from .plugin_state import PluginState
from .running import running

Config = TypeVar("Config")
Document: TypeAlias = dict[str, Any]

RULES = "_rules_"
MATCH_KEYS = ("_match_route_", "_match_domain_", "_match_service_", "_match_route_prefix_")

NO_CONFIG: Final[Any] = object()
"""The result of `ConfigTable.select` if no configuration applies to a stream (a configuration may be None)."""


class StreamFacts:
    """The facts that rules compare. Properties are read from the host once, when the first rule needs them."""

    __slots__ = ("_get_property", "_host", "_route", "_service", "authority")

    def __init__(self, authority: str, get_property: Callable[[str], bytes | None]) -> None:
        self.authority = authority
        self._get_property = get_property
        self._host: str | None = None
        self._route: str | None = None
        self._service: tuple[str, str] | None = None

    @property
    def host(self) -> str:
        if self._host is None:
            self._host = without_port(self.authority).lower()
        return self._host

    @property
    def route(self) -> str:
        if self._route is None:
            self._route = (self._get_property("route_name") or b"").decode(errors="replace")
        return self._route

    @property
    def service(self) -> tuple[str, str]:
        """Name and port of `outbound|port|subset|name`; empty for clusters of another form."""
        if self._service is None:
            parts = (self._get_property("cluster_name") or b"").decode(errors="replace").split("|")
            self._service = (parts[3], parts[1]) if len(parts) == 4 else ("", "")
        return self._service


Matcher: TypeAlias = Callable[[StreamFacts], bool]


def without_port(authority: str) -> str:
    """The host of an authority; colons inside the brackets of an IPv6 address do not begin a port.

    >>> without_port("a.com:80"), without_port("[::1]:80"), without_port("[::1]")
    ('a.com', '[::1]', '[::1]')
    """
    host, colon, _ = authority.rpartition(":")
    return host if colon and "]" not in authority[len(host) :] else authority


@dataclass(frozen=True, slots=True)
class _Conditions:
    """When a rule applies. Route beats domain beats service beats route prefix; route and service may be combined."""

    matches: Matcher
    key: str
    """Identifies a rule, independent of the order of its conditions."""


def _conditions(rule: Document, where: str) -> _Conditions:
    values = {key: _strings(rule.get(key), f"{where}.{key}") for key in MATCH_KEYS}
    routes, domains, services, prefixes = (values[key] for key in MATCH_KEYS)
    key = json.dumps({name: sorted(given) for name, given in values.items() if given}, ensure_ascii=False)
    if routes and services:
        route, service = _route(routes), _service(services)
        return _Conditions(lambda facts: route(facts) and service(facts), key)
    for given, make in ((routes, _route), (domains, _domain), (services, _service), (prefixes, _route_prefix)):
        if given:
            return _Conditions(make(given), key)
    raise ConfigError(f"{where}: a rule needs at least one of {', '.join(MATCH_KEYS)}")


def _strings(value: object, where: str) -> list[str]:
    """Names without quotes are numbers in YAML. Other gateways read the text of any value."""
    found = []
    for item in _list(value):
        text = item if isinstance(item, str) else "" if item is None else json.dumps(item, ensure_ascii=False)
        if not isinstance(item, str):
            write(LogLevel.WARN, f"{where}: must be a list of texts, got {text or 'null'}; understood as text")
        if text:
            found.append(text)
    return found


def _route(routes: Sequence[str]) -> Matcher:
    names = frozenset(routes)
    return lambda facts: facts.route in names


def _route_prefix(prefixes: Sequence[str]) -> Matcher:
    starts = tuple(prefixes)
    return lambda facts: facts.route.startswith(starts)


def _domain(domains: Sequence[str]) -> Matcher:
    """Host names compare case-insensitively (RFC 9110, 4.2.3)."""
    lower = [domain.lower() for domain in domains]
    ends = tuple(domain[1:] for domain in lower if domain.startswith("*"))
    starts = tuple(domain[:-1] for domain in lower if domain.endswith("*") and not domain.startswith("*"))
    exact = frozenset(domain for domain in lower if "*" not in (domain[0], domain[-1]))
    return lambda facts: facts.host in exact or facts.host.endswith(ends) or facts.host.startswith(starts)


def _service(services: Sequence[str]) -> Matcher:
    wanted = frozenset(services)

    def matches(facts: StreamFacts) -> bool:
        name, port = facts.service
        return bool(name) and (name in wanted or f"{name}:{port}" in wanted)

    return matches


class ConfigTable(Generic[Config]):
    """The parsed configuration: rules in order, and what applies when none of them does."""

    __slots__ = ("global_config", "rules")

    def __init__(self, global_config: Any, rules: Sequence[tuple[Matcher, Config]] = ()) -> None:
        """`global_config` is `NO_CONFIG` if there are only rules."""
        self.global_config = global_config
        self.rules = rules

    def select(self, authority: str, get_property: Callable[[str], bytes | None]) -> Any:
        """The first rule that matches, else the global configuration, else `NO_CONFIG`."""
        facts = StreamFacts(authority, get_property)
        for matches, config in self.rules:
            if matches(facts):
                return config
        return self.global_config


def parse(
    document: Document,
    parse_global: Callable[[Document], Config],
    parse_rule: Callable[[Document, Config | None], Config],
    context: PluginState,
) -> ConfigTable[Config]:
    """Parse a whole configuration. The parse functions get it without the keys that are evaluated here.

    Raises:
        ConfigError: with the rule that is wrong. Other errors of the parse functions are not changed.
    """
    rules = _list(document.get(RULES))
    own = {key: value for key, value in document.items() if key != RULES}
    global_config: Any = NO_CONFIG
    if own or RULES not in document:  # an empty configuration applies everywhere
        try:
            global_config = parse_global(own)
        except Exception as error:
            if not rules:
                raise
            write(
                LogLevel.ERROR,
                f"the global part of the configuration is left out, only its rules apply: {_said(error)}",
            )
    if not rules:
        if global_config is NO_CONFIG:
            raise ConfigError(f"{RULES} is empty and there is no global configuration")
        return ConfigTable(global_config)

    inherited = None if global_config is NO_CONFIG else global_config

    def parse_one(rule: Document) -> Config:
        return parse_rule({key: value for key, value in rule.items() if key not in MATCH_KEYS}, inherited)

    parse_safely = _parse_isolated if context.rule_isolation else _parse_strictly
    parsed: list[tuple[Matcher, Config]] = []
    for index, rule in enumerate(rules):
        where = f"{RULES}[{index}]"
        if not isinstance(rule, dict):
            raise ConfigError(f"{where}: must be an object, got {json.dumps(rule)}")
        conditions = _conditions(rule, where)
        config = parse_safely(rule, parse_one, where, conditions, context)
        if config is not NO_CONFIG:
            parsed.append((conditions.matches, config))
    if not parsed:
        raise ConfigError(f"every rule of {RULES} is broken, and no good version of any is known")
    return ConfigTable(global_config, parsed)


def _said(error: Exception) -> str:
    """The text for an exception of a parse function: an unexpected one may quote any part of the configuration."""
    instance = running.get()
    if isinstance(error, ConfigError) or instance is None or not instance.safe_log:
        return str(error)
    return f"{type(error).__name__} was raised; its message is not shown"


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _parse_strictly(
    rule: Document, parse_one: Callable[[Document], Any], where: str, _conditions: _Conditions, _context: PluginState
) -> Any:
    try:
        return parse_one(rule)
    except ConfigError as error:
        raise ConfigError(f"{where}: {error}") from None


# Rule-level isolation. The last good versions are in shared data, so that a fresh instance knows them too.


def _parse_isolated(
    rule: Document, parse_one: Callable[[Document], Any], where: str, conditions: _Conditions, context: PluginState
) -> Any:
    try:
        config = parse_one(rule)
    except Exception as error:
        last_good = _last_good(context, conditions, parse_one)
        fate = "is left out" if last_good is NO_CONFIG else "is broken, its last good version goes on"
        write(LogLevel.ERROR, f"{where} {fate}: {_said(error)}")
        return last_good
    context.host.set_shared_data(_store(context, conditions), json.dumps(rule).encode(), 0)
    return config


def _store(context: PluginState, conditions: _Conditions) -> str:
    return f"proxywasm_rule:{context.fingerprint}:{conditions.key}"


def _last_good(context: PluginState, conditions: _Conditions, parse_one: Callable[[Document], Any]) -> Any:
    entry = context.host.get_shared_data(_store(context, conditions))
    if entry is None:
        return NO_CONFIG
    try:
        return parse_one(json.loads(entry[0]))
    except Exception as error:
        # What was good with another global configuration, or for another version of the plugin.
        write(LogLevel.WARN, f"the last good version of a rule does not fit any more: {_said(error)}")
        return NO_CONFIG
