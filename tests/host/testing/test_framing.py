"""Where messages end: nothing leaves whose headers tell another length than its body has."""

from __future__ import annotations

import pytest

from proxywasm import Headers
from proxywasm.testing import PluginHosts, TestHost

FRAMING = "plugins/framing.py"
READER = "plugins/reader.py"
REFUSED = "cannot set {}: the gateway does, when it knows the body"


def told(headers: Headers) -> str | None:
    return headers.get("content-length")


@pytest.fixture
def host(plugin_host: PluginHosts) -> TestHost:
    return plugin_host(FRAMING, tolerate_failures=True)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/longer", b"helloEND"),
        ("/shorter", b"hel"),
        ("/longer-held", b"helloEND"),
        ("/shorter-held", b"hel"),
        ("/same", b"hello"),
    ],
)
def test_a_body_that_a_streaming_callback_may_change_goes_without_its_length(
    host: TestHost, path: str, body: bytes
) -> None:
    stream = host.request("POST", path, body=b"hello")
    assert (told(stream.upstream.headers), stream.upstream.body, stream.upstream.ended) == (None, body, True)
    stream.respond(200, {"content-length": "5"}, b"hello")
    assert (told(stream.downstream.headers), stream.downstream.body, stream.downstream.ended) == (None, body, True)


def test_a_response_that_is_injected_goes_without_its_length(host: TestHost) -> None:
    stream = host.request(path="/inject")
    stream.respond(200, {"content-length": "5"}, [b"he", b"llo"])
    assert (told(stream.downstream.headers), stream.downstream.body) == (None, b"helloEND")


def test_a_callback_that_is_registered_as_read_only_keeps_the_length(plugin_host: PluginHosts) -> None:
    stream = plugin_host(READER).request("POST", body=b"hello")
    assert (told(stream.upstream.headers), stream.upstream.body) == ("5", b"hello")
    stream.respond(200, {"content-length": "3"}, b"you")
    assert (told(stream.downstream.headers), stream.downstream.body) == ("3", b"you")
    said = [record.message for record in stream.logs]
    assert [text for text in said if text != "read "] == ["read hello", "read you"]


@pytest.mark.parametrize("path", ["/", "/inject"])
def test_a_read_only_callback_cannot_change_the_body(plugin_host: PluginHosts, path: str) -> None:
    host = plugin_host(READER, {"break_word": True}, tolerate_failures=True)
    stream = host.request("POST" if path == "/" else "GET", path, body=b"hello" if path == "/" else None)
    if path == "/inject":
        stream.respond(200, body=b"hello")
    assert "is registered with read_only=True" in host.failures[0]


@pytest.mark.parametrize(("path", "name"), [("/set-length", "content-length"), ("/set-encoding", "transfer-encoding")])
def test_an_author_cannot_say_where_a_message_ends(host: TestHost, path: str, name: str) -> None:
    stream = host.request("POST", path, body=b"hello")
    assert REFUSED.format(name) in host.failures[0]
    assert stream.downstream.status == 500


@pytest.mark.parametrize(("method", "other"), [("HEAD", "GET"), ("GET", "HEAD")])
def test_a_method_whose_response_ends_otherwise_is_refused(host: TestHost, method: str, other: str) -> None:
    host.request(method, "/method")
    assert f"cannot change the method {method} to {other}" in host.failures[0]


def test_an_author_cannot_make_a_tunnel_of_a_message(host: TestHost) -> None:
    """Envoy would keep the body back until the service agrees, and send the next request in its place."""
    for path, refused in [
        ("/set-upgrade", "cannot set upgrade: only the client can ask"),
        ("/tunnel", "cannot change the method POST to CONNECT"),
    ]:
        assert host.request("POST", path, body=b"hello").downstream.status == 500
        assert refused in host.failures[-1]
    for path, refused in [("/upgrade-later", "cannot set upgrade"), ("/status-101", "cannot set the status 101")]:
        stream = host.request(path=path)
        stream.respond(200, {"content-length": "0"})
        assert stream.downstream.status == 500
        assert refused in host.failures[-1]


@pytest.mark.parametrize("status", ["204", "205", "304"])
def test_a_body_cannot_get_a_status_that_has_none(host: TestHost, status: str) -> None:
    stream = host.request(path=f"/status-{status}")
    stream.respond(200, body=b"hello")
    assert f"cannot set the status {status} of a response that has a body" in host.failures[0]
    assert stream.downstream.status == 500


@pytest.mark.parametrize("status", ["204", "304"])
def test_a_response_without_body_may_get_such_a_status(host: TestHost, status: str) -> None:
    stream = host.request(path=f"/status-{status}")
    stream.respond(200, {"content-length": "0"})
    assert (stream.downstream.status, told(stream.downstream.headers), stream.downstream.ended) == (
        int(status),
        None,
        True,
    )


def test_the_length_of_a_body_that_was_not_sent_is_no_longer_told_with_another_status(host: TestHost) -> None:
    """304 tells the length that 200 would have; as a 200 without body it would be a lie."""
    stream = host.request(path="/status-200")
    stream.respond(304, {"content-length": "5"})
    assert (stream.downstream.status, told(stream.downstream.headers) or "0") == (200, "0")


def test_a_reply_has_the_length_of_its_body(host: TestHost) -> None:
    stream = host.request(path="/reply")
    assert stream.downstream.headers["x-reply"] == "yes"
    assert (told(stream.downstream.headers) or "5", stream.downstream.body) == ("5", b"hello")
    empty = host.request(path="/reply-without-body")
    assert (told(empty.downstream.headers) or "0", empty.downstream.body, empty.downstream.ended) == ("0", b"", True)
    none = host.request(path="/reply-204")
    assert (told(none.downstream.headers), none.downstream.body, none.downstream.ended) == (None, b"", True)


def test_a_reply_to_head_has_no_body(host: TestHost) -> None:
    stream = host.request("HEAD", "/reply")
    assert (stream.downstream.status, stream.downstream.body, stream.downstream.ended) == (200, b"", True)


def test_the_response_to_head_tells_the_length_of_the_body_that_get_has(host: TestHost) -> None:
    stream = host.request("HEAD", "/longer")
    stream.respond(200, {"content-length": "5"})
    assert (told(stream.downstream.headers), stream.downstream.body, stream.downstream.ended) == ("5", b"", True)
