"""Who is let in, what later plugins and upstreams see, and what clients get that are not let in."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from proxywasm.testing import PluginHosts, request
from proxywasm.wire import LogLevel

ALICE, BOB = "key-of-alice-1234", "key-of-bob-5678"
CONSUMERS = [{"name": "alice", "credential": ALICE}, {"name": "bob", "credential": BOB}]
CONFIG: dict[str, Any] = {"consumers": CONSUMERS}
ANYWHERE: dict[str, Any] = {**CONFIG, "keys": ["authorization", "x-api-key", "X-Tenant-Key", "apikey"]}


def sha256(key: str) -> str:
    return "sha256:" + hashlib.sha256(key.encode()).hexdigest()


def texts(stream: Any) -> str:
    return repr(stream.upstream.headers.fields())


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/", {"authorization": f"Bearer {ALICE}"}),
        ("/", {"authorization": f"bearer  {ALICE}"}),
        ("/", {"authorization": ALICE}),
        ("/", {"x-api-key": ALICE}),
        ("/", {"x-tenant-key": ALICE}),
        (f"/?apikey={ALICE}", {}),
        (f"/?a=1&apikey={ALICE.replace('-', '%2D')}&b=2", {}),
        (f"/?api%6bey={ALICE}", {}),
        ("/", {"authorization": f"Bearer {ALICE}", "x-api-key": ALICE}),
        ("/", {"x-tenant-key": ALICE, "api-key": ALICE, "proxy-authorization": f"Bearer {ALICE}"}),
    ],
)
def test_a_key_is_found_handed_on_as_a_name_and_not_sent_upstream(
    plugin_host: PluginHosts, path: str, headers: dict[str, str]
) -> None:
    stream = plugin_host("key_auth", ANYWHERE).request("POST", path, headers)
    assert stream.upstream.headers["x-mse-consumer"] == "alice"
    assert "alice-1234" not in texts(stream).replace("%2D", "-")


def test_the_rest_of_the_query_stays_as_it_was_written(plugin_host: PluginHosts) -> None:
    host = plugin_host("key_auth", ANYWHERE)
    for path, expected in [
        (f"/v1?apikey={ALICE}", "/v1"),
        (f"/v1?q=a%20b+c&apikey={ALICE}&&x", "/v1?q=a%20b+c&&x"),
        (f"/v1?APIKEY=1&apikey={ALICE}", "/v1?APIKEY=1"),
    ]:
        assert host.request("GET", path).upstream.headers[":path"] == expected


@pytest.mark.parametrize(
    ("headers", "what"),
    [
        ({}, "You didn't provide an API key"),
        ({"authorization": "Bearer"}, "You didn't provide an API key"),
        ({"authorization": "Bearer wrong"}, "Incorrect API key"),
        ({"authorization": f"Bearer {ALICE}x"}, "Incorrect API key"),
        ({"authorization": f"Bearer {ALICE[:-1]}"}, "Incorrect API key"),
        ({"authorization": sha256(ALICE)}, "Incorrect API key"),
        ({"authorization": f"Bearer {ALICE}", "x-api-key": BOB}, "several different"),
    ],
)
def test_others_get_401_with_a_challenge(plugin_host: PluginHosts, headers: dict[str, str], what: str) -> None:
    stream = plugin_host("key_auth", CONFIG).request("POST", "/v1/chat/completions", headers)
    assert stream.downstream.status == 401
    assert stream.downstream.headers["www-authenticate"] == 'Bearer realm="gateway"'
    assert what in stream.downstream.json()["error"]["message"]
    assert not stream.upstream


def test_a_stored_hash_lets_in_the_key_and_not_itself(plugin_host: PluginHosts) -> None:
    host = plugin_host("key_auth", {"consumers": [{"name": "alice", "credential": sha256(ALICE)}]})
    assert host.request(headers={"x-api-key": ALICE}).upstream.headers["x-mse-consumer"] == "alice"
    assert host.request(headers={"x-api-key": sha256(ALICE)}).downstream.status == 401


def test_a_consumer_may_have_several_keys(plugin_host: PluginHosts) -> None:
    host = plugin_host("key_auth", {"consumers": [*CONSUMERS, {"name": "alice", "credential": "second"}]})
    assert host.request(headers={"x-api-key": ALICE}).upstream.headers["x-mse-consumer"] == "alice"
    assert host.request(headers={"x-api-key": "second"}).upstream.headers["x-mse-consumer"] == "alice"


def test_a_client_cannot_say_who_it_is(plugin_host: PluginHosts) -> None:
    host = plugin_host("key_auth", {**CONFIG, "global_auth": False})
    spoofed = host.request(headers={"x-mse-consumer": "alice"})
    assert "x-mse-consumer" not in spoofed.upstream.headers
    known = host.request(headers={"x-mse-consumer": "alice", "x-api-key": BOB})
    assert known.upstream.headers.get_all("x-mse-consumer") == ["bob"]


def test_where_no_key_is_needed_a_consumers_key_does_not_go_on_and_others_do(plugin_host: PluginHosts) -> None:
    host = plugin_host("key_auth", {**CONFIG, "global_auth": False})
    assert ALICE not in texts(host.request(headers={"authorization": f"Bearer {ALICE}"}))
    assert "of-another" in texts(host.request(headers={"authorization": "Bearer of-another"}))


ROUTES = {
    "_rules_": [
        {"_match_route_": ["a", "b"], "allow": ["alice"]},
        {"_match_domain_": ["*.example.com"], "allow": ["bob"]},
    ]
}
HIGRESS: dict[str, Any] = {"consumers": CONSUMERS, "keys": ["apikey"], "in_query": True}
OUTCOMES = [
    # global_auth, rules, where, key: the status (200: let in)
    (None, False, "other", "", 401),
    (None, False, "other", BOB, 200),
    (None, True, "other", "", 200),
    (None, True, "a", "", 401),
    (None, True, "a", "unknown", 401),
    (None, True, "a", ALICE, 200),
    (None, True, "a", BOB, 403),
    (None, True, "test.example.com", BOB, 200),
    (None, True, "test.example.com", ALICE, 403),
    (True, True, "other", "", 401),
    (True, True, "other", BOB, 200),
    (True, True, "a", BOB, 403),
    (False, False, "other", "", 200),
    (False, True, "a", "", 401),
    (False, True, "other", "", 200),
]


@pytest.mark.not_in_envoy("the route is a property that the test sets")
@pytest.mark.parametrize(("global_auth", "rules", "where", "key", "status"), OUTCOMES)
def test_a_configuration_of_higress_means_the_same(
    plugin_host: PluginHosts, global_auth: bool | None, rules: bool, where: str, key: str, status: int
) -> None:
    config = HIGRESS | (ROUTES if rules else {}) | ({} if global_auth is None else {"global_auth": global_auth})
    route, host = ("", where) if "." in where else (where, "gateway.test")
    started = plugin_host("key_auth", config, properties={"route_name": route.encode()})
    for each in (
        request(path=f"/test?apikey={key}", host=host),
        request(host=host, headers={"apikey": key} if key else {}),
    ):
        stream = started.request(each)
        assert (200 if stream.upstream else stream.downstream.status) == status


def test_allow_outside_of_rules_is_for_all_other_requests(plugin_host: PluginHosts) -> None:
    host = plugin_host("key_auth", {**CONFIG, "allow": ["bob"]})
    assert host.request(headers={"x-api-key": ALICE}).downstream.status == 403
    assert host.request(headers={"x-api-key": BOB}).upstream


@pytest.mark.not_in_envoy("the route is a property that the test sets")
def test_of_two_rules_for_a_route_the_first_one_applies(plugin_host: PluginHosts) -> None:
    rules = [{"_match_route_": ["a"], "allow": [name]} for name in ("alice", "bob")]
    host = plugin_host("key_auth", {**CONFIG, "_rules_": rules}, properties={"route_name": b"a"})
    assert host.request(headers={"x-api-key": ALICE}).upstream
    assert host.request(headers={"x-api-key": BOB}).downstream.status == 403


def test_a_consumer_that_may_not_call_gets_403_in_its_protocol(plugin_host: PluginHosts) -> None:
    host = plugin_host("key_auth", {**CONFIG, "allow": ["bob"]})
    openai = host.request("POST", "/v1/chat/completions", {"x-api-key": ALICE}).downstream.json()
    assert openai["error"]["type"] == "permission_error"
    anthropic = host.request("POST", "/v1/messages", {"x-api-key": ALICE}).downstream.json()
    assert anthropic["error"]["type"] == "permission_error"


def test_names_and_keys_may_be_unicode(plugin_host: PluginHosts) -> None:
    host = plugin_host(
        "key_auth", {"consumers": [{"name": "李雷", "credential": "schlüssel-鍵"}], "keys": ["x-api-key"]}
    )
    assert host.request(headers={"x-api-key": "schlüssel-鍵"}).upstream.headers["x-mse-consumer"] == "李雷"


@pytest.mark.not_in_envoy("Envoy refuses headers of this size")
def test_a_key_as_large_as_headers_may_be_is_nobodys(plugin_host: PluginHosts) -> None:
    host = plugin_host("key_auth", CONFIG)
    assert host.request(headers={"x-api-key": ALICE * 15_000}).downstream.status == 401


def test_keys_are_in_no_log(plugin_host: PluginHosts) -> None:
    host = plugin_host("key_auth", CONFIG, log_level=LogLevel.TRACE)
    assert host.request(headers={"x-api-key": ALICE}).upstream
    assert host.request(headers={"x-api-key": "unknown-key-99"}).downstream.status == 401
    assert not [record for record in host.logs if ALICE in str(record) or "unknown-key-99" in str(record)]
