"""Objects that lie or raise when they are looked at cost the stream at most: alike natively, in Wasm and in Envoy."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import pytest
from tests.bundle import BEHAVIOURS
from tests.sdk.behaviours.deceptive import ATTEMPTS, CANCELLED, FOUND_AT_ONCE, RAISED, REFUSED, SABOTAGE

from proxywasm import ClusterClient, Plugin, TargetCluster, shared_data
from proxywasm.testing import PluginHosts, TestHost


def playing(plugin_host: PluginHosts, behaviour: str) -> TestHost:
    return plugin_host(BEHAVIOURS, {"do": behaviour}, clusters=["service"], tolerate_failures=True)


def test_values_cross_as_what_they_are_or_are_refused(plugin_host: PluginHosts) -> None:
    host = playing(plugin_host, "deceive")
    waiting = host.request("GET", "/wait")
    for attempt in ATTEMPTS:
        before = len(host.failures)
        stream = host.request("GET", "/", {"x-attempt": attempt})
        failures = [str(failure) for failure in host.failures[before:]]
        if attempt in REFUSED:
            assert len(failures) == 1, attempt
            assert REFUSED[attempt] in failures[0]
            assert "deceptive.py" in failures[0], "the author's line"
            assert stream.downstream.status == 500
        else:
            assert not failures, attempt
            if attempt == "header":
                assert stream.upstream.headers["x"] == r"\ud83d"
            if attempt == "body":
                assert stream.downstream.body == b"\xff body"
        stream.finish()
    assert waiting.paused, "other streams of the instance go on"


def test_bytes_that_a_callback_returns_go_on_as_what_they_are(plugin_host: PluginHosts) -> None:
    host = playing(plugin_host, "deceive")
    stream = host.request("GET", "/")
    stream.respond(200, body=b"\xff body")
    assert stream.downstream.body == b"\xff body"
    assert not host.failures


def test_whatever_an_exception_is_there_is_a_traceback_of_a_bounded_size(plugin_host: PluginHosts) -> None:
    host = playing(plugin_host, "deceive")
    waiting = host.request("GET", "/wait")
    for raised in RAISED:
        before = len(host.failures)
        stream = host.request("GET", "/", {"x-raise": raised})
        (failure,) = host.failures[before:]
        assert "deceptive.py" in str(failure), raised
        assert raised in str(failure)
        assert len(str(failure)) < 100_000, raised
        assert stream.downstream.status == 500
    assert waiting.paused, "other streams of the instance go on"


@pytest.mark.parametrize("sabotage", SABOTAGE)
def test_what_a_plugin_does_to_the_objects_of_the_sdk_costs_its_own_stream_at_most(
    plugin_host: PluginHosts, sabotage: str
) -> None:
    host = playing(plugin_host, "deceive")
    waiting = host.request("GET", "/wait")
    stream = host.request("GET", "/", {"x-sabotage": sabotage})
    if message := FOUND_AT_ONCE.get(sabotage):
        (failure,) = host.failures
        assert message in str(failure)
        assert "deceptive.py" in str(failure), "the author's line"
        assert stream.downstream.status == 500
    assert waiting.paused, "other streams of the instance go on"
    assert host.request("GET", "/").upstream, "and so do those that come later"


def test_an_exception_that_is_raised_again_and_again_does_not_make_longer_and_longer_tracebacks() -> None:
    plugin: Plugin[object] = Plugin("again")
    error = ValueError("always the same one")

    @plugin.on_request_headers
    def request_headers(ctx: object, config: object) -> None:
        raise error

    host = TestHost(plugin, tolerate_failures=True)
    for _ in range(100):
        host.request("GET", "/")
    assert str(host.failures[-1]).count("in request_headers") <= 100


def test_what_the_function_of_a_tick_returns_means_nothing(plugin_host: PluginHosts) -> None:
    host = playing(plugin_host, "answer ticks")
    host.advance(seconds=0.3)
    assert host.metrics["ticked"] >= 1
    assert not host.failures
    assert host.request("GET", "/").upstream


@pytest.mark.parametrize("error", CANCELLED)
def test_one_that_fails_while_it_is_woken_leaves_no_other_waiting(plugin_host: PluginHosts, error: str) -> None:
    host = playing(plugin_host, "wake all")
    failing = host.request("GET", "/wait", {"x-error": error})
    others = [host.request("GET", "/wait") for _ in range(2)]
    assert host.request("GET", "/wake").upstream
    assert failing.downstream.status == 500
    assert all(other.upstream for other in others)


async def asynchronous(*_: object) -> None:
    """Would never run."""


def generator(*_: object) -> Any:
    """Neither."""
    yield


class AsynchronousCall:
    async def __call__(self, *_: object) -> None:
        """Nor this."""


@pytest.mark.parametrize("callback", [asynchronous, generator, AsynchronousCall(), functools.partial(asynchronous, 1)])
@pytest.mark.parametrize(
    "give",
    [
        lambda callback: Plugin("p").on_stream_done(callback),
        Plugin("p").on_tick(100),
        lambda callback: ClusterClient(TargetCluster("service", "service")).get("/", callback),
        lambda callback: shared_data.update("key", callback),
    ],
)
def test_functions_that_do_nothing_when_they_are_called_are_no_callbacks(
    give: Callable[[Any], object], callback: Any
) -> None:
    with pytest.raises(TypeError, match=r"test_deceptive\.py:\d+: \w+ is (async|a generator function): callbacks"):
        give(callback)


def test_ordinary_callables_are_callbacks() -> None:
    callbacks: list[Any] = [lambda *_: None, functools.partial(print, 1), dict, print]
    for callback in callbacks:
        plugin: Plugin[object] = Plugin("p")
        assert plugin.on_stream_done(callback) is callback
