"""What plugins keep is read in the formats in which they write it, and anything else is left out."""

from __future__ import annotations

from typing import Any

import time_machine

import ai_proxy
import ai_quota
import request_ratelimit
from proxywasm import Plugin
from proxywasm_host.gateway.console.live.state import state
from proxywasm_host.gateway.console.texts.secrets import Secrets
from proxywasm_host.gateway.live.shared import Shared
from proxywasm_host.gateway.model import Gateway
from proxywasm_host.testing import TestHost, chat_request, response

FAILURE = response(503, json={"error": {"message": "busy", "type": "x"}})
ADMIN = {"x-mse-consumer": "admin"}


def state_of(host: TestHost, config: dict[str, Any], secrets: Secrets | None = None) -> dict[str, Any]:
    gateway = Gateway.model_validate({
        "listen": "127.0.0.1:1",
        "plugins": [{"name": "a", "source": "a", "config": config}],
        "routes": [{"name": "all"}],
    })  # fmt: skip
    shared = Shared(["a"])
    shared.data["a"], shared.metrics["a"] = host.services.shared_data, host.services.metrics
    with time_machine.travel(host.services.now() / 1e9, tick=False):
        [found] = state(gateway, shared, secrets or Secrets())["plugins"]
    assert found["more"] == 0
    return dict(found)


def test_the_health_of_tokens() -> None:
    config = {
        "provider": {
            "type": "openai",
            "apiTokens": ["token-one", "token-two"],
            "failover": {"enabled": True, "failureThreshold": 2, "healthCheckModel": "m", "failoverOnStatus": ["5.."]},
        }
    }
    host, secrets = TestHost(ai_proxy.plugin, config), Secrets()
    names = [secrets.placeholder(token, "apiTokens") for token in ("token-one", "token-two")]
    assert state_of(host, config)["tokens"] == []
    for _ in range(2):
        host.roundtrip(chat_request("Hi"), FAILURE)
    failing = state_of(host, config, secrets)["tokens"]
    assert sorted((each["token"], each["state"], each["failures"]) for each in failing) == sorted(
        (name, "failing", 1) for name in names
    )
    for _ in range(2):
        host.roundtrip(chat_request("Hi"), FAILURE)
    down = state_of(host, config, secrets)["tokens"]
    assert {each["token"] for each in down} == {*names}
    assert {each["state"] for each in down} == {"down"}
    assert down[0]["next_check"].startswith("2025-01-01T00:00:")
    # Nobody knows the tokens: a hash stands for each.
    assert {len(each["token"]) for each in state_of(host, config)["tokens"]} == {16}


def test_breakers() -> None:
    config = {
        "providers": [{"id": "one", "type": "openai", "apiTokens": ["k"], "models": ["m"]}],
        "routing": {"breaker": {"failures": 2, "openFor": 10_000}},
    }
    host = TestHost(ai_proxy.plugin, config)
    host.roundtrip(chat_request("Hi", model="m"), FAILURE)
    [row] = state_of(host, config)["breakers"]
    assert row == {"provider": "one", "model": "m", "state": "closed", "failures": 1, "until": None}
    host.roundtrip(chat_request("Hi", model="m"), FAILURE)
    [row] = state_of(host, config)["breakers"]
    assert (row["state"], row["failures"], row["until"]) == ("open", 2, "2025-01-01T00:00:10.000+00:00")
    host.advance(11)
    assert state_of(host, config)["breakers"][0]["state"] == "half-open"


def test_balances() -> None:
    for prefix in ({}, {"redis_key_prefix": "other:"}):
        config = {"admin_consumer": "admin", **prefix}
        host = TestHost(ai_quota.plugin, config)
        form = "consumer=alice&quota=100"
        host.request("POST", "/v1/chat/completions/quota/refresh", ADMIN, body=form)
        assert state_of(host, config)["quotas"] == [{"consumer": "alice", "month": None, "balance": 100}]


def test_what_limits_have_refused() -> None:
    config = {"rule_name": "few", "global_threshold": {"query_per_minute": 1}}
    host = TestHost(request_ratelimit.plugin, config)
    for _ in range(3):
        host.request("GET", "/", {"x-a": "b"})
    [row] = state_of(host, config)["limits"]
    assert row == {"rule": "few", "kind": "rate", "refused": 2}


def test_anything_else_is_left_out() -> None:
    plugin: Plugin[Any] = Plugin("other")
    plugin.on_request_headers(lambda ctx, config: None)
    host = TestHost(plugin, {})
    for key, value in {
        "ai-proxy:health:x": b"\xff", "ai-proxy:health:y": b"[]",
        "ai-proxy:health:z": b'{"down": {"a": 1}, "failures": []}',
        "ai-proxy:breaker:x": b'{"a/b": 1, "c": {"open": 1e999}}', "ai-quota:chat_quota:bob": b"\xff", "other": b"1",
        "ai-proxy:health:deep": b"[" * 100_000,
    }.items():  # fmt: skip
        host.services.shared_data.set(key, value, 0)
    found = state_of(host, {})
    assert (found["tokens"], found["quotas"]) == ([], [])
    assert [row["model"] for row in found["breakers"]] == [""]
