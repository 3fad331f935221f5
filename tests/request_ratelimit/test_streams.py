"""How many streams there are at the same time: a place is given back however a stream ends."""

from __future__ import annotations

from typing import Any

import pytest

from proxywasm.testing import PluginHosts, TestStream

TWO = {"rule_name": "all", "global_threshold": {"concurrent_streams": 2}}


def refused(stream: TestStream) -> bool:
    return stream.downstream.status == 429 and not stream.upstream


def test_so_many_streams_are_under_way_at_the_same_time(plugin_host: PluginHosts) -> None:
    host = plugin_host("request_ratelimit", TWO)
    first, second = host.request("GET", "/a"), host.request("GET", "/b")
    third = host.request("GET", "/c")
    assert refused(third)
    assert third.downstream.headers["retry-after"] == "1"
    assert "at most 2 may be under way" in third.downstream.json()["error"]["message"]
    first.respond(200, body="ok")
    first.finish()
    assert host.request("GET", "/d").upstream
    assert refused(host.request("GET", "/e"))
    assert second.upstream


ENDINGS: dict[str, Any] = {
    "complete": lambda stream: (stream.respond(200, body="ok"), stream.finish()),
    "error": lambda stream: (stream.respond(500), stream.finish()),
    "client": lambda stream: stream.finish(),
    "client, in the middle": lambda stream: (stream.response_headers(200), stream.response_body("a"), stream.finish()),
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_place_is_given_back_once_however_a_stream_ends(plugin_host: PluginHosts, ending: str) -> None:
    host = plugin_host("request_ratelimit", TWO)
    for _ in range(3):
        streams = [host.request("GET", "/"), host.request("GET", "/")]
        assert all(stream.upstream for stream in streams)
        assert refused(host.request("GET", "/"))
        for stream in streams:
            ENDINGS[ending](stream)


@pytest.mark.not_in_envoy("the clock has to be moved")
def test_a_long_stream_keeps_its_place(plugin_host: PluginHosts) -> None:
    host = plugin_host("request_ratelimit", {**TWO, "lease_seconds": 30})
    streams = [host.request("GET", "/a"), host.another_instance().request("GET", "/b")]
    for _ in range(30):
        host.advance(seconds=5)
        assert refused(host.request("GET", "/c"))
    streams[1].finish()
    assert host.request("GET", "/d").upstream


def test_hundreds_of_streams_at_once_never_exceed_the_limit(plugin_host: PluginHosts) -> None:
    host = plugin_host("request_ratelimit", {"rule_name": "all", "global_threshold": {"concurrent_streams": 50}})
    streams = [host.request("GET", "/") for _ in range(200)]
    passed = [stream for stream in streams if stream.upstream]
    assert len(passed) == 50
    for stream in passed[:20]:
        stream.respond(200, body="x")
        stream.finish()
    assert sum(bool(host.request("GET", "/").upstream) for _ in range(40)) == 20
