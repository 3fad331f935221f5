from proxywasm.testing import PluginHosts

CONFIG = {"fqdn": "httpbin.org", "port": 80, "path": "/post"}


def test_the_answer_travels_in_a_header(plugin_host: PluginHosts) -> None:
    host = plugin_host("http_call.py", CONFIG, clusters=["outbound|80||httpbin.org"])
    stream = host.request("GET", "/test")
    assert stream.request_paused
    call = host.next_call(cluster="outbound|80||httpbin.org", path="/post")
    assert (call.method, call.host, call.headers["user-agent"]) == ("POST", "httpbin.org", "wasm-plugin")
    assert call.json() == {"message": "hello from wasm"}
    call.answer(200, body="received")
    assert stream.upstream.headers["x-external-response"] == "received"


def test_no_answer_in_five_seconds_lets_the_request_go_on(plugin_host: PluginHosts) -> None:
    host = plugin_host("http_call.py", CONFIG, clusters=["outbound|80||httpbin.org"])
    stream = host.request()
    host.advance(seconds=5)
    assert stream.upstream.headers["x-external-response"] == ""
    assert host.messages == ["answer: status=502, body="]


def test_an_unknown_cluster_lets_the_request_go_on(plugin_host: PluginHosts) -> None:
    host = plugin_host("http_call.py", CONFIG, clusters={"outbound|80||elsewhere"})
    assert host.request().upstream
    assert "no such cluster" in host.messages[0]
