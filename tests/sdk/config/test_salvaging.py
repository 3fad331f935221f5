"""Wrong values that a function of the author salvages: converted, ignored, or refused after all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from proxywasm.config import Fault, Invalid, Key, Kind, Problem, Required, key, read_object


@dataclass(frozen=True, kw_only=True)
class Item:
    name: str = key("the name")
    size: int = key("the size", default=1, minimum=1)


@dataclass(frozen=True, kw_only=True)
class Group:
    enabled: bool = key("whether it applies", default=False)
    model: str = key("the model", default="")

    rules = (Required("model"),)


def _pairs(table: dict[str, str]) -> dict[str, str]:
    for name, value in table.items():
        if value == "bad":
            raise Invalid("is bad", f".{name}")
    return table


@dataclass(frozen=True, kw_only=True)
class Settings:
    host: str = key("the host")
    count: int = key("a count", default=3, maximum=9)
    password: str = key("a secret", default="", secret=True)
    strict: int = key("a count that has to be right", default=4, essential=True)
    names: tuple[str, ...] = key("names", default=())
    pairs: dict[str, str] = key("pairs", dict[str, str], factory=dict, convert=_pairs)
    items: tuple[Item, ...] = key("items", default=())
    group: Group | None = key("a group", default=None)


def digits(entry: Key, raw: Any) -> Any:
    """Texts are made of numbers, and numbers of texts of digits."""
    if entry.kind is Kind.STRING and isinstance(raw, int):
        return str(raw)
    if entry.kind is Kind.STRINGS and isinstance(raw, list):
        return [str(item) if isinstance(item, int) else item for item in raw]
    if entry.kind is Kind.INTEGER and isinstance(raw, str) and raw.isdigit():
        return int(raw)
    return raw


def read(**document: Any) -> tuple[Any, list[Problem]]:
    found: list[Problem] = []
    return read_object(Settings, {"host": "h", **document}, "", found, salvage=digits), found


@pytest.mark.parametrize(
    ("given", "value", "expected"),
    [
        ({"host": 7}, {"host": "7"}, [(Fault.SPELLING, 'host: must be a string, got 7; understood as "7"')]),
        ({"count": "5"}, {"count": 5}, [(Fault.SPELLING, 'count: must be an integer, got "5"; understood as 5')]),
        ({"count": "x"}, {"count": 3}, [(Fault.IGNORED, 'count: must be an integer, got "x"; ignored')]),
        ({"count": "10"}, {"count": 3}, [(Fault.IGNORED, "count: must be at most 9, got 10; ignored")]),
        ({"password": 7}, {"password": "7"}, [(Fault.SPELLING, "password: must be a string, got number; understood")]),
        (
            {"names": ["a", 7, []]},
            {"names": ("a", "7")},
            [
                (Fault.SPELLING, "names[1]: must be a string, got 7; understood"),
                (Fault.IGNORED, "names[2]: must be a string, got array; ignored"),
            ],
        ),
        (
            {"pairs": {"a": "b", "c": "bad"}},
            {"pairs": {"a": "b"}},
            [(Fault.IDLE, "pairs.c: is bad; ignored")],  # No JSON Schema finds it.
        ),
        (
            {"items": [{"size": 2}, {"name": "n", "size": 0}, 7]},
            {"items": (Item(name="n"),)},
            [
                (Fault.IGNORED, "items[0].name: is required: the name; ignored"),
                (Fault.IGNORED, "items[2]: must be an object, got 7; ignored"),
                (Fault.IGNORED, "items[1].size: must be at least 1, got 0; ignored"),
            ],
        ),
        ({"group": 7}, {"group": None}, [(Fault.IGNORED, "group: must be an object, got 7; ignored")]),
    ],
)
def test_wrong_values_are_warnings(given: dict[str, Any], value: dict[str, Any], expected: list[Any]) -> None:
    found, problems = read(**given)
    assert {name: getattr(found, name) for name in value} == value
    assert sorted((one.fault.name, str(one)) for one in problems) == sorted(
        (fault.name, text) for fault, text in expected
    )


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"host": []}, "host: must be a string, got array"),
        ({"host": ""}, "host: is required: the host"),
        ({"strict": "5"}, 'strict: must be an integer, got "5"'),
        ({"group": {"enabled": True}}, "group.model: is required"),
    ],
)
def test_what_has_to_be_right_is_refused(given: dict[str, Any], expected: str) -> None:
    found, problems = read(**given)
    assert found is None
    assert [str(one) for one in problems if one.refuses] == [expected]


def test_without_it_wrong_values_are_refused() -> None:
    found: list[Problem] = []
    assert read_object(Settings, {"host": "h", "count": "5"}, "", found) is None
    assert [one.fault for one in found] == [Fault.WRONG]
