"""What the demo's model answers where a JSON Schema says how."""

from __future__ import annotations

import json
from typing import Any

import pytest

from proxywasm_host.gateway.live.demo.schemas import value

SCHEMA = {
    "$defs": {"point": {"type": "object", "properties": {"x": {"type": "number", "minimum": 3}}}},
    "type": "object",
    "properties": {
        "at": {"$ref": "#/$defs/point"},
        "kind": {"enum": ["a", "b"]},
        "names": {"type": "array", "items": {"type": ["string", "null"]}, "minItems": 1},
        "sure": {"type": "boolean"},
        "one": {"anyOf": [{"const": 7}, {"type": "null"}]},
    },
}


def test_the_value_follows_the_schema() -> None:
    assert value(SCHEMA, "hi") == {"at": {"x": 3}, "kind": "a", "names": ["hi"], "sure": True, "one": 7}


@pytest.mark.parametrize("wanted", [None, [], {"type": {}}, {"$ref": "#/nowhere"}, {"$ref": "#"}, {"properties": 1}])
def test_a_schema_that_says_nothing_is_no_failure(wanted: Any) -> None:
    assert value(wanted, "hi") in ("hi", {})


def test_a_schema_that_refers_to_itself_has_a_small_value() -> None:
    itself = {"properties": {str(number): {"$ref": "#"} for number in range(100)}}
    assert len(json.dumps(value(itself, "hi"))) < 20_000
