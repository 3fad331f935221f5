"""For any input of client and upstream, the client gets a well-formed answer or error."""

from __future__ import annotations

import json

import pytest
from tests.ai_proxy.gateway import CHAT, COMPATIBLE, NATIVE, STREAM, Json, answer, ask, events, native_event

from ai_proxy import plugin
from proxywasm.adapters.native import native_program
from proxywasm.wire import LogLevel
from proxywasm_host.services import HostServices
from proxywasm_host.stream import ResponseBody, ResponseHeaders, Runner

BOTH = pytest.mark.parametrize("provider", [COMPATIBLE, NATIVE], ids=["compatible", "native"])


@BOTH
@pytest.mark.parametrize("body", [b"", b"nonsense", b"[1]", b'{"model": NaN}', b"\xff\xfe"])
def test_a_request_that_is_no_json_object_is_400(provider: Json, body: bytes) -> None:
    outcome = ask(provider, body)
    assert outcome.status == 400
    assert outcome.error["code"] == "invalid_json"
    assert outcome.result["local_reply"]["details"] == "ai-proxy.proc_req_body_failed"


@BOTH
def test_a_request_without_model_is_400(provider: Json) -> None:
    outcome = ask({**provider, "modelMapping": {"m": "x"}}, {"messages": [{"role": "user", "content": "Hi"}]})
    assert (outcome.status, outcome.error["param"]) == (400, "model")


@pytest.mark.parametrize("messages", [None, [], "Hi", ["Hi"]])
def test_native_chat_without_messages_is_400(messages: object) -> None:
    outcome = ask(NATIVE, {"model": "m", "messages": messages})
    assert outcome.status == 400
    assert outcome.error["param"].startswith("messages")


@BOTH
def test_an_api_that_the_provider_lacks_is_404(provider: Json) -> None:
    outcome = ask(provider, {"model": "tts", "input": "Hi"}, path="/v1/audio/speech")
    assert (outcome.status, outcome.error["code"]) == (404, "unsupported_api")
    assert outcome.result["upstream"] is None


@BOTH
@pytest.mark.parametrize("status", [400, 401, 404, 429, 500, 503, 529])
@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"code":"Some.Code","message":"said no","request_id":"r"}', "said no"),
        (b'{"error":"said no"}', "said no"),
        (b'[{"error":{"code":7,"message":"said no","status":"X"}}]', "said no"),
        (b"<html><head><title>503 Busy</title></head><body>..</body></html>", "503 Busy"),
        (b"plain words", "plain words"),
        (b'{"cut', '{"cut'),
        (b"", "the upstream answered with status"),
        (b"\xff\x00\x01", "the upstream answered with status"),
        (b'{"message": 7}', "the upstream answered with status"),
    ],
)
def test_an_error_of_any_shape_becomes_an_openai_error(provider: Json, status: int, body: bytes, message: str) -> None:
    outcome = ask(provider, CHAT, answer(body, status, retry_after="7"))
    assert outcome.status == status
    assert message in outcome.error["message"]
    assert outcome.headers["retry-after"] == "7"
    assert "content-length" not in outcome.headers


@BOTH
def test_an_error_without_body_gets_one(provider: Json) -> None:
    outcome = ask(provider, CHAT, answer(None, 503, retry_after="7"))
    assert (outcome.status, outcome.error["type"]) == (503, "server_error")
    assert outcome.headers["retry-after"] == "7"


@BOTH
def test_a_compressed_error_becomes_one_with_the_same_status(provider: Json) -> None:
    outcome = ask(provider, CHAT, answer(b"\x1f\x8b\x08\x00", 502, content_encoding="gzip"))
    assert (outcome.status, outcome.error["type"]) == (502, "server_error")
    assert "content-encoding" not in outcome.headers


@BOTH
def test_an_openai_error_passes_as_it_is(provider: Json) -> None:
    body = b'{"error": {"message": "no", "vendor": 1}}'
    outcome = ask(provider, CHAT, answer(body, 429))
    assert (outcome.status, outcome.raw, outcome.headers["content-length"]) == (429, body, str(len(body)))


@BOTH
def test_a_key_that_an_error_repeats_is_masked(provider: Json) -> None:
    for body in (
        b'{"error":{"message":"bad key sk-provider-1"}}',
        b'{"message":"bad key sk-provider-1"}',
        b"sk-provider-1",
    ):
        outcome = ask(provider, CHAT, answer(body, 401))
        assert b"***" in outcome.raw
        assert b"sk-provider-1" not in outcome.raw
        assert "sk-provider-1" not in outcome.logs


@BOTH
@pytest.mark.parametrize("body", [b"<html></html>", b'{"cut": [1', b"[]", b"", b"null"])
def test_an_answer_that_is_not_json_is_502(provider: Json, body: bytes) -> None:
    outcome = ask(provider, CHAT, answer(body))
    assert (outcome.status, outcome.error["code"]) == (502, "bad_upstream_response")
    assert "ai-proxy.proc_resp_body_failed" in outcome.logs


@pytest.mark.parametrize(
    "output",
    [
        {},
        {"output": None},
        {"output": {"choices": {}}},
        {"output": {"choices": [7]}},
        {"output": {"choices": [{"message": {"content": 7}}]}},
        {"output": {"choices": [{"message": {"content": "x", "tool_calls": [None]}}]}},
        {"output": {"choices": [{"message": {"content": "x", "tool_calls": "x"}}]}},
    ],
)
def test_a_native_answer_of_the_wrong_shape_is_502_and_in_a_stream_too(output: Json) -> None:
    assert ask(NATIVE, CHAT, answer(output)).error["code"] == "bad_upstream_response"
    streamed = ask(NATIVE, STREAM, events(b"data: " + json.dumps(output).encode() + b"\n\n", b""))
    assert (streamed.status, streamed.error["code"]) == (502, "bad_upstream_response")


@pytest.mark.parametrize(
    ("code", "status"),
    [("InvalidApiKey", 401), ("InvalidParameter", 400), ("Throttling.RateQuota", 429), ("Strange", 502)],
)
def test_a_native_error_in_an_answer_of_status_200_gets_the_status_of_its_code(code: str, status: int) -> None:
    body = {"code": code, "message": "said no", "request_id": "r"}
    raw = json.dumps(body).encode()
    for response in (answer(body), events(b"event:error\ndata:" + raw + b"\n\n", b""), events(raw, b"")):
        outcome = ask(NATIVE, STREAM, response)
        assert (outcome.status, outcome.error["message"], outcome.error["code"]) == (status, "said no", code)


def test_a_native_error_in_the_middle_of_a_stream_is_an_event_and_no_done_follows() -> None:
    error = b'event:error\ndata:{"code":"Throttling","message":"slow down","request_id":"r"}\n\n'
    data = ask(NATIVE, STREAM, events(native_event("Hel"), error, native_event("lo", "stop"), b"")).data
    assert len(data) == 2
    assert json.loads(data[1])["error"] == {
        "message": "slow down", "type": "rate_limit_error", "param": None, "code": "Throttling"
    }  # fmt: skip


COMPATIBLE_EVENT = b'data: {"id":"c","choices":[{"index":0,"delta":{"content":"Hel"},"finish_reason":null}]}\n\n'


@pytest.mark.parametrize(
    ("provider", "first"), [(NATIVE, native_event("Hel")), (COMPATIBLE, COMPATIBLE_EVENT)], ids=["native", "compatible"]
)
@pytest.mark.parametrize("rest", [b"", b'data: {"outp', b"dat", b"id: 7\n", 'data: {"x":"你'.encode()[:-1]])
def test_a_stream_that_is_cut_ends_with_an_error_and_without_done(provider: Json, first: bytes, rest: bytes) -> None:
    for chunks in ((first, rest), (first + rest,), (first, rest, b"")):
        data = ask(provider, STREAM, events(*chunks)).data
        assert json.loads(data[0])["choices"][0]["delta"]["content"] == "Hel"
        assert [json.loads(item)["error"]["code"] for item in data[1:]] == ["stream_cut"]


@BOTH
@pytest.mark.parametrize("chunks", [(b"",), (b"", b""), (b": ping\n\n",), (b"garbage without a colon\n\n",)])
def test_a_stream_without_any_event_is_an_error(provider: Json, chunks: tuple[bytes, ...]) -> None:
    outcome = ask(provider, STREAM, events(*chunks))
    document = json.loads(outcome.raw) if outcome.status != 200 else json.loads(outcome.data[0])
    assert document["error"]["code"] == "stream_cut"


@BOTH
@pytest.mark.parametrize("garbage", [b"<html>busy</html>", b'{"unknown": true}', b'{"cut'])
def test_garbage_instead_of_events_is_502(provider: Json, garbage: bytes) -> None:
    outcome = ask(provider, STREAM, events(garbage, b"and more", b""))
    assert (outcome.status, outcome.error["code"]) == (502, "bad_upstream_response")


def test_garbage_within_a_native_stream_ends_it_with_an_error() -> None:
    data = ask(NATIVE, STREAM, events(native_event("Hel"), b"data: garbage\n\n", native_event("lo", "stop"))).data
    assert json.loads(data[1])["error"]["code"] == "bad_upstream_response"
    assert len(data) == 2


@pytest.mark.parametrize("status", ["200", "429"])
def test_an_answer_that_is_not_the_upstreams_is_left_alone(status: str) -> None:
    """For example, a cache between this filter and the upstream answers in the client's protocol."""
    services = HostServices()
    program = native_program(plugin, services)
    program.configure(json.dumps({"provider": NATIVE}), LogLevel.INFO)
    stream = Runner(program, services).open()
    request = [(":method", "POST"), (":path", "/v1/chat/completions"), (":authority", "gateway.example.com")]
    stream.request_headers(request, False)
    stream.request_body(json.dumps(CHAT).encode(), True)
    stream.take()
    stream.response_headers([(":status", status)], False, details="cache_hit")
    stream.response_body(b"as it is", True)
    assert stream.take() == [ResponseHeaders([(":status", status)], False), ResponseBody(b"as it is", True)]
