"""Exchange files: what is read, and how a mistake in one is reported."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxywasm_host.recordings.exchange import ExchangeError, chunk_from_json, chunk_to_json, dump, load

CONFORMANCE = Path(__file__).parents[2] / "conformance"
FILES = sorted(CONFORMANCE.glob("*/*.json"))


def entry(**changes: Any) -> dict[str, Any]:
    return {"name": "one", "config": {}, "request": {"headers": [[":path", "/"]]}} | changes


BARE = {key: value for key, value in entry().items() if key != "config"}


def write(folder: Path, document: Any) -> Path:
    path = folder / "exchanges.json"
    path.write_text(document if isinstance(document, str) else json.dumps(document), encoding="utf-8")
    return path


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_what_is_loaded_and_dumped_says_the_same(path: Path, tmp_path: Path) -> None:
    exchanges = load(path)
    dump(exchanges, tmp_path / "copy.json")
    assert [essence(exchange.raw) for exchange in load(tmp_path / "copy.json")] == [
        essence(exchange.raw) for exchange in exchanges
    ]


def essence(value: Any) -> Any:
    """A key that says nothing is not written again."""
    if isinstance(value, Mapping):
        return {key: essence(item) for key, item in value.items() if item not in ({}, [])}
    return [essence(item) for item in value] if isinstance(value, list) else value


def test_a_file_may_hold_one_exchange_without_an_array(tmp_path: Path) -> None:
    assert [exchange.name for exchange in load(write(tmp_path, entry()))] == ["one"]


def test_header_names_are_lower_case_and_bodies_are_bytes(tmp_path: Path) -> None:
    request = {"headers": [["Content-Type", "A/B"]], "body": ["é", {"base64": "/w=="}]}
    [exchange] = load(write(tmp_path, entry(request=request)))
    assert exchange.request.headers == [("content-type", "A/B")]
    assert exchange.request.body == ("é".encode(), b"\xff")


def test_a_configuration_in_quotes_is_taken_as_it_is(tmp_path: Path) -> None:
    [exchange] = load(write(tmp_path, entry(config="{not json")))
    assert exchange.config == "{not json"


def test_a_chain_has_a_configuration_for_each_plugin(tmp_path: Path) -> None:
    plugins = [{"name": "auth", "config": {"key": "k"}}, {}, {"config": "raw"}]
    [exchange] = load(write(tmp_path, {**BARE, "plugins": plugins}))
    assert exchange.configs == ('{"key": "k"}', "", "raw")
    dump([exchange], tmp_path / "copy.json")
    assert load(tmp_path / "copy.json")[0].configs == exchange.configs


def test_an_exchange_for_one_plugin_has_one_configuration(tmp_path: Path) -> None:
    [exchange] = load(write(tmp_path, entry()))
    assert exchange.configs == ("{}",)


def test_notes_under_any_other_name_are_welcome(tmp_path: Path) -> None:
    [exchange] = load(write(tmp_path, entry(author="me")))
    assert exchange.raw["author"] == "me"


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("[{]", ":1:3: is not JSON: "),
        ([entry(), 7], "exchange 1: expected an object, got 7"),
        ([entry(name="")], "exchange 0 (''): name: expected a text that is not empty, got \"\""),
        ([entry(), entry()], "exchange 1 ('one'): name: is used twice in this file"),
        ([entry(respones={})], "exchange 0 ('one'): respones: no such key; did you mean 'response'?"),
        ([{"name": "one"}], "exchange 0 ('one'): request: is missing"),
        (
            [entry(plugins=[{}])],
            "exchange 0 ('one'): plugins: has the configurations of a chain; `config`, that of one",
        ),
        ([{**BARE, "plugins": []}], "exchange 0 ('one'): plugins: a chain has at least one plugin"),
        ([{**BARE, "plugins": {}}], "exchange 0 ('one'): plugins: expected an array, got {}"),
        ([{**BARE, "plugins": [7]}], "exchange 0 ('one'): plugins.0: expected an object, got 7"),
        ([{**BARE, "plugins": [{"confg": 7}]}], "plugins.0.confg: no such key; did you mean 'config'?"),
        ([entry(request={})], "request.headers: is missing"),
        ([entry(request={"headers": [["a"]]})], 'request.headers.0: expected a pair ["name", "value"], got ["a"]'),
        ([entry(response={"headers": [], "body": [1]})], 'response.body.0: expected text or {"base64": "..."}, got 1'),
        ([entry(response={"headers": [], "body": [{"base64": "*"}]})], "response.body.0: is not base64: "),
        ([entry(request={"headers": [], "body": ["\ud83d"]})], ":1:69: half a surrogate pair is no text"),
        ([entry(wait_ms=True)], "wait_ms: expected a whole number, got true"),
        ([entry(wait_ms=-1)], "wait_ms: time does not run backwards: -1"),
        ([entry(properties={"a": 1})], "properties.a: expected a text, got 1"),
        ([entry(time="yesterday")], 'time: expected a time such as "2025-01-01T00:00:00.000Z", got "yesterday"'),
        ([entry(time="2025-01-01T00:00:00")], "time: expected a time such as"),
        ([entry(time="9999-01-01T00:00:00Z")], "time: expected a time such as"),
        (
            [entry(response={"headers": [], "body": ["a"], "times_ms": [1]})],
            "response.times_ms: expected 2: one for the headers and one for each chunk, got 1",
        ),
        (
            [entry(response={"headers": [], "body": ["a"], "times_ms": [2, 1]})],
            "response.times_ms: expected milliseconds",
        ),
        ([entry(request={"headers": [], "times_ms": [-1]})], "request.times_ms: expected milliseconds"),
        ([entry(request={"headers": [], "unfinished": 1})], "request.unfinished: expected true or false, got 1"),
        ([entry(callouts=[{"once": "yes"}])], 'callouts.0.once: expected true or false, got "yes"'),
        (
            [entry(callouts=[{"match": {"host": "x"}}, {"match": {"path": 1}}])],
            "callouts.1.match.path: expected a text",
        ),
        ([entry(before=[{"request": {"headers": 1}}])], "before.0.request.headers: expected an array, got 1"),
    ],
)
def test_a_mistake_is_named_with_file_exchange_key_and_reason(document: Any, message: str, tmp_path: Path) -> None:
    path = write(tmp_path, document)
    with pytest.raises(ExchangeError) as caught:
        load(path)
    assert str(caught.value).startswith(f"{path}:")
    assert message in str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ExchangeError, match=r"missing\.json: cannot be read: No such file or directory"):
        load(tmp_path / "missing.json")


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "exchanges.json"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ExchangeError, match="is not UTF-8 text"):
        load(path)


@given(st.binary())
def test_any_bytes_survive_a_file(data: bytes) -> None:
    assert chunk_from_json(json.loads(json.dumps(chunk_to_json(data)))) == data
