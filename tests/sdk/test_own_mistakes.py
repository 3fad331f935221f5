"""Callbacks, streams and calls that end in an unusual way: alike natively, in Wasm and in Envoy."""

from __future__ import annotations

import pytest
from tests.bundle import BEHAVIOURS
from tests.sdk.behaviours.own_mistakes import RAISED
from tests.sdk.driving import RESPONSE, Start, errors, request

from proxywasm import ConfigError, HttpContext, Plugin
from proxywasm.adapters.native import native_program
from proxywasm.connection_headers import CONNECTION_HEADERS
from proxywasm.testing import PluginHosts, TestHost
from proxywasm.wire import BodyMode, Hold, HoldPhase, LogLevel, ReadRequestBody
from proxywasm_host.services import HostServices
from proxywasm_host.stream import RequestHeaders, ResponseHeaders, Runner

PHASES = ["request headers", "request body", "answer", "response headers", "response chunk", "done"]


def playing(plugin_host: PluginHosts, behaviour: str) -> TestHost:
    return plugin_host(BEHAVIOURS, {"do": behaviour}, clusters=["service"], tolerate_failures=True)


def test_whatever_a_callback_raises_is_a_failure_of_that_stream(plugin_host: PluginHosts) -> None:
    host = playing(plugin_host, "raise anything")
    # Natively Ctrl-C ends the test run, see below.
    for error in RAISED if plugin_host.flavour != "native" else RAISED.keys() - {"KeyboardInterrupt"}:
        # In Envoy a failure takes long to settle, and all phases are the same code as in Wasm.
        for phase in PHASES if plugin_host.flavour != "envoy" or error == "ConfigError" else PHASES[:1]:
            _fail(host, error, phase)
    assert host.request("GET", "/").upstream, "the instance serves the next stream"


def _fail(host: TestHost, error: str, phase: str) -> None:
    before = len(host.failures)
    stream = host.request("POST", "/", {"x-phase": phase, "x-error": error}, b"body")
    if phase == "answer":
        host.next_call().answer()
    if stream.upstream:
        stream.respond(200, body="body")
    stream.finish()
    (failure,) = host.failures[before:]
    assert "own_mistakes.py" in str(failure)
    assert f"{error}: in {phase}" in str(failure)
    if phase == "response chunk":
        assert stream.reset is not None
    elif phase != "done":
        assert stream.downstream.status == 500, phase


def test_ctrl_c_ends_a_process_whose_plugin_is_native() -> None:
    plugin: Plugin[object] = Plugin("interrupted")

    @plugin.on_request_headers
    def request_headers(ctx: HttpContext, config: object) -> None:
        raise KeyboardInterrupt

    program = native_program(plugin, HostServices())
    program.configure("{}", LogLevel.INFO)
    with pytest.raises(KeyboardInterrupt):
        request(Runner(program, HostServices()))


def test_a_refusal_of_the_configuration_keeps_its_cause() -> None:
    plugin: Plugin[object] = Plugin("refusing")

    @plugin.parse_config
    def parse(document: dict[str, object]) -> object:
        try:
            return document["missing"]
        except KeyError as error:
            raise ConfigError("missing: is needed") from error

    with pytest.raises(ConfigError, match="missing: is needed") as refused:
        native_program(plugin, HostServices()).configure("{}", LogLevel.INFO)
    assert isinstance(refused.value.__cause__, KeyError)


# Headers that wait for a body that does not come.


@pytest.mark.parametrize(("method", "headers"), [("GET", {}), ("HEAD", {}), ("POST", {"content-length": "0"})])
def test_a_request_without_body_does_not_wait_for_it(
    plugin_host: PluginHosts, method: str, headers: dict[str, str]
) -> None:
    assert playing(plugin_host, "wait for the body").request(method, "/", headers).upstream.ended


@pytest.mark.parametrize(
    ("method", "status", "headers"),
    [
        ("HEAD", 200, {"content-length": "5"}),
        ("GET", 204, {}),
        ("GET", 304, {}),
        ("GET", 200, {"content-length": "0"}),
    ],
)
def test_a_response_without_body_does_not_wait_for_it(
    plugin_host: PluginHosts, method: str, status: int, headers: dict[str, str]
) -> None:
    stream = playing(plugin_host, "wait for the body").request(method, "/")
    assert stream.respond(status, headers).status == status
    assert stream.downstream.ended
    assert stream.downstream.body == b""


def test_a_reply_without_body_does_not_wait_for_it(plugin_host: PluginHosts) -> None:
    assert playing(plugin_host, "wait for the body").request("GET", "/reply").downstream.status == 403


def test_headers_with_a_body_still_wait_for_it(plugin_host: PluginHosts) -> None:
    stream = playing(plugin_host, "wait for the body").request("POST", "/", {"content-length": "4"}, b"body")
    assert stream.upstream.headers["content-length"] == "5"
    assert stream.respond(200, {"content-length": "4"}, b"body").headers["content-length"] == "5"
    assert (stream.upstream.body, stream.downstream.body) == (b"body!", b"body!")


def test_the_ends_of_a_tunnel_do_not_wait_for_each_other(start: Start) -> None:
    """They send nothing before they have each other's headers."""
    upgrade = [("connection", "upgrade"), ("upgrade", "websocket")]
    for method, more in (("GET", upgrade), ("CONNECT", [])):
        runner = start("wait for the body")
        stream = runner.open()
        stream.request_headers([(":method", method), (":path", "/"), (":authority", "a"), *more], False)
        assert [type(event) for event in stream.take()] == [RequestHeaders]
        stream.response_headers(RESPONSE, False)
        assert [type(event) for event in stream.take()] == [ResponseHeaders]
        assert errors(runner) == []


def test_a_program_that_holds_headers_without_body_does_not_hang_its_client() -> None:
    """One that is not made with our SDK; the rule is the host's too."""

    class Holding:
        def __getattr__(self, name: str) -> object:
            return lambda *_: None

        def on_request_headers(self, *_: object) -> object:
            return [ReadRequestBody(BodyMode.BUFFER, None), HoldPhase(Hold.STOP_ITERATION)]

    stream = Runner(Holding(), HostServices()).open()  # type: ignore[arg-type]  # it has all that is called
    stream.request_headers([(":method", "GET")], True)
    assert [type(event) for event in stream.take()] == [RequestHeaders]


# The own reply.


@pytest.mark.parametrize("fail_open", [False, True])
@pytest.mark.parametrize("body", ["", "the own body"])
def test_a_failure_in_the_own_reply_is_that_of_the_stream(plugin_host: PluginHosts, body: str, fail_open: bool) -> None:
    host = plugin_host(
        BEHAVIOURS, {"do": "fail in the own reply"}, tolerate_failures=True, fail_open=fail_open, clusters=()
    )
    stream = host.request("GET", "/fail", {"x-body": body})
    assert "in the own reply" in str(host.failures)
    assert stream.downstream.ended
    # Envoy cannot give a body to a reply that has none.
    failed = "" if plugin_host.flavour == "envoy" and not body else "the plugin failed"
    expected = (403, body) if fail_open else (500, failed)
    assert (stream.downstream.status, stream.downstream.text) == expected


@pytest.mark.parametrize("fail_open", [False, True])
@pytest.mark.parametrize(
    ("path", "held"),
    [
        ("/held-whole", True),
        ("/held", True),
        ("/whole", False),
        ("/streamed", False),
        ("/paused-whole", False),
        ("/paused", False),
        ("/called-headers", True),
        ("/called-headers-whole", True),
        ("/called-held-whole", True),
        ("/called-whole", False),
    ],
)
def test_a_failure_in_the_body_of_the_own_reply_ends_it(
    plugin_host: PluginHosts, path: str, held: bool, fail_open: bool
) -> None:
    """As one in the body of a response: with a 500, or if the headers have left the plugin the client is cut off."""
    host = plugin_host(
        BEHAVIOURS,
        {"do": "fail in the body of the own reply"},
        tolerate_failures=True,
        fail_open=fail_open,
        clusters=["service"],
    )
    stream = host.request("GET", path)
    if "paused" in path or "called" in path:
        host.next_call().answer()
    assert "in the own reply" in str(host.failures)
    if fail_open or held:
        assert stream.downstream.ended
        expected = (403, "the own body") if fail_open else (500, "the plugin failed")
        assert (stream.downstream.status, stream.downstream.text) == expected
    else:
        assert stream.reset
        assert not stream.downstream.ended
        assert stream.downstream.body == b""


def test_a_reply_has_no_headers_of_a_connection(plugin_host: PluginHosts) -> None:
    stream = playing(plugin_host, "fail in the own reply").request("GET", "/", {"x-body": "body"})
    headers = stream.downstream.headers
    assert (headers["x-by"], stream.downstream.body) == ("plugin", b"body")
    assert headers.get("content-length", "4") == "4"
    assert not {"transfer-encoding", "connection", "x-hop"} & set(headers)


# Call-outs.


@pytest.mark.parametrize("body", ["", "question"])
def test_a_call_with_a_clients_headers_is_a_call_of_its_own(plugin_host: PluginHosts, body: str) -> None:
    host = playing(plugin_host, "hand on to a call")
    headers = {"x-body": body, "content-length": "5", "x-kept": "yes", "expect": "something"}
    stream = host.request("POST", "//evil.example/admin", headers, b"12345")
    call = host.next_call()
    assert (call.headers[":authority"], call.path) == ("service.example", "//evil.example/admin")
    assert (call.method, call.body) == ("POST" if body else "GET", body.encode())
    assert call.headers["x-kept"] == "yes"
    assert call.headers.get("content-length", str(len(body))) == str(len(body))
    left = {"host", "x-hop", ":scheme"} | CONNECTION_HEADERS - {"content-length"}
    assert not left & set(call.headers)
    call.answer(body="answer")
    assert stream.downstream.text == "answer"


def test_a_route_call_with_a_clients_headers_is_a_request_of_its_own() -> None:
    plugin: Plugin[object] = Plugin("routing")

    @plugin.on_request_headers
    def request_headers(ctx: HttpContext, config: object) -> None:
        handed_on = [("content-length", "9"), ("host", "evil.example"), (":path", "/admin"), ("x-kept", "yes")]
        ctx.route_call("GET", "//evil.example/admin", lambda answer: None, headers=handed_on)

    program = native_program(plugin, HostServices())
    program.configure("{}", LogLevel.INFO)
    stream = request(Runner(program, HostServices()))
    (sent,) = stream.take()
    assert isinstance(sent, RequestHeaders)
    fields = dict(sent.fields)
    assert (fields[":path"], fields[":authority"]) == ("//evil.example/admin", "example.com")
    assert fields["x-kept"] == "yes"
    assert not {"host", "content-length"} & set(fields)


# Values that come back from the host.


def test_values_are_the_same_in_every_host(plugin_host: PluginHosts) -> None:
    stream = playing(plugin_host, "values of the host").request("GET", "/")
    assert stream.reply is not None
    assert stream.reply.body.decode() == repr([0, 0, b"1", b"2", b"3", b"4", None])
