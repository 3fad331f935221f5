"""What is counted and written for each kind of request."""

from __future__ import annotations

import json
from typing import Any

import pytest

from proxywasm.helpers import unmarshal_str
from proxywasm.testing import PluginHosts, TestHost, TestStream, request

CHAT = {
    "model": "qwen-max",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "hi"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 20, "completion_tokens": 10, "total_tokens": 30},
}
ASKED = {"model": "gpt-4o", "messages": [{"role": "user", "content": "hello"}]}
BY = "consumer.alice.model.qwen-max.provider"


def event(document: object) -> bytes:
    return b"data: " + json.dumps(document).encode() + b"\n\n"


def stream_of(*texts: str) -> list[bytes]:
    events = [event({"model": "qwen-max", "choices": [{"index": 0, "delta": {"content": text}}]}) for text in texts]
    return [*events, event({"model": "qwen-max", "choices": [], "usage": CHAT["usage"]}), b"data: [DONE]\n\n"]


def chat(host: TestHost, body: dict[str, Any] = ASKED, path: str = "/v1/chat/completions") -> TestStream:
    headers = {"content-type": "application/json", "x-mse-consumer": "alice"}
    return host.request("POST", path, headers, body=json.dumps(body))


def logged(stream: TestStream, key: str = "ai_log") -> dict[str, Any]:
    text = stream.get_property(key)
    assert text is not None
    found: dict[str, Any] = json.loads(unmarshal_str(text.decode()))
    return found


def counted(host: TestHost) -> dict[str, int]:
    return {name: value for name, value in host.metrics.items() if name.startswith("ai_")}


def answer(stream: TestStream, body: object = CHAT, status: int = 200) -> TestStream:
    stream.respond(status, {"content-type": "application/json"}, body=json.dumps(body))
    return stream


def test_a_whole_answer_is_counted_by_consumer_model_and_provider(plugin_host: PluginHosts) -> None:
    host = plugin_host("ai_statistics")
    stream = answer(chat(host))
    assert stream.downstream.json() == CHAT
    names = {name.partition(f".{BY}.")[0]: value for name, value in counted(host).items()}
    assert names == {"ai_requests": 1, "ai_input_tokens": 20, "ai_output_tokens": 10}
    assert logged(stream) | {"provider": ""} == logged(stream) | {
        "provider": "", "model": "qwen-max", "consumer": "alice", "response_type": "normal",
        "input_token": 20, "output_token": 10, "total_token": 30,
    }  # fmt: skip


@pytest.mark.not_in_envoy("the clock has to be moved")
def test_a_stream_has_a_first_token_and_a_time_per_token(plugin_host: PluginHosts) -> None:
    host = plugin_host("ai_statistics")
    stream = chat(host)
    stream.response_headers(200, {"content-type": "text/event-stream"})
    host.advance(seconds=0.4)
    for chunk in stream_of("a", "b"):
        stream.response_body(chunk)
        host.advance(seconds=0.3)
    stream.response_body(b"", end_of_stream=True)
    samples = {name.partition(".model.qwen-max.provider.")[0]: value for name, value in host.histograms.items()}
    assert samples == {"ai_first_token_ms": [400], "ai_duration_ms": [1300], "ai_time_per_token_ms": [100]}
    found = logged(stream)
    assert (found["llm_first_token_duration"], found["llm_service_duration"]) == (400, 1300)
    assert (found["response_type"], found["input_token"]) == ("stream", 20)


@pytest.mark.parametrize("cut", [1, 7, 64])
def test_a_stream_passes_unchanged_wherever_it_is_cut(plugin_host: PluginHosts, cut: int) -> None:
    host = plugin_host("ai_statistics")
    stream, whole = chat(host), b"".join(stream_of("a", "b"))
    stream.response_headers(200, {"content-type": "text/event-stream"})
    for start in range(0, len(whole), cut):
        stream.response_body(whole[start : start + cut])
    stream.response_body(b"", end_of_stream=True)
    assert stream.downstream.body == whole
    assert logged(stream)["output_token"] == 10


@pytest.mark.parametrize(
    ("status", "reason"), [(400, "client"), (401, "client"), (429, "limited"), (500, "service"), (503, "service")]
)
def test_errors_have_a_reason_and_no_name_of_a_model(plugin_host: PluginHosts, status: int, reason: str) -> None:
    host = plugin_host("ai_statistics")
    answer(chat(host), {"error": {"message": "no"}, "model": "made-up-by-a-client"}, status)
    errors = {name: value for name, value in counted(host).items() if name.startswith("ai_errors")}
    assert len(errors) == 1
    assert next(iter(errors)).startswith("ai_errors.consumer.alice.model.other.provider.")
    assert next(iter(errors)).endswith(f".reason.{reason}")
    assert not [name for name in host.metrics if "made-up" in name]


def test_a_stream_that_is_cut_is_an_error_with_the_tokens_so_far(plugin_host: PluginHosts) -> None:
    host = plugin_host("ai_statistics")
    stream = chat(host, path="/v1/messages")
    begun = {"type": "message_start", "message": {"model": "claude", "usage": {"input_tokens": 20, "output_tokens": 1}}}
    stream.response_headers(200, {"content-type": "text/event-stream"})
    stream.response_body(event(begun))
    stream.finish()
    metrics = counted(host)
    assert [value for name, value in metrics.items() if name.startswith("ai_input_tokens")] == [20]
    assert [name.rpartition(".")[2] for name in metrics if name.startswith("ai_errors")] == ["cut"]


def test_an_answer_without_a_body_and_one_that_cannot_be_read_are_no_errors(plugin_host: PluginHosts) -> None:
    host = plugin_host("ai_statistics")
    chat(host).respond(204)
    compressed = chat(host)
    compressed.respond(200, {"content-type": "application/json", "content-encoding": "gzip"}, body=b"\x1f\x8b")
    compressed.finish()
    assert sum(value for name, value in counted(host).items() if name.startswith("ai_requests")) == 2
    assert not [name for name in host.metrics if name.startswith("ai_errors")]


def test_other_requests_than_posts_are_not_counted(plugin_host: PluginHosts) -> None:
    host = plugin_host("ai_statistics")
    host.request("GET", "/v1/models").respond(200, {"content-type": "application/json"}, body="{}")
    assert counted(host) == {}


def test_the_number_of_models_and_consumers_is_bounded(plugin_host: PluginHosts) -> None:
    host = plugin_host("ai_statistics", {"max_models": 3, "max_consumers": 2})
    for number in range(10):
        stream = host.request("POST", "/", {"x-mse-consumer": f"c{number % 5}"}, body="{}")
        answer(stream, {**CHAT, "model": f"m{number}"})
    names = [name.split(".") for name in host.metrics if name.startswith("ai_requests")]
    assert {parts[2] for parts in names} == {"c0", "c1", "other"}
    assert {parts[4] for parts in names} == {"m0", "m1", "m2", "other"}


def test_only_configured_models_have_their_names(plugin_host: PluginHosts) -> None:
    host = plugin_host("ai_statistics", {"models": ["qwen-max"]})
    answer(chat(host))
    answer(chat(host), {**CHAT, "model": "qwen-new"})
    assert {name.split(".")[4] for name in host.metrics if name.startswith("ai_requests")} == {"qwen-max", "other"}


def test_names_may_be_anything(plugin_host: PluginHosts) -> None:
    host = plugin_host("ai_statistics")
    for model in ("通义.千问", "a b/c", "x" * 150, "\ud83d", ""):
        stream = host.request("POST", "/", {"x-mse-consumer": "李雷"}, body="{}")
        answer(stream, {**CHAT, "model": model})
    assert sum(value for name, value in counted(host).items() if name.startswith("ai_requests")) == 5
    assert [name for name in host.metrics if "%E6%9D%8E%E9%9B%B7" in name and "%2E" in name]


@pytest.mark.not_in_envoy("Envoy refuses headers of this size")
def test_a_name_longer_than_names_are_is_counted_as_other_and_cut_in_the_log(plugin_host: PluginHosts) -> None:
    host = plugin_host("ai_statistics")
    stream = host.request("POST", "/", {"x-mse-consumer": "c" * 200_000}, body="{}")
    answer(stream)
    (counter,) = (name for name in counted(host) if name.startswith("ai_requests"))
    assert counter.startswith("ai_requests.consumer.other.model.qwen-max.")
    assert logged(stream)["consumer"] == "c" * 200


@pytest.mark.parametrize("absurd", [-1, 10**30, "many", None, [], 1.5e300])
def test_absurd_tokens_are_not_counted(plugin_host: PluginHosts, absurd: object) -> None:
    host = plugin_host("ai_statistics")
    usage = {"prompt_tokens": absurd, "completion_tokens": absurd, "total_tokens": absurd}
    answer(chat(host), {**CHAT, "usage": usage})
    assert sum(counted(host).values()) == 1


@pytest.mark.not_in_envoy("the clock has to be moved")
def test_a_clock_that_goes_back_gives_no_negative_times(plugin_host: PluginHosts) -> None:
    host = plugin_host("ai_statistics")
    stream = chat(host)
    stream.response_headers(200, {"content-type": "text/event-stream"})
    host.advance(seconds=1)
    for chunk in stream_of("a", "b"):
        stream.response_body(chunk)
        host.advance(seconds=-5)
    stream.response_body(b"", end_of_stream=True)
    samples = {name.partition(".model.qwen-max.provider.")[0]: value for name, value in host.histograms.items()}
    assert samples == {"ai_first_token_ms": [1000], "ai_duration_ms": [0], "ai_time_per_token_ms": [0]}
    assert logged(stream)["llm_service_duration"] == 0


ATTRIBUTES = [
    {"key": "consumer", "value_source": "request_header", "value": "x-mse-consumer", "apply_to_log": True},
    {"key": "question", "value_source": "request_body", "value": "messages.@reverse.0.content", "apply_to_log": True},
    {"key": "answer", "value_source": "response_streaming_body", "value": "choices.0.delta.content", "rule": "append",
     "apply_to_log": True},
    {"key": "answer", "value_source": "response_body", "value": "choices.0.message.content", "apply_to_log": True},
    {"key": "kind", "value_source": "response_header", "value": "content-type", "apply_to_log": True},
    {"key": "site", "value_source": "fixed_value", "value": "east", "apply_to_log": True,
     "as_separate_log_field": True},
    {"key": "none", "value_source": "response_body", "value": "nowhere", "default_value": "-", "apply_to_log": True},
]  # fmt: skip


def test_attributes_of_higress_are_in_the_log(plugin_host: PluginHosts) -> None:
    host = plugin_host("ai_statistics", {"attributes": ATTRIBUTES})
    found = logged(stream := answer(chat(host)))
    assert (found["question"], found["answer"], found["kind"]) == ("hello", "hi", "application/json")
    assert (found["consumer"], found["none"]) == ("alice", "-")
    assert stream.get_property("site") == b"east"
    stream = chat(host)
    stream.response_headers(200, {"content-type": "text/event-stream"})
    for chunk in stream_of("a", "b"):
        stream.response_body(chunk)
    stream.response_body(b"", end_of_stream=True)
    assert logged(stream)["answer"] == "ab"


@pytest.mark.parametrize(("rule", "expected"), [("first", "a"), ("replace", "c"), ("append", "abc")])
def test_rules_of_attributes(plugin_host: PluginHosts, rule: str, expected: str) -> None:
    host = plugin_host("ai_statistics", {"attributes": [{**ATTRIBUTES[2], "rule": rule}]})
    stream = chat(host)
    stream.response_headers(200, {"content-type": "text/event-stream"})
    stream.response_body(b"".join(stream_of("a", "b", "c")), end_of_stream=True)
    assert logged(stream)["answer"] == expected


def test_the_trace_gets_tags_if_it_is_configured_so(plugin_host: PluginHosts) -> None:
    host = plugin_host("ai_statistics", {"trace": True})
    stream = answer(chat(host))
    assert stream.get_property("trace_span_tag.input_token") == b"20"
    assert stream.get_property("trace_span_tag.consumer") == b"alice"


def test_the_configuration_of_higress_is_accepted_with_keys_that_only_it_has(plugin_host: PluginHosts) -> None:
    host = plugin_host("ai_statistics", {"disable_openai_usage": False, "attributes": ATTRIBUTES})
    assert answer(host.request(request("POST", "/", body="{}"))).downstream.status == 200
