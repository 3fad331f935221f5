"""Who is let in, and what goes on."""

from __future__ import annotations

import hashlib

import pytest

from proxywasm import ConfigError
from proxywasm.testing import PluginHosts

ALICE, BOB = "key-of-alice", "key-of-bob"
CONFIG = {"consumers": [{"name": "alice", "credential": ALICE}, {"name": "bob", "credential": BOB}]}


@pytest.mark.parametrize("headers", [{"authorization": f"Bearer {ALICE}"}, {"x-api-key": ALICE}])
def test_a_key_becomes_the_name_of_its_consumer(plugin_host: PluginHosts, headers: dict[str, str]) -> None:
    upstream = plugin_host("key_auth", CONFIG).request("POST", "/v1/chat/completions", headers).upstream
    assert upstream.headers["x-mse-consumer"] == "alice"
    assert ALICE not in repr(upstream.headers)


def test_a_key_may_be_stored_as_a_hash(plugin_host: PluginHosts) -> None:
    stored = "sha256:" + hashlib.sha256(ALICE.encode()).hexdigest()
    host = plugin_host("key_auth", {"consumers": [{"name": "alice", "credential": stored}]})
    assert host.request(headers={"x-api-key": ALICE}).upstream
    assert host.request(headers={"x-api-key": stored}).downstream.status == 401


def test_others_get_an_error_in_their_protocol(plugin_host: PluginHosts) -> None:
    host = plugin_host("key_auth", CONFIG)
    openai = host.request("POST", "/v1/chat/completions", {"x-api-key": "wrong"}).downstream
    assert (openai.status, openai.json()["error"]["code"]) == (401, "invalid_api_key")
    anthropic = host.request("POST", "/v1/messages").downstream
    assert (anthropic.status, anthropic.json()["error"]["type"]) == (401, "authentication_error")


def test_a_consumer_may_be_kept_out(plugin_host: PluginHosts) -> None:
    host = plugin_host("key_auth", {**CONFIG, "allow": ["bob"]})
    assert host.request(headers={"x-api-key": ALICE}).downstream.status == 403
    assert host.request(headers={"x-api-key": BOB}).upstream


def test_a_client_cannot_say_who_it_is(plugin_host: PluginHosts) -> None:
    host = plugin_host("key_auth", {**CONFIG, "global_auth": False})
    assert "x-mse-consumer" not in host.request(headers={"x-mse-consumer": "alice"}).upstream.headers


def test_the_same_key_twice_is_refused(plugin_host: PluginHosts) -> None:
    with pytest.raises(ConfigError, match="is the same key as that of"):
        plugin_host("key_auth", {"consumers": [*CONFIG["consumers"], {"name": "carol", "credential": ALICE}]})
