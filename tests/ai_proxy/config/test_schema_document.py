"""The JSON Schema of the configuration accepts and refuses the same documents as the plugin, as far as a schema can."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from tests.ai_proxy.gateway import Json

from ai_proxy.configuration import outer_problems
from ai_proxy.providers import ROWS
from ai_proxy.providers.checking import check
from ai_proxy_docs.examples import example
from ai_proxy_docs.json_schema import document
from proxywasm.config import Declared, Fault, Key, Kind, Problem, json_name, keys_of
from proxywasm.core.rules import MATCH_KEYS
from proxywasm_host.recordings.exchange import load

CONFORMANCE = Path(__file__).parents[2] / "conformance"
SCHEMA = document()
VALIDATOR = Draft202012Validator(SCHEMA)
IN_SCHEMA = {Fault.WRONG, Fault.IGNORED, Fault.SPELLING}


def of_providers(outer: Json) -> Iterator[Problem]:
    """The plugin's problems of each provider object, active or not."""
    single, listed = outer.get("provider"), outer.get("providers")
    if isinstance(single, dict):
        yield from check(single, "provider", ROWS).problems
        return
    for index, item in enumerate(listed if isinstance(listed, list) else []):
        if isinstance(item, dict):
            yield from check(item, f"providers[{index}]", ROWS).problems
        else:
            yield Problem(Fault.IGNORED, f"providers[{index}]", "must be an object")


def problems(config: Json) -> list[Problem]:
    found: list[Problem] = []
    rules = config.get("_rules_", [])
    for rule in rules:
        if not any(rule.get(name) for name in MATCH_KEYS):
            found.append(Problem(Fault.WRONG, "_rules_", "the SDK refuses a rule without conditions"))
    for part in [config, *rules]:
        found += [*outer_problems(part), *of_providers(part)]
    return found


def recorded() -> Iterator[tuple[str, Json]]:
    for file in sorted(CONFORMANCE.glob("*/*.json")):
        for exchange in load(file):
            try:
                yield exchange.name, json.loads(exchange.config)
            except ValueError:
                continue  # One of them is about text that is no JSON.


def test_the_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_recorded_configurations_are_judged_alike() -> None:
    valid = 0
    for name, config in recorded():
        found = problems(config)
        if any(one.fault is Fault.REFUSED for one in found):
            continue
        errors = [error.message for error in VALIDATOR.iter_errors(config)]
        assert bool(errors) == any(one.fault in IN_SCHEMA for one in found), (name, errors, found)
        valid += not errors
    assert valid > 800


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.name}-{row.when}")
def test_each_example_is_valid_and_selects_its_row(row: Any) -> None:
    provider = example(row)
    assert VALIDATOR.is_valid({"provider": provider}), [
        error.message for error in VALIDATOR.iter_errors({"provider": provider})
    ]
    if "vertexAuthKey" in provider:
        provider["vertexAuthKey"] = account_key()
    checked = check(provider, "provider", ROWS)
    assert checked.problems == []
    assert checked.row is row


def account_key() -> str:
    entries: Any = json.loads((CONFORMANCE / "vertex" / "oauth.json").read_text(encoding="utf-8"))
    key: str = entries[0]["config"]["provider"]["vertexAuthKey"]
    return key


def test_a_slip_is_shown_where_it_is() -> None:
    config = {"providers": [{"type": "qwen", "apiTokens": ["k"], "qwenDomian": "x", "timeout": "soon"}]}
    shown = {(tuple(error.absolute_path), error.validator) for error in VALIDATOR.iter_errors(config)}
    assert shown == {(("providers", 0), "additionalProperties"), (("providers", 0, "timeout"), "type")}


# Generated configurations: those of the examples, with keys that are added, changed and left out.

ODD: list[Any] = [
    None,
    True,
    False,
    "",
    " ",
    "x",
    "true",
    "7",
    0,
    1,
    7.0,
    -1,
    99_999,
    1.5,
    [],
    ["x"],
    [""],
    [1],
    {},
    "a/b",
]
FITTING: dict[Kind, list[Any]] = {
    Kind.STRING: ["x", "x" * 32, "x" * 36, "https://host/p?api-version=1", "host:80", ""],
    Kind.BOOLEAN: [True, False],
    Kind.INTEGER: [0, 1, 100, 65_535],
    Kind.NUMBER: [0, 0.5, -1, "1"],
    Kind.NUMBER_MAP: [{"a": 1, "b*": 0.5}, {"a": "1"}, {"a": None}],
    Kind.STRINGS: [["x", "y"], []],
    Kind.STRING_MAP: [{"a": "b"}, {"openai/v1/files": "/x"}, {"openai/v1/files": "x"}, {"a": 1}, {"a": None}],
    Kind.BOOLEAN_MAP: [{"lastMessage": True}, {"last_message": True}, {"x": True}, {"lastMessage": "true"}],
    Kind.OBJECT: [{"a": 1}],
    Kind.OBJECTS: [[{"name": "a", "value": 1}], [{"name": "a"}], [{"name": "", "value": ""}], [{}], [1]],
    Kind.OBJECT_MAP: [{"m": {"forcedTools": False}}, {"m": {"forcedTool": False}}, {"m": 1}, {"m": {"off": "never"}}],
    Kind.DOCUMENT: [account_key(), json.loads(account_key())],
    Kind.ANY: ["x"],
}


def values(entry: Key) -> st.SearchStrategy[Any]:
    fitting = [*FITTING[entry.kind], *entry.choices, *(choice.upper() for choice in entry.choices)]
    if entry.example is not None:
        fitting.append(entry.example)
    plain = st.sampled_from(fitting) | st.sampled_from(ODD)
    if entry.keys is None:
        return plain
    nested = objects(entry.keys, {})
    if entry.kind is Kind.OBJECT_MAP:
        return plain | st.dictionaries(st.sampled_from(["m", "m*"]), nested, max_size=2)
    return plain | (st.lists(nested, max_size=2) if entry.kind is Kind.OBJECTS else nested)


@st.composite
def objects(draw: st.DrawFn, kind: Declared, start: Json) -> Json:
    result = deepcopy(start)
    names = {json_name(kind, field): entry for field, entry in keys_of(kind).items()}
    names |= {alias: entry for entry in list(names.values()) for alias in entry.aliases}
    for name in draw(st.lists(st.sampled_from(sorted(names)), max_size=6)):
        if name != "type":
            result[name] = draw(values(names[name]))
    if result and draw(st.integers(0, 4)) == 0:
        del result[draw(st.sampled_from(sorted(result)))]
    if draw(st.integers(0, 9)) == 0:
        result[draw(st.sampled_from(["unknown", "_comment", "qwenDomain", "openaiExtraCustomUrls"]))] = "x"
    return result


@given(st.sampled_from(ROWS).flatmap(lambda row: objects(row.settings, example(row))))
@settings(max_examples=300)
def test_generated_providers_are_judged_alike(provider: Json) -> None:
    found = check(provider, "provider", ROWS).problems
    # What only the plugin can see may hide from it what a schema sees.
    assume(all(one.fault is not Fault.REFUSED for one in found))
    errors = [error.message for error in VALIDATOR.iter_errors({"provider": provider})]
    assert bool(errors) == any(one.fault in IN_SCHEMA for one in found), (errors, found)


OUTER = st.fixed_dictionaries(
    {},
    optional={
        "provider": st.sampled_from([None, [], "x", {"type": "qwen", "apiTokens": ["k"]}, {"type": "qwen"}, {}]),
        "providers": st.sampled_from([None, [], {}, "x", [1], [{"type": "ollama"}], [{"type": "openai", "id": "a"}]]),
        "activeProviderId": st.sampled_from([None, "", "a", "b", 7]),
        "_comment": st.just(1),
        "$schema": st.just("x"),
        "activeProvider": st.just("x"),
    },
)


@given(OUTER)
def test_generated_documents_are_judged_alike(config: Json) -> None:
    errors = [error.message for error in VALIDATOR.iter_errors(config)]
    assert bool(errors) == any(one.fault in IN_SCHEMA for one in problems(config)), (errors, problems(config))


@pytest.mark.parametrize(
    ("rule", "valid"),
    [
        ({"_match_route_": ["r"], "activeProviderId": "a"}, True),
        ({"_match_domain_": ["*.h"], "provider": {"type": "openai"}}, True),
        ({"_match_service_": ["s"], "provider": {"type": "opnai"}}, False),
        ({"_match_route_prefix_": "r"}, False),
        ({"activeProviderId": "a"}, False),
        ({"_match_route_": []}, False),
    ],
)
def test_rules_need_conditions(rule: Json, valid: bool) -> None:
    assert VALIDATOR.is_valid({"_rules_": [rule]}) is valid
