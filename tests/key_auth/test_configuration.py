"""A configuration that would let in the wrong clients, or none, is refused; messages do not show keys."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from proxywasm import ConfigError
from proxywasm.testing import TestHost

KEY = "key-of-alice-1234"
SAME = "consumers[1].credential: is the same key as that of consumers[0]"
LENGTH = "consumers[0].credential: must have 1 to 4096 bytes"
DIGITS = "consumers[0].credential: must have 64 hexadecimal digits after sha256:"
NOWHERE = "in_header: one of in_header and in_query must be true"
ALICE = {"name": "alice", "credential": KEY}
BOB = {"name": "bob", "credential": "key-of-bob"}
HASH = "sha256:" + hashlib.sha256(KEY.encode()).hexdigest()


def problems(config: dict[str, Any]) -> list[str]:
    with pytest.raises(ConfigError) as refused:
        TestHost("plugins/key_auth", config)
    text = str(refused.value)
    assert KEY not in text
    assert HASH not in text
    return text.splitlines()


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"consumers": []}, "consumers: must have at least one consumer"),
        ({"consumers": [ALICE], "keys": []}, "keys: must have at least one name"),
        ({"consumers": [ALICE], "in_header": False, "in_query": False}, NOWHERE),
        ({"consumers": [ALICE, {"name": "b", "credential": KEY}]}, SAME),
        ({"consumers": [ALICE, {"name": "b", "credential": HASH}]}, SAME),
        ({"consumers": [ALICE, {"name": "alice", "credential": f"Bearer {KEY}"}]},
         SAME),
        ({"consumers": [{"name": "a", "credential": "Bearer "}]}, LENGTH),
        ({"consumers": [{"name": "a", "credential": KEY * 1000}]}, LENGTH),
        ({"consumers": [{"name": "a", "credential": HASH[:-1]}]}, DIGITS),
        ({"consumers": [ALICE], "allow": ["alise"]}, "allow[0]: there is no consumer 'alise'; did you mean alice?"),
        ({"consumers": [ALICE], "allow": ["alice"], "global_auth": False},
         "allow: cannot be combined with global_auth: false; without a rule no request would need a key"),
        ({"consumers": [ALICE], "_rules_": [{"_match_route_": ["a"], "allow": []}]},
         "_rules_[0]: allow: must name at least one consumer"),
        ({"consumers": [ALICE, BOB], "_rules_": [{"_match_route_": ["a"], "allow": ["carol"]}]},
         "_rules_[0]: allow[0]: there is no consumer 'carol'"),
        ({"_rules_": [{"_match_route_": ["a"], "allow": ["alice"]}]},
         "_rules_[0]: allow: rules need valid `consumers` outside of `_rules_`"),
        # Without this, whoever no rule is for would be let in.
        ({"consumers": [ALICE, ALICE], "_rules_": [{"_match_route_": ["a"], "allow": ["alice"]}]},
         "_rules_[0]: allow: rules need valid `consumers` outside of `_rules_`"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(config: dict[str, Any], expected: str) -> None:
    assert problems(config) == [expected]


@pytest.mark.parametrize("name", ["", " alice", "alice ", "a\nb", "x" * 201, "a\0"])
def test_a_name_has_to_fit_into_a_header(name: str) -> None:
    assert problems({"consumers": [{"name": name, "credential": KEY}]})[0].startswith(
        "consumers[0].name: must have 1 to 200"
    )


@pytest.mark.parametrize("name", ["", "x key", "x:key", "schlüssel"])
def test_a_source_has_to_be_the_name_of_a_header(name: str) -> None:
    assert problems({"consumers": [ALICE], "keys": [name]})[0].startswith("keys[0]: must be the name of a header")


@pytest.mark.parametrize("realm", ['a"b', "a\\b", "a\r\nb", "ü"])
def test_a_realm_has_to_fit_into_its_quotation_marks(realm: str) -> None:
    assert problems({"consumers": [ALICE], "realm": realm})[0].startswith("realm: must have printable ASCII")
