"""Whatever settings an author declares and whatever a document says: both are judged alike by reader and schema."""

from __future__ import annotations

from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from tests.sdk.config.generated import CANARY, NUMBER_CANARY, Generated, generated

from proxywasm import ConfigError, config
from proxywasm.config import Declared, Fault
from proxywasm.config.generate.document import plugin_schema

NOTHING = object()
SEEDS = st.integers(0, 2**32)
PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
NAMES = st.sampled_from(["alpha", "beta_count", "betaCount", "gamma", "old-alpha", "x"])
ANY = st.recursive(PLAIN, lambda more: st.lists(more, max_size=3) | st.dictionaries(NAMES, more, max_size=3))


def read(document: Any, kind: Declared, **how: bool) -> Any:
    """`NOTHING` for what is refused; any other error is one of ours."""
    try:
        return config.read(document, kind, **how)
    except ConfigError:
        return NOTHING


@given(SEEDS, ANY)
@settings(max_examples=120)
def test_reader_and_schema_agree(seed: int, anything: Any) -> None:
    made = generated(seed)
    schema = config.json_schema(made.settings)
    Draft202012Validator.check_schema(schema)
    random = Random(seed)
    for document in [anything, *(made.document(random) for _ in range(5))]:
        agree(made, schema, document)


def agree(made: Generated, schema: dict[str, Any], document: Any) -> None:
    kind = made.settings
    found = read(document, kind)
    problems = config.problems(document, kind)
    errors = [error.message for error in Draft202012Validator(schema).iter_errors(document)]
    if found is not NOTHING:
        assert errors == [], (made, document)
        assert read(document, kind, lenient=True) == found, (made, document)
    elif all(problem.fault is not Fault.REFUSED for problem in problems):
        assert errors, (made, document, problems)
    if isinstance(document, dict):
        whole = Draft202012Validator(plugin_schema("p", kind, kind))
        assert whole.is_valid(document) is (errors == []), (made, document)
        rule = {name: value for name, value in document.items() if name != "$schema"}
        rules = {"_rules_": [{**rule, "_match_route_": ["r"]}]}
        assert whole.is_valid(rules) is (errors == []), (made, document)


@given(SEEDS)
def test_secrets_are_in_no_message(seed: int) -> None:
    made = generated(seed)
    document = made.document(Random(seed), secrets=True)
    for lenient in (False, True):
        told = str(config.problems(document, made.settings, lenient=lenient))
        assert CANARY not in told, (made, document)
        assert str(NUMBER_CANARY) not in told, (made, document)


@given(SEEDS)
def test_the_documentation_has_every_key(seed: int) -> None:
    kind = generated(seed).settings
    page = config.markdown(kind)
    for name, entry in config.keys_of(kind).items():
        assert f"| `{config.json_name(kind, name)}` | {entry.kind.value} |" in page
