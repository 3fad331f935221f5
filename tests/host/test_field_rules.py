"""What a component may do to header fields that does not use the SDK, and what is taken from outside."""

from __future__ import annotations

from typing import Any

import pytest

from proxywasm.headers import to_fields
from proxywasm.wire import EditRequestHeaders, EditResponseHeaders, HttpCallError, PluginFailure, join_fields
from proxywasm_host.answers import HOST
from proxywasm_host.crossing import to_outcome
from proxywasm_host.field_rules import RECEIVED_REQUEST, RECEIVED_RESPONSE
from proxywasm_host.services import HostServices

REQUEST = "edit-request-headers"
RESPONSE = "edit-response-headers"

REFUSED = {
    "line break": (REQUEST, "=x\0a\r\nb: c"),
    "line break in a name that is known": (REQUEST, "=x-known\0a\r\nb: c"),
    "no token": (REQUEST, "=a b\0c"),
    "no name": (RESPONSE, "=\0c"),
    "no operation": (RESPONSE, "x\0c"),
    "half an edit": (RESPONSE, "=x"),
    "bytes in a name": (RESPONSE, "\0=\xe9\0c"),
    "a pseudo-header that a request does not have": (REQUEST, "=:status\x00200"),
    "one that a response does not have": (RESPONSE, "=:path\0/"),
    "one that nothing has": (REQUEST, "=:odd\0/"),
    "a second path": (REQUEST, "+:path\0/"),
    "no path": (REQUEST, "-:path\0"),
    "a path with a space": (REQUEST, "=:path\0/ HTTP/1.1"),
    "a status of two digits": (RESPONSE, "=:status\x0099"),
    "a reply's status": ("commands", [("send-local-reply", (99, "", ("utf8", ""), ""))]),
    "a reply's field": ("commands", [("send-local-reply", (200, "x\0\n", ("utf8", ""), ""))]),
    "a reply's pseudo-header": ("commands", [("send-local-reply", (200, ":status\x00404", ("utf8", ""), ""))]),
    "in a list": ("commands", [(REQUEST, "=x\0\n")]),
}


@pytest.mark.parametrize(("case", "value"), REFUSED.values(), ids=list(REFUSED))
def test_an_answer_with_what_cannot_be_sent_is_a_failure_of_the_plugin(case: str, value: Any) -> None:
    to_outcome(REQUEST, "=x-known\0v")
    with pytest.raises(PluginFailure, match="breaks the rules"):
        to_outcome(case, value)


def test_other_answers_are_taken_as_they_are() -> None:
    text = "=:path\0/p\0+x-known\0é\0-X-Gone\0"
    edits = ["=:path", "/p", "+x-known", "é", "-x-gone", ""]
    for _ in range(2):
        assert to_outcome(REQUEST, text) == [EditRequestHeaders(edits)]
    assert to_outcome(RESPONSE, "\0=x\0caf\xe9") == [EditResponseHeaders(["=x", "caf\udce9"])]


def test_a_call_out_with_what_cannot_be_sent_is_not_sent() -> None:
    host = HostServices()
    fields = [(":method", "GET"), (":path", "/"), (":authority", "a")]
    for odd in (("x", "\n"), (":status", "200"), ("", "x")):
        case, message = HOST["http-call"](host, 1, "a", join_fields([*fields, odd]), ("utf8", ""), 10)
        assert (case, host.take_calls()) == ("err", [])
        assert "the headers of the call-out: " in message
    assert HOST["http-call"](host, 1, "a", join_fields(fields), ("utf8", ""), 10)[0] == "ok"


class Refusing(HostServices):
    def http_call(self, *_: Any) -> int:
        raise HttpCallError("half an emoji: \ud83d")


def test_the_reason_of_a_host_crosses_whatever_text_it_is() -> None:
    assert HOST["http-call"](Refusing(), 1, "a", "", ("utf8", ""), 10) == ("err", r"half an emoji: \ud83d")


def test_names_that_arrive_are_in_lower_case_for_plugins() -> None:
    for _ in range(2):
        assert RECEIVED_RESPONSE.fields([(":status", "999"), ("X-Upper", "A")]) == [
            (":status", "999"),
            ("x-upper", "A"),
        ]


def test_a_pseudo_header_arrives_once() -> None:
    with pytest.raises(ValueError, match="more than once"):
        RECEIVED_REQUEST.fields([(":path", "/"), ("x", "y"), (":path", "/b")])


def test_fields_that_an_author_gives_have_the_pseudo_headers_that_are_allowed() -> None:
    assert to_fields([(":path", "/"), ("A", "b")], (":path",)) == [(":path", "/"), ("a", "b")]
    with pytest.raises(ValueError, match="pseudo-headers cannot be set here"):
        to_fields({":path": "/"})
