"""A budget is used up, and an administrator gives more."""

from __future__ import annotations

import json

import pytest

from proxywasm import ConfigError
from proxywasm.testing import PluginHosts, TestHost, TestStream

PATH = "/v1/chat/completions"


def ask(host: TestHost) -> TestStream:
    return host.request("POST", PATH, {"x-mse-consumer": "alice"}, body="{}")


def test_a_budget_is_used_up_and_filled_again(plugin_host: PluginHosts) -> None:
    host = plugin_host("ai_quota", {"admin_consumer": "admin", "monthly": {"*": 30}})
    usage = {"prompt_tokens": 20, "completion_tokens": 10, "total_tokens": 30}
    ask(host).respond(200, {"content-type": "application/json"}, body=json.dumps({"model": "m", "usage": usage}))
    refused = ask(host).downstream
    assert (refused.status, refused.json()["error"]["code"]) == (429, "insufficient_quota")
    given = host.request("POST", f"{PATH}/quota/delta", {"x-mse-consumer": "admin"}, body="consumer=alice&value=5")
    assert given.downstream.status == 200
    assert ask(host).upstream


def test_only_the_administrator_may_look(plugin_host: PluginHosts) -> None:
    host = plugin_host("ai_quota", {"admin_consumer": "admin", "monthly": {"*": 30}})
    shown = host.request("GET", f"{PATH}/quota?consumer=alice", {"x-mse-consumer": "admin"})
    assert shown.downstream.json() == {"quota": 30, "consumer": "alice"}
    assert host.request("GET", f"{PATH}/quota?consumer=alice", {"x-mse-consumer": "alice"}).downstream.status == 403


def test_money_needs_prices(plugin_host: PluginHosts) -> None:
    with pytest.raises(ConfigError, match="prices"):
        plugin_host("ai_quota", {"admin_consumer": "admin", "unit": "money"})
