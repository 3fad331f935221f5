import pytest

from proxywasm.testing import PluginHosts

pytestmark = pytest.mark.not_in_envoy("the clock has to be moved")


def test_requests_are_answered_while_the_service_is_ill(plugin_host: PluginHosts) -> None:
    host = plugin_host("tick.py", {"fqdn": "service.example"})
    host.advance(seconds=0.1)
    host.next_call(path="/health").answer(200)
    assert host.request().upstream
    host.advance(seconds=10)
    host.next_call().answer(500)
    assert host.request().downstream.status == 503
    assert host.metrics == {"health_check_ok": 0}


def test_no_answer_in_time_is_a_bad_sign(plugin_host: PluginHosts) -> None:
    host = plugin_host("tick.py", {"fqdn": "service.example"})
    host.advance(seconds=2.1)
    assert host.calls[0].status == "timed out"
    assert host.request().reply
