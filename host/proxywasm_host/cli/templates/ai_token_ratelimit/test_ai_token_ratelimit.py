"""How many tokens pass."""

from __future__ import annotations

from proxywasm.testing import PluginHosts, TestHost, TestStream

CONFIG = {"rule_name": "all", "global_threshold": {"token_per_day": 1000}}


def ask(host: TestHost, most: int) -> TestStream:
    return host.request("POST", "/v1/chat/completions", json={"model": "m", "max_tokens": most})


def test_requests_at_once_cannot_all_pass(plugin_host: PluginHosts) -> None:
    host = plugin_host("ai_token_ratelimit", CONFIG)
    passed = [stream for stream in (ask(host, 300) for _ in range(10)) if stream.upstream]
    assert len(passed) == 3


def test_what_was_not_used_is_free_again(plugin_host: PluginHosts) -> None:
    host = plugin_host("ai_token_ratelimit", CONFIG)
    stream = ask(host, 900)
    stream.respond(json={"usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}})
    stream.finish()
    refused = ask(host, 10**6).downstream
    assert (refused.status, refused.headers["x-ratelimit-remaining-tokens"]) == (429, "985")
