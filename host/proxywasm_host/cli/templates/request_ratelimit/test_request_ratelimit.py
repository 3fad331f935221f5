"""How many requests pass."""

from __future__ import annotations

from typing import Any

import pytest

from proxywasm import ConfigError
from proxywasm.testing import PluginHosts


def for_each_user(**limits: int) -> dict[str, Any]:
    keys = [{"key": "*", **limits}]
    return {"rule_name": "users", "rule_items": [{"limit_by_per_header": "x-user", "limit_keys": keys}]}


@pytest.mark.not_in_envoy("the clock has to be moved")
def test_so_many_requests_in_any_minute(plugin_host: PluginHosts) -> None:
    host = plugin_host("request_ratelimit", for_each_user(query_per_minute=2))
    passed = [bool(host.request(headers={"x-user": "li"}).upstream) for _ in range(3)]
    assert passed == [True, True, False]
    assert host.request(headers={"x-user": "wang"}).upstream
    host.advance(seconds=66)
    assert host.request(headers={"x-user": "li"}).upstream


def test_so_many_streams_at_the_same_time(plugin_host: PluginHosts) -> None:
    host = plugin_host("request_ratelimit", for_each_user(concurrent_streams=1))
    first = host.request(headers={"x-user": "li"})
    assert host.request(headers={"x-user": "li"}).downstream.status == 429
    first.finish()
    assert host.request(headers={"x-user": "li"}).upstream


def test_a_key_without_a_limit_is_refused(plugin_host: PluginHosts) -> None:
    with pytest.raises(ConfigError, match="a limit is required"):
        plugin_host("request_ratelimit", for_each_user())
