"""Header maps on their way into the guest, and its changes on their way out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxywasm.field_text import join_fields
from proxywasm.wire import Fields

from .gateway import REFUSED, Gateway

INFO = 2

FIELD = st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=20)


@given(st.lists(st.tuples(FIELD.filter(bool), FIELD), max_size=8))
def test_the_guest_gets_all_fields_with_the_headers(fields: Fields) -> None:
    gateway = Gateway()
    gateway.maps = {0: fields, 2: fields}
    gateway("on_context_create", 5, 1)
    gateway("on_request_headers", 5, len(fields), 1)
    gateway("on_response_headers", 5, len(fields), 1)
    text = join_fields(fields).encode()
    assert gateway.calls == [("on-request-headers", 5, 1, INFO, text, 1), ("on-response-headers", 5, text, 1)]


def test_a_map_that_is_not_there_has_no_fields() -> None:
    gateway = Gateway()
    gateway.maps = {2: None}
    gateway("on_response_headers", 5, 0, 1)
    assert gateway.calls == [("on-response-headers", 5, b"", 1)]


@pytest.mark.parametrize(("level", "known"), [(0, 0), (5, 5), (-1, INFO)])
def test_the_guest_gets_the_log_level_with_each_request(level: int, known: int) -> None:
    gateway = Gateway()
    gateway.level = level
    gateway("on_context_create", 5, 1)
    gateway("on_request_headers", 5, 0, 1)
    assert gateway.calls == [("on-request-headers", 5, 1, known, b"", 1)]


def test_each_change_is_a_call_of_the_gateway() -> None:
    gateway = Gateway()
    assert gateway.edit(0, b"=:path\0/v1\0+x-a\0one two\0+x-a\0\0-x-b\0") == 0
    assert gateway.edits == [
        ("replace", 0, b":path", b"/v1"),
        ("add", 0, b"x-a", b"one two"),
        ("add", 0, b"x-a", b""),
        ("remove", 0, b"x-b"),
    ]


def test_no_change_is_no_call() -> None:
    gateway = Gateway()
    assert gateway.edit(2, b"") == 0
    assert gateway.edits == []


def test_a_change_that_is_refused_does_not_keep_back_the_others() -> None:
    gateway = Gateway()
    gateway.refused = {b"x-b"}
    assert gateway.edit(2, b"=x-a\x001\0=x-b\x002\0-x-c\0") == REFUSED
    assert gateway.edits == [("replace", 2, b"x-a", b"1"), ("remove", 2, b"x-c")]


def test_the_argument_is_freed_once() -> None:
    gateway = Gateway()
    gateway.edit(2, b"=x-a\x001\0=x-b\x002")
    assert len(gateway.freed) == 1
