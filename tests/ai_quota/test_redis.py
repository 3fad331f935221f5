"""Balances in Redis: the keys of Higress, a real server, and what happens while it does not answer."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator
from typing import Any

import pytest
import redis
from tests.redis_server import RedisServer, redis_server

from proxywasm import RedisError
from proxywasm.testing import PluginHosts, RedisCallOut, TestHost, TestStream

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


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with redis_server(tmp_path_factory.mktemp("redis")) as found:
        yield found


@pytest.fixture
def client(server: RedisServer) -> Iterator[redis.Redis]:
    with server.client() as found:
        found.flushall()
        yield found


def gateway(client: redis.Redis, **keys: Any) -> TestHost:
    """A gateway whose commands the real server answers."""

    def carry_out(call: RedisCallOut) -> Any:
        try:
            return client.execute_command(*call.command)  # type: ignore[no-untyped-call]
        except redis.ResponseError as error:
            return RedisError(str(error))

    host = TestHost("plugins/ai_quota", {**CONFIG, **keys})
    host.answer_redis(carry_out)
    return host


def admin(host: TestHost, path: str, form: str = "") -> TestStream:
    return host.request("POST" if form else "GET", f"{CHAT}/quota{path}", {"x-mse-consumer": "admin"}, body=form)


def left(host: TestHost) -> int:
    found: int = admin(host, "?consumer=alice").downstream.json()["quota"]
    return found


def test_the_keys_and_values_are_those_of_higress(client: redis.Redis) -> None:
    with gateway(client) as host:
        assert ask(host).downstream.status == 429
        admin(host, "/refresh", "consumer=alice&quota=100")
        assert client.get("chat_quota:alice") == b"100"
        answer(ask(host))
        assert client.get("chat_quota:alice") == b"70"
        client.set("chat_quota:alice", 0)
        assert ask(host).downstream.status == 429
        admin(host, "/delta", "consumer=bob&value=7")
        assert client.get("chat_quota:bob") == b"7"
        assert client.ttl("chat_quota:bob") == -1


def test_two_gateways_count_together(client: redis.Redis) -> None:
    with (
        gateway(client, monthly={"*": 100}, reserve=50) as one,
        gateway(client, monthly={"*": 100}, reserve=50) as other,
    ):
        first, second = ask(one), ask(other)
        assert ask(one).downstream.status == ask(other).downstream.status == 429
        answer(first)
        answer(second)
        assert left(one) == left(other) == 40


def test_the_balance_of_a_month_has_a_key_that_expires(client: redis.Redis) -> None:
    with gateway(client, monthly={"*": 100}) as host:
        answer(ask(host))
        (key,) = client.keys("*")
        assert key == f"chat_quota:alice:{datetime.date(2025, 1, 1):%Y-%m}".encode()
        assert 31 * 86_400 < client.ttl(key) <= 75 * 86_400
        admin(host, "/refresh", "consumer=alice&quota=5")
        assert client.ttl(key) > 0


def test_what_another_program_has_written_is_a_failure_and_not_a_budget(client: redis.Redis) -> None:
    with gateway(client) as host:
        for value in ("many", "1e30", ""):
            client.set("chat_quota:alice", value)
            assert admin(host, "?consumer=alice").downstream.status == 503
            assert ask(host).downstream.status in (429, 503)
        client.delete("chat_quota:alice")
        client.rpush("chat_quota:alice", "x")
        assert ask(host).downstream.status == 503
