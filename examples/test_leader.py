import pytest

from proxywasm.testing import PluginHosts, response

pytestmark = pytest.mark.not_in_envoy("the clock has to be moved")


def test_one_instance_fetches_for_all(plugin_host: PluginHosts) -> None:
    first = plugin_host("leader.py", {"fqdn": "lists.example"})
    second = first.another_instance()
    for host in (first, second):
        host.answer_calls(response(200, body="mallory eve"))
    first.advance(seconds=0.1)
    assert (len(first.calls), len(second.calls)) == (1, 0)
    assert first.shared_data["leader-example:blocked"] == b"mallory eve"
    assert second.request(headers={"x-user": "eve"}).downstream.status == 403


def test_another_instance_takes_over(plugin_host: PluginHosts) -> None:
    first = plugin_host("leader.py", {"fqdn": "lists.example"})
    second = first.another_instance()
    first.advance(seconds=0.1)
    first.close()
    second.advance(seconds=100)
    assert second.calls
