from proxywasm.testing import PluginHosts


def test_the_upstream_is_greeted(plugin_host: PluginHosts) -> None:
    host = plugin_host("my_plugin.py", {"name": "you"})
    assert host.request("GET", "/").upstream.headers["x-greeting"] == "hello, you"


def test_every_chunk_is_shouted_as_it_comes(plugin_host: PluginHosts) -> None:
    stream = plugin_host("my_plugin.py").request()
    stream.response_headers(200)
    assert stream.response_body("good ") == b"GOOD "
    assert stream.response_body("day", end_of_stream=True) == b"DAY"


def test_it_does_what_was_recorded(plugin_host: PluginHosts) -> None:
    plugin_host.replay("my_plugin.py", "recording.json")
