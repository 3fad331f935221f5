"""Placeholders for secrets in a gateway file, and new values in its text, for texts of many kinds."""

from __future__ import annotations

import base64
import copy
import json
from html import escape
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxywasm_host.gateway.console.texts.first_look import FirstLook
from proxywasm_host.gateway.console.texts.masking import masked, unmasked
from proxywasm_host.gateway.console.texts.secrets import Secrets
from proxywasm_host.gateway.console.texts.source import Source
from proxywasm_host.gateway.console.texts.splicing import SpliceError, spliced
from proxywasm_host.recordings.masking import Placeholders

PLACE = ("plugins", 0, "config")
LAYOUT = """\
# in front
plugins:
  # the first
  - name: a
    config:
      provider:   # who
        type: qwen
        {SECRETS}
        modelMapping: {"gpt-4o": qwen-max, "*": qwen-plus}   # in one line
      list:
      - a   # one
      # two comes
      - b: 1   # bb
        c: 2
      - 1.5
      empty:
      text: |   # a block
        one

        two
  - {name: b, config: {x: [1, {y: 2}]}}   # the second
routes: [{name: all}]
"""
PLAIN = LAYOUT.replace("{SECRETS}", "apiTokens: [t-1]")


def value_of(text: str) -> Any:
    return Source(text).value


def config_of(text: str) -> Any:
    return value_of(text)["plugins"][0]["config"]


# Placeholders.


@pytest.mark.parametrize(
    "written",
    [
        "apiTokens: [plain-secret-1]",
        "apiTokens: ['it''s-a-secret']",
        'apiTokens: ["a\\nsecret \\u00e9"]',
        "apiTokens:\n        - first-secret   # one\n        - second-secret",
        "apiKey: >-\n          folded\n          secret",
        "apiKey: |\n          -----BEGIN\n          secret-lines\n",
        "apiKey: &anchor anchored-secret\n        otherKey: *anchor",
        "password: 12345678901",
        "credentials: {user: some-user, inner: [some-secret-x]}",
        'authorization: "Bearer some-secret-y"',
        "key: !!str some-secret-z",
    ],
)
def test_secrets_have_placeholders_and_come_back_as_they_were(written: str) -> None:
    text, secrets = LAYOUT.replace("{SECRETS}", written), Secrets()
    shown = masked(text, secrets, {})
    assert shown.found
    for value in secrets.names():
        assert value in shown.text
    assert "secret" not in shown.text
    assert unmasked(shown.text, secrets, text) == (text, [])
    # Elsewhere, in other quotes or in none, it is the same value.
    placeholder = shown.found[0][0]
    moved = f"moved: [{placeholder}, 'x {placeholder}']\n{shown.text}"
    value = secrets.value(placeholder)
    assert value_of(unmasked(moved, secrets, text).text)["moved"] == [value, f"x {value}"]


@pytest.mark.parametrize(
    "written",
    [
        "apiTokens: ['${ENV:KEY}']",
        'authorization: "Bearer ${ENV:KEY}"',
        "maxTokens: 4096",
        "key: null",
        "token: true",
        "apiTokens: []",
        'password: ""',
    ],
)
def test_what_is_no_secret_is_shown(written: str) -> None:
    text = LAYOUT.replace("{SECRETS}", written)
    assert masked(text, Secrets(), {}) == (text, [])


def test_a_variable_beside_a_secret_does_not_show_it() -> None:
    text = LAYOUT.replace("{SECRETS}", "apiKey: half-of-a-secret-${ENV:KEY}")
    assert "half-of-a-secret" not in masked(text, Secrets(), {}).text


def test_declared_keys_are_secret_of_their_plugin_only() -> None:
    text = LAYOUT.replace("{SECRETS}", "fileUrl: https://a.test/?sig=1").replace("x: [1,", "fileUrl: https://b, x: [1,")
    shown = masked(text, Secrets(), {0: ["fileurl"]}).text
    assert "https://a.test" not in shown
    assert "https://b" in shown


def test_paths_and_addresses_of_the_gateway_are_no_secrets() -> None:
    text = "tls: {certificate: a.pem, key: a.key}\ntracing: {url: 'http://a/b', headers: {x-team: some-secret}}\n"
    shown = masked(text, Secrets(), {}).text
    assert "key: a.key" in shown
    assert "some-secret" not in shown


def test_comments_and_what_is_no_yaml_lose_what_looks_like_a_secret() -> None:
    commented, broken = "# apiKey: some-secret-1 # and\na: 1\n", "apiKey: some-secret-1\n\tbroken: ["
    for text in (commented, broken, "# sk-abcdefghijklmnop\n"):
        secrets = Secrets()
        shown = masked(text, secrets, {}).text
        assert "secret-1" not in shown
        assert "abcdefgh" not in shown
    assert unmasked("# apiKey: some\na: 1\n", Secrets(), "").text == "# apiKey: some\na: 1\n"


def test_a_placeholder_tells_nothing_of_its_value() -> None:
    one, other = Secrets(), Secrets()
    assert one.placeholder("a-secret", "key") == one.placeholder("a-secret", "token")
    assert one.placeholder("a-secret", "key") != other.placeholder("a-secret", "key")
    assert one.placeholder("1", "key") != one.placeholder(1, "key")


def test_answers_are_searched_for_secrets_also_escaped() -> None:
    secrets = Secrets()
    placeholder = secrets.placeholder('a "quoted" secret', "key")
    number = secrets.placeholder(123456789012, "pin")
    found = secrets.scrubbed({"a": ['x a "quoted" secret', 123456789012, {'a "quoted" secret': None}], "b": 1.5})
    assert found == {"a": [f"x {placeholder}", number, {placeholder: None}], "b": 1.5}
    assert "quoted" not in secrets.scrub(json.dumps({"a": 'a "quoted" secret'}))


# New values.


def changed(change: Any, text: str = PLAIN) -> str:
    config = copy.deepcopy(config_of(text))
    change(config)
    return spliced(text, PLACE, config)


def test_only_what_differs_is_written() -> None:
    assert changed(lambda config: None) == PLAIN
    for change, old, new in (
        (lambda c: c["provider"].update(type="openai"), "type: qwen", "type: openai"),
        (lambda c: c["provider"]["modelMapping"].update({"*": "a: b"}), '"*": qwen-plus}', '"*": "a: b"}'),
        (lambda c: c["list"][1].update(b=[1]), "- b: 1   # bb", "- b: [1]   # bb"),
        (lambda c: c["list"].append({"d": "e"}), "      - 1.5\n", "      - 1.5\n      - d: e\n"),
        (lambda c: c["list"].insert(0, "x"), "      - a   # one", "      - x\n      - a   # one"),
        (lambda c: c["list"].pop(0), "      - a   # one\n", ""),
        (lambda c: c["list"][1].pop("b"), "- b: 1   # bb\n        c: 2", "- c: 2"),
        (lambda c: c.update(empty=0), "empty:", "empty: 0"),
        (lambda c: c.update(text="three\n"), "|   # a block\n        one\n\n        two", '"three\\n"'),
        (lambda c: c["provider"].update(new={"a": [1]}), "line\n", "line\n        new:\n          a: [1]\n"),
        (lambda c: c["provider"].pop("type"), "        type: qwen\n", ""),
    ):
        assert changed(change) == PLAIN.replace(old, new, 1)
    windows = PLAIN.replace("\n", "\r\n")
    added = changed(lambda c: c["list"].append("x"), windows)
    assert added == windows.replace("- 1.5\r\n", "- 1.5\r\n      - x\r\n")
    assert spliced("plugins: [{name: a}]", PLACE, {"a": 1}) == "plugins: [{name: a, config: {a: 1}}]"
    assert spliced("plugins:\n- name: a", PLACE, {"a": 1}) == "plugins:\n- name: a\n  config:\n    a: 1"


def test_aliases_keep_their_values() -> None:
    text = "a: &x {k: 1}\nplugins:\n- config: *x\n- config: {q: *x}\n"
    assert spliced(text, PLACE, {"k": 2}) == text.replace("config: *x", "config: {k: 2}")
    text = "plugins:\n- config: {a: &y {b: 1}}\n- config: {c: *y}\n"
    with pytest.raises(SpliceError, match="share it by an anchor; edit the text"):
        spliced(text, PLACE, {"a": {"b": 2}})


_names = st.text(st.characters(codec="ascii", exclude_characters="\0"), max_size=5)
_odd = st.sampled_from(["line\nline", "a\n", "\n", "- x", "#", "no", "1", "~", "x: y", "<b>", "'", '"', "😀", "\x85"])
_scalars = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False)
_values = st.recursive(
    _scalars | _odd | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_names, inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=20)
@given(st.dictionaries(st.sampled_from(["provider", "list", "empty", "text", "new"]), _values, max_size=5))
def test_any_configuration_gets_into_the_text_and_the_rest_stays(config: dict[str, Any]) -> None:
    text = spliced(PLAIN, PLACE, config)
    value = value_of(text)
    assert json.dumps(value["plugins"][0]["config"]) == json.dumps(config)
    assert value == {**value_of(PLAIN), "plugins": [value["plugins"][0], *value_of(PLAIN)["plugins"][1:]]}
    for comment in ("# in front", "# the first", "# the second"):
        assert comment in text
    assert spliced(text, PLACE, config) == text


@settings(max_examples=20)
@given(_values, _values)
def test_any_change_of_a_configuration_is_made(before: Any, after: Any) -> None:
    text = spliced(PLAIN, PLACE, {"a": before, "b": 1})
    assert json.dumps(config_of(spliced(text, PLACE, {"a": after, "b": 1}))) == json.dumps({"a": after, "b": 1})


@given(st.sampled_from(["sk-0123456789", 'a "b" secret', "line\nof a-secret-key", "ÄÖÜ äöü", "pässword-1"]), st.data())
def test_a_first_look_misses_no_secret_that_a_search_finds(secret: str, data: st.DataObject) -> None:
    written = data.draw(
        st.sampled_from([
            secret, secret.upper(), json.dumps(secret), json.dumps(json.dumps(secret)), quote(secret), escape(secret),
            base64.b64encode(secret.encode()).decode(), base64.b64encode(f"x{secret}y".encode()).decode(),
        ])
    )  # fmt: skip
    text = data.draw(st.text(max_size=20)) + written + data.draw(st.text(max_size=20))
    found = Placeholders()
    found.learn(secret, "masked-key-1")
    assert FirstLook([secret]).may_be_in(text) or found.leak(text) is None
