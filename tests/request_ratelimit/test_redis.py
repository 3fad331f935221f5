"""What the plugin asks of Redis, and what it does when the answer is late, an error or something else."""

from __future__ import annotations

from typing import Any

import pytest

from proxywasm import RedisError
from proxywasm.testing import PluginHosts, TestHost

pytestmark = pytest.mark.not_in_envoy("stock Envoy has no Redis calls")

REDIS = {"service_name": "redis.static", "password": "secret", "timeout": 200, "database": 2}
CONFIG: dict[str, Any] = {"rule_name": "all", "global_threshold": {"query_per_minute": 5, "concurrent_streams": 2}}


def start(plugin_host: PluginHosts, **more: Any) -> TestHost:
    return plugin_host("request_ratelimit", {**CONFIG, "redis": REDIS, **more})


def taken(host: TestHost, answer: Any) -> None:
    host.next_redis_call("EVALSHA").answer(answer)


PASSES = [0, 0, 1, 60_000, 100, 1, 60_000, 200]


def test_one_script_asks_for_all_limits_at_once(plugin_host: PluginHosts) -> None:
    host = start(plugin_host)
    stream = host.request("GET", "/")
    call = host.next_redis_call("EVALSHA")
    assert call.cluster == "outbound|80||redis.static"
    assert call.command[2:5] == ["2", "{proxywasm.limits:request-ratelimit:all}:w60:global",
                                 "{proxywasm.limits:request-ratelimit:all}:p60:global"]  # fmt: skip
    assert call.command[5:] == ["", "5", "6000", "0", "1", "2", "6000", "0", "1"]
    assert not stream.upstream
    call.answer(PASSES)
    assert stream.upstream


def test_a_redis_that_does_not_know_the_script_gets_it(plugin_host: PluginHosts) -> None:
    host = start(plugin_host)
    stream = host.request("GET", "/")
    first = host.next_redis_call("EVALSHA")
    first.answer(RedisError("NOSCRIPT No matching script. Please use EVAL."))
    second = host.next_redis_call("EVAL")
    assert second.command[2:] == first.command[2:]
    assert "redis.call('TIME')" in second.command[1]
    second.answer(PASSES)
    assert stream.upstream


def test_a_refusal(plugin_host: PluginHosts) -> None:
    host = start(plugin_host)
    stream = host.request("GET", "/")
    taken(host, [1, 12_345, 5, 50_000, 0])
    assert stream.downstream.status == 429
    assert stream.downstream.headers["retry-after"] == "13"


def test_a_place_is_given_back_after_the_end_of_the_stream(plugin_host: PluginHosts) -> None:
    host = start(plugin_host)
    stream = host.request("GET", "/")
    taken(host, PASSES)
    stream.finish()
    call = host.next_redis_call("EVALSHA")
    assert call.command[3:] == [
        "{proxywasm.limits:request-ratelimit:all}:p60:global", "", "2", "6000", "0", "200", "1", "0",
    ]  # fmt: skip
    call.answer([200])


def test_a_client_that_leaves_while_redis_is_asked_gives_back_everything(plugin_host: PluginHosts) -> None:
    host = start(plugin_host)
    stream = host.request("GET", "/")
    stream.finish()
    taken(host, PASSES)
    assert [word for word in host.next_redis_call("EVALSHA").command if ":all}" in word] == [
        "{proxywasm.limits:request-ratelimit:all}:w60:global",
        "{proxywasm.limits:request-ratelimit:all}:p60:global",
    ]


FAILURES: dict[str, Any] = {
    "error": lambda call: call.answer(RedisError("OOM command not allowed")),
    "no connection": lambda call: call.fail(),
    "no answer": lambda call: call.time_out(),
    "not a list": lambda call: call.answer("OK"),
    "too short": lambda call: call.answer([0, 0, 1]),
    "too long": lambda call: call.answer([*PASSES, 1, 2, 3]),
    "no numbers": lambda call: call.answer(["a", None]),
    "empty": lambda call: call.answer([]),
    "an unknown limit": lambda call: call.answer([9, 1, 1, 1, 1]),
}


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("policy", ["open", "closed"])
def test_whatever_redis_does_a_request_passes_or_is_refused(
    plugin_host: PluginHosts, policy: str, failure: str
) -> None:
    host = start(plugin_host, on_storage_failure=policy)
    stream = host.request("GET", "/")
    FAILURES[failure](host.next_redis_call("EVALSHA"))
    if policy == "open":
        assert stream.upstream
    else:
        assert stream.downstream.status == 503
        assert stream.downstream.json()["error"]["code"] == "limits_unavailable"
    stream.finish()
    assert not host.pending  # nothing was taken, so nothing is given back
    assert host.metrics["limits_storage_failures.limiter.request-ratelimit%3Aall"] == 1
    what = "not limited" if policy == "open" else "refused"
    assert any(f"cannot be counted, requests are {what}" in message for message in host.messages)
