"""With ai_proxy behind it: the usage is counted whether the client has asked for it or not."""

from __future__ import annotations

import json
from typing import Any

from proxywasm.testing import PluginHosts, TestHost, TestStream

LIMITS = {"rule_name": "all", "global_threshold": {"token_per_day": 1000}}
PROXY = {"provider": {"type": "openai", "apiTokens": ["sk-1"]}}


def chain(plugin_host: PluginHosts, proxy: dict[str, Any]) -> TestHost:
    return plugin_host(["ai_token_ratelimit", "ai_proxy"], [LIMITS, proxy])


def ask(host: TestHost, **more: Any) -> TestStream:
    message = {"role": "user", "content": "hi"}
    return host.request(
        "POST", "/v1/chat/completions", json={"model": "m", "messages": [message], "max_tokens": 10, **more}
    )


def used(host: TestHost) -> int:
    refused = ask(host, max_tokens=10**6)
    assert refused.downstream.status == 429
    return 1000 - int(refused.downstream.headers["x-ratelimit-remaining-tokens"])


def test_a_stream_whose_client_has_not_asked_for_the_usage(plugin_host: PluginHosts) -> None:
    host = chain(plugin_host, PROXY)
    stream = ask(host, stream=True)
    assert json.loads(stream.upstream.body)["stream_options"] == {"include_usage": True}
    delta: dict[str, Any] = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    parts = [
        {**delta, "choices": [{"index": 0, "delta": {"role": "assistant", "content": "Hello"}, "finish_reason": None}]},
        {**delta, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
        {**delta, "choices": [], "usage": USAGE},
    ]
    body = b"".join(b"data: %b\n\n" % json.dumps(part).encode() for part in parts) + b"data: [DONE]\n\n"
    stream.respond(200, {"content-type": "text/event-stream"}, body=body)
    stream.finish()
    assert b'"usage": {' not in stream.downstream.body
    assert b'"usage":{' not in stream.downstream.body
    assert used(host) == 42


USAGE = {"prompt_tokens": 30, "completion_tokens": 12, "total_tokens": 42}
CHOICE = {"index": 0, "message": {"role": "assistant", "content": "hi"}, "finish_reason": "stop"}
ANSWER = {"id": "1", "object": "chat.completion", "created": 1, "model": "m", "usage": USAGE, "choices": [CHOICE]}


def test_an_answer_that_is_not_a_stream(plugin_host: PluginHosts) -> None:
    host = chain(plugin_host, PROXY)
    stream = ask(host)
    stream.respond(200, json=ANSWER)
    stream.finish()
    assert used(host) == 42


def test_an_error_of_the_service(plugin_host: PluginHosts) -> None:
    host = chain(plugin_host, PROXY)
    stream = ask(host, max_tokens=900)
    stream.respond(500, json={"error": {"message": "no"}})
    stream.finish()
    assert ask(host, max_tokens=900).upstream


def test_an_answer_that_a_retry_has_fetched(plugin_host: PluginHosts) -> None:
    tokens = {"apiTokens": ["sk-1", "sk-2"], "retryOnFailure": {"enabled": True}}
    host = chain(plugin_host, {"provider": {"type": "openai", **tokens}})
    stream = ask(host)
    stream.respond(500, json={"error": {"message": "no"}})
    host.next_call().answer(200, {"content-type": "application/json"}, body=json.dumps(ANSWER))
    assert stream.downstream.status == 200
    stream.finish()
    assert used(host) == 42
