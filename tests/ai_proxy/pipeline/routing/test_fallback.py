"""`routing.fallback`: another provider is asked before the client sees a failure.

Where the gateway sends a request again (`serve`), the later answer streams; elsewhere (Envoy) a later attempt is a
call-out.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.ai_proxy.gateway import Json

from ai_proxy import plugin
from proxywasm_host.recordings.exchange import Message
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
    assert [ask(FAILURE), ask(FAILURE)] == [both, both]
    assert host.metrics[state] == 2
    assert ask(chat_response("Hello")) == ["api.mistral.ai"], "open"
    host.advance(10.1)
    probe = Attempts(chat_request("Hi", model="m"), host=host)
    assert host.metrics[state] == 1
    assert ask(chat_response("Hello")) == ["api.mistral.ai"], "half-open: one request tries it"
    probe.answer(FAILURE)
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
