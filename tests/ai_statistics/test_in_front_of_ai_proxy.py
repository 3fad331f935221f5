"""What ai_statistics takes from ai_proxy behind it: provider, models, retries and fallbacks."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.ai_statistics.test_ai_statistics import ASKED, CHAT, answer, chat, counted, event, logged

from proxywasm.testing import PluginHosts, TestHost, TestStream, response
from proxywasm_host.recordings.exchange import Message

QWEN = {"provider": {"type": "qwen", "apiTokens": ["sk-1"], "modelMapping": {"*": "qwen-max"}}}
ANSWER_OF_QWEN = {
    "request_id": "1",
    "output": {"choices": [{"finish_reason": "stop", "message": {"role": "assistant", "content": "hi"}}]},
    "usage": {"input_tokens": 20, "output_tokens": 10, "total_tokens": 30},
}


@pytest.mark.parametrize("wants_usage", [True, False])
def test_in_front_of_ai_proxy_provider_and_models_are_those_of_ai_proxy(
    plugin_host: PluginHosts, wants_usage: bool
) -> None:
    host = plugin_host(["ai_statistics", "ai_proxy"], [None, QWEN])
    body = {**ASKED, "stream": True, **({"stream_options": {"include_usage": True}} if wants_usage else {})}
    stream = chat(host, body)
    stream.response_headers(200, {"content-type": "text/event-stream"})
    stream.response_body(event(ANSWER_OF_QWEN), end_of_stream=True)
    assert counted(host)["ai_output_tokens.consumer.alice.model.qwen-max.provider.qwen"] == 10
    found = logged(stream)
    assert (found["requested_model"], found["model"], found["provider"]) == ("gpt-4o", "qwen-max", "qwen")


@pytest.mark.not_in_envoy("the service of a retry is no cluster of the test")
def test_retries_of_ai_proxy_are_counted(plugin_host: PluginHosts) -> None:
    retry = {"enabled": True, "maxRetries": 2, "retryOnStatus": ["4.*", "5.*"]}
    provider = {"type": "openai", "apiTokens": ["sk-1", "sk-2"], "retryOnFailure": retry}
    host = plugin_host(["ai_statistics", "ai_proxy"], [None, {"provider": provider}])
    stream = answer(chat(host), {"error": {"message": "slow down"}}, 429)
    host.next_call().answer(response(200, {"content-type": "application/json"}, body=json.dumps(CHAT)))
    assert stream.downstream.status == 200
    stream.finish()
    assert counted(host)["ai_retries.consumer.alice.model.gpt-4o.provider.openai"] == 1
    assert not [name for name in host.metrics if name.startswith("ai_errors")]


RETRY = {"enabled": True, "maxRetries": 2, "retryOnStatus": ["5.*"]}
SEVERAL: dict[str, Any] = {
    "providers": [
        {"id": "first", "type": "openai", "apiTokens": ["sk-1", "sk-2"], "models": ["gpt-4o"], "retryOnFailure": RETRY},
        {"id": "second", "type": "mistral", "apiTokens": ["sk-3"], "models": ["gpt-4o"]},
        {"id": "third", "type": "deepseek", "apiTokens": ["sk-4"], "models": ["other"]},
    ],
    "routing": {"fallback": {"attempts": 4, "models": {"gpt-4o": {"then": ["third/deepseek-chat"]}}}},
}
BUSY = response(503, {"content-type": "application/json"}, body=json.dumps({"error": {"message": "busy"}}))
FINE = response(200, {"content-type": "application/json"}, body=json.dumps({**CHAT, "model": "gpt-4o"}))


def attempts(plugin_host: PluginHosts, *answers: Message) -> tuple[TestHost, TestStream]:
    """A request whose attempts get these answers, whichever way the gateway sends later ones."""
    host = plugin_host(["ai_statistics", "ai_proxy"], [None, SEVERAL])
    stream = chat(host)
    for each in answers:
        if host.pending:
            host.next_call().answer(each)
        else:
            stream.respond(each)
    stream.finish()
    return host, stream


def of_attempts(host: TestHost) -> dict[str, int]:
    return {name: value for name, value in counted(host).items() if name.startswith(("ai_retries", "ai_fallbacks"))}


@pytest.mark.not_in_envoy("the services of later attempts are no clusters of the test")
def test_another_key_is_a_retry_and_another_provider_a_fallback(plugin_host: PluginHosts) -> None:
    host, stream = attempts(plugin_host, BUSY, BUSY, FINE)
    by = "consumer.alice.model.gpt-4o.provider.mistral"
    assert of_attempts(host) == {f"ai_retries.{by}": 1, f"ai_fallbacks.{by}": 1}
    found = logged(stream)
    route = "first/gpt-4o=status, first/gpt-4o=status, second/gpt-4o=answered"
    assert (found["retries"], found["fallbacks"], found["provider"]) == (1, 1, "mistral")
    assert found["route"] == route


@pytest.mark.not_in_envoy("the services of later attempts are no clusters of the test")
def test_each_further_provider_or_model_is_a_fallback(plugin_host: PluginHosts) -> None:
    host, stream = attempts(plugin_host, BUSY, BUSY, BUSY, FINE)
    by = "consumer.alice.model.deepseek-chat.provider.deepseek"
    assert of_attempts(host) == {f"ai_retries.{by}": 1, f"ai_fallbacks.{by}": 2}
    assert logged(stream)["fallbacks"] == 2


@pytest.mark.not_in_envoy("the services of later attempts are no clusters of the test")
def test_fallbacks_that_do_not_help_are_counted_and_the_names_of_clients_are_not(plugin_host: PluginHosts) -> None:
    host, stream = attempts(plugin_host, BUSY, BUSY, BUSY, BUSY)
    assert stream.downstream.status == 503
    (fallbacks,) = (name for name in of_attempts(host) if name.startswith("ai_fallbacks"))
    assert of_attempts(host)[fallbacks] == 2
    assert ".model.other." in fallbacks
    assert [name for name in host.metrics if name.startswith("ai_errors") and name.endswith(".reason.service")]


def test_a_first_attempt_that_works_has_neither(plugin_host: PluginHosts) -> None:
    host, stream = attempts(plugin_host, FINE)
    assert of_attempts(host) == {}
    assert {"retries", "fallbacks"} & set(logged(stream)) == set()
