import pytest

from proxywasm.testing import PluginHosts

pytestmark = pytest.mark.not_in_envoy("the clock has to be moved")

CONFIG = {"fqdn": "httpbin.org", "port": 80, "path": "/post", "computeLoops": 1000, "timeout": 700}


def test_the_upstream_learns_the_answer_and_the_times(plugin_host: PluginHosts) -> None:
    host = plugin_host("complex_http_call.py", CONFIG)
    stream = host.request("GET", "/test", {"x-request-id": "r-1"})
    host.advance(seconds=0.3)
    call = host.next_call(cluster="outbound|80||httpbin.org", path="/post")
    assert (call.headers["x-request-id"], call.timeout_ms) == ("r-1", 700)
    call.answer(200, body="received")
    headers = stream.upstream.headers
    assert headers["x-external-response"] == "received"
    # The clock of a test stands still while the plugin computes.
    assert (headers["x-computation-time-ms"], headers["x-http-call-time-ms"]) == ("0", "300")


def test_the_configured_timeout_counts(plugin_host: PluginHosts) -> None:
    host = plugin_host("complex_http_call.py", CONFIG)
    stream = host.request()
    host.advance(seconds=0.7)
    assert stream.upstream.headers["x-http-call-time-ms"] == "700"


def test_the_gateway_is_asked_to_take_turns(plugin_host: PluginHosts) -> None:
    assert plugin_host("complex_http_call.py", CONFIG).services.max_requests_per_io_cycle == 20
