"""How many tokens pass: reserved before, settled after, by what the answer says or by what was seen of it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxywasm import ConfigError
from proxywasm.testing import PluginHosts, TestHost, TestStream, any_chunks, response

CHAT, MESSAGES, RESPONSES, EMBEDDINGS = "/v1/chat/completions", "/v1/messages", "/v1/responses", "/v1/embeddings"
BIG = 10**6


def limited(**limits: Any) -> dict[str, Any]:
    return {"rule_name": "all", "global_threshold": limits}


def ask(host: TestHost, path: str = CHAT, /, headers: dict[str, str] | None = None, **body: Any) -> TestStream:
    return host.request("POST", path, headers or {}, json={"model": "m", "max_tokens": 10, **body})


def answer(stream: TestStream, body: Any, **more: str) -> None:
    assert stream.upstream
    if isinstance(body, bytes):
        stream.respond(200, {"content-type": "text/event-stream", **more}, body=body)
    else:
        stream.respond(200, json=body)
    stream.finish()


def refused(stream: TestStream) -> bool:
    return not stream.upstream and stream.downstream.status == 429


def used(host: TestHost, what: str = "tokens") -> int:
    """As the refusal of a request says that wants everything."""
    stream = ask(host, max_tokens=BIG)
    assert refused(stream)
    headers = stream.downstream.headers
    return int(headers[f"x-ratelimit-limit-{what}"]) - int(headers[f"x-ratelimit-remaining-{what}"])


def chat_usage(given: int, made: int, cached: int = 0) -> dict[str, Any]:
    details = {"prompt_tokens_details": {"cached_tokens": cached}} if cached else {}
    return {"prompt_tokens": given, "completion_tokens": made, "total_tokens": given + made, **details}


def events(*documents: Any, done: bool = True) -> bytes:
    return b"".join(b"data: %b\n\n" % json.dumps(one).encode() for one in documents) + b"data: [DONE]\n\n" * done


def chunk(text: str) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": {"content": text}}]}


CHAT_STREAM = events(chunk("Hel"), chunk("lo"), {"choices": [], "usage": chat_usage(30, 12)})


def named(*documents: dict[str, Any]) -> bytes:
    """Events with their type as name, as Anthropic's API and the Responses API have them."""
    return b"".join(b"event: %b\ndata: %b\n\n" % (one["type"].encode(), json.dumps(one).encode()) for one in documents)


MESSAGES_STREAM = named(
    {"type": "message_start", "message": {"usage": {"input_tokens": 30, "output_tokens": 1}}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hello"}},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 12}},
    {"type": "message_stop"},
)
RESPONSES_STREAM = named(
    {"type": "response.created", "response": {"usage": None}},
    {"type": "response.output_text.delta", "delta": "Hello"},
    {"type": "response.completed", "response": {"usage": {"input_tokens": 30, "output_tokens": 12}}},
)
ANSWERS = {
    "chat": (CHAT, {"choices": [], "usage": chat_usage(30, 12)}),
    "chat stream": (CHAT, CHAT_STREAM),
    "messages": (MESSAGES, {"type": "message", "usage": {"input_tokens": 30, "output_tokens": 12}}),
    "messages stream": (MESSAGES, MESSAGES_STREAM),
    "responses": (RESPONSES, {"object": "response", "usage": {"input_tokens": 30, "output_tokens": 12}}),
    "responses stream": (RESPONSES, RESPONSES_STREAM),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_the_service_s_own_count_is_what_counts(plugin_host: PluginHosts, name: str) -> None:
    path, body = ANSWERS[name]
    for limit, expected in (("token_per_day", 42), ("input_token_per_day", 30), ("output_token_per_day", 12)):
        host = plugin_host("ai_token_ratelimit", limited(**{limit: 1000}))
        stream = ask(host, path)
        answer(stream, body)
        assert stream.downstream.status == 200
        # All of the limit is wanted: what is missing is what was used.
        missing = ask(host, max_tokens=BIG, messages="x" * 5000)
        assert refused(missing)
        headers = missing.downstream.headers
        assert int(headers["x-ratelimit-remaining-tokens"]) == 1000 - expected


def test_embeddings_have_input_only(plugin_host: PluginHosts) -> None:
    host = plugin_host("ai_token_ratelimit", limited(output_token_per_day=10, token_per_day=100))
    for _ in range(2):
        stream = host.request("POST", EMBEDDINGS, json={"input": "text", "model": "m"})
        answer(stream, {"data": [{"embedding": [0.5] * 1000}], "usage": {"prompt_tokens": 7, "total_tokens": 7}})
    assert used(host) in {14, 1}  # of the output nothing is used but the one token that a request at least has


def test_requests_at_once_cannot_all_pass(plugin_host: PluginHosts) -> None:
    host = plugin_host("ai_token_ratelimit", limited(token_per_day=1000))
    streams = [ask(host, max_tokens=90) for _ in range(100)]
    passed = [stream for stream in streams if stream.upstream]
    assert 5 <= len(passed) <= 1000 // 90
    for stream in passed:
        answer(stream, {"usage": chat_usage(10, 5)})
    assert used(host) == 15 * len(passed)


def test_a_refusal_is_an_error_of_the_clients_protocol(plugin_host: PluginHosts) -> None:
    host = plugin_host("ai_token_ratelimit", limited(token_per_minute=100))
    assert ask(host, max_tokens=80).upstream
    stream = ask(host, max_tokens=80)
    error, headers = stream.downstream.json()["error"], stream.downstream.headers
    assert (error["type"], error["code"]) == ("tokens", "rate_limit_exceeded")
    assert "at most 100 tokens in any 60 seconds" in error["message"]
    assert 55 <= int(headers["retry-after"]) <= 66
    assert headers["x-ratelimit-limit-tokens"] == "100"
    assert ask(host, MESSAGES, max_tokens=80).downstream.json()["error"]["type"] == "rate_limit_error"
    assert host.metrics["ai_token_ratelimit_refused.rule.all"] == 2


def test_what_is_left_can_be_shown(plugin_host: PluginHosts) -> None:
    host = plugin_host("ai_token_ratelimit", {**limited(token_per_day=1000), "show_limit_quota_header": True})
    stream = ask(host, max_tokens=500)
    answer(stream, {"usage": chat_usage(10, 5)})
    assert 400 < int(stream.downstream.headers["x-ratelimit-remaining-tokens"]) < 500
    assert stream.downstream.headers["x-ratelimit-limit-tokens"] == "1000"


@pytest.mark.not_in_envoy("the clock has to be moved")
def test_tokens_are_free_again_when_they_have_left_the_window(plugin_host: PluginHosts) -> None:
    host = plugin_host("ai_token_ratelimit", limited(token_per_minute=1000))
    for _ in range(2):
        answer(ask(host), {"usage": chat_usage(300, 100)})
        host.advance(seconds=20)
    assert used(host) == 800
    host.advance(seconds=26)
    assert used(host) == 400
    host.advance(seconds=40)
    assert ask(host, max_tokens=BIG).upstream  # more than the whole limit passes when nothing is used


@pytest.mark.not_in_envoy("the clock has to be moved")
def test_a_clock_that_goes_back_gives_no_tokens(plugin_host: PluginHosts) -> None:
    host = plugin_host("ai_token_ratelimit", limited(token_per_minute=40))
    stream = ask(host)
    host.advance(seconds=-3600)
    answer(stream, {"usage": chat_usage(30, 12), "choices": []})
    assert ask(host).downstream.status == 429
    host.advance(seconds=66)
    assert ask(host).upstream


@pytest.mark.not_in_envoy("the same in each host")
@pytest.mark.parametrize(("percent", "expected"), [(100, 110), (10, 38), (0, 30)])
def test_cached_tokens_count_as_configured(plugin_host: PluginHosts, percent: int, expected: int) -> None:
    host = plugin_host("ai_token_ratelimit", {**limited(token_per_day=1000), "cached_token_percent": percent})
    answer(ask(host), {"usage": chat_usage(100, 10, cached=80)})
    assert used(host) == expected


def test_a_stream_that_was_cut_is_settled_by_what_was_seen(plugin_host: PluginHosts) -> None:
    host = plugin_host("ai_token_ratelimit", limited(output_token_per_day=1000))
    stream = ask(host, max_tokens=900)
    stream.response_headers(200, {"content-type": "text/event-stream"})
    for _ in range(10):
        stream.response_body(events(chunk("four bytes of it"), done=False))
    stream.finish()
    assert used(host) == 10 * 16 // 4


@pytest.mark.not_in_envoy("2,000 chunks take long there")
def test_a_long_stream_that_was_cut_is_settled_in_proportion(plugin_host: PluginHosts) -> None:
    host = plugin_host("ai_token_ratelimit", limited(output_token_per_day=10**6))
    stream = ask(host, max_tokens=BIG)
    stream.response_headers(200, {"content-type": "text/event-stream"})
    for _ in range(2000):
        stream.response_body(events(chunk("four bytes of it"), done=False))
    stream.finish()
    assert 7600 <= used(host) <= 8400


def test_a_stream_of_anthropic_that_was_cut_has_its_input_from_its_beginning(plugin_host: PluginHosts) -> None:
    host = plugin_host("ai_token_ratelimit", limited(input_token_per_day=1000))
    stream = ask(host, MESSAGES)
    stream.response_headers(200, {"content-type": "text/event-stream"})
    stream.response_body(MESSAGES_STREAM[: MESSAGES_STREAM.index(b"event: message_delta")])
    stream.finish()
    missing = ask(host, messages="x" * 5000)
    assert missing.downstream.headers["x-ratelimit-remaining-tokens"] == "970"


@pytest.mark.not_in_envoy("the same in each host")
@pytest.mark.parametrize("status", [400, 401, 429, 500, 503])
def test_an_error_uses_nothing(plugin_host: PluginHosts, status: int) -> None:
    host = plugin_host("ai_token_ratelimit", limited(token_per_day=1000))
    stream = ask(host, max_tokens=900)
    stream.respond(status, json={"error": {"message": "no"}})
    stream.finish()
    assert ask(host, max_tokens=900).upstream


def test_a_client_that_leaves_before_the_answer_has_used_its_input(plugin_host: PluginHosts) -> None:
    host = plugin_host("ai_token_ratelimit", limited(token_per_day=1000))
    ask(host, messages="x" * 400).finish()
    assert 100 <= used(host) <= 130


@pytest.mark.not_in_envoy("the same in each host")
@pytest.mark.parametrize(
    "usage",
    [None, {}, [], "text", {"prompt_tokens": -5, "completion_tokens": -1},
     {"prompt_tokens": 10**30, "total_tokens": "x"}, {"completion_tokens": True}, {"prompt_tokens": 1e400}],
    ids=repr,
)  # fmt: skip
def test_a_missing_or_absurd_count_is_replaced_by_an_estimate(plugin_host: PluginHosts, usage: Any) -> None:
    host = plugin_host("ai_token_ratelimit", limited(token_per_day=1000))
    message = {"choices": [{"message": {"content": "x" * 200}}], "usage": usage}
    answer(ask(host), message)
    assert 50 + 7 <= used(host) <= 50 + 12


def test_what_a_model_writes_is_not_taken_for_a_count(plugin_host: PluginHosts) -> None:
    host = plugin_host("ai_token_ratelimit", limited(token_per_day=1000))
    text = '{"usage": {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}}'
    answer(ask(host), {"usage": chat_usage(30, 12), "choices": [{"message": {"content": text}}]})
    assert used(host) == 42


def test_by_consumer_each_kind_of_request(plugin_host: PluginHosts) -> None:
    keys = [
        {"key": "regexp:^a", "token_per_day": 100},
        {"key": "*", "token_per_day": 2, "limit_type": "request"},
    ]
    config = {"rule_name": "r", "rule_items": [{"limit_by_per_consumer": "", "limit_keys": keys}]}
    host = plugin_host("ai_token_ratelimit", config)
    for name, passed in (("anna", 1), ("anton", 1), ("berta", 2)):
        streams = [ask(host, headers={"x-mse-consumer": name}, max_tokens=70) for _ in range(4)]
        assert sum(bool(stream.upstream) for stream in streams) == passed
    assert all(ask(host).upstream for _ in range(4))


def test_requests_without_a_body_and_those_that_are_not_json(plugin_host: PluginHosts) -> None:
    host = plugin_host("ai_token_ratelimit", {**limited(token_per_day=1000), "reserved_output": 400})
    assert all(host.request("GET", "/v1/models").upstream for _ in range(5))
    upload = {"content-type": "multipart/form-data; boundary=x"}
    assert [bool(host.request("POST", "/v1/audio", upload, body=b"x" * 5000).upstream) for _ in range(3)] == [
        True, True, False,
    ]  # fmt: skip


@pytest.mark.not_in_envoy("many examples; Envoy cuts chunks as it likes")
@settings(max_examples=30)
@given(data=st.data(), name=st.sampled_from(sorted(ANSWERS)))
def test_cuts_between_chunks_do_not_matter(plugin_host: PluginHosts, data: st.DataObject, name: str) -> None:
    path, body = ANSWERS[name]
    whole = body if isinstance(body, bytes) else json.dumps(body).encode()
    kind = "text/event-stream" if isinstance(body, bytes) else "application/json"
    with plugin_host("ai_token_ratelimit", limited(token_per_day=1000)) as host:
        stream = ask(host, path)
        stream.respond(response(200, {"content-type": kind}, body=data.draw(any_chunks(whole))))
        stream.finish()
        assert stream.downstream.body == whole
        assert used(host) == 42


@pytest.mark.not_in_envoy("the same in each host")
@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"rule_name": "a"}, "rule_items: is required, or global_threshold"),
        (limited(), "global_threshold: a limit is required, such as token_per_minute"),
        (limited(token_per_minute=-1), "must be at least 1"),
        ({**limited(token_per_day=1), "cached_token_percent": 101}, "must be at most 100"),
        (
            {"rule_name": "a", "rule_items": [{"limit_by_consumer": "", "limit_keys": [
                {"key": "a", "limit_type": "request", "input_token_per_day": 1}]}]},
            "input_token_per_day cannot be combined with limit_type: request",
        ),
        (
            {"rule_name": "a", "rule_items": [{"limit_by_consumer": "", "limit_keys": [
                {"key": "a", "token_per_day": 1}, {"key": "a", "token_per_day": 2}]}]},
            r"limit_keys\[1\].key: 'a' has a limit already",
        ),
    ],
)  # fmt: skip
def test_a_mistake_refuses_the_configuration(plugin_host: PluginHosts, config: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        plugin_host("ai_token_ratelimit", config)
