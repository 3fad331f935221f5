from proxywasm.testing import PluginHosts


def test_headers_are_added_and_removed(plugin_host: PluginHosts) -> None:
    host = plugin_host("header_edit.py", {"add": {"X-Team": "blue"}, "remove": ["cookie"]})
    upstream = host.request(headers=[("cookie", "a=1"), ("cookie", "b=2"), ("x-team", "red")]).upstream
    assert upstream.headers.get_all("x-team") == ["red", "blue"]
    assert "cookie" not in upstream.headers


def test_the_response_says_how_long_it_took(plugin_host: PluginHosts) -> None:
    host = plugin_host("header_edit.py")
    stream = host.request()
    host.advance(seconds=0.25)
    stream.respond(200, {"server": "nginx"})
    assert stream.downstream.headers.fields() == [(":status", "200"), ("x-took-ms", "250")]
