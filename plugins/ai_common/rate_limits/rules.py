"""Rules: which limits apply to a request."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

from proxywasm import ConfigError, HttpContext, log

from .addresses import Network, client_key, client_of, network, within
from .settings import FROM_HEADER, BaseRuleItem, BaseSettings
from .values import VALUES, Value

Rates: TypeAlias = Any
"""What a plugin makes of the rates of a key."""
Matches: TypeAlias = Callable[[str], bool]

MOST_ITEMS: Final = 100
_REGEXP: Final = "regexp:"
_LONGEST_VALUE: Final = 4096
"""Characters of a value that an expression is tried on. Longer ones match none."""


class LimitedKey(NamedTuple):
    """What limits a request: the rates, and whose count."""

    rates: Rates
    key: str


class _Item:
    """A rule, ready for use."""

    __slots__ = ("_exact", "_label", "_others", "_secret", "_value")

    def __init__(self, label: str, value: Value, *, secret: bool) -> None:
        self._label, self._value, self._secret = label, value, secret
        self._exact: dict[str, Rates] = {}
        self._others: list[tuple[Matches, Rates]] = []

    def add(self, key: str, rates: Rates, matches: Matches | None) -> bool:
        """False: the key is there already."""
        if matches is not None:
            self._others.append((matches, rates))
        elif key in self._exact:
            return False
        else:
            self._exact[key] = rates
        return True

    def find(self, ctx: HttpContext) -> LimitedKey | None:
        value = self._value(ctx)
        if not value:
            return None
        rates = self._exact.get(value)
        if rates is None:
            rates = next((rates for matches, rates in self._others if matches(value)), None)
        if rates is None:
            return None
        return LimitedKey(rates, f"{self._label}:{_hidden(value) if self._secret else value}")


class _Addresses(_Item):
    """A rule by the client's address. Counts are those of the address, or of the network of an IPv6 client."""

    __slots__ = ("_header", "_networks", "_trusted")

    def __init__(self, label: str, header: str, trusted: Sequence[Network]) -> None:
        super().__init__(label, lambda _: "", secret=False)
        self._header, self._trusted = header, trusted
        self._networks: list[tuple[Network, Rates]] = []

    def add_network(self, one: Network, rates: Rates) -> bool:
        if any(one == other for other, _ in self._networks):
            return False
        self._networks.append((one, rates))
        # An address goes before its network, and a network before the one around it, in whatever order they are given.
        self._networks.sort(key=lambda pair: -pair[0].prefixlen)
        return True

    def find(self, ctx: HttpContext) -> LimitedKey | None:
        address = client_of(ctx, self._header, self._trusted)
        if address is not None:
            for one, rates in self._networks:
                if within(address, (one,)):
                    return LimitedKey(rates, f"{self._label}:{client_key(address)}")
        return None


class Rules:
    """All rules of a configuration.

    Args:
        settings: of the configuration.
        items: its `rule_items`.
        limit_keys: the keys of an item with their rates, the rates made by the plugin. Raises `ConfigError`.
        overall: the rates of `global_threshold`.
    """

    def __init__(
        self,
        settings: BaseSettings,
        items: Sequence[BaseRuleItem],
        limit_keys: Callable[[Any], Sequence[tuple[str, Rates]]],
        overall: Rates | None,
    ) -> None:
        self._overall = overall
        self._items: list[_Item] = []
        if problems := list(self._read(items, limit_keys, settings)):
            raise ConfigError("\n".join(problems))

    def _read(
        self,
        items: Sequence[BaseRuleItem],
        limit_keys: Callable[[Any], Sequence[tuple[str, Rates]]],
        settings: BaseSettings,
    ) -> Iterator[str]:
        if self._overall is None and not items:
            yield "rule_items: is required, or global_threshold"
        if len(items) > MOST_ITEMS:
            yield f"rule_items: has {len(items)} items, at most {MOST_ITEMS} are possible"
        labels: set[str] = set()
        for index, item in enumerate(items[:MOST_ITEMS]):
            try:
                name, given = _source(item)
                label = f"{name}:{given}"
                if label in labels:
                    log.warn("rule_items[%d]: a rule with the same %s is tried before", index, name)
                labels.add(label)
                self._items.append(_item(label, name, given, limit_keys(item), settings))
            except ConfigError as error:
                yield f"rule_items[{index}].{error}"

    def of(self, ctx: HttpContext) -> list[LimitedKey]:
        """The limits of a request: the overall one, and that of the first rule with a key that matches."""
        found = [] if self._overall is None else [LimitedKey(self._overall, "global")]
        for item in self._items:
            if (limited := item.find(ctx)) is not None:
                found.append(limited)
                break
        return found


def _source(item: BaseRuleItem) -> tuple[str, str]:
    """The key `limit_by_...` of a rule, and its value."""
    given = {name: value for name, value in vars(item).items() if name.startswith("limit_by_") and value is not None}
    if len(given) != 1:
        first, *others = given or ["limit_by_..."]
        raise ConfigError(
            f"{first}: cannot be combined with {', '.join(others)}" if others else f"{first}: is required"
        )
    ((name, value),) = given.items()
    if not value and not name.endswith(("_consumer", "_route")):
        raise ConfigError(f"{name}: must not be empty")
    return name, value.lower() if name.endswith("_header") else value


def _item(label: str, name: str, given: str, limit_keys: Sequence[tuple[str, Rates]], settings: BaseSettings) -> _Item:
    if not limit_keys:
        raise ConfigError("limit_keys: must have at least one key")
    if name == "limit_by_per_ip":
        return _addresses(label, given, limit_keys, settings)
    kind = name.rpartition("_")[2]
    item = _Item(label, VALUES[kind](given), secret=kind in {"header", "param", "cookie"})
    seen: set[str] = set()
    for index, (key, rates) in enumerate(limit_keys):
        try:
            matches = _pattern(key) if "_per_" in name else None
        except ValueError as error:
            raise ConfigError(f"limit_keys[{index}].key: {error}") from None
        if key in seen or not item.add(key, rates, matches):
            raise ConfigError(f"limit_keys[{index}].key: {key!r} has a limit already")
        seen.add(key)
    return item


def _addresses(label: str, given: str, limit_keys: Sequence[tuple[str, Rates]], settings: BaseSettings) -> _Addresses:
    header = given.removeprefix(FROM_HEADER).lower() if given.startswith(FROM_HEADER) else ""
    if header and not settings.trusted_proxies:
        log.warn("%s counts by what clients can write themselves: set trusted_proxies", given)
    item = _Addresses(label, header, settings.trusted_proxies)
    for index, (key, rates) in enumerate(limit_keys):
        try:
            fresh = [item.add_network(network(one), rates) for one in _everywhere(key)]
        except ValueError as error:
            raise ConfigError(f"limit_keys[{index}].key: must be an IP address or a network (CIDR): {error}") from None
        if not all(fresh):
            raise ConfigError(f"limit_keys[{index}].key: {key!r} has a limit already")
    return item


def _everywhere(key: str) -> Sequence[str]:
    return ("0.0.0.0/0", "::/0") if key == "*" else (key,)


def _pattern(key: str) -> Matches | None:
    """None: the key is the value itself. Raises `ValueError`."""
    if key == "*":
        return lambda _: True
    if not key.startswith(_REGEXP):
        return None
    try:
        search = re.compile(key.removeprefix(_REGEXP)).search
    except re.error as error:
        raise ValueError(f"the regular expression cannot be read: {error}") from None
    return lambda value: len(value) <= _LONGEST_VALUE and search(value) is not None


def _hidden(value: str) -> str:
    """Keys of clients may be in headers, queries and cookies; a storage does not need them."""
    return hashlib.sha256(value.encode(errors="surrogatepass")).hexdigest()[:32]
