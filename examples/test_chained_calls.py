from proxywasm.testing import PluginHosts, response

USERS = "outbound|443||users.example"


def test_the_request_goes_on_after_both_answers(plugin_host: PluginHosts) -> None:
    host = plugin_host("chained_calls.py", {"fqdn": "users.example"}, clusters=[USERS])
    stream = host.request(headers={"cookie": "s=1"})
    host.next_call(path="/session").answer(200, body="zhang")
    assert stream.request_paused
    host.next_call(path="/permissions?user=zhang").answer(200, body="read,write")
    assert stream.upstream.headers["x-user"] == "zhang"
    assert stream.upstream.headers["x-permissions"] == "read,write"


def test_without_a_session_the_client_is_refused(plugin_host: PluginHosts) -> None:
    host = plugin_host("chained_calls.py", {"fqdn": "users.example"}, clusters=[USERS])
    host.answer_calls(response(404), path="/session")
    stream = host.request()
    assert stream.downstream.status == 401
    assert [call.path for call in host.calls] == ["/session"]


def test_permissions_that_cannot_be_had_are_none(plugin_host: PluginHosts) -> None:
    host = plugin_host("chained_calls.py", {"fqdn": "users.example"}, clusters=[USERS])
    host.answer_calls(lambda call: response(body="li") if call.path == "/session" else None)
    assert host.request().upstream.headers["x-permissions"] == ""
