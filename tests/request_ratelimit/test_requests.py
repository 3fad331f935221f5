"""How many requests pass, whose they are counted as, and what clients get that are refused."""

from __future__ import annotations

from typing import Any

import pytest

from proxywasm import ConfigError
from proxywasm.testing import PluginHosts, TestHost


def limited(by: dict[str, Any], *keys: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"rule_name": "rule", "rule_items": [{**by, "limit_keys": list(keys)}], **more}


def by_user(**limits: int) -> dict[str, Any]:
    return limited({"limit_by_per_header": "x-user"}, {"key": "*", **limits})


def passes(host: TestHost, path: str = "/", headers: dict[str, str] | None = None, **more: Any) -> bool:
    """Send a request, and have it answered if it passes."""
    stream = host.request("GET", path, headers or {}, **more)
    if stream.upstream:
        stream.respond(200, body="ok")
        stream.finish()
        return True
    assert stream.downstream.status == 429
    return False


def count(host: TestHost, most: int, **request: Any) -> int:
    return sum(passes(host, **request) for _ in range(most))


def test_a_client_may_send_so_many_requests_in_a_window(plugin_host: PluginHosts) -> None:
    host = plugin_host(
        "request_ratelimit", limited({"limit_by_per_header": "x-user"}, {"key": "*", "query_per_hour": 3})
    )
    assert count(host, 5, headers={"x-user": "li"}) == 3
    assert count(host, 5, headers={"x-user": "wang"}) == 3
    assert count(host, 5) == 5  # without the header no limit applies


@pytest.mark.not_in_envoy("the clock has to be moved")
def test_the_window_slides(plugin_host: PluginHosts) -> None:
    host = plugin_host(
        "request_ratelimit", limited({"limit_by_per_header": "x-user"}, {"key": "*", "query_per_minute": 4})
    )
    li: dict[str, Any] = {"headers": {"x-user": "li"}}
    assert count(host, 2, **li) == 2
    host.advance(seconds=30)
    assert count(host, 4, **li) == 2
    host.advance(seconds=36)  # the first two have left
    assert count(host, 4, **li) == 2
    host.advance(seconds=30)
    assert count(host, 4, **li) == 2


def test_a_refusal_says_why_and_when_to_come_back(plugin_host: PluginHosts) -> None:
    host = plugin_host("request_ratelimit", {"rule_name": "all", "global_threshold": {"query_per_minute": 1}})
    assert passes(host)
    stream = host.request("POST", "/v1/chat/completions", body="{}")
    answer, headers = stream.downstream.json()["error"], stream.downstream.headers
    assert (answer["type"], answer["code"]) == ("requests", "rate_limit_exceeded")
    assert "at most 1 in any 60 seconds" in answer["message"]
    assert 55 <= int(headers["retry-after"]) <= 66
    assert (headers["x-ratelimit-limit-requests"], headers["x-ratelimit-remaining-requests"]) == ("1", "0")
    assert headers["x-ratelimit-reset-requests"].endswith("s")
    anthropic = host.request("POST", "/v1/messages", body="{}").downstream.json()
    assert (anthropic["type"], anthropic["error"]["type"]) == ("error", "rate_limit_error")
    assert host.metrics["request_ratelimit_refused.rule.all.kind.rate"] == 2


def test_a_refusal_can_be_the_operators_own(plugin_host: PluginHosts) -> None:
    own = {"rejected_code": 200, "rejected_msg": '{"code":-1,"msg":"Too many requests"}'}
    host = plugin_host("request_ratelimit", {"rule_name": "all", "global_threshold": {"query_per_day": 1}, **own})
    assert host.request("GET", "/").upstream
    refused = host.request("GET", "/").downstream
    assert (refused.status, refused.json()) == (200, {"code": -1, "msg": "Too many requests"})


def test_what_is_left_can_be_shown(plugin_host: PluginHosts) -> None:
    both = {"query_per_hour": 3, "query_per_day": 100, "concurrent_streams": 5}
    config = {"rule_name": "all", "global_threshold": both, "show_limit_quota_header": True}
    host = plugin_host("request_ratelimit", config)
    left = []
    for _ in range(2):
        stream = host.request("GET", "/")
        stream.respond(200, body="ok")
        headers = stream.downstream.headers
        left.append((headers["x-ratelimit-limit-requests"], headers["x-ratelimit-remaining-requests"]))
    assert left == [("3", "2"), ("3", "1")]


SOURCES: list[tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = [
    ({"limit_by_header": "X-Key"}, {"headers": {"x-key": "a"}}, {"headers": {"x-key": "b"}}),
    ({"limit_by_param": "apikey"}, {"path": "/?x=1&apikey=%61"}, {"path": "/?apikey=b"}),
    ({"limit_by_cookie": "s"}, {"headers": {"cookie": 'x=1; s="a"'}}, {"headers": {"cookie": "s=b; x=a"}}),
    ({"limit_by_consumer": ""}, {"headers": {"x-mse-consumer": "a"}}, {"headers": {"x-mse-consumer": "b"}}),
]


@pytest.mark.parametrize(("by", "request_", "other"), SOURCES, ids=lambda value: next(iter(value)))
def test_each_source_of_values(
    plugin_host: PluginHosts, by: dict[str, Any], request_: dict[str, Any], other: dict[str, Any]
) -> None:
    host = plugin_host("request_ratelimit", limited(by, {"key": "a", "query_per_hour": 2}))
    assert (count(host, 4, **request_), count(host, 4, **other), count(host, 4)) == (2, 4, 4)
    ((name, value),) = by.items()
    each = {name.replace("limit_by_", "limit_by_per_"): value}
    host = plugin_host("request_ratelimit", limited(each, {"key": "regexp:^[ab]", "query_per_hour": 2}))
    assert (count(host, 4, **request_), count(host, 4, **other), count(host, 4)) == (2, 2, 4)


@pytest.mark.not_in_envoy("the route's name is the host's there")
def test_by_route(plugin_host: PluginHosts) -> None:
    host = plugin_host("request_ratelimit", limited({"limit_by_per_route": ""}, {"key": "*", "query_per_hour": 2}))
    for route in ("a", "b"):
        properties = {"route_name": route}
        assert sum(bool(host.request("GET", "/", properties=properties).upstream) for _ in range(3)) == 2


def test_the_first_rule_that_has_a_key_for_the_request_applies(plugin_host: PluginHosts) -> None:
    items = [
        {"limit_by_header": "x-a", "limit_keys": [{"key": 1, "query_per_hour": 1}]},
        {
            "limit_by_per_header": "x-a",
            "limit_keys": [{"key": "2", "query_per_hour": 2}, {"key": "*", "query_per_day": 3}],
        },
    ]
    host = plugin_host("request_ratelimit", {"rule_name": "rule", "rule_items": items})
    assert [count(host, 5, headers={"x-a": value}) for value in ("1", "2", "3")] == [1, 2, 3]


def test_the_overall_limit_applies_beside_a_rule(plugin_host: PluginHosts) -> None:
    config = limited(
        {"limit_by_per_header": "x-a"}, {"key": "*", "query_per_hour": 2}, global_threshold={"query_per_hour": 3}
    )
    host = plugin_host("request_ratelimit", config)
    assert count(host, 3, headers={"x-a": "1"}) == 2
    assert count(host, 3, headers={"x-a": "2"}) == 1  # what was refused has not been counted


ADDRESSES = {"source.address": "10.0.0.9:4711"}


@pytest.mark.not_in_envoy("the client's address is that of the test")
@pytest.mark.parametrize(
    ("forwarded", "address"),
    [
        ("1.1.1.1", "1.1.1.1"),
        ("6.6.6.6, 1.1.1.1", "1.1.1.1"),  # the client has written the first
        ("6.6.6.6, 1.1.1.1, 10.1.1.1", "1.1.1.1"),
        ("1.1.1.1:80, 10.1.1.1", "1.1.1.1"),
        ("nonsense, 10.1.1.1", "10.1.1.1"),
        ("", "10.0.0.9"),
        ("2001:db8::1, 10.1.1.1", "2001:db8::/64"),
        ("[2001:db8::2]:443", "2001:db8::/64"),
        ("::ffff:1.1.1.1", "1.1.1.1"),
    ],
)
def test_an_address_is_that_which_a_trusted_proxy_has_seen(
    plugin_host: PluginHosts, forwarded: str, address: str
) -> None:
    config = limited({"limit_by_per_ip": "from-header-x-forwarded-for"}, {"key": "*", "query_per_hour": 1},
                     trusted_proxies=["10.0.0.0/8"])  # fmt: skip
    host = plugin_host("request_ratelimit", config, properties=ADDRESSES)
    headers = {"x-forwarded-for": forwarded} if forwarded else {}
    assert passes(host, headers=headers)
    assert not passes(host, headers=headers)
    same = {"10.0.0.9": "", "2001:db8::/64": "2001:db8::77"}.get(address, address)
    assert not passes(host, headers={"x-forwarded-for": same} if same else {})


@pytest.mark.not_in_envoy("the client's address is that of the test")
def test_who_is_no_trusted_proxy_cannot_choose_an_address(plugin_host: PluginHosts) -> None:
    config = limited({"limit_by_per_ip": "from-header-x-forwarded-for"}, {"key": "*", "query_per_hour": 1},
                     trusted_proxies=["10.0.0.0/8"])  # fmt: skip
    host = plugin_host("request_ratelimit", config, properties={"source.address": "8.8.8.8:1"})
    assert [passes(host, headers={"x-forwarded-for": f"1.1.1.{number}"}) for number in range(3)] == [True, False, False]


@pytest.mark.not_in_envoy("the client's address is that of the test")
def test_the_narrowest_network_applies(plugin_host: PluginHosts) -> None:
    keys = [("0.0.0.0/0", 3), ("1.1.1.0/24", 2), ("1.1.1.1", 1)]
    limits = [{"key": key, "query_per_day": limit} for key, limit in keys]
    for order in (limits, limits[::-1]):
        host = plugin_host("request_ratelimit", limited({"limit_by_per_ip": "from-remote-addr"}, *order))
        for address, limit in (("1.1.1.1", 1), ("1.1.1.2", 2), ("2.2.2.2", 3), ("1.1.1.3", 2)):
            source = {"source.address": f"{address}:80"}
            assert sum(bool(host.request("GET", "/", properties=source).upstream) for _ in range(4)) == limit


@pytest.mark.not_in_envoy("the same in each host")
@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"rule_name": "a"}, "rule_items: is required, or global_threshold"),
        ({"global_threshold": {"query_per_day": 1}}, "rule_name: is required"),
        ({"rule_name": "a", "global_threshold": {}}, "global_threshold: a limit is required"),
        ({"rule_name": "a", "global_threshold": {"query_per_day": 0}}, "must be at least 1"),
        (limited({"limit_by_per_header": "a"}, {"key": "*"}), r"rule_items\[0\].limit_keys: a limit is required"),
        (limited({"limit_by_per_header": "a"}), r"rule_items\[0\].limit_keys: must have at least one key"),
        (limited({}, {"key": "*", "query_per_day": 1}), r"rule_items\[0\].limit_by_...: is required"),
        (
            limited({"limit_by_header": "a", "limit_by_param": "b"}, {"key": "*", "query_per_day": 1}),
            r"rule_items\[0\].limit_by_header: cannot be combined with limit_by_param",
        ),
        (
            limited({"limit_by_header": "a"}, {"key": "x", "query_per_day": 1}, {"key": "x", "query_per_day": 2}),
            r"limit_keys\[1\].key: 'x' has a limit already",
        ),
        (limited({"limit_by_per_header": "a"}, {"key": "regexp:(", "query_per_day": 1}), "cannot be read"),
        (limited({"limit_by_per_ip": "from-remote-addr"}, {"key": "1.1.1", "query_per_day": 1}), "must be an IP addr"),
        (limited({"limit_by_per_ip": "remote"}, {"key": "*", "query_per_day": 1}), "must be from-remote-addr"),
        (limited({"limit_by_header": "a"}, {"key": True, "query_per_day": 1}), "must be a string or a whole number"),
        (limited({"limit_by_header": "a"}, {"key": "x", "query_per_dya": 1}), "did you mean query_per_day"),
        ({"rule_name": "a", "global_threshold": {"query_per_day": 1}, "trusted_proxies": ["x"]}, r"proxies\[0\]: must"),
        ({"rule_name": "a", "global_threshold": {"query_per_day": 1}, "rejected_code": 204}, "has no body"),
    ],
)  # fmt: skip
def test_a_mistake_refuses_the_configuration(plugin_host: PluginHosts, config: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        plugin_host("request_ratelimit", config)


def test_long_keys_and_any_text_are_counted(plugin_host: PluginHosts) -> None:
    host = plugin_host(
        "request_ratelimit", limited({"limit_by_per_header": "x-user"}, {"key": "*", "query_per_hour": 1})
    )
    for value in ("ключ", "\udce9", "é" * 5000, "a" * 20_000, "a" * 20_001, "a:b"):
        assert count(host, 3, headers={"x-user": value}) == 1


@pytest.mark.not_in_envoy("Envoy refuses headers of this size")
def test_keys_of_a_megabyte_are_refused_and_shorter_ones_take_no_more_room_than_others(
    plugin_host: PluginHosts,
) -> None:
    host = plugin_host("request_ratelimit", by_user(query_per_hour=1))
    assert host.request(headers={"x-user": "k" * 2**20}).downstream.status == 431
    for end in ("", "a", "b"):
        assert count(host, 3, headers={"x-user": "k" * 250_000 + end}) == 1
    assert sum(len(key) + len(value) for key, value in host.shared_data.items()) < 10_000


@pytest.mark.not_in_envoy("the clock has to be moved")
def test_a_clock_that_goes_back_lets_nobody_through_and_holds_nobody_for_long(plugin_host: PluginHosts) -> None:
    host = plugin_host("request_ratelimit", by_user(query_per_minute=3))
    li: dict[str, Any] = {"headers": {"x-user": "li"}}
    assert count(host, 4, **li) == 3
    for seconds in (-30, -3600):
        host.advance(seconds=seconds)
        assert count(host, 2, **li) == 0
    host.advance(seconds=66)
    assert count(host, 4, **li) == 3


def test_consumers_that_no_key_is_for_are_not_limited(plugin_host: PluginHosts) -> None:
    alice = {"key": "alice", "query_per_hour": 1}
    host = plugin_host("request_ratelimit", limited({"limit_by_consumer": ""}, alice))
    assert count(host, 3, headers={"x-mse-consumer": "alice"}) == 1
    for unknown in ("bob", "Alice", "alice2", ""):
        assert count(host, 3, headers={"x-mse-consumer": unknown} if unknown else {}) == 3
