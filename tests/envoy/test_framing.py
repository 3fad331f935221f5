"""Where messages end, on the wire: no byte of one message becomes a part of the next on the same connection."""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping
from contextlib import closing
from http.client import HTTPConnection

import h11
import pytest

from .envoy_process import TIMEOUT, Envoy
from .upstream import Mirror

pytestmark = [pytest.mark.envoy, pytest.mark.slow]


@pytest.fixture
def framing(together: Mapping[str, Envoy]) -> Envoy:
    return together["framing"]


def answers(envoy: Envoy, *requests: tuple[str, str]) -> list[tuple[int, bytes]]:
    """Of requests by one connection, with method and path, read strictly."""
    with envoy.connection() as connection:
        client = h11.Connection(h11.CLIENT)
        got = []
        for method, path in requests:
            body = b"hello" if method == "POST" else b""
            headers = [("host", "a"), *([("content-length", str(len(body)))] if body else [])]
            events = [h11.Request(method=method, target=path, headers=headers), h11.Data(data=body), h11.EndOfMessage()]
            connection.sendall(b"".join(client.send(event) or b"" for event in events))
            got.append(_response(client, connection))
            assert client.trailing_data[0] == b""
            if len(got) < len(requests):
                client.start_next_cycle()
        return got


def _response(client: h11.Connection, connection: socket.socket) -> tuple[int, bytes]:
    status, body = 0, b""
    while not isinstance(event := client.next_event(), h11.EndOfMessage):
        if event is h11.NEED_DATA:
            client.receive_data(connection.recv(1 << 16))
        elif isinstance(event, h11.Response):
            status = event.status_code
        elif isinstance(event, h11.Data):
            body += event.data
    return status, body


@pytest.mark.parametrize(("path", "body"), [("/longer", "helloEND"), ("/shorter", "hel")])
def test_a_request_does_not_become_a_part_of_another_clients(
    framing: Envoy, mirror: Mirror, path: str, body: str
) -> None:
    """Both go to the upstream by one connection, which Envoy keeps."""
    for _ in range(3):
        with closing(HTTPConnection("127.0.0.1", framing.port, timeout=TIMEOUT)) as connection:
            connection.request("POST", path, b"hello")
            assert f'"body": "{body}' in connection.getresponse().read().decode()
        assert json.loads(framing.send("/plain")[1])["path"] == "/plain"
    assert mirror.unreadable == []
    assert mirror.connections == 1


@pytest.mark.parametrize("path", ["/longer", "/shorter"])
def test_a_response_does_not_become_a_part_of_the_next(framing: Envoy, path: str) -> None:
    first, second = answers(framing, ("POST", path), ("GET", "/plain"))
    assert (first[0], first[1][:1]) == (200, b"{")
    assert json.loads(second[1])["path"] == "/plain"


FAILED = (500, b"the plugin failed")


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/reply", (200, b"hello")),
        ("HEAD", "/reply", (200, b"")),
        ("GET", "/reply-without-body", (200, b"")),
        ("GET", "/reply-204", (204, b"")),
        ("HEAD", "/longer", (200, b"")),
        ("GET", "/status-304", FAILED),
        ("GET", "/status-204", FAILED),
        ("GET", "/status-101", FAILED),
    ],
)
def test_what_an_author_says_of_lengths_does_not_leave(
    framing: Envoy, method: str, path: str, expected: tuple[int, bytes]
) -> None:
    first, second = answers(framing, (method, path), ("GET", "/plain"))
    assert first == expected
    assert json.loads(second[1])["path"] == "/plain"


@pytest.mark.parametrize("path", ["/set-length", "/set-encoding", "/set-upgrade", "/tunnel"])
def test_an_author_cannot_say_where_a_request_ends(framing: Envoy, path: str) -> None:
    assert answers(framing, ("POST", path)) == [FAILED]
    assert json.loads(framing.send("/plain")[1])["path"] == "/plain"
