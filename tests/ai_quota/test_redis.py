"""Balances in Redis: the keys of Higress, a real server, and what happens while it does not answer."""

from __future__ import annotations

import json
from typing import Any

import pytest

from proxywasm.testing import PluginHosts, TestHost, TestStream

REDIS = {"redis": {"service_name": "redis.dns"}}
CONFIG: dict[str, Any] = {"admin_consumer": "admin", **REDIS}
CHAT = "/v1/chat/completions"
USAGE = {"prompt_tokens": 20, "completion_tokens": 10, "total_tokens": 30}


def ask(host: TestHost) -> TestStream:
    return host.request("POST", CHAT, {"x-mse-consumer": "alice"}, body="{}")


def answer(stream: TestStream) -> None:
    stream.respond(200, {"content-type": "application/json"}, body=json.dumps({"model": "m", "usage": USAGE}))


@pytest.mark.not_in_envoy("stock Envoy has no Redis")
@pytest.mark.parametrize(("policy", "passes"), [("closed", False), ("open", True)])
def test_without_redis_the_configuration_decides(plugin_host: PluginHosts, policy: str, passes: bool) -> None:
    host = plugin_host("ai_quota", {**CONFIG, "on_storage_failure": policy})
    stream = ask(host)
    assert stream.request_paused
    host.next_redis_call().fail()
    if passes:
        answer(stream)
        assert stream.downstream.status == 200
    else:
        assert (stream.downstream.status, stream.downstream.headers["retry-after"]) == (503, "1")


@pytest.mark.not_in_envoy("stock Envoy has no Redis")
def test_a_query_without_redis_is_unavailable(plugin_host: PluginHosts) -> None:
    host = plugin_host("ai_quota", CONFIG)
    stream = host.request("GET", f"{CHAT}/quota?consumer=alice", {"x-mse-consumer": "admin"})
    host.next_redis_call().fail()
    assert stream.downstream.status == 503
