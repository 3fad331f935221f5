"""`routing.fallback`: another provider is asked before the client sees a failure.

Where the gateway sends a request again (`serve`), the later answer streams; elsewhere (Envoy) a later attempt is a
call-out.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.ai_proxy.gateway import Json
from tests.ai_proxy.natives import RECORDED

from ai_proxy import plugin
from proxywasm_host.recordings.exchange import Message
from proxywasm_host.recordings.exchange import load as exchanges
from proxywasm_host.testing import TestHost, TestStream, chat_request, chat_response, chat_stream, request, response

OPENAI: Json = {"id": "openai", "type": "openai", "apiTokens": ["key-openai"], "models": ["m"]}
CLAUDE: Json = {"id": "claude", "type": "claude", "apiTokens": ["key-claude"], "models": ["claude-sonnet-4-5"]}
MISTRAL: Json = {"id": "mistral", "type": "mistral", "apiTokens": ["key-mistral"], "models": ["m"]}
FAILURE = response(503, {"retry-after": "7"}, json={"error": {"message": "busy", "type": "x"}})
CLAUDE_ANSWER = {
    "id": "m",
    "type": "message",
    "role": "assistant",
    "model": "c",
    "stop_reason": "end_turn",
    "content": [{"type": "text", "text": "Hello"}],
    "usage": {"input_tokens": 1, "output_tokens": 2},
}
TO_CLAUDE: Json = {"models": {"m": {"then": ["claude/claude-sonnet-4-5"]}}}


@pytest.fixture(params=["sent again", "call-out"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """How a gateway sends later attempts. In gateways with Proxy-Wasm each stream has one upstream request."""
    if request.param == "call-out":
        monkeypatch.setattr("proxywasm.core.instance.PluginInstance.sends_again", False)
    return str(request.param)


class Attempts:
    """One request through a gateway with several providers, whichever way later attempts take."""

    def __init__(
        self,
        sent: Message,
        *providers: Json,
        fallback: Json | None = None,
        host: TestHost | None = None,
        **routing: Any,
    ) -> None:
        routing = {"fallback": {} if fallback is None else fallback, **routing}
        self.host = host or TestHost(plugin, {"providers": [*providers], "routing": routing})
        self.stream: TestStream = self.host.request(sent)

    @property
    def asked(self) -> list[tuple[str, str]]:
        """The provider and the key of each attempt."""
        headers = [one.headers for one in [*self.stream.given_up, self.stream.upstream]]
        headers += [call.headers for call in self.host.calls]
        return [(str(one[":authority"]), str(one.get("authorization") or one.get("x-api-key"))) for one in headers]

    @property
    def body(self) -> Json:
        """The body of the latest attempt."""
        document: Json = json.loads(self.host.calls[-1].body if self.host.calls else self.stream.upstream.body)
        return document

    def answer(self, message: Message) -> None:
        if self.host.pending:
            self.host.next_call().answer(message)
        else:
            self.stream.respond(message)

    @property
    def status(self) -> int:
        return self.stream.reply.status if self.stream.reply else int(self.stream.downstream.status)

    @property
    def got(self) -> bytes:
        return bytes(self.stream.reply.body if self.stream.reply else self.stream.downstream.body)

    @property
    def headers(self) -> dict[str, str]:
        return dict(self.stream.reply.headers) if self.stream.reply else dict(self.stream.downstream.headers)


def claude_answer() -> Message:
    return response(200, json=CLAUDE_ANSWER)


def text_of(got: bytes) -> str:
    return str(json.loads(got)["choices"][0]["message"]["content"])


def test_the_next_provider_gets_the_request_in_its_own_protocol(way: str) -> None:
    """With its own address, credentials and conversion; the client gets one answer, in its protocol."""
    one = Attempts(chat_request("Hi", model="m", max_tokens=50), OPENAI, CLAUDE, fallback=TO_CLAUDE, routeHeader=True)
    one.answer(FAILURE)
    assert one.asked == [("api.openai.com", "Bearer key-openai"), ("api.anthropic.com", "key-claude")]
    assert (one.body["model"], one.body["max_tokens"]) == ("claude-sonnet-4-5", 50)
    one.answer(claude_answer())
    assert one.status == 200
    assert text_of(one.got) == "Hello"
    assert one.headers["x-proxywasm-route"] == "openai/m=status, claude/claude-sonnet-4-5=answered"
    assert way == "call-out" or not one.host.calls


def test_a_stream_of_a_later_attempt_is_a_stream_of_the_clients_protocol(way: str) -> None:
    one = Attempts(chat_request("Hi", model="m", stream=True), OPENAI, MISTRAL)
    one.answer(FAILURE)
    if way == "sent again":
        one.stream.response_headers(200, {"content-type": "text/event-stream"})
        first, *rest = chat_stream(["Hel", "lo"]).body
        assert one.stream.response_body(first), "the first event passes before the others are there"
        for chunk in rest:
            one.stream.response_body(chunk, end_of_stream=chunk is rest[-1])
    else:
        one.answer(chat_stream(["Hel", "lo"]))
    assert one.got.endswith(b"data: [DONE]\n\n")


@pytest.mark.parametrize("status", [408, 429, 500, 503])
def test_statuses_that_are_chosen(way: str, status: int) -> None:
    one = Attempts(chat_request("Hi", model="m"), OPENAI, MISTRAL)
    one.answer(response(status, json={"error": {"message": "busy", "type": "x"}}))
    one.answer(chat_response("Hello"))
    assert (len(one.asked), one.status) == (2, 200)


@pytest.mark.parametrize("status", [400, 401, 404])
def test_other_statuses_go_to_the_client_at_once(way: str, status: int) -> None:
    one = Attempts(chat_request("Hi", model="m"), OPENAI, MISTRAL)
    one.answer(response(status, json={"error": {"message": "no", "type": "x"}}))
    assert (len(one.asked), one.status) == (1, status)


@pytest.mark.parametrize(
    "text", ["This model's maximum context length is 8192 tokens.", "prompt is too long: 9000 tokens > 8192 maximum"]
)
def test_a_request_that_is_too_long_goes_to_a_longer_model(way: str, text: str) -> None:
    fallback = {"models": {"m": {"then": ["mistral"], "longer": ["claude/claude-sonnet-4-5"]}}}
    one = Attempts(chat_request("Hi", model="m"), OPENAI, {**MISTRAL, "models": []}, CLAUDE, fallback=fallback)
    one.answer(response(400, json={"error": {"message": text, "type": "invalid_request_error"}}))
    assert one.asked[1][0] == "api.anthropic.com"
    one.answer(claude_answer())
    assert text_of(one.got) == "Hello"


def test_a_refusal_for_its_content_goes_on_only_if_configured(way: str) -> None:
    refused = response(400, json={"error": {"message": "no", "type": "x", "code": "content_filter"}})
    one = Attempts(chat_request("Hi", model="m"), OPENAI, MISTRAL)
    one.answer(refused)
    assert (len(one.asked), one.status) == (1, 400)
    one = Attempts(chat_request("Hi", model="m"), OPENAI, MISTRAL, fallback={"on": ["contentFilter"]})
    one.answer(refused)
    one.answer(chat_response("Hello"))
    assert (len(one.asked), one.status) == (2, 200)


@pytest.mark.parametrize("broken", [b"<html>", b'{"error":{"message":"x"}}', b'{"choices":'])
def test_a_whole_answer_that_is_not_usable(way: str, broken: bytes) -> None:
    one = Attempts(
        chat_request("Hi", model="claude-sonnet-4-5"),
        CLAUDE,
        MISTRAL,
        fallback={"models": {"*": {"then": ["mistral/m"]}}},
    )
    one.answer(response(200, {"content-type": "application/json"}, body=broken))
    one.answer(chat_response("Hello"))
    assert (len(one.asked), one.status) == (2, 200)


def test_a_stream_that_begins_with_an_error(way: str) -> None:
    one = Attempts(chat_request("Hi", model="m", stream=True), OPENAI, MISTRAL)
    one.stream.response_headers(200, {"content-type": "text/event-stream"})
    one.stream.response_body(b'data: {"error":{"message":"slow","code":429}}\n\n')
    one.answer(chat_stream(["Hello"]))
    assert len(one.asked) == 2
    assert b"Hello" in one.got
    assert b"slow" not in one.got


def test_after_the_first_byte_the_answer_is_the_clients(way: str) -> None:
    one = Attempts(chat_request("Hi", model="m", stream=True), OPENAI, MISTRAL)
    one.stream.response_headers(200, {"content-type": "text/event-stream"})
    one.stream.response_body(chat_stream(["Hello"]).body[0])
    one.stream.response_body(b'data: {"error":{"message":"slow","code":429}}\n\n', end_of_stream=True)
    assert len(one.asked) == 1


def test_another_key_of_the_provider_comes_first_and_one_budget_covers_both(way: str) -> None:
    retry = {"enabled": True, "maxRetries": 5}
    keys = {**OPENAI, "apiTokens": ["k1", "k2", "k3"], "retryOnFailure": retry}
    one = Attempts(chat_request("Hi", model="m"), keys, MISTRAL, fallback={"attempts": 4})
    for _ in range(4):
        one.answer(FAILURE)
    assert [host for host, _ in one.asked] == ["api.openai.com"] * 3 + ["api.mistral.ai"]
    assert len(set(one.asked)) == 4, "no pair of provider and key is asked twice"
    assert one.status == 503
    limited = Attempts(chat_request("Hi", model="m"), keys, MISTRAL, fallback={"attempts": 2})
    limited.answer(FAILURE)
    limited.answer(FAILURE)
    assert [host for host, _ in limited.asked] == ["api.openai.com"] * 2


def test_if_all_fail_the_client_gets_a_failure_with_its_retry_after(way: str) -> None:
    one = Attempts(chat_request("Hi", model="m"), OPENAI, MISTRAL)
    one.answer(FAILURE)
    one.answer(FAILURE)
    assert (one.status, one.headers["retry-after"]) == (503, "7")
    assert json.loads(one.got)["error"]["message"] == "busy"


def test_a_provider_without_the_api_is_not_asked(way: str) -> None:
    one = Attempts(
        request("POST", "/v1/embeddings", json={"model": "m", "input": "x"}),
        OPENAI,
        {"id": "spark", "type": "spark", "apiTokens": ["key-spark"], "models": ["m"]},
        MISTRAL,
    )
    one.answer(FAILURE)
    assert one.asked[1][0] == "api.mistral.ai"


def test_a_request_without_a_model_is_one_providers(way: str) -> None:
    """No other one has its files."""
    one = Attempts(request("GET", "/v1/files/f-1"), OPENAI, {**OPENAI, "id": "other"})
    one.answer(FAILURE)
    assert (len(one.asked), one.status) == (1, 503)


def test_without_fallback_no_other_provider_is_asked(way: str) -> None:
    host = TestHost(plugin, {"providers": [OPENAI, MISTRAL]})
    one = Attempts(chat_request("Hi", model="m"), host=host)
    one.answer(FAILURE)
    assert (len(one.asked), one.status) == (1, 503)


def test_the_budget_of_retries_keeps_an_outage_from_multiplying_requests(way: str) -> None:
    host = TestHost(plugin, {"providers": [OPENAI, MISTRAL], "routing": {"fallback": {"retryBudget": 10}}})
    asked = 0
    for _ in range(100):
        one = Attempts(chat_request("Hi", model="m"), host=host)
        before = len(host.calls)
        one.answer(FAILURE)
        again = len(one.stream.given_up) + len(host.calls) - before
        if again:
            one.answer(FAILURE)
        asked += again
    assert 15 <= asked <= 20, "a burst of ten, and then a tenth of the requests"


def test_what_happened_is_in_log_and_metrics(way: str) -> None:
    one = Attempts(chat_request("Hi", model="m"), OPENAI, MISTRAL)
    one.answer(FAILURE)
    one.answer(chat_response("Hello"))
    one.stream.finish()
    logged = json.loads(one.stream.get_property("ai_proxy_log") or b"{}")
    assert (logged["provider"], logged["route"]) == ("mistral", "openai/m=status, mistral/m=answered")
    assert any("openai/m has failed (status), asking mistral/m" in line for line in one.host.messages)
    metrics = one.host.metrics
    assert metrics["ai_proxy_attempts.provider.openai.outcome.status"] == 1
    assert metrics["ai_proxy_attempts.provider.mistral.outcome.200"] == 1
    assert metrics["ai_proxy_fallbacks.provider.openai.reason.status"] == 1


def test_the_log_tells_retries_with_another_key_from_fallbacks(way: str) -> None:
    several = {**OPENAI, "apiTokens": ["key-1", "key-2"], "retryOnFailure": {"enabled": True}}
    one = Attempts(chat_request("Hi", model="m"), several, MISTRAL)
    one.answer(FAILURE)
    one.answer(FAILURE)
    one.answer(chat_response("Hello"))
    one.stream.finish()
    logged = json.loads(one.stream.get_property("ai_proxy_log") or b"{}")
    assert (logged["provider"], logged["retries"], logged["fallbacks"]) == ("mistral", 1, 1)


def test_the_breaker_opens_tries_again_and_closes(way: str) -> None:
    config = {
        "providers": [OPENAI, MISTRAL],
        "routing": {"fallback": {}, "breaker": {"failures": 2, "openFor": 10_000}},
    }
    host = TestHost(plugin, config)
    state = "ai_proxy_breaker_state.provider.openai.model.m"

    def ask(first: Message) -> list[str]:
        calls = len(host.calls)
        one = Attempts(chat_request("Hi", model="m"), host=host)
        asked = [str(one.stream.upstream.headers[":authority"])]
        one.answer(first)
        if one.stream.given_up or len(host.calls) > calls:
            asked = [asked[0], one.asked[-1][0]]
            one.answer(chat_response("Hello"))
        assert one.status == 200
        one.stream.finish()
        return asked

    both = ["api.openai.com", "api.mistral.ai"]
    failure = response(503, json={"error": {"message": "busy", "type": "x"}})
    assert [ask(failure), ask(failure)] == [both, both]
    assert host.metrics[state] == 2
    assert ask(chat_response("Hello")) == ["api.mistral.ai"], "open"
    host.advance(10.1)
    probe = Attempts(chat_request("Hi", model="m"), host=host)
    assert host.metrics[state] == 1
    assert ask(chat_response("Hello")) == ["api.mistral.ai"], "half-open: one request tries it"
    probe.answer(failure)
    probe.answer(chat_response("Hello"))
    probe.stream.finish()
    assert host.metrics[state] == 2
    host.advance(10.1)
    assert ask(chat_response("Hello")) == ["api.openai.com"]
    assert host.metrics[state] == 0
    assert ask(chat_response("Hello")) == ["api.openai.com"], "closed"


def test_if_all_breakers_are_open_the_client_is_told_when_to_come_back(way: str) -> None:
    host = TestHost(plugin, {"providers": [OPENAI], "routing": {"breaker": {"failures": 1, "openFor": 20_000}}})
    one = Attempts(chat_request("Hi", model="m"), host=host)
    one.answer(FAILURE)
    one.stream.finish()
    host.advance(5)
    refused = Attempts(chat_request("Hi", model="m"), host=host)
    assert (refused.status, refused.headers["retry-after"]) == (503, "15")


def test_no_key_of_a_provider_goes_to_another_one(way: str) -> None:
    one = Attempts(
        chat_request("Hi", model="m", headers={"authorization": "Bearer client"}), OPENAI, CLAUDE, fallback=TO_CLAUDE
    )
    one.answer(FAILURE)
    headers = one.host.calls[-1].headers if one.host.calls else one.stream.upstream.headers
    assert not [value for _, value in dict(headers).items() if "key-openai" in str(value) or "client" in str(value)]


def test_a_form_for_another_model_stays_a_form(way: str) -> None:
    form = (
        '--x\r\ncontent-disposition: form-data; name="model"\r\n\r\nm\r\n'
        '--x\r\ncontent-disposition: form-data; name="image"; filename="a.png"\r\n\r\nPNG\r\n--x--\r\n'
    )
    fields = {"content-type": "multipart/form-data; boundary=x"}
    other = {**OPENAI, "id": "other", "apiTokens": ["key-other"], "models": []}
    sent = request("POST", "/v1/images/edits", fields, body=form.encode())
    one = Attempts(sent, OPENAI, other, fallback={"models": {"m": {"then": ["other/dall-e-2"]}}})
    one.answer(FAILURE)
    body = one.host.calls[-1].body if one.host.calls else one.stream.upstream.body
    assert body.decode().lower() == form.lower().replace("\r\nm\r\n", "\r\ndall-e-2\r\n")


def test_a_refused_request_leaves_nothing_behind(way: str) -> None:
    """Neither memory nor a place among the requests under way."""
    config = {"providers": [{**CLAUDE, "models": ["m"]}, MISTRAL], "routing": {"fallback": {}, "strategy": "leastBusy"}}
    host = TestHost(plugin, config)
    wrong = {"model": "m", "messages": "x" * 30_000_000}
    for _ in range(6):
        refused = Attempts(request("POST", "/v1/chat/completions", json=wrong), host=host)
        assert refused.status == 400
        refused.stream.finish()
    assert Attempts(chat_request("Hi", model="m"), host=host).asked[0][0] == "api.anthropic.com"


def test_memory_that_requests_kept_is_released(way: str) -> None:
    host = TestHost(plugin, {"providers": [OPENAI, MISTRAL], "routing": {"fallback": {}}})
    for _ in range(8):
        one = Attempts(chat_request("x" * 30_000_000, model="m"), host=host)
        one.answer(FAILURE)
        assert len(one.stream.given_up) + len(host.pending) == 1
        one.answer(chat_response("Hello"))
        one.stream.finish()


@pytest.mark.parametrize("body", [b"", b'{"error":{"message":"busy","type":"x"}}'])
def test_if_the_breaker_of_the_next_one_is_open_the_client_gets_the_failure(way: str, body: bytes) -> None:
    config = {"providers": [OPENAI, MISTRAL], "routing": {"fallback": {}, "breaker": {"failures": 1}}}
    host = TestHost(plugin, config)
    one = Attempts(chat_request("Hi", model="m"), host=host)
    other = Attempts(chat_request("Hi", model="m"), host=host)
    for _ in range(2):
        one.answer(FAILURE)
    one.stream.finish()
    calls = len(host.calls)
    other.stream.respond(response(500, {"retry-after": "9"}, body=body))
    assert (other.status, other.headers["retry-after"]) == (500, "9")
    assert (len(other.stream.given_up), len(host.calls)) == (0, calls)
    assert json.loads(other.got)["error"]["message"]


STREAM = {"content-type": "text/event-stream"}


@pytest.mark.parametrize("begun", [(), (b": ping\n\n",), (b": pi", b"ng\n\n", b"\n"), (b'data: {"id":',)])
def test_a_stream_that_breaks_off_before_its_first_event(begun: tuple[bytes, ...]) -> None:
    one = Attempts(chat_request("Hi", model="m", stream=True), OPENAI, MISTRAL, routeHeader=True)
    one.stream.response_headers(200, STREAM)
    for chunk in begun:
        assert one.stream.response_body(chunk) == b""
    one.stream.break_off()
    one.answer(chat_stream(["Hello"]))
    assert (len(one.asked), one.status) == (2, 200)
    assert b"Hello" in one.got
    assert one.headers["x-proxywasm-route"] == "openai/m=badAnswer, mistral/m=answered"


@pytest.mark.parametrize("begun", [(), (b": ping\n\n",), (b": pi", b"ng\n\n", b"\n")])
def test_a_stream_that_ends_before_its_first_event(way: str, begun: tuple[bytes, ...]) -> None:
    one = Attempts(chat_request("Hi", model="m", stream=True), OPENAI, MISTRAL)
    one.stream.response_headers(200, STREAM)
    for chunk in begun:
        assert one.stream.response_body(chunk) == b""
    one.stream.response_body(b"", end_of_stream=True)
    one.answer(chat_stream(["Hello"]))
    assert (len(one.asked), one.status) == (2, 200)
    assert b"Hello" in one.got


@pytest.mark.parametrize("begun", [b"", b'{"id":"x"'])
@pytest.mark.parametrize("provider", [{**OPENAI, "id": "first"}, {**CLAUDE, "id": "first", "models": ["m"]}])
def test_a_whole_answer_that_breaks_off(provider: Json, begun: bytes) -> None:
    one = Attempts(chat_request("Hi", model="m"), provider, MISTRAL)
    one.stream.response_headers(200, {"content-type": "application/json", "content-length": "1000"})
    one.stream.response_body(begun)
    one.stream.break_off()
    one.answer(chat_response("Hello"))
    assert (len(one.asked), text_of(one.got)) == (2, "Hello")


def test_an_answer_that_does_not_begin_in_time_after_its_headers() -> None:
    one = Attempts(
        chat_request("Hi", model="m", stream=True), OPENAI, MISTRAL, fallback={"on": ["firstByte"]}, routeHeader=True
    )
    one.stream.response_headers(200, STREAM)
    one.stream.break_off("upstream_per_try_timeout")
    one.answer(chat_stream(["Hello"]))
    assert one.headers["x-proxywasm-route"] == "openai/m=firstByte, mistral/m=answered"


@pytest.mark.parametrize(
    ("details", "status"),
    [("upstream_reset_after_response_started{connection_termination}", 502), ("upstream_per_try_timeout", 504)],
)
@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages"])
def test_if_none_is_left_the_client_gets_an_error_in_its_protocol(details: str, status: int, path: str) -> None:
    sent = request("POST", path, json={"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]})
    one = Attempts(sent, OPENAI, MISTRAL, routeHeader=True)
    for _ in range(2):
        one.stream.response_headers(200, {"content-type": "application/json"})
        one.stream.break_off(details)
    assert (len(one.asked), one.status) == (2, status)
    assert json.loads(one.got)["error"]["message"]
    assert json.loads(one.got).get("type") == ("error" if path == "/v1/messages" else None)
    assert "mistral/m" in one.headers["x-proxywasm-route"]


def test_an_error_whose_body_breaks_off_counts_as_that_error() -> None:
    """Its status decides, except where its text would."""
    one = Attempts(chat_request("Hi", model="m"), OPENAI, MISTRAL)
    one.stream.response_headers(400, {"content-type": "application/json", "content-length": "1000"})
    one.stream.response_body(b'{"error":')
    one.stream.break_off()
    one.answer(chat_response("Hello"))
    assert text_of(one.got) == "Hello"


def test_while_a_provider_waits_for_its_token_the_old_answer_may_break_off() -> None:
    """It is not asked for again."""
    (oauth, *_) = exchanges(RECORDED / "vertex" / "oauth.json")
    vertex = {**json.loads(oauth.config)["provider"], "id": "vertex", "models": ["m"]}
    one = Attempts(chat_request("Hi", model="m", stream=True), OPENAI, vertex)
    one.stream.response_headers(503, {"content-type": "application/json", "content-length": "1000"})
    assert len(one.host.pending) == 1
    one.stream.break_off()
    assert not one.stream.downstream
    one.host.next_call().answer(response(200, json={"access_token": "t", "expires_in": 3600}))
    assert "aiplatform" in one.stream.upstream.host
    assert len(one.stream.given_up) == 1


@pytest.mark.parametrize("provider", [OPENAI, {**CLAUDE, "id": "openai", "models": ["m"]}])
@pytest.mark.parametrize("begun", [(), (b": ping\n\n",)])
def test_in_envoy_a_timer_notices_a_stream_that_does_not_begin(
    provider: Json, begun: tuple[bytes, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own time limit ends with the headers."""
    monkeypatch.setattr("proxywasm.core.instance.PluginInstance.sends_again", False)
    monkeypatch.setattr("proxywasm.core.instance.PluginInstance.times_first_byte", False)
    one = Attempts(
        chat_request("Hi", model="m", stream=True),
        provider,
        MISTRAL,
        fallback={"on": ["firstByte"], "firstByteTimeout": 2000},
        routeHeader=True,
    )
    one.host.advance(0.5)
    one.stream.response_headers(200, STREAM)
    for chunk in begun:
        one.stream.response_body(chunk)
    one.host.advance(1.0)
    assert not one.host.pending
    one.host.advance(1.0)
    assert one.asked[1][0] == "api.mistral.ai"
    one.stream.response_body(chat_stream(["too late"]).body[0])
    one.answer(chat_stream(["Hello"]))
    assert b"Hello" in one.got
    assert b"late" not in one.got
    assert one.headers["x-proxywasm-route"] == "openai/m=firstByte, mistral/m=answered"


def test_without_another_provider_a_stream_that_does_not_begin_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("proxywasm.core.instance.PluginInstance.sends_again", False)
    monkeypatch.setattr("proxywasm.core.instance.PluginInstance.times_first_byte", False)
    one = Attempts(chat_request("Hi", model="m", stream=True), OPENAI, fallback={"firstByteTimeout": 500})
    one.stream.response_headers(200, STREAM)
    one.host.advance(1.0)
    assert (one.status, json.loads(one.got)["error"]["code"]) == (504, "upstream_timeout")


def test_a_stream_that_has_begun_is_not_late(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("proxywasm.core.instance.PluginInstance.sends_again", False)
    monkeypatch.setattr("proxywasm.core.instance.PluginInstance.times_first_byte", False)
    one = Attempts(chat_request("Hi", model="m", stream=True), OPENAI, MISTRAL, fallback={"firstByteTimeout": 500})
    one.stream.response_headers(200, STREAM)
    first, *rest = chat_stream(["Hel", "lo"]).body
    one.stream.response_body(first)
    one.host.advance(10.0)
    for chunk in rest:
        one.stream.response_body(chunk, end_of_stream=chunk is rest[-1])
    assert one.status == 200
    assert not one.host.calls


GEMINI: Json = {"id": "gemini", "type": "gemini", "apiTokens": ["key-gemini"], "models": ["m"]}
QWEN: Json = {"id": "qwen", "type": "qwen", "apiTokens": ["k"], "models": ["m"], "qwenEnableCompatible": False}
AZURE: Json = {
    "id": "azure",
    "type": "azure",
    "apiTokens": ["k"],
    "models": ["m"],
    "azureServiceUrl": "https://a.openai.azure.com/openai/deployments/d/chat/completions?api-version=2024-02-15-preview",
}
FIRST_CLAUDE: Json = {**CLAUDE, "models": ["m"]}
CHUNK: Json = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}


def of_choice(finish: str | None, content: str = "") -> Json:
    delta = {"role": "assistant", "content": content}
    return {**CHUNK, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}


def claude_message(kind: str, **more: Any) -> Json:
    return {"type": kind, **more}


CLAUDE_BEGINS = claude_message("message_start", message={**CLAUDE_ANSWER, "content": [], "stop_reason": None})
CLAUDE_REFUSES = [
    claude_message("message_delta", delta={"stop_reason": "refusal"}, usage={"output_tokens": 1}),
    claude_message("message_stop"),
]
PROMPT_RESULTS: Json = {**CHUNK, "choices": [], "prompt_filter_results": [{"prompt_index": 0}]}
REFUSED_STREAMS: dict[str, tuple[Json, list[Json]]] = {
    "openai": (OPENAI, [of_choice("content_filter")]),
    "azure": (AZURE, [PROMPT_RESULTS, of_choice(None), of_choice("content_filter")]),
    "gemini, its prompt": (GEMINI, [{"promptFeedback": {"blockReason": "SAFETY"}}]),
    "gemini, its answer": (GEMINI, [{"candidates": [{"index": 0, "finishReason": "SAFETY"}]}]),
    "qwen": (QWEN, [{"code": "DataInspectionFailed", "message": "Input data may contain inappropriate content."}]),
    "claude": (FIRST_CLAUDE, [CLAUDE_BEGINS, *CLAUDE_REFUSES]),
}


def of_whole(finish: str, content: str | None) -> Json:
    return {"index": 0, "message": {"role": "assistant", "content": content}, "finish_reason": finish}


REFUSED_ANSWERS: dict[str, tuple[Json, Json]] = {
    "openai": (OPENAI, {**CHUNK, "choices": [of_whole("content_filter", "Hel")]}),
    "azure": (AZURE, {**CHUNK, "choices": [of_whole("content_filter", None)]}),
    "gemini, its prompt": (GEMINI, {"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}}),
    "gemini, its answer": (GEMINI, {"candidates": [{"index": 0, "finishReason": "SAFETY"}]}),
    "qwen": (QWEN, {"code": "DataInspectionFailed", "message": "Output data may contain inappropriate content."}),
    "claude": (FIRST_CLAUDE, {**CLAUDE_ANSWER, "stop_reason": "refusal", "content": []}),
}


def as_events(documents: list[Json]) -> Message:
    return response(200, STREAM, body=[f"data: {json.dumps(document)}\n\n".encode() for document in documents])


@pytest.mark.parametrize("name", REFUSED_STREAMS)
def test_a_stream_that_a_content_filter_has_refused_goes_to_another_provider_if_configured(way: str, name: str) -> None:
    """Before any content has gone to the client."""
    provider, documents = REFUSED_STREAMS[name]
    sent = chat_request("Hi", model="m", stream=True)
    one = Attempts(sent, provider, MISTRAL, fallback={"on": ["contentFilter"]}, routeHeader=True)
    one.answer(as_events(documents))
    one.answer(chat_stream(["Hello"]))
    assert (len(one.asked), one.status) == (2, 200)
    assert b"Hello" in one.got
    assert "=contentFilter, mistral" in one.headers["x-proxywasm-route"]
    not_configured = Attempts(sent, provider, MISTRAL, fallback={"on": ["status"]})
    not_configured.answer(as_events(documents))
    assert len(not_configured.asked) == 1


@pytest.mark.parametrize("name", REFUSED_ANSWERS)
def test_a_whole_answer_that_a_content_filter_has_refused(way: str, name: str) -> None:
    provider, document = REFUSED_ANSWERS[name]
    sent = chat_request("Hi", model="m")
    one = Attempts(sent, provider, MISTRAL, fallback={"on": ["contentFilter"]})
    one.answer(response(200, json=document))
    one.answer(chat_response("Hello"))
    assert (len(one.asked), text_of(one.got)) == (2, "Hello")
    not_configured = Attempts(sent, provider, MISTRAL, fallback={"on": ["status"]})
    not_configured.answer(response(200, json=document))
    assert len(not_configured.asked) == 1


@pytest.mark.parametrize("stream", [False, True])
def test_a_later_answer_may_be_refused_as_well_and_the_last_one_is_the_clients(way: str, stream: bool) -> None:
    refused = as_events(REFUSED_STREAMS["openai"][1]) if stream else response(200, json=REFUSED_ANSWERS["openai"][1])
    third = {**OPENAI, "id": "third"}
    one = Attempts(
        chat_request("Hi", model="m", stream=stream), OPENAI, MISTRAL, third, fallback={"on": ["contentFilter"]}
    )
    for _ in range(3):
        one.answer(refused)
    assert (len(one.asked), one.status) == (3, 200)
    assert b'"content_filter"' in one.got


@pytest.mark.parametrize("provider", [OPENAI, FIRST_CLAUDE])
@pytest.mark.parametrize("stream", [False, True])
def test_if_no_other_provider_can_be_asked_the_client_gets_the_refused_answer(
    way: str, provider: Json, stream: bool
) -> None:
    name = "openai" if provider is OPENAI else "claude"
    document = REFUSED_ANSWERS[name][1]
    refused = as_events(REFUSED_STREAMS[name][1]) if stream else response(200, json=document)
    routing = {"fallback": {"on": ["contentFilter", "status"]}, "breaker": {"failures": 1}}
    host = TestHost(plugin, {"providers": [provider, MISTRAL], "routing": routing})
    opens = Attempts(chat_request("Hi", model="m"), host=host)
    opens.answer(response(200, json=document))
    opens.answer(FAILURE)
    opens.stream.finish()
    calls = len(host.calls)
    one = Attempts(chat_request("Hi", model="m", stream=stream), host=host)
    one.stream.respond(refused)
    assert (len(one.stream.given_up), len(host.calls), one.status) == (0, calls, 200)
    assert b'"content_filter"' in one.got
    assert not stream or one.got.endswith(b"\n\n")


def test_a_choice_that_is_not_refused_is_an_answer(way: str) -> None:
    choices = [of_whole("content_filter", None), {**of_whole("stop", "Hello"), "index": 1}]
    one = Attempts(chat_request("Hi", model="m", n=2), OPENAI, MISTRAL, fallback={"on": ["contentFilter"]})
    one.answer(response(200, json={**CHUNK, "choices": choices}))
    assert (len(one.asked), one.status) == (1, 200)


def test_content_ends_the_wait_for_a_refusal(way: str) -> None:
    one = Attempts(chat_request("Hi", model="m", stream=True), OPENAI, MISTRAL, fallback={"on": ["contentFilter"]})
    chunks = [f"data: {json.dumps(of_choice(None, text))}\n\n".encode() for text in ("", "Hel")]
    one.stream.response_headers(200, STREAM)
    assert one.stream.response_body(chunks[0]) == b""
    assert one.stream.response_body(chunks[1]) == b"".join(chunks)
    last = f"data: {json.dumps(of_choice('content_filter'))}\n\n".encode()
    one.stream.response_body(last, end_of_stream=True)
    assert (len(one.asked), one.status) == (1, 200)


def limited(seconds: int, status: int = 429) -> Message:
    return response(status, {"retry-after": str(seconds)}, json={"error": {"message": "slow down", "type": "x"}})


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("on_status", [["5.*"], ["429", "503"], ["408"]])
def test_retry_after_opens_the_breaker_for_that_time(way: str, status: int, on_status: list[str]) -> None:
    """So that the next requests do not ask in vain, also if they may not ask another provider then."""
    routing = {"fallback": {"onStatus": on_status}, "breaker": {"failures": 5, "openFor": 1000}}
    host = TestHost(plugin, {"providers": [OPENAI, MISTRAL], "routing": routing})
    first = Attempts(chat_request("Hi", model="m"), host=host)
    first.answer(limited(20, status))
    if len(first.asked) > 1:
        first.answer(chat_response("Hello"))
    first.stream.finish()
    host.advance(19)
    assert Attempts(chat_request("Hi", model="m"), host=host).stream.upstream.host == "api.mistral.ai"
    host.advance(2)
    assert Attempts(chat_request("Hi", model="m"), host=host).stream.upstream.host == "api.openai.com"


WAITS = {"retry-after": "86400"}, {"retry-after": "Fri, 31 Dec 9999 23:59:59 GMT"}, {"retry-after-ms": "86400000"}


@pytest.mark.parametrize("wait", WAITS)
@pytest.mark.parametrize(("longest", "open_for"), [(10_000, 10), (None, 300), (0, 0)])
def test_the_time_that_retry_after_opens_the_breaker_is_bounded(
    way: str, longest: int | None, open_for: int, wait: dict[str, str]
) -> None:
    breaker = {"failures": 5} if longest is None else {"failures": 5, "longestWait": longest}
    host = TestHost(plugin, {"providers": [OPENAI], "routing": {"breaker": breaker}})
    one = Attempts(chat_request("Hi", model="m"), host=host)
    one.answer(response(429, wait, json={"error": {"message": "slow down", "type": "x"}}))
    assert wait.items() <= one.headers.items(), "the client gets it as it is"
    one.stream.finish()
    if open_for:
        refused = Attempts(chat_request("Hi", model="m"), host=host)
        assert (refused.status, refused.headers["retry-after"]) == (503, str(open_for))
        host.advance(open_for + 1)
    assert Attempts(chat_request("Hi", model="m"), host=host).stream.upstream


def test_while_another_key_may_be_used_retry_after_opens_nothing(way: str) -> None:
    keys = {**OPENAI, "apiTokens": ["k1", "k2"]}
    host = TestHost(plugin, {"providers": [keys, MISTRAL], "routing": {"breaker": {"failures": 5}}})
    for expected in ("api.openai.com", "api.openai.com", "api.mistral.ai"):
        one = Attempts(chat_request("Hi", model="m"), host=host)
        assert one.stream.upstream.host == expected
        one.answer(limited(20) if "openai" in expected else chat_response("Hello"))
        one.stream.finish()


ASKED: Json = {"model": "m", "max_tokens": 9, "stream": True}
NATIVE_MESSAGES = (
    {**FIRST_CLAUDE, "id": "first"},
    request("POST", "/v1/messages", json={**ASKED, "messages": [{"role": "user", "content": "Hi"}]}),
    {"type": "error", "error": {"type": "overloaded_error", "message": "slow"}},
    CLAUDE_BEGINS,
)
NATIVE_RESPONSES = (
    {**OPENAI, "id": "first"},
    request("POST", "/v1/responses", json={**ASKED, "input": "Hi"}),
    {"type": "response.failed", "response": {"error": {"code": "server_error", "message": "slow"}}},
    {"type": "response.created", "response": {"id": "resp_1"}},
)


def event_of(document: Json) -> bytes:
    return f"event: {document['type']}\ndata: {json.dumps(document)}\n\n".encode()


@pytest.mark.parametrize("native", [NATIVE_MESSAGES, NATIVE_RESPONSES])
@pytest.mark.parametrize("how", ["error", "ends", "breaks off"])
def test_a_stream_in_the_services_own_protocol(way: str, native: tuple[Json, Message, Json, Json], how: str) -> None:
    """Its headers wait for the first event, which passes unchanged."""
    provider, sent, error, _ = native
    one = Attempts(sent, provider, MISTRAL)
    one.stream.response_headers(200, STREAM)
    assert one.stream.response_body(b": ping\n\n") == b""
    if how == "error":
        one.stream.response_body(event_of(error))
    elif how == "ends":
        one.stream.response_body(b"", end_of_stream=True)
    elif way == "call-out":
        return
    else:
        one.stream.break_off()
    one.answer(chat_stream(["Hello"]))
    assert (len(one.asked), one.status) == (2, 200)
    assert b"Hello" in one.got
    assert b"slow" not in one.got


@pytest.mark.parametrize("native", [NATIVE_MESSAGES, NATIVE_RESPONSES])
def test_the_first_event_of_the_services_own_protocol_passes_at_once(native: tuple[Json, Message, Json, Json]) -> None:
    provider, sent, error, first = native
    one = Attempts(sent, provider, MISTRAL, routeHeader=True)
    one.stream.response_headers(200, STREAM)
    begin = event_of(first)
    assert one.stream.response_body(begin[:9]) == b""
    assert one.stream.response_body(begin[9:]) == begin
    assert one.headers["x-proxywasm-route"] == "first/m=answered"
    assert one.stream.response_body(event_of(error), end_of_stream=True) == event_of(error)
    assert len(one.asked) == 1


@pytest.mark.parametrize(("native", "status"), [(NATIVE_MESSAGES, 529), (NATIVE_RESPONSES, 502)])
def test_if_none_is_left_an_error_of_that_stream_is_the_answer(
    native: tuple[Json, Message, Json, Json], status: int
) -> None:
    provider, sent, error, _ = native
    one = Attempts(sent, provider)
    one.stream.response_headers(200, STREAM)
    one.stream.response_body(event_of(error), end_of_stream=True)
    assert (one.status, json.loads(one.got)["error"]["message"]) == (status, "slow")


@pytest.mark.parametrize(("native", "key"), [(NATIVE_MESSAGES, "key-claude"), (NATIVE_RESPONSES, "key-openai")])
def test_a_key_in_such_an_error_is_not_logged(native: tuple[Json, Message, Json, Json], key: str) -> None:
    provider, sent, error, _ = native
    one = Attempts(sent, provider)
    one.stream.response_headers(200, STREAM)
    one.stream.response_body(event_of(error).replace(b"slow", f"the key {key} is slow".encode()), end_of_stream=True)
    assert b"the key *** is slow" in one.got
    assert "the key *** is slow" in "\n".join(map(str, one.host.logs))
    assert key not in "\n".join(map(str, one.host.logs))


# Refusals of content filters in the service's own protocol.

GEMINI_ASKED: Json = {"contents": [{"role": "user", "parts": [{"text": "Hi"}]}]}


def gemini_asked(method: str) -> Message:
    return request("POST", f"/v1beta/models/m:{method}", json=GEMINI_ASKED)


def response_event(kind: str, **more: Any) -> Json:
    return {"type": f"response.{kind}", "response": {"id": "resp_1", "object": "response", **more}}


FILTERED_RESPONSE: Json = {"status": "incomplete", "incomplete_details": {"reason": "content_filter"}, "output": []}
NATIVE_GEMINI: Json = {**GEMINI, "id": "first", "models": ["m"]}
GEMINI_CONTENT: Json = {"candidates": [{"index": 0, "content": {"role": "model", "parts": [{"text": "Hello"}]}}]}
REFUSED_NATIVE: dict[str, tuple[Json, Message, list[Json], Json, list[Json]]] = {
    "messages": (
        {**FIRST_CLAUDE, "id": "first"},
        NATIVE_MESSAGES[1],
        [CLAUDE_BEGINS, {"type": "ping"}, *CLAUDE_REFUSES],
        {**CLAUDE_ANSWER, "stop_reason": "refusal", "content": []},
        [CLAUDE_BEGINS, {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hello"}}],
    ),
    "responses": (
        {**OPENAI, "id": "first"},
        NATIVE_RESPONSES[1],
        [response_event("created"), response_event("in_progress"), response_event("incomplete", **FILTERED_RESPONSE)],
        {"id": "resp_1", "object": "response", **FILTERED_RESPONSE},
        [response_event("created"), {"type": "response.output_text.delta", "delta": "Hello"}],
    ),
    "gemini, its prompt": (
        NATIVE_GEMINI,
        gemini_asked("streamGenerateContent?alt=sse"),
        [{"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": {"promptTokenCount": 1}}],
        {"promptFeedback": {"blockReason": "SAFETY"}},
        [GEMINI_CONTENT],
    ),
    "gemini, its answer": (
        NATIVE_GEMINI,
        gemini_asked("streamGenerateContent?alt=sse"),
        [{"candidates": [{"index": 0}]}, {"candidates": [{"index": 0, "finishReason": "PROHIBITED_CONTENT"}]}],
        {"candidates": [{"index": 0, "finishReason": "SAFETY"}]},
        [{"candidates": [{"index": 0}]}, GEMINI_CONTENT],
    ),
}
native_refusal = pytest.mark.parametrize("name", REFUSED_NATIVE)


def native_events(documents: list[Json]) -> Message:
    lines = [f"event: {one['type']}\n" if "type" in one else "" for one in documents]
    body = [f"{line}data: {json.dumps(one)}\n\n".encode() for line, one in zip(lines, documents, strict=True)]
    return response(200, STREAM, body=body)


def second_of(name: str) -> tuple[Json, Message, Message]:
    """Another provider, and its answers: a stream and a whole one."""
    if not name.startswith("gemini"):
        return MISTRAL, chat_stream(["Hello"]), chat_response("Hello")
    return {**NATIVE_GEMINI, "id": "second"}, native_events([GEMINI_CONTENT]), response(200, json=GEMINI_CONTENT)


def whole(sent: Message) -> Message:
    """The same request, not for a stream."""
    path = dict(sent.headers)[":path"]
    if "gemini" in path or "models/" in path:
        return gemini_asked("generateContent")
    document = json.loads(b"".join(sent.body))
    return request("POST", path, json={**document, "stream": False})


@native_refusal
@pytest.mark.parametrize("stream", [True, False])
def test_a_refusal_in_the_services_own_protocol_goes_to_another_provider(way: str, name: str, stream: bool) -> None:
    first, sent, events, document, _ = REFUSED_NATIVE[name]
    second, streamed, answered = second_of(name)
    sent = sent if stream else whole(sent)
    refused = native_events(events) if stream else response(200, json=document)
    one = Attempts(sent, first, second, fallback={"on": ["contentFilter"]}, routeHeader=True)
    one.answer(refused)
    one.answer(streamed if stream else answered)
    assert (len(one.asked), one.status) == (2, 200)
    assert b"Hello" in one.got
    assert "first/m=contentFilter" in one.headers["x-proxywasm-route"]
    not_configured = Attempts(sent, first, second, fallback={"on": ["status"]})
    not_configured.answer(refused)
    assert (len(not_configured.asked), not_configured.got) == (1, b"".join(refused.body))


@native_refusal
@pytest.mark.parametrize("stream", [True, False])
def test_the_last_refusal_in_the_services_own_protocol_is_the_clients(way: str, name: str, stream: bool) -> None:
    """Unchanged, whether its provider was asked first or later."""
    first, sent, events, document, _ = REFUSED_NATIVE[name]
    refused = native_events(events) if stream else response(200, json=document)
    one = Attempts(
        sent if stream else whole(sent), first, {**first, "id": "second"}, fallback={"on": ["contentFilter"]}
    )
    one.answer(refused)
    one.answer(refused)
    assert (len(one.asked), one.status, one.got) == (2, 200, b"".join(refused.body))


@native_refusal
def test_content_in_the_services_own_protocol_passes_with_what_came_before_it(name: str) -> None:
    first, sent, _, _, events = REFUSED_NATIVE[name]
    chunks = native_events(events).body
    one = Attempts(sent, first, second_of(name)[0], fallback={"on": ["contentFilter"]})
    one.stream.response_headers(200, STREAM)
    for chunk in chunks[:-1]:
        assert one.stream.response_body(chunk) == b""
    assert one.stream.response_body(chunks[-1]) == b"".join(chunks)
    refusal = native_events(REFUSED_NATIVE[name][2][-1:]).body[0]
    assert one.stream.response_body(refusal) == refusal, "it is too late for another provider"
    assert len(one.asked) == 1


@pytest.mark.parametrize("kind", ["generateContent", "streamGenerateContent?alt=sse"])
def test_clients_of_gemini_get_another_providers_answer_after_a_failure(way: str, kind: str) -> None:
    one = Attempts(gemini_asked(kind), NATIVE_GEMINI, {**NATIVE_GEMINI, "id": "second", "apiTokens": ["key-2"]})
    one.answer(FAILURE)
    assert (len(one.asked), one.body) == (2, GEMINI_ASKED)
    one.answer(response(200, json=GEMINI_CONTENT))
    assert json.loads(one.got) == GEMINI_CONTENT
