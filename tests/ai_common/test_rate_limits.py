"""Configurations of Higress are configurations of these plugins, and quota headers are written as OpenAI does."""

from __future__ import annotations

from typing import Any

import pytest

from ai_common.rate_limits import duration
from proxywasm.testing import PluginHosts

REDIS = {"service_name": "redis.default.svc.cluster.local", "service_port": 6379, "username": "u", "password": "p",
         "timeout": 1000, "database": 1}  # fmt: skip
SOURCES: list[dict[str, Any]] = [
    {"limit_by_header": "x-key", "keys": [102234, "b"]},
    {"limit_by_param": "apikey", "keys": ["9a34-11ec"]},
    {"limit_by_consumer": "", "keys": ["consumer1"]},
    {"limit_by_cookie": "key1", "keys": ["value1"]},
    {"limit_by_per_header": "x-key", "keys": ["regexp:^a.*", "*"]},
    {"limit_by_per_param": "apikey", "keys": ["regexp:^b.*", "*"]},
    {"limit_by_per_consumer": "", "keys": ["*"]},
    {"limit_by_per_cookie": "key1", "keys": ["regexp:.+"]},
    {"limit_by_per_ip": "from-header-x-forwarded-for", "keys": ["1.1.1.1", "1.1.1.0/24", "0.0.0.0/0"]},
    {"limit_by_per_ip": "from-remote-addr", "keys": ["2001:db8::/32"]},
]
PERIODS = ["second", "minute", "hour", "day"]


def items(rate: str, **more: Any) -> list[dict[str, Any]]:
    found = []
    for source in SOURCES:
        keys = [{"key": key, f"{rate}_per_{PERIODS[at % 4]}": 10, **more} for at, key in enumerate(source["keys"])]
        found.append({name: value for name, value in source.items() if name != "keys"} | {"limit_keys": keys})
    return found


@pytest.mark.not_in_envoy("stock Envoy has no Redis calls")
@pytest.mark.parametrize(
    ("plugin", "config"),
    [
        ("request_ratelimit", {"rule_items": items("query"), "show_limit_quota_header": True}),
        ("request_ratelimit", {"global_threshold": {"query_per_minute": 1000}}),
        ("ai_token_ratelimit", {"rule_items": items("token")}),
        ("ai_token_ratelimit", {"rule_items": items("token", limit_type="request")}),
        ("ai_token_ratelimit", {"global_threshold": {"token_per_hour": 1000}}),
    ],
)
def test_configurations_of_higress(plugin_host: PluginHosts, plugin: str, config: dict[str, Any]) -> None:
    own = {"rejected_code": 200, "rejected_msg": '{"code":-1}'}
    host = plugin_host(plugin, {"rule_name": "routeA-limit-rule", "redis": REDIS, **own, **config})
    headers = {"x-key": "102234", "content-type": "application/json"}
    stream = host.request("POST", "/v1/chat/completions", headers, body="{}")
    assert stream.paused
    call = host.next_redis_call("EVALSHA")
    assert call.cluster == "outbound|6379||redis.default.svc.cluster.local"
    call.answer([1, 1000, 10, 1000, 0])
    assert (stream.downstream.status, stream.downstream.text) == (200, own["rejected_msg"])


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [(0, "0ms"), (17, "17ms"), (1000, "1s"), (1500, "1.5s"), (60_000, "1m0s"), (90_050, "1m30.05s"),
     (3_600_000, "1h0m0s"), (86_400_000, "24h0m0s")],
)  # fmt: skip
def test_a_duration_is_written_as_openai_does(milliseconds: int, text: str) -> None:
    assert duration(milliseconds) == text
