"""The flagship as a module in the real Envoy does what it does in our own host: recorded Qwen exchanges."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from ai_proxy import plugin
from proxywasm_host.recordings.bodies import SseBody, join, parse
from proxywasm_host.recordings.exchange import Exchange, Message
from proxywasm_host.recordings.replay import native_session, replay
from proxywasm_host.recordings.transcript import transcript

from .envoy_process import Envoy
from .flagship import CHOSEN
from .upstream import RecordedUpstream

pytestmark = [pytest.mark.envoy, pytest.mark.slow]


@pytest.mark.parametrize("exchange", CHOSEN, ids=lambda exchange: exchange.name)
def test_a_recorded_exchange_is_in_envoy_as_in_our_own_host(
    ai_proxy: Envoy, player: RecordedUpstream, exchange: Exchange
) -> None:
    assert exchange.response
    ours = replay(exchange, native_session(plugin))
    player.recorded = exchange.response
    asked = dict(exchange.request.headers)
    headers = {"host": f"{exchange.name}.test", "content-type": asked["content-type"]}
    response, body = ai_proxy.send(asked[":path"], b"".join(exchange.request.body), headers)

    seen, sent = player.seen.pop()
    wanted = dict(ours["upstream"]["headers"])
    for name in (":path", ":authority", "authorization"):
        assert dict(seen)[name] == wanted[name]
    assert json.loads(sent) == json.loads(join(ours["upstream"]["body"]))

    assert response.headers["content-type"] == dict(ours["downstream"]["headers"])["content-type"]
    got, wanted_body = parse(body), parse(join(ours["downstream"]["body"]))
    assert isinstance(got, SseBody) == ("stream" in exchange.name)
    assert transcript(got) == transcript(wanted_body)
    assert transcript(got).text


def streamed(exchange: Exchange, *chunks: bytes) -> Exchange:
    assert exchange.response
    fields = [(name, value) for name, value in exchange.response.headers if name != "content-length"]
    return replace(exchange, response=Message(fields, chunks))


def asked(envoy: Envoy, player: RecordedUpstream, exchange: Exchange) -> tuple[int, bytes]:
    assert exchange.response
    player.recorded = exchange.response
    request = dict(exchange.request.headers)
    headers = {"host": f"{exchange.name}.test", "content-type": request["content-type"]}
    response, body = envoy.send(request[":path"], b"".join(exchange.request.body), headers)
    player.seen.pop()
    return response.status, body


STREAMED = next(each for each in CHOSEN if each.name == "qwen-native-stream-a")


def test_headers_wait_for_a_first_event_that_arrives_in_pieces(ai_proxy: Envoy, player: RecordedUpstream) -> None:
    assert STREAMED.response
    whole = b"".join(STREAMED.response.body)
    first, rest = whole[: whole.index(b"\n\n") - 5], whole[whole.index(b"\n\n") - 5 :]
    pieces = streamed(STREAMED, first[:7], first[7:], rest)
    status, body = asked(ai_proxy, player, pieces)
    assert status == 200
    assert transcript(parse(body)) == transcript(parse(asked(ai_proxy, player, STREAMED)[1]))


def test_a_first_event_that_is_an_error_is_the_status_of_the_answer(ai_proxy: Envoy, player: RecordedUpstream) -> None:
    event = b'id:1\nevent:error\ndata:{"code":"InvalidParameter","message":"no such size","request_id":"r"}\n\n'
    failed = streamed(STREAMED, event[:20], event[20:])
    wanted = replay(failed, native_session(plugin))["downstream"]
    status, body = asked(ai_proxy, player, failed)
    assert str(status) == dict(wanted["headers"])[":status"] == "400"
    assert json.loads(body) == json.loads(join(wanted["body"]))


def test_a_client_says_neither_where_a_request_goes_nor_who_it_is(ai_proxy: Envoy, player: RecordedUpstream) -> None:
    player.recorded = Message([(":status", "200"), ("content-type", "application/json")], (b'{"candidates": []}',))
    headers = {"host": "gemini.test", "content-type": "application/json", "cookie": "a=1", "x-mse-consumer": "bob"}

    def send(model: str) -> int:
        body = json.dumps({"model": model, "messages": [{"role": "user", "content": "Hi"}]}).encode()
        return ai_proxy.send("/v1/chat/completions", body, headers)[0].status

    names = ["a/../../../v1beta/tunedModels?x=", "%2e%2e", "..", "a\r\nb", "\ud800"]
    assert [send(name) for name in names] == [400] * len(names)
    assert not player.seen
    send("x HTTP/1.0 ?y")
    seen, _ = player.seen.pop()
    assert dict(seen)[":path"] == "/v1beta/models/x%20HTTP%2F1.0%20%3Fy:generateContent"
    assert not {"cookie", "x-mse-consumer"} & dict(seen).keys()


KEY = "sk-test-7a1f"
"""The token of the recorded configurations."""


def passed(envoy: Envoy, player: RecordedUpstream, fields: list[tuple[str, str]], *chunks: bytes) -> Any:
    """An answer that nobody converts."""
    player.recorded = Message(fields, chunks)
    headers = {"host": "qwen-stream-a.test", "content-type": "application/json"}
    answer = envoy.send("/v1/responses", b"{}", headers)
    player.seen.pop()
    return answer


def test_no_credential_passes_wherever_an_answer_is_cut(ai_proxy: Envoy, player: RecordedUpstream) -> None:
    fields = [(":status", "200"), ("content-type", "text/plain"), ("x-debug", f"Bearer {KEY}")]
    response, body = passed(ai_proxy, player, fields, b"it is sk-te", b"st-7a\\u0031", b"f, and sk-", b"nothing")
    assert response.headers["x-debug"] == "Bearer ***"
    assert body == b"it is ***, and sk-nothing"


def test_a_redirection_with_a_credential_becomes_a_502(ai_proxy: Envoy, player: RecordedUpstream) -> None:
    response, body = passed(ai_proxy, player, [(":status", "307"), ("location", f"/?key={KEY}")], b"gone")
    assert (response.status, response.headers["location"]) == (502, None)
    assert json.loads(body)["error"]["code"] == "bad_upstream_response"


def test_texts_that_a_service_embeds_one_by_one_are_call_outs_to_the_cluster_of_the_route(
    ai_proxy: Envoy, player: RecordedUpstream
) -> None:
    answer = b'{"embedding": [0.5], "inputTextTokenCount": 2}'
    player.recorded = Message([(":status", "200"), ("content-type", "application/json")], (answer,))
    texts = [str(number) for number in range(20)]
    body = json.dumps({"model": "amazon.titan-embed-text-v2:0", "input": texts}).encode()
    headers = {"host": "bedrock.test", "content-type": "application/json"}
    response, embedded = ai_proxy.send("/v1/embeddings", body, headers)
    seen = [player.seen.pop() for _ in texts]
    assert response.status == 200
    assert sorted(json.loads(sent)["inputText"] for _, sent in seen) == sorted(texts)
    hosts = {dict(fields)[":authority"] for fields, _ in seen}
    assert hosts == {"bedrock-runtime.us-east-1.amazonaws.com"}
    answered = json.loads(embedded)
    assert [one["index"] for one in answered["data"]] == list(range(20))
    assert answered["usage"]["total_tokens"] == 40
