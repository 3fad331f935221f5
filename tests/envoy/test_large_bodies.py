"""Bodies at and beyond the bounds of ai-proxy in the real Envoy, with as much buffer as a gateway file gives."""

from __future__ import annotations

import json
import socket
from http.client import HTTPResponse

import pytest
from tests.ai_proxy.worst_bodies import MARK, chat, padded, user
from tests.ai_proxy.worst_requests import MESSAGES

from ai_proxy.wire import limits
from proxywasm_host.gateway.model import Limits
from proxywasm_host.recordings.exchange import Message

from .envoy_process import TIMEOUT, Envoy
from .upstream import RecordedUpstream

pytestmark = [pytest.mark.envoy, pytest.mark.slow]

CHAT, ANTHROPIC = "/v1/chat/completions", "/v1/messages"
PIECE = b"a" * (1 << 18)


def test_gateway_files_leave_room_for_all_that_is_read() -> None:
    assert Limits().body >= max(limits.BODY, limits.CONVERTED, limits.UNPARSED_ANSWER)


def refused(envoy: Envoy, path: str, framing: str) -> tuple[int, bytes]:
    """Send one piece more than is read, and no end: there has to be an answer all the same."""
    with socket.create_connection(("127.0.0.1", envoy.port), TIMEOUT) as connection:
        head = f"POST {path} HTTP/1.1\r\nhost: claude.test\r\ncontent-type: application/json\r\n{framing}\r\n\r\n"
        connection.sendall(head.encode())
        if "chunked" in framing:
            for _ in range(limits.BODY // len(PIECE) + 1):
                connection.sendall(b"%x\r\n%s\r\n" % (len(PIECE), PIECE))
        response = HTTPResponse(connection)
        response.begin()
        return response.status, response.read()


@pytest.mark.parametrize("path", [CHAT, ANTHROPIC])
@pytest.mark.parametrize("framing", [f"content-length: {limits.BODY + 1}", "transfer-encoding: chunked"])
def test_a_body_beyond_the_bound_is_413_in_the_protocol_of_the_client(
    ai_proxy: Envoy, player: RecordedUpstream, path: str, framing: str
) -> None:
    status, body = refused(ai_proxy, path, framing)
    assert status == 413
    document = json.loads(body)
    assert str(limits.BODY) in document["error"]["message"]
    assert (document.get("type") == "error") == (path == ANTHROPIC)
    assert document["error"]["type"] == ("request_too_large" if path == ANTHROPIC else "invalid_request_error")
    assert not player.seen


def test_a_body_at_the_bound_is_served(ai_proxy: Envoy, player: RecordedUpstream) -> None:
    player.recorded = Message([(":status", "500"), ("content-type", "application/json")], (b"{}",))
    body = padded(chat("m", user(MARK)), "a", "\N{GRINNING FACE}")
    headers = {"host": "claude.test", "content-type": "application/json"}
    assert ai_proxy.send(CHAT, body, headers)[0].status == 500
    _, sent = player.seen.pop()
    assert len(sent) > limits.BODY - 1000
    assert json.loads(sent)["messages"][0]["content"].startswith("\N{GRINNING FACE}aaa")


def test_a_body_that_becomes_too_large_is_413(ai_proxy: Envoy, player: RecordedUpstream) -> None:
    body = MESSAGES["escapes in the input of a tool"]("m")
    response, answer = ai_proxy.send(ANTHROPIC, body, {"host": "openai.test", "content-type": "application/json"})
    assert response.status == 413
    assert json.loads(answer)["error"]["type"] == "request_too_large"
    assert not player.seen
