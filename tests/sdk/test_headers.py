"""Header fields: case-insensitive, ordered, several values for a name."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxywasm import Headers, RuleError
from proxywasm.field_text import join_fields, split_fields
from proxywasm.headers import apply_edits, to_fields

FIELDS = [("a", "1"), ("b", "2"), ("a", "3")]


def test_names_compare_case_insensitively_and_the_first_value_is_given() -> None:
    headers = Headers(list(FIELDS))
    assert headers["A"] == "1"
    assert headers.get_all("A") == ["1", "3"]
    assert "B" in headers
    assert headers.get("c") is None
    assert list(headers) == ["a", "b"]
    assert len(headers) == 2


def test_assignment_replaces_all_values_in_the_place_of_the_first() -> None:
    headers = Headers(list(FIELDS))
    headers["A"] = "9"
    assert headers.fields() == [("a", "9"), ("b", "2")]


def test_removing_what_is_not_there_is_a_key_error_discarding_is_not() -> None:
    headers = Headers(list(FIELDS))
    headers.discard("c")
    with pytest.raises(KeyError):
        del headers["c"]
    del headers["A"]
    assert headers.fields() == [("b", "2")]


def test_many_names_are_discarded_at_once() -> None:
    headers = Headers([*FIELDS, ("c", "4")])
    headers.discard_all(("a", "nothing", "c"))
    assert headers.fields() == [("b", "2")]
    assert headers.edits == ["-a", "", "-c", ""]


def test_headers_that_have_been_sent_say_so() -> None:
    headers = Headers.sent(FIELDS, "they have been sent")
    assert headers.get_all("a") == ["1", "3"]
    with pytest.raises(RuleError, match="they have been sent"):
        headers["b"] = "3"
    with pytest.raises(RuleError, match="they have been sent"):
        headers.add("c", "")
    with pytest.raises(RuleError, match="they have been sent"):
        headers.discard_all(("b",))


def test_half_a_field_is_refused() -> None:
    with pytest.raises(ValueError, match="without a value"):
        Headers("a\0001\0b")


@pytest.mark.parametrize(("name", "value"), [("a", "x\r\ny: z"), ("a", "x\0"), ("", "x"), ("a b", "x"), ("a\n", "x")])
def test_what_would_smuggle_in_other_headers_is_refused(name: str, value: str) -> None:
    with pytest.raises(ValueError, match="header"):
        Headers([])[name] = value
    with pytest.raises(ValueError, match="header"):
        to_fields({name: value})


def test_a_value_that_is_no_text_is_refused() -> None:
    with pytest.raises(TypeError, match="must be str, got int"):
        Headers([])["content-length"] = 5  # type: ignore[assignment]


def test_sealed_headers_name_the_rule() -> None:
    headers = Headers(list(FIELDS))
    headers.seal("they have gone on")
    assert headers["a"] == "1"
    with pytest.raises(RuleError, match="cannot change header 'a': they have gone on"):
        headers["a"] = "2"


names = st.sampled_from(["a", "b", "c"])
controls = "".join(map(chr, {*range(32), 127} - {ord("\t")}))
values = st.text(st.characters(exclude_characters=controls, codec="utf-8"), max_size=5)
fields = st.lists(st.tuples(names, values), max_size=6)
edits = st.lists(st.tuples(st.sampled_from(["set", "add", "discard"]), names, values), max_size=6)


@given(fields, edits)
def test_the_host_ends_up_with_the_same_headers(start: list[tuple[str, str]], changes: list[tuple[str, ...]]) -> None:
    headers = Headers(list(start))
    for change, name, value in changes:
        if change == "set":
            headers[name] = value
        elif change == "add":
            headers.add(name, value)
        else:
            headers.discard(name)
    assert apply_edits(start, headers.edits) == headers.fields()


@given(fields)
def test_fields_cross_the_boundary_unchanged(pairs: list[tuple[str, str]]) -> None:
    assert split_fields(join_fields(pairs)) == pairs


@given(fields)
def test_a_text_makes_the_same_headers_as_its_fields(pairs: list[tuple[str, str]]) -> None:
    headers = Headers(join_fields(pairs))
    assert headers.fields() == pairs
    for name in ("a", "b", "c"):
        assert headers.get_all(name) == [value for other, value in pairs if other == name]
        assert headers.get(name) == next(iter(headers.get_all(name)), None)


def test_what_a_header_says_already_is_no_change() -> None:
    headers = Headers([("a", "1")])
    headers["a"] = "1"
    assert headers.edits == []
    twice = Headers(list(FIELDS))
    twice["a"] = "1"
    assert twice.fields() == [("a", "1"), ("b", "2")]


@pytest.mark.parametrize("where", [[(":status", "200")], [(":method", "GET"), (":path", "/")]])
def test_a_pseudo_header_that_was_set_elsewhere_is_still_checked(where: list[tuple[str, str]]) -> None:
    request = Headers([(":method", "GET"), (":path", "/old")])
    for _ in range(2):
        request[":path"] = "/new"
        request[":path"] = "/newer"
    headers = Headers(list(where))
    if where[0][0] == ":status":
        with pytest.raises(ValueError, match="only :status can be set here"):
            headers[":path"] = "/new"
    with pytest.raises(ValueError, match="header ':path'"):
        headers.add(":path", "/new")
    with pytest.raises(ValueError, match="cannot be removed"):
        headers.discard(where[0][0])
    assert headers.fields() == where


WRONG: dict[str, tuple[Callable[[Headers], object], str]] = {
    "name": (lambda headers: headers.setdefault("bad name", "1"), "'bad name' is not a header name"),
    "value": (lambda headers: headers.setdefault("x", "a\nb"), "a value cannot contain NUL, CR or LF"),
    "no value": (lambda headers: headers.setdefault("x"), "name and value must be str, got NoneType"),
    "number": (lambda headers: headers.__setitem__(5, "1"), "header 5: name and value must be str, got int"),  # type: ignore[index]
    "assigned": (lambda headers: headers.__setitem__("bad name", "1"), "'bad name' is not a header name"),
    "updated": (lambda headers: headers.update({"bad name": "1"}), "'bad name' is not a header name"),
    "removed": (lambda headers: headers.pop(":method"), "header ':method' cannot be removed"),
    "not there": (lambda headers: headers.__delitem__("x"), "'x'"),
    "read": (lambda headers: headers["x"], "'x'"),
}


@pytest.mark.parametrize(("attempt", "message"), WRONG.values(), ids=WRONG)
def test_an_error_does_not_begin_with_another(attempt: Callable[[Headers], object], message: str) -> None:
    with pytest.raises((KeyError, TypeError, ValueError), match=re.escape(message)) as caught:
        attempt(Headers([(":method", "GET")]))
    assert caught.value.__context__ is None


def test_headers_that_have_gone_on_say_so_and_nothing_else() -> None:
    with pytest.raises(RuleError, match="cannot change header 'x': they have been sent") as caught:
        Headers.sent(FIELDS, "they have been sent").setdefault("x", "1")
    assert caught.value.__context__ is None


def test_a_value_is_set_where_there_is_none() -> None:
    headers = Headers([("a", "1"), ("a", "2")])
    assert [headers.setdefault("A", "3"), headers.setdefault("B", "4")] == ["1", "4"]
    assert headers.fields() == [("a", "1"), ("a", "2"), ("b", "4")]
