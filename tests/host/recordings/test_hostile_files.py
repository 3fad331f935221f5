"""Files that the command line reads, whatever is in them: a message of one line, in bounded time and memory."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxywasm_host.checking.check import check
from proxywasm_host.gateway import GatewayFileError, read
from proxywasm_host.recordings.exchange import ExchangeError, load
from proxywasm_host.recordings.exchange.document import DEEPEST
from proxywasm_host.wasm.engine import ComponentError, Engine

REQUEST = {"headers": [[":path", "/"]]}
START = '{"name": "one", "request": {"headers": [[":path", "/"]]}, '
HERE = len(START) + 1


def told(file: Path) -> str:
    """What is said of an exchange file, without its name."""
    with pytest.raises(ExchangeError) as caught:
        load(file)
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith(f"{file}:")
    return message.removeprefix(f"{file}:")


EXCHANGES: list[tuple[str, str]] = [
    ('{"name": "one",\n "name": "two"}', '2:2: the key "name" is here a second time'),
    (START + '"config": {"a": {"b": 1, "b": 2}}}', f'1:{HERE + 25}: the key "b" is here a second time'),
    (START + '"config": {"a": 1e999}}', f"1:{HERE + 16}: the number is too large"),
    (START + '"config": {"a": -1e999}}', f"1:{HERE + 16}: the number is too large"),
    (START + '"config": {"a": NaN}}', f"1:{HERE + 16}: NaN is not JSON"),
    (START + '"config": {"a": -Infinity}}', f"1:{HERE + 16}: -Infinity is not JSON"),
    (START + f'"config": {{"a": {"9" * 401}}}}}', f"1:{HERE + 16}: a number of more than 400 digits"),
    (START + f'"config": {{"a": 0.{"9" * 401}}}}}', f"1:{HERE + 16}: a number of more than 400 digits"),
    (START + '"config": {"a": "x\\ud800"}}', f"1:{HERE + 18}: half a surrogate pair is no text"),
    (START + '"config": {"a": "\\ud83d\\ude00\\\\\\ude00"}}', f"1:{HERE + 31}: half a surrogate pair is no text"),
    (START + '"config": {"a": "\\ude00\\ud83d"}}', f"1:{HERE + 17}: half a surrogate pair is no text"),
    (START + '"\\udc00": 1}', f"1:{HERE + 1}: half a surrogate pair is no text"),
    (START + f'"config": {"[" * DEEPEST}{"]" * DEEPEST}}}', f"1:{HERE + 9 + DEEPEST}: has more than {DEEPEST} arrays"),
    ("[" * 100_000, f"1:{DEEPEST + 1}: has more than {DEEPEST} arrays"),
    ('{"a": ' * 100_000, f"1:{6 * DEEPEST + 1}: has more than {DEEPEST} arrays"),
    ("[" + "0," * 1_000_000 + "0]", " has more than 1,000,000 commas and brackets"),
    ("\ufeff[{]", "1:3: is not JSON"),
    ("", "1:1: is not JSON"),
    ("\0", "1:1: is not JSON"),
    (json.dumps({"name": "a\nb", "request": 1}), " exchange 0 ('a\\nb'): request: expected an object, got 1"),
    (json.dumps({"name": "x" * 1_000_000, "request": 1}), f" exchange 0 ('{'x' * 57}...'): request: expected"),
    (
        START + ",".join(f'"note{number}": 1' for number in range(200)) + "}",
        " exchange 0 ('one'): the exchange: has 202",
    ),
    (START + '"wait_ms": 1000000000000000}', " exchange 0 ('one'): wait_ms: at most"),
    (START + '"response": {"headers": [[":status", "abc"]]}}', " exchange 0 ('one'): response.headers.0: a status is"),
    (START + '"response": {"headers": [["a\\r\\nb", "1"]]}}', " exchange 0 ('one'): response.headers.0: the name of a"),
    (
        START + '"response": {"headers": [["a", "1\\u0000"]]}}',
        " exchange 0 ('one'): response.headers.0: the value of a",
    ),
]


@pytest.mark.parametrize(("content", "message"), EXCHANGES, ids=lambda value: value[:40])
def test_a_hostile_exchange_file_is_told_in_one_line(tmp_path: Path, content: str, message: str) -> None:
    file = tmp_path / "exchange.json"
    file.write_text(content)
    assert told(file).startswith(message)


def test_what_is_as_deep_and_as_long_as_allowed_is_read(tmp_path: Path) -> None:
    file = tmp_path / "exchange.json"
    nested = "[" * (DEEPEST - 1) + "9" * 400 + "]" * (DEEPEST - 1)
    file.write_text(START + f'"config": {nested}, "note": "\\ud83d\\ude00 \\\\ud800"}}')
    assert load(file)[0].config == nested


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text("a\ud800\0é\n"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab\ud800"), inner, max_size=3),
    max_leaves=10,
)


@given(
    value=st.builds(
        lambda base, changes: base | changes,
        st.just({"name": "one", "request": REQUEST}),
        st.dictionaries(
            st.sampled_from(["name", "config", "request", "response", "callouts", "before", "wait_ms", "properties"]),
            JSON | st.just(REQUEST) | st.lists(st.fixed_dictionaries({"request": JSON, "response": JSON})),
            max_size=3,
        ),
    ),
    cut=st.integers(0, 400),
)
def test_any_exchange_file_is_read_or_told_in_one_line(
    tmp_path_factory: pytest.TempPathFactory, value: object, cut: int
) -> None:
    file = tmp_path_factory.getbasetemp() / "any.json"
    text = json.dumps(value)
    file.write_text(text[: len(text) - cut] if cut % 4 == 0 else text)
    said = ""
    try:
        load(file)
    except ExchangeError as error:
        said = str(error)
    assert "\n" not in said


READERS = [
    pytest.param(load, ExchangeError, id="exchange"),
    pytest.param(read, GatewayFileError, id="gateway"),
    pytest.param(Engine(optimize=False).load, ComponentError, id="component"),
]


@pytest.mark.parametrize(("reader", "error"), READERS)
def test_only_files_are_read(tmp_path: Path, reader: type, error: type[Exception]) -> None:
    """A pipe may have nobody who writes to it, a device no end."""
    os.mkfifo(tmp_path / "pipe")
    for path, message in (
        (tmp_path, "is a folder; name a file"),
        (tmp_path / "pipe", "is a pipe or device; write what comes from it to a file, and name that"),
        (Path("/dev/zero"), "is a pipe or device; write what comes from it to a file, and name that"),
        (tmp_path / ("x" * 300), "cannot be read: File name too long"),
    ):
        with pytest.raises(error) as caught:
            reader(path)
        assert str(caught.value) == f"{path}: {message}"


@pytest.mark.parametrize(("reader", "error"), READERS)
def test_a_file_of_any_size_is_told(tmp_path: Path, reader: type, error: type[Exception]) -> None:
    large = tmp_path / "large"
    with large.open("wb") as file:
        file.truncate(2**40)  # takes no space
    with pytest.raises(error, match=r"large: is larger than \d+ MiB; check that it is the file you mean"):
        reader(large)


@pytest.mark.parametrize(("reader", "error"), READERS[:2])
def test_what_is_not_utf8_is_told_with_its_place(tmp_path: Path, reader: type, error: type[Exception]) -> None:
    file = tmp_path / "latin1"
    file.write_bytes("a: b\ncaf\xe9: 1\n".encode("latin-1"))
    with pytest.raises(error, match=r"latin1:2: is not UTF-8 text: .* at byte 4 of the line; save it as UTF-8"):
        reader(file)


@pytest.mark.parametrize(
    "source",
    [
        "x = 1\0",
        "x = " + "(" * 1000,
        "x = " + "-" * 100_000 + "1",
        "x = " + "1 + " * 2000 + "1",
        "x = " + "a." * 5000 + "b",
    ],
    ids=lambda source: source[:12],
)
def test_source_that_python_cannot_read_is_a_finding(tmp_path: Path, source: str) -> None:
    file = tmp_path / "mine.py"
    file.write_text(f"from proxywasm import Plugin\nplugin = Plugin('mine')\n{source}\n")
    assert [finding.severity for finding in check(file)] in (["error"], [])
