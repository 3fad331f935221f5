import pytest

from proxywasm.testing import PluginHosts


def test_the_request_is_marked(plugin_host: PluginHosts) -> None:
    assert plugin_host("rebuild.py").request().upstream.headers["x-plugin-processed"] == "true"


@pytest.mark.not_in_envoy("Envoy gives no fresh instance")
def test_the_thousandth_request_asks_for_a_fresh_instance(plugin_host: PluginHosts) -> None:
    host = plugin_host("rebuild.py")
    for _ in range(999):
        host.request().finish()
    assert not host.services.rebuild_wanted
    host.request()
    assert host.services.rebuild_wanted


def test_too_much_memory_asks_for_a_fresh_instance(plugin_host: PluginHosts) -> None:
    host = plugin_host("rebuild.py", properties={"plugin_vm_memory": (101 << 20).to_bytes(8, "little")})
    host.request()
    assert host.services.rebuild_wanted
    assert host.messages == ["memory in use: 105906176 bytes"]
