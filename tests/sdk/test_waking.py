"""Streams that wait for the same thing are woken one by one: one in which the plugin raises fails alone."""

from __future__ import annotations

import pytest

from proxywasm.testing import PluginHosts, TestHost

SHARED = "../host/testing/plugins/shared_fetch.py"


@pytest.fixture
def host(plugin_host: PluginHosts) -> TestHost:
    return plugin_host(SHARED, clusters=["outbound|80||texts.example"], tolerate_failures=True)


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("path", ["/raise", "/raise-later"])
def test_one_that_raises_fails_alone(host: TestHost, path: str, place: int) -> None:
    """Also the one whose call-out is answered, which is the first."""
    streams = [host.request(path=path if number == place else "/") for number in range(3)]
    (call,) = host.calls
    call.answer(body="text")
    failed = streams.pop(place)
    assert failed.downstream.status == 500
    assert not failed.upstream
    assert [stream.upstream.headers["x-text"] for stream in streams] == ["text", "text"]
    assert [failure.count("LookupError: ") for failure in host.failures] == [1]
    assert 'shared_fetch.py", line' in host.failures[0]


def test_the_traceback_is_logged_in_the_name_of_the_stream_that_fails(host: TestHost) -> None:
    first, second = host.request(), host.request(path="/raise")
    host.next_call().answer(body="text")
    assert [record.message[:9] for record in second.logs] == ["Traceback"]
    assert "Traceback" not in "".join(record.message for record in first.logs)


def test_it_fails_open_where_plugins_do(plugin_host: PluginHosts) -> None:
    host = plugin_host(SHARED, clusters=["outbound|80||texts.example"], tolerate_failures=True, fail_open=True)
    streams = [host.request(path=path) for path in ("/", "/raise", "/")]
    host.next_call().answer(body="text")
    assert [stream.upstream.headers.get("x-text") for stream in streams] == ["text", None, "text"]


def test_call_outs_belong_to_the_stream_that_is_woken(host: TestHost) -> None:
    """Otherwise they would end with the one that has fetched for all."""
    first, second = host.request(), host.request(path="/ask")
    host.next_call(path="/text").answer(body="text")
    first.finish()
    host.next_call(path="/more").answer(body="more")
    assert (second.upstream.headers["x-text"], second.upstream.headers["x-more"]) == ("text", "more")
