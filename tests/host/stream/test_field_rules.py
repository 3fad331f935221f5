"""What a component may do to header fields that does not use the SDK, and what is taken from outside."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxywasm.field_text import join_fields
from proxywasm.headers import to_fields
from proxywasm.wire import EditRequestHeaders, EditResponseHeaders, Fields, HttpCallError, PluginFailure
from proxywasm_host.services import HostServices
from proxywasm_host.stream.field_rules import RECEIVED_REQUEST, RECEIVED_RESPONSE
from proxywasm_host.stream.limits import fields_size
from proxywasm_host.wasm.answers import HOST
from proxywasm_host.wasm.crossing import to_outcome
from proxywasm_host.wasm.limits import DEFAULT_LIMITS

REQUEST = "edit-request-headers"
RESPONSE = "edit-response-headers"

REFUSED = {
    "line break": (REQUEST, b"=x\0a\r\nb: c"),
    "line break in a name that is known": (REQUEST, b"=x-known\0a\r\nb: c"),
    "no token": (REQUEST, b"=a b\0c"),
    "no name": (RESPONSE, b"=\0c"),
    "no operation": (RESPONSE, b"x\0c"),
    "half an edit": (RESPONSE, b"=x"),
    "bytes in a name": (RESPONSE, "\0=\xe9\0c".encode()),
    "a pseudo-header that a request does not have": (REQUEST, b"=:status\x00200"),
    "one that a response does not have": (RESPONSE, b"=:path\0/"),
    "one that nothing has": (REQUEST, b"=:odd\0/"),
    "a second path": (REQUEST, b"+:path\0/"),
    "no path": (REQUEST, b"-:path\0"),
    "a path with a space": (REQUEST, b"=:path\0/ HTTP/1.1"),
    "a status of two digits": (RESPONSE, b"=:status\x0099"),
    "a reply's status": ("commands", [("send-local-reply", (99, b"", ("utf8", b""), ""))]),
    "a reply's field": ("commands", [("send-local-reply", (200, b"x\0\n", ("utf8", b""), ""))]),
    "a reply's pseudo-header": ("commands", [("send-local-reply", (200, b":status\x00404", ("utf8", b""), ""))]),
    "in a list": ("commands", [(REQUEST, b"=x\0\n")]),
}


@pytest.mark.parametrize(("case", "value"), REFUSED.values(), ids=list(REFUSED))
def test_an_answer_with_what_cannot_be_sent_is_a_failure_of_the_plugin(case: str, value: Any) -> None:
    to_outcome(REQUEST, b"=x-known\0v", DEFAULT_LIMITS)
    with pytest.raises(PluginFailure, match="breaks the rules"):
        to_outcome(case, value, DEFAULT_LIMITS)


def test_other_answers_are_taken_as_they_are() -> None:
    text = "=:path\0/p\0+x-known\0é\0-X-Gone\0"
    edits = ["=:path", "/p", "+x-known", "é", "-x-gone", ""]
    for _ in range(2):
        assert to_outcome(REQUEST, text.encode(), DEFAULT_LIMITS) == [EditRequestHeaders(edits)]
    assert to_outcome(RESPONSE, "\0=x\0caf\xe9".encode(), DEFAULT_LIMITS) == [EditResponseHeaders(["=x", "caf\udce9"])]


def test_a_call_out_with_what_cannot_be_sent_is_not_sent() -> None:
    host = HostServices()
    fields = [(":method", "GET"), (":path", "/"), (":authority", "a")]
    for odd in (("x", "\n"), (":status", "200"), ("", "x")):
        case, message = HOST["http-call"](host, 1, "a", join_fields([*fields, odd]).encode(), ("utf8", b""), 10)
        assert (case, host.take_calls()) == ("err", [])
        assert "the headers of the call-out: " in message
    assert HOST["http-call"](host, 1, "a", join_fields(fields).encode(), ("utf8", b""), 10)[0] == "ok"


class Refusing(HostServices):
    def http_call(self, *_: Any) -> int:
        raise HttpCallError("half an emoji: \ud83d")


def test_the_reason_of_a_host_crosses_whatever_text_it_is() -> None:
    assert HOST["http-call"](Refusing(), 1, "a", b"", ("utf8", b""), 10) == ("err", r"half an emoji: \ud83d")


def test_names_that_arrive_are_in_lower_case_for_plugins() -> None:
    for _ in range(2):
        assert RECEIVED_RESPONSE.fields([(":status", "999"), ("X-Upper", "A")]) == [
            (":status", "999"),
            ("x-upper", "A"),
        ]


NAMES = st.sampled_from([":method", ":path", ":status", "x-request-id", "host", "X-Upper", "content-length", "", "a b"])
VALUES = st.one_of(st.sampled_from(["", "200", "99", "a\tb", "a\nb", "\x7f", "ü\x00", "ü\x85"]), st.text(max_size=5))


@given(st.lists(st.tuples(NAMES, VALUES), max_size=6))
def test_the_quick_way_to_validate_headers_decides_as_the_thorough_one(fields: Fields) -> None:
    for rules in (RECEIVED_REQUEST, RECEIVED_RESPONSE):
        try:
            thorough = rules.fields(fields)
        except ValueError as error:
            with pytest.raises(ValueError, match=re.escape(str(error))):
                rules.check(fields)
        else:
            checked = rules.check(fields)
            assert (checked.fields, checked.size) == (thorough, fields_size(thorough))
            assert checked.values == dict(reversed(thorough))


def test_a_pseudo_header_arrives_once() -> None:
    with pytest.raises(ValueError, match="more than once"):
        RECEIVED_REQUEST.fields([(":path", "/"), ("x", "y"), (":path", "/b")])


def test_fields_that_an_author_gives_have_the_pseudo_headers_that_are_allowed() -> None:
    assert to_fields([(":path", "/"), ("A", "b")], (":path",)) == [(":path", "/"), ("a", "b")]
    with pytest.raises(ValueError, match="pseudo-headers cannot be set here"):
        to_fields({":path": "/"})
