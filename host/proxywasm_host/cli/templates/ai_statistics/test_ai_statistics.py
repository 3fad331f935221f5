"""What is counted of an answer."""

from __future__ import annotations

import json

from proxywasm.testing import PluginHosts

USAGE = {"prompt_tokens": 20, "completion_tokens": 10, "total_tokens": 30}


def test_tokens_are_counted_by_consumer_and_model(plugin_host: PluginHosts) -> None:
    host = plugin_host("ai_statistics")
    stream = host.request("POST", "/v1/chat/completions", {"x-mse-consumer": "alice"}, body="{}")
    stream.respond(200, {"content-type": "application/json"}, body=json.dumps({"model": "m", "usage": USAGE}))
    metrics = {name.partition(".consumer.alice.model.m.")[0]: value for name, value in host.metrics.items()}
    assert metrics == {"ai_requests": 1, "ai_input_tokens": 20, "ai_output_tokens": 10}


def test_a_stream_is_measured_and_passes_unchanged(plugin_host: PluginHosts) -> None:
    host = plugin_host("ai_statistics")
    stream = host.request("POST", "/v1/chat/completions", body="{}")
    events = [b'data: {"model": "m", "choices": []}\n\n', b"data: %b\n\n" % json.dumps({"usage": USAGE}).encode()]
    stream.response_headers(200, {"content-type": "text/event-stream"})
    for event in events:
        stream.response_body(event)
    stream.response_body(b"data: [DONE]\n\n", end_of_stream=True)
    assert stream.downstream.body == b"".join(events) + b"data: [DONE]\n\n"
    assert b"output_token" in (stream.get_property("ai_log") or b"")


def test_a_model_that_no_service_has_answered_for_is_no_label(plugin_host: PluginHosts) -> None:
    host = plugin_host("ai_statistics")
    stream = host.request("POST", "/v1/chat/completions", body="{}")
    stream.respond(404, {"content-type": "application/json"}, body='{"model": "made-up"}')
    assert not [name for name in host.metrics if "made-up" in name]
    assert [name for name in host.metrics if name.endswith(".reason.client")]
