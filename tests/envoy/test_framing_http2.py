"""Where messages end in HTTP/2, on the wire: a length that is not true of the body is an error of the stream there.

A streamed body that the plugin makes longer or shorter arrives whole, without the length that it had before, or it does
not come to its end: with trailers or without, whichever protocols client and upstream speak.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import Any

import pytest

from . import http1, http2
from .arrived import Message
from .conftest import Upstreams
from .envoy_process import CHOOSING, Envoy

pytestmark = [pytest.mark.envoy, pytest.mark.slow]

CLIENTS = {"1": http1.exchange, "2": http2.exchange}
PROTOCOLS = [("2", "2"), ("2", "1"), *(pytest.param("1", upstream, marks=pytest.mark.exhaustive) for upstream in "21")]
"""The client's and the upstream's. A client of HTTP/1.1 waits for seconds until Envoy breaks off what has no end."""
CHUNKS = [b"hello ", b"world"]
TRAILERS = [("x-trailer", "of-the-request")]
PATHS = ["/same", "/shorter", "/longer", "/each-longer", "/shorter-held", "/longer-held", "/each-longer-held", "/whole"]


@pytest.fixture
def framing(together: Mapping[str, Envoy]) -> Envoy:
    return together["framing_http2"]


def complete(upstreams: Upstreams) -> list[Message]:
    """The requests that have come to their end since this was asked for last."""
    found = [request for server in upstreams.of.values() for request in server.complete]
    for server in upstreams.of.values():
        server.complete.clear()
    return found


@pytest.mark.parametrize(("client", "upstream"), PROTOCOLS)
@pytest.mark.parametrize("path", [*PATHS[:3], *(pytest.param(one, marks=pytest.mark.exhaustive) for one in PATHS[3:])])
def test_a_body_of_another_length_is_a_whole_message_or_none(
    framing: Envoy, upstreams: Upstreams, path: str, client: str, upstream: str
) -> None:
    kinds = product((CHUNKS, []), (False, True), ([], TRAILERS), ("", "length", "trailers"))
    for chunks, told_length, trailers, answer in kinds:
        if (client, told_length) == ("1", True) and trailers:
            continue  # In HTTP/1.1 only chunks have trailers.
        came = b"".join(chunks)
        length = [("content-length", str(len(came)))] if told_length else []
        fields = [*length, (CHOOSING, upstream), ("x-answer", answer)]
        response = CLIENTS[client](framing.port, path, fields, chunks, trailers)
        case = (path, client, upstream, chunks, told_length, trailers, answer, response)
        requests = complete(upstreams)
        if has_no_place(path, came, trailers):
            assert requests == [], case
            assert not response.complete or response.status >= 500, case
            continue
        (request,) = requests
        # In HTTP/1.1 a body with a length has no place for trailers behind it.
        assert request.trailers == ([] if upstream == "1" and request.length is not None else trailers), case
        assert_changed(path, request.body, came, case)
        sent = request.told()
        if has_no_place(path, sent, answer == "trailers"):
            assert not response.complete or response.status >= 500, case
        else:
            assert response.complete, case
            assert response.trailers == ([("x-trailer", "of-the-response")] if answer == "trailers" else []), case
            assert_changed(path, response.body, sent, case)


def has_no_place(path: str, came: bytes, trailers: object) -> bool:
    """When trailers are there, the gateway takes no more of the body, unless some of it waits."""
    return bool(trailers) and (path.startswith("/longer") or (path == "/whole" and not came))


def assert_changed(path: str, body: bytes, came: bytes, case: Any) -> None:
    """Envoy may have joined chunks, and the plugin changes each of them. It is not asked where there is no body."""
    if path.startswith("/longer") or path == "/whole":
        assert body == came + b"END" or body == came == b"", case
    elif path.startswith("/each-longer"):
        assert body.replace(b"~", b"") == came.replace(b"~", b""), case
        assert len(body) > len(came) or body == came == b"", case
    elif path.startswith("/shorter"):
        assert 0 < len(came) - len(body) <= 2 * 3 or body == came == b"", case
    else:
        assert body == came, case
