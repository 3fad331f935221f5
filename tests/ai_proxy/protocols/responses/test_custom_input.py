"""The input of a custom tool, out of the arguments of a function call."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ai_proxy.protocols.responses.custom_input import CustomInput, arguments


def read(text: str, *cuts: int) -> str:
    decoder = CustomInput()
    places = [0, *sorted(cut % (len(text) + 1) for cut in cuts), len(text)]
    pieces = [decoder.feed(text[start:end]) for start, end in pairwise(places)]
    return "".join([*pieces, decoder.finish()])


cuts = st.lists(st.integers(0, 10_000), max_size=12)


@given(st.text(), cuts, st.booleans())
@example("\\\U0001f600\\\\ud83d", [1, 12, 13, 14, 15, 16, 17, 18, 20, 21, 22, 25], True)
@example("\\ud83d", [*range(10, 22)], False)
def test_any_text_arrives_whole_wherever_it_is_cut(text: str, places: list[int], ascii_only: bool) -> None:
    encoded = json.dumps({"input": text}, ensure_ascii=ascii_only)
    assert read(encoded, *places) == text
    assert read(arguments(text), *places) == text


@given(st.text('{}"\\input: uadfx083[]', max_size=40), cuts)
@example('{"input":"\\ud83', [3])
@example('{"input":"a\\qb\\u12zz"}', [9, 10, 11, 12, 13, 14, 15, 16])
def test_damaged_arguments_are_the_same_text_wherever_they_are_cut(text: str, places: list[int]) -> None:
    for given_text in (text, '{"input":"' + text):
        assert read(given_text, *places) == read(given_text)


@pytest.mark.parametrize(
    ("given_arguments", "expected"),
    [
        ('{"patch": "x"}', "x"),
        ('{"a": "x", "input": "y"}', "y"),
        ('"x"', "x"),
        ("*** Begin Patch", "*** Begin Patch"),
        ("", ""),
        ("{}", ""),
        ('{"a": 1}', '{"a": 1}'),
        ('{"input": "C:\\dir\\q"}', "C:\\dir\\q"),
        ('{ "input" : "a\nb", "more": 1}', "a\nb"),
        (" " * 400 + '{"input": "late"}', "late"),
    ],
)
def test_arguments_of_another_form_are_understood(given_arguments: str, expected: str) -> None:
    assert read(given_arguments) == read(given_arguments, *range(len(given_arguments))) == expected


def test_a_text_goes_on_as_it_arrives() -> None:
    decoder = CustomInput()
    assert [decoder.feed(piece) for piece in ('{"inp', 'ut": "Hel', "lo\\", 'n"}')] == ["", "Hel", "lo", "\n"]
    assert decoder.ended
