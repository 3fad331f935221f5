"""Settings at random, and documents for them."""

from __future__ import annotations

from dataclasses import dataclass, make_dataclass
from random import Random
from typing import Any, Final, Literal, NamedTuple

from proxywasm import config
from proxywasm.config import Declared, Kind, key

CANARY: Final = "c4nary"
NUMBER_CANARY: Final = 987_654_321
CANARIES: Final = [
    CANARY,
    [CANARY],
    {"a": CANARY},
    NUMBER_CANARY,
    [NUMBER_CANARY],
    {"a": NUMBER_CANARY},
    -NUMBER_CANARY,
]


class Sort(NamedTuple):
    """A type of keys: its options, defaults and values that may fit."""

    hint: Any
    options: dict[str, list[Any]]
    defaults: list[Any]
    values: list[Any]


PATTERNS: Final = [
    (config.Pattern("^x-", "must begin with x-"),),
    (config.Pattern(r"[\s@]", "must have no spaces", forbidden=True),),
    (config.Pattern(r"\S", "must not be empty"), config.Pattern("^[a-z-]*", "must be lower case")),
]
TEXT: Final[dict[str, list[Any]]] = {"patterns": PATTERNS, "length": [3]}
NUMBER: Final[dict[str, list[Any]]] = {"minimum": [0, 1], "maximum": [5, 100]}

SORTS: Final = [
    Sort(str, TEXT, ["", "x-a"], ["", "a", "x-a", "abc", " abc ", "a b"]),
    Sort(str, {"trim": [True]}, ["", "a"], ["", " ", " a ", "a"]),
    Sort(Literal["on", "off"], {}, ["on"], ["on", "off", "ON"]),
    Sort(bool, {}, [False, True], [True, False, "true"]),
    Sort(int, NUMBER, [0, 1, 7], [0, 1, 7, 7.0, "7", 10**30, -1, 1.5]),
    Sort(float, NUMBER, [0.0, 1.0, 0.5], [0, 1, 0.5, "0.5", float("inf"), float("nan"), 10**400, -0.5]),
    Sort(tuple[str, ...], TEXT, [(), ("a",)], [[], ["a"], ["x-a", "abc"], "x-a", ["x-a", 1, 2]]),
    Sort(tuple[Literal["on", "off"], ...], {}, [()], [[], ["on"], ["ON"], ["x"]]),
    Sort(tuple[int, ...], NUMBER, [(), (1,)], [[], [1], [7, -1], ["7"], [None]]),
    Sort(tuple[float, ...], NUMBER, [()], [[], [0.5], [float("inf")], [True]]),
    Sort(dict[str, str], TEXT, [{}], [{}, {"a": "x-a"}, {"a": 1, "b": 2}, {"": "abc"}]),
    Sort(dict[Literal["first", "last"], bool], {}, [{}], [{}, {"first": True}, {"First": True}, {"x": 1}]),
    Sort(dict[str, int], NUMBER, [{}], [{}, {"a": 1}, {"a": "1"}, {"a": {}}]),
    Sort(dict[str, float], NUMBER, [{}], [{}, {"a": 0.5}, {"a": float("nan")}]),
    Sort(dict[str, Any], {}, [{}], [{}, {"a": [None]}, {"a": float("inf")}]),
    Sort(Kind.DOCUMENT, {}, [""], ["{}", "", {}, {"a": 1}, {"a": float("inf")}]),
    Sort(Any, {}, [None, 0], [None, 0, False, "", [], {}, [float("inf")], "x"]),
]
ODD: Final = [
    None,
    True,
    0,
    -1,
    1.5,
    "",
    "x",
    "7",
    "\ud800",
    [],
    [None],
    {},
    {"a": 1},
    float("inf"),
    10**400,
    "y" * 60,
]


class Field(NamedTuple):
    name: str
    sort: Sort
    options: dict[str, Any]

    def key(self) -> Any:
        return key(f"the {self.name}", self.sort.hint, **self.options)


@dataclass(frozen=True)
class Generated:
    """Settings at random, and documents for them. The same number gives the same."""

    number: int
    settings: Declared
    fields: tuple[Field, ...]
    inner: Generated | None

    def document(self, random: Random, *, secrets: bool = False) -> dict[str, Any]:
        """With most of the keys, and values that mostly fit. `secrets`: those of secret keys are canaries."""
        result: dict[str, Any] = {}
        for one in self.fields:
            entry = config.keys_of(self.settings)[one.name]
            if "default" in one.options and random.random() < 0.4:
                continue
            written = random.choice([config.json_name(self.settings, one.name), *entry.aliases])
            result[written] = random.choice(CANARIES) if secrets and entry.secret else self._value(random, one, secrets)
        if random.random() < 0.2:
            result[random.choice(["_comment", "$schema", "alhpa", "betaCount"])] = 1
        if result and random.random() < 0.1:
            del result[random.choice(sorted(result))]
        return result

    def _value(self, random: Random, one: Field, secrets: bool) -> Any:
        entry = config.keys_of(self.settings)[one.name]
        if random.random() < 0.1:
            return random.choice(ODD)
        if self.inner is not None and entry.keys is not None:
            several = [self.inner.document(random, secrets=secrets) for _ in range(random.randrange(3))]
            match entry.kind:
                case Kind.OBJECTS:
                    return several
                case Kind.OBJECT_MAP:
                    return dict(zip("ab", several, strict=False))
                case _:
                    return self.inner.document(random, secrets=secrets)
        alone = config.Table("T", {"k": one.key()})
        fitting = [value for value in one.sort.values if not config.problems({"k": value}, alone)]
        return random.choice(fitting if fitting and random.random() < 0.75 else one.sort.values)

    def __repr__(self) -> str:
        inner = f", with {self.inner}" if self.inner else ""
        return f"settings {self.number}: {config.keys_of(self.settings)}, {config.rules_of(self.settings)}{inner}"


def generated(number: int, depth: int = 1) -> Generated:
    """A dataclass or a table; the objects inside have the same variety."""
    random = Random(number)  # no secret
    inner = generated(number + 1, depth - 1) if depth and random.random() < 0.4 else None
    names = ["alpha", "beta_count", "gamma"][: random.randint(1, 3)]
    chosen = tuple(_field(random, name, inner) for name in names)
    rules = tuple(_rule(random, chosen) for _ in range(random.choice([0, 0, 1, 2])))
    if random.random() < 0.5:
        table = config.Table("Random", {one.name: one.key() for one in chosen}, rules=rules)
        return Generated(number, table, chosen, inner)
    items: list[Any] = [(one.name, Any, one.key()) for one in chosen]
    own = {"rules": rules, "naming": random.choice([*config.Naming])}
    return Generated(number, make_dataclass("Random", items, frozen=True, kw_only=True, namespace=own), chosen, inner)


def _field(random: Random, name: str, inner: Generated | None) -> Field:
    sorts = list(SORTS)
    if inner is not None:
        kind: Any = inner.settings
        hints = [kind, tuple[kind, ...], dict[str, kind]] if isinstance(kind, type) else [kind]
        sorts = [*SORTS[:5], *(Sort(hint, {}, [None], []) for hint in hints * 2)]
    sort = random.choice(sorts)
    options = {option: random.choice(values) for option, values in sort.options.items() if random.random() < 0.5}
    if random.random() < 0.6:
        # A field cannot have a dictionary by default.
        options["default"] = random.choice([one for one in sort.defaults if not isinstance(one, dict)] or [None])
    if random.random() < 0.25:
        options["aliases"] = (f"old-{name}",)
    options["secret"] = random.random() < 0.25
    return Field(name, sort, options)


def _rule(random: Random, chosen: tuple[Field, ...]) -> config.Rule:
    name, other = random.choice(chosen).name, random.choice(chosen).name
    when = _condition(random, chosen)
    rules: list[config.Rule] = [
        config.Required(name),
        config.Required(name, when),
        config.Exclusive(name, other),
        config.NoEffect((name,), "why", when),
    ]
    return random.choice(rules)


def _condition(random: Random, chosen: tuple[Field, ...], depth: int = 2) -> config.Condition:
    one = random.choice(chosen)
    if depth and random.random() < 0.4:
        inner = _condition(random, chosen, depth - 1)
        both = config.All((inner, _condition(random, chosen, depth - 1)))
        return both if random.random() < 0.5 else config.Not(inner)
    # Other values have no equality that Python and JSON Schema share.
    if one.sort in SORTS[:7] and random.random() < 0.5:
        return config.Is(one.name, random.choice(one.sort.defaults))
    return config.Given(one.name)
