import pytest

from proxywasm import RedisError
from proxywasm.testing import PluginHosts

pytestmark = pytest.mark.not_in_envoy("Envoy has no Redis calls")

CONFIG = {"redis": "redis.example", "limit": 2}


def test_the_first_request_starts_the_minute(plugin_host: PluginHosts) -> None:
    host = plugin_host("redis_counter.py", CONFIG)
    stream = host.request(headers={"x-user": "wang"})
    host.next_redis_call("INCR").answer(1)
    assert stream.upstream.headers["x-request-count"] == "1"
    assert [call.command for call in host.redis_calls] == [["INCR", "requests:wang"], ["EXPIRE", "requests:wang", "60"]]


def test_requests_beyond_the_limit_are_refused(plugin_host: PluginHosts) -> None:
    host = plugin_host("redis_counter.py", CONFIG)
    host.answer_redis(3, name="INCR")
    assert host.request().downstream.status == 429


def test_without_redis_requests_go_on(plugin_host: PluginHosts) -> None:
    host = plugin_host("redis_counter.py", CONFIG)
    stream, other = host.request(), host.request()
    host.next_redis_call().answer(RedisError("LOADING Redis is loading the dataset in memory"))
    host.advance(seconds=1)
    assert stream.upstream
    assert other.upstream
