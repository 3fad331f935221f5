"""Client and upstream of the kit overlook nothing that a real peer would stumble over."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

import pytest

from proxywasm import HttpContext, Plugin
from proxywasm.testing import PeerError, ScenarioError, TestHost
from proxywasm.wire import EditRequestHeaders, Fields
from proxywasm_host.testing.envoy.http1 import Client, Server
from proxywasm_host.testing.envoy.hub import Hub, Wire
from proxywasm_host.testing.peers import ReadMessage

GET = [(":method", "GET"), (":path", "/"), (":authority", "a")]
OK = [(":status", "200")]


def read(fields: list[tuple[str, str]], *chunks: bytes, method: str = "GET") -> str:
    """What is wrong with a message; empty: nothing."""
    message = ReadMessage()
    message.method = method
    wrong = message.headers(fields, not chunks)
    for index, chunk in enumerate(chunks):
        wrong = wrong or message.body(chunk, index == len(chunks) - 1)
    return wrong


@pytest.mark.parametrize(
    ("fields", "chunks", "wrong"),
    [
        ([*GET, ("content-length", "5")], [b"he", b"llo"], ""),
        ([*GET, ("content-length", "5")], [b"helloEND"], "would be read as the next message"),
        ([*GET, ("content-length", "5")], [b"hel"], "would be waited for"),
        ([*GET, ("content-length", "5")], [], "would be waited for"),
        ([*GET, ("content-length", "five")], [b"hello"], "its content-length is 'five'"),
        ([*GET, ("content-length", "5"), ("content-length", "6")], [b"hello"], "its content-length is '5', '6'"),
        ([*GET, ("content-length", "5"), ("transfer-encoding", "chunked")], [b"hello"], "it has both"),
        ([*OK, ("content-length", "0")], [], ""),
        ([(":status", "204")], [b"x"], "a response with status 204 has no body"),
        ([(":status", "304")], [b"x"], "a response with status 304 has no body"),
        ([(":status", "204"), ("content-length", "0")], [], "a response with status 204 has no content-length"),
        ([(":status", "304"), ("content-length", "5")], [], ""),
        ([(":status", "101")], [b"frames"], ""),
        ([(":status", "99")], [], "its status is '99'"),
        ([(":method", "G T"), *GET[1:]], [], "its method is 'G T'"),
        ([GET[0], (":path", "/a b")], [], "its path is '/a b'"),
        ([*GET, ("set-cookie:sid=forged;x", "1")], [], "is not the name of a header"),
        ([*GET, ("Upper", "1")], [], "is not the name of a header"),
        ([*GET, ("x", "a\r\ny: b")], [], "its header x is"),
    ],
)
def test_a_message_is_read_as_http_has_it(fields: list[tuple[str, str]], chunks: list[bytes], wrong: str) -> None:
    found = read(fields, *chunks)
    assert wrong in found
    assert bool(found) == bool(wrong)


def test_a_response_to_head_tells_a_length_and_has_no_body() -> None:
    assert read([*OK, ("content-length", "5")], method="HEAD") == ""
    assert "a response to HEAD has no body" in read(OK, b"x", method="HEAD")


def host(change: Callable[[HttpContext], None]) -> TestHost:
    plugin: Plugin[dict[str, Any]] = Plugin("any")
    plugin.on_request_headers(lambda ctx, config: change(ctx))
    return TestHost(plugin)


def test_a_request_that_no_upstream_could_read_fails_the_test() -> None:
    def change(ctx: HttpContext) -> None:
        ctx.command(EditRequestHeaders(["=:path", "/a path"]))  # past the checks of the SDK

    with pytest.raises(PeerError, match="an upstream could not read this request of the plugin: its path is '/a path'"):
        host(change).request()


def test_a_test_cannot_send_what_no_peer_can() -> None:
    with pytest.raises(ScenarioError, match="a client cannot send this request: its content-length is 3"):
        host(lambda ctx: None).request("POST", "/", {"content-length": "3"}, b"hello")
    with pytest.raises(ScenarioError, match="an upstream cannot send this response: its content-length is 9"):
        host(lambda ctx: None).request().respond(200, {"content-length": "9"}, b"hello")


# The ends of Envoy's connections.


class Reader:
    def __init__(self) -> None:
        self.read: list[str] = []

    def headers(self, fields: list[tuple[str, str]]) -> None:
        self.read.append("headers")

    def body(self, data: bytes) -> None:
        self.read.append(data.decode())

    def informational(self, fields: Fields) -> None:
        self.read.append(dict(fields)[":status"])

    def end(self, trailers: Fields) -> None:
        self.read.append("end" if not trailers else f"trailers {trailers}")

    def broken(self) -> None:
        self.read.append("broken")


def move_all(hub: Hub) -> None:
    while hub.move():
        pass


def fed(data: bytes, *, close: bool = False) -> list[str]:
    """What a service of the kit reads."""
    hub, reader = Hub(), Reader()
    near, far = socket.socketpair()
    with far:
        Server(Wire(hub, near), lambda server: reader)
        far.sendall(data)
        if close:
            far.close()
        try:
            move_all(hub)
        finally:
            hub.close()
    return reader.read


def test_what_is_behind_a_request_is_not_overlooked() -> None:
    request = b"POST /longer HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\nhello"
    assert fed(request) == ["headers", "hello", "end"]
    with pytest.raises(PeerError, match="where the next message begins, there is b'END'"):
        fed(request + b"END")


def test_what_is_no_http_is_told_from_a_connection_that_ends() -> None:
    with pytest.raises(PeerError, match="an upstream could not read this request"):
        fed(b"no HTTP at all\r\n\r\n")
    assert fed(b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\nhel", close=True) == [
        "headers",
        "hel",
        "broken",
    ]


def test_what_is_behind_a_response_is_not_overlooked() -> None:
    hub, reader = Hub(), Reader()
    near, far = socket.socketpair()
    with far:
        Client(Wire(hub, near), reader).request(GET, end_of_stream=True)
        far.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhelloEND")
        with pytest.raises(PeerError, match="a client could not read this response"):
            move_all(hub)
    hub.close()
