import pytest

from proxywasm import ConfigError
from proxywasm.testing import PluginHosts


def test_the_upstream_is_greeted(plugin_host: PluginHosts) -> None:
    host = plugin_host("my_plugin.py", {"name": "you"})
    assert host.request("GET", "/").upstream.headers["x-greeting"] == "hello, you"


def test_every_chunk_is_shouted_as_it_comes(plugin_host: PluginHosts) -> None:
    stream = plugin_host("my_plugin.py").request()
    stream.response_headers(200)
    assert stream.response_body("good ") == b"GOOD "
    assert stream.response_body("day", end_of_stream=True) == b"DAY"


def test_a_wrong_configuration_is_refused(plugin_host: PluginHosts) -> None:
    with pytest.raises(ConfigError, match="nmae: unknown key; did you mean name"):
        plugin_host("my_plugin.py", {"nmae": "you"})


def test_it_does_what_was_recorded(plugin_host: PluginHosts) -> None:
    plugin_host.replay("my_plugin.py", "recording.json")
