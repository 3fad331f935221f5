"""Reads and writes JSON."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_proxy.wire.json import dump_bytes, dump_converted, dumps, loads, quote

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(VALUES)
def test_text_is_that_of_the_standard_library_without_blanks(value: Any) -> None:
    assert dumps(value) == json.dumps(value, ensure_ascii=False, separators=(",", ":"))


@given(VALUES)
def test_what_is_written_is_read_again(value: Any) -> None:
    assert loads(dump_bytes(value)) == value


@given(st.text())
def test_a_quoted_text_is_the_text_as_json(text: str) -> None:
    assert quote(text) == dumps(text)


def test_a_lone_surrogate_goes_out_as_the_escape_that_it_came_as() -> None:
    assert dump_bytes(loads(b'{"x":"\\ud83d"}')) == b'{"x":"\\ud83d"}'


@pytest.mark.parametrize("source", ["é", r"\u00e9"], ids=["bytes", "escapes"])
def test_a_large_document_is_written_in_pieces_as_it_is_in_one(source: str) -> None:
    text = ('"\ud800é😀\\\n' + "." * 1018) * 1100
    for shift in range(6):
        value = {"ä": ["." * shift + text, {}, [], 1.5, None, True], text[:5]: ""}
        assert dump_converted(value, (source * 1_100_000).encode()) == dump_bytes(value)


def test_a_byte_order_mark_before_a_document_is_passed_over() -> None:
    assert loads(b'\xef\xbb\xbf{"x":1}') == {"x": 1}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\xef\xbb\xbf", "Expecting value"),
        (b"\xef{}", "codec can't decode"),
        (b"\xff\xfe{\0}\0", "codec can't decode"),
        ('\ufeff{"x":1}', "BOM|Expecting value"),
        (b"{} {}", "Extra data"),
        (b"NaN", "NaN is not JSON"),
    ],
)
def test_anything_but_json_in_utf_8_is_refused(data: bytes | str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        loads(data)
