"""The test host plays a gateway: what it shows a test, natively as in Wasm."""

from __future__ import annotations

import datetime

import pytest

from proxywasm import ConfigError, RedisError
from proxywasm.testing import PluginFailedError, PluginHosts, ScenarioError, TestHost, TestStream, request, response
from proxywasm.wire import LogLevel

MANY = "plugins/many.py"


@pytest.fixture
def host(plugin_host: PluginHosts) -> TestHost:
    return plugin_host(MANY, clusters=["outbound|80||service.example"])


@pytest.fixture
def redis_host(plugin_host: PluginHosts) -> TestHost:
    return plugin_host(MANY, {"redis": True})


# Streams.


def test_a_whole_exchange_takes_two_calls(host: TestHost) -> None:
    stream = host.request("POST", "/a", {"X-A": "1"}, json={"b": 2})
    assert (stream.upstream.method, stream.upstream.path, stream.upstream.headers["x-a"]) == ("POST", "/a", "1")
    assert stream.upstream.json() == {"b": 2}
    assert stream.upstream.ended
    assert stream.respond(201, body="abc").text == "ABC"
    assert (stream.downstream.status, stream.downstream.ended) == (201, True)


def test_a_stream_can_be_driven_piece_by_piece(host: TestHost) -> None:
    stream = host.open()
    stream.request_headers("POST", "/a")
    assert stream.request_body("one") == b"one"
    assert not stream.upstream.ended
    assert stream.request_body("", end_of_stream=True) == b""
    stream.response_headers(200)
    assert stream.response_body("one") == b"ONE"
    assert stream.response_body(b"two", end_of_stream=True) == b"TWO"
    assert (stream.upstream.chunks, stream.downstream.chunks) == ([b"one", b""], [b"ONE", b"TWO"])


def test_a_round_trip_ends_the_stream(host: TestHost) -> None:
    stream = host.roundtrip(request(path="/x"), response(body="abc"))
    assert stream.finished
    assert [record.message for record in stream.logs] == ["done with /x"]


def test_the_plugins_own_reply_is_what_the_client_gets(host: TestHost) -> None:
    stream = host.roundtrip(request(path="/reply"), response(200))
    assert stream.reply is not None
    assert (stream.reply.status, stream.reply.details) == (418, "teapot")
    assert stream.downstream.text == "SHORT AND STOUT"
    assert not stream.upstream


@pytest.mark.parametrize("path", ["/reply-without-details", "/reply-later", "/reply-to-the-response"])
def test_a_reply_needs_no_details(host: TestHost, path: str) -> None:
    host.answer_calls(response())
    stream = host.request(path=path)
    if path == "/reply-to-the-response":
        stream.respond(body="of the upstream")
    assert stream.reply is not None
    assert (stream.reply.status, stream.reply.details, stream.downstream.status) == (418, "", 418)


def test_details_of_a_reply_have_no_spaces_in_envoy(host: TestHost, plugin_host: PluginHosts) -> None:
    reply = host.request(path="/reply-with-spaces").reply
    assert reply is not None
    assert reply.details == ("one_two" if plugin_host.flavour == "envoy" else "one two")


def test_a_response_of_the_upstream_is_no_reply(host: TestHost) -> None:
    stream = host.request()
    stream.respond(418)
    assert stream.reply is None


def test_one_stream_may_end_another(host: TestHost) -> None:
    hanging, passing = host.request(path="/hang"), host.request(path="/answer-who-hangs")
    assert (hanging.downstream.status, hanging.downstream.text) == (409, "ENOUGH")
    assert passing.upstream


def test_properties_are_given_and_read_also_after_the_end(plugin_host: PluginHosts) -> None:
    host = plugin_host(MANY, properties={"route_name": "a", "source.address": "10.0.0.1"})
    stream = host.open({"route_name": "b"})
    stream.request_headers(path="/p")
    stream.finish()
    assert stream.get_property("route_name") == b"b"
    assert stream.get_property("source", "address") == b"10.0.0.1"
    assert stream.get_property("custom_log") == b"/p"


def test_what_has_not_been_sent_says_why(host: TestHost, plugin_host: PluginHosts) -> None:
    with pytest.raises(ScenarioError, match="no request headers have arrived"):
        _ = host.open().upstream.headers
    with pytest.raises(ScenarioError, match="paused it, calling nobody"):
        _ = host.request(path="/hang").upstream.body
    with pytest.raises(ScenarioError, match=r"paused it, waiting for <HTTP call GET /first to outbound\|80"):
        _ = host.request(path="/call").upstream.headers
    stream = host.open()
    stream.request_headers("POST", "/stop")
    # From outside one looks like the other.
    with pytest.raises(ScenarioError, match="paused it" if plugin_host.flavour == "envoy" else "STOP_ITERATION"):
        _ = stream.upstream.headers
    with pytest.raises(ScenarioError, match=r"answered itself with 418 \(teapot\)"):
        _ = host.request(path="/reply").upstream.headers
    with pytest.raises(ScenarioError, match="to the client: no response has arrived"):
        _ = host.request().downstream.status


def test_an_upstream_that_has_seen_nothing_cannot_respond(host: TestHost) -> None:
    with pytest.raises(ScenarioError, match="the upstream cannot respond, it has seen nothing: the plugin has paused"):
        host.request(path="/hang").respond(200)


# Starting.


def test_a_refused_configuration_is_raised(plugin_host: PluginHosts) -> None:
    with pytest.raises(ConfigError, match="refuse: no"):
        plugin_host(MANY, {"refuse": "no"})


@pytest.mark.parametrize("reason", ["Traceback (most recent call last): none", "this gateway has no Redis calls"])
def test_a_refusal_is_one_whatever_it_says(plugin_host: PluginHosts, reason: str) -> None:
    with pytest.raises(ConfigError) as refused:
        plugin_host(MANY, {"refuse-as": reason})
    assert str(refused.value) == reason


def test_a_configuration_that_is_no_json_goes_to_the_plugin_as_it_is(plugin_host: PluginHosts) -> None:
    with pytest.raises(ConfigError, match="not JSON"):
        plugin_host(MANY, "{")


def test_a_start_that_raises_fails_the_test_with_the_plugins_traceback(plugin_host: PluginHosts) -> None:
    with pytest.raises(PluginFailedError, match=r'(?s)many\.py", line \d+, in parse_config.*broken start'):
        plugin_host(MANY, {"break": True})


# Failures of the plugin.


def test_what_a_plugin_logs_is_no_failure(host: TestHost) -> None:
    assert host.request(path="/log-a-traceback").respond(body="abc").text == "ABC"
    traceback, claim = [record.message for record in host.logs if record.level is LogLevel.ERROR]
    assert traceback == "Traceback (most recent call last):\nLookupError: caught by the plugin"
    assert claim.endswith("so it says")
    assert not host.failures


def test_a_plugin_that_raises_fails_the_test_with_its_traceback(host: TestHost) -> None:
    with pytest.raises(PluginFailedError, match=r'(?s)many\.py", line \d+, in request_headers.*LookupError: nothing'):
        host.request(path="/raise")


def test_a_callback_that_returns_what_it_must_not_is_named(host: TestHost) -> None:
    with pytest.raises(PluginFailedError, match=r"many\.py:\d+: request_headers: on_request_headers must return"):
        host.request(path="/return-text")


def test_a_start_that_raises_is_tolerated_by_no_test(plugin_host: PluginHosts) -> None:
    with pytest.raises(PluginFailedError, match="broken start"):
        plugin_host(MANY, {"break": True}, tolerate_failures=True)


def test_failures_can_be_what_a_test_is_about(plugin_host: PluginHosts) -> None:
    host = plugin_host(MANY, tolerate_failures=True)
    assert host.request(path="/raise").downstream.status == 500
    assert "LookupError: nothing there" in host.failures[0]


def test_a_host_that_fails_open_goes_on_without_the_plugin(plugin_host: PluginHosts) -> None:
    host = plugin_host(MANY, tolerate_failures=True, fail_open=True)
    assert host.request(path="/raise").respond(body="abc").text == "abc"


def test_a_plugin_that_raises_at_the_end_is_noticed_when_the_host_is_closed(host: TestHost) -> None:
    host.request(path="/raise-at-the-end")
    with pytest.raises(PluginFailedError, match="nothing there any more"):
        host.close()


def test_a_tick_that_raises_fails_the_test(plugin_host: PluginHosts) -> None:
    host = plugin_host(MANY, {"break-tick": True})
    with pytest.raises(PluginFailedError, match=r'(?s)many\.py", line \d+, in break_tick.*nothing there in a tick'):
        tick(host, plugin_host.flavour)


def test_a_tick_that_raises_does_not_keep_others_from_running(plugin_host: PluginHosts) -> None:
    host = plugin_host(MANY, {"break-tick": True}, tolerate_failures=True)
    tick(host, plugin_host.flavour)
    assert any(message.startswith("tick at") for message in host.messages)
    assert "nothing there in a tick" in host.failures[0]
    assert any("nothing there in a tick" in message for message in host.messages), "it is in the log, too"


def tick(host: TestHost, flavour: str) -> None:
    """Until both ticks have run; in Envoy they come by themselves."""
    while not all(any(part in message for message in host.messages) for part in ("tick at", "in a tick")):
        if flavour == "envoy":
            host.roundtrip(request(), response())
        else:
            host.advance(seconds=0.1)
    host.roundtrip(request(), response())


def test_a_callback_of_a_call_of_the_plugin_that_raises_fails_the_test(host: TestHost) -> None:
    host.request(path="/report").finish()
    with pytest.raises(PluginFailedError, match="nobody wants to hear it"):
        host.next_call(path="/report").answer()


# Call-outs.


def test_a_call_waits_until_the_test_answers_it(host: TestHost) -> None:
    stream = host.request(path="/call")
    assert stream.request_paused
    call = host.next_call(path="/first")
    assert (call.method, call.host, call.timeout_ms, call.status) == ("GET", "service.example", 1000, "waiting")
    call.answer(200, body="fine")
    assert stream.upstream.headers["x-answer"] == "200 fine"
    with pytest.raises(ScenarioError, match="it is answered already"):
        call.answer()


NO_ANSWER = ("502", "received False, failed True")


def answer_of(stream: TestStream) -> tuple[str, str]:
    """As the plugin has seen it. HTTP takes spaces at the end of a value away."""
    return stream.upstream.headers["x-answer"].rstrip(), stream.upstream.headers["x-failed"]


def test_a_connection_that_breaks_gives_no_answer(host: TestHost) -> None:
    stream = host.request(path="/call")
    host.next_call().fail()
    assert answer_of(stream) == NO_ANSWER
    assert [call.status for call in host.calls] == ["failed"]


def test_a_service_that_nobody_can_connect_to_gives_no_answer(host: TestHost) -> None:
    host.answer_calls(response(200))
    waiting = host.request(path="/call")
    assert answer_of(waiting)[1] == "received True, failed False"
    host.refuse_calls("outbound|80||service.example")
    assert answer_of(host.request(path="/call")) == NO_ANSWER


def test_a_call_can_be_left_without_answer_until_its_time_is_up(host: TestHost) -> None:
    stream = host.request(path="/call-soon")
    call = host.next_call()
    call.time_out()
    assert answer_of(stream) == NO_ANSWER
    assert call.status == "timed out"
    with pytest.raises(ScenarioError, match="cannot be timed out: it is timed out already"):
        call.time_out()


@pytest.mark.parametrize("status", [502, 503, 504])
def test_an_answer_that_a_proxy_gives_for_a_service_is_one(host: TestHost, status: int) -> None:
    stream = host.request(path="/call")
    host.next_call().answer(status, body="try again")
    assert answer_of(stream) == (f"{status} try again", "received True, failed True")


def test_other_answers_are_no_failure_of_the_service(host: TestHost) -> None:
    for status in (200, 404, 500, 501):
        stream = host.request(path="/call")
        host.next_call().answer(status)
        assert answer_of(stream) == (str(status), "received True, failed False")


def test_a_call_without_answer_times_out(host: TestHost) -> None:
    stream = host.request(path="/call")
    host.advance(seconds=0.999)
    assert not stream.upstream
    host.advance(seconds=0.001)
    assert stream.upstream.headers["x-answer"] == "502 "
    with pytest.raises(ScenarioError, match="it is timed out already"):
        host.calls[0].answer()


def test_a_call_is_cancelled_when_its_stream_ends(host: TestHost, plugin_host: PluginHosts) -> None:
    if plugin_host.flavour == "envoy":
        pytest.skip("Envoy lets a call go on that nobody waits for any more")
    host.request(path="/call").finish()
    assert [call.status for call in host.calls] == ["cancelled"]
    assert host.pending == []


def test_of_standing_answers_the_first_that_fits_is_given(host: TestHost) -> None:
    host.answer_calls(response(500), path="/other")
    host.answer_calls(lambda call: response(body=call.path))
    host.answer_calls(None)
    assert host.request(path="/call").upstream.headers["x-answer"] == "200 /first"


def test_a_standing_answer_is_also_for_calls_that_wait(host: TestHost) -> None:
    stream = host.request(path="/call")
    host.answer_calls(response(201, body="made"), cluster="outbound|80||service.example")
    assert stream.upstream.headers["x-answer"] == "201 made"


def test_a_call_that_was_not_made_is_named_with_those_that_were(host: TestHost) -> None:
    host.request(path="/call")
    with pytest.raises(ScenarioError, match=r"(?s)no HTTP call with path '/x' .*\n  <HTTP call GET /first"):
        host.next_call(path="/x")


@pytest.mark.not_in_envoy("the limit is that of the kit, and a thousand calls take long there")
def test_calls_without_end_are_noticed(host: TestHost) -> None:
    host.answer_calls(response(200))
    with pytest.raises(ScenarioError, match="calls without end, at last <HTTP call GET /again"):
        host.request(path="/calls-for-ever")


def test_redis_commands_are_answered_with_values(redis_host: TestHost) -> None:
    stream = redis_host.request(path="/redis")
    command = redis_host.next_redis_call("lrange")
    assert command.command == ["LRANGE", "key", "0", b"\xff"]
    command.answer(["a", 1, None])
    assert stream.upstream.headers["x-redis"] == "[b'a', 1, None]"


def test_redis_may_complain_or_be_down(redis_host: TestHost) -> None:
    redis_host.answer_redis(RedisError("ERR no such thing"))
    assert redis_host.request(path="/redis").upstream.headers["x-redis"] == "ERR no such thing"


def test_redis_commands_time_out(redis_host: TestHost) -> None:
    stream = redis_host.request(path="/redis")
    redis_host.advance(seconds=0.5)
    assert "cannot connect" in stream.upstream.headers["x-redis"]


# Time and chance.


def test_the_clock_stands_still_until_it_is_advanced(plugin_host: PluginHosts) -> None:
    host = plugin_host(MANY, start=datetime.datetime(2030, 1, 2, tzinfo=datetime.UTC))
    assert host.request(path="/time").upstream.headers["x-time"] == "2030-01-02T00:00:00+00:00 1893542400.0"
    host.advance(seconds=61.5)
    assert host.request(path="/time").upstream.headers["x-time"] == "2030-01-02T00:01:01.500000+00:00 1893542461.5"
    assert host.now == datetime.datetime(2030, 1, 2, 0, 1, 1, 500_000, datetime.UTC)


def test_the_clock_can_be_set_back(plugin_host: PluginHosts) -> None:
    host = plugin_host(MANY, start=datetime.datetime(2030, 1, 2, tzinfo=datetime.UTC))
    host.advance(seconds=-86_400.5)
    assert host.request(path="/time").upstream.headers["x-time"] == "2029-12-31T23:59:59.500000+00:00 1893455999.5"
    host.advance(seconds=1)
    assert host.now == datetime.datetime(2030, 1, 1, 0, 0, 0, 500_000, datetime.UTC)


def test_random_numbers_repeat_with_the_seed(plugin_host: PluginHosts) -> None:
    def draw(seed: int) -> list[str]:
        host = plugin_host(MANY, seed=seed)
        return [host.request(path="/random").upstream.headers["x-random"] for _ in range(2)]

    assert draw(1) == draw(1)
    assert len({*draw(1), *draw(2)}) == 4


def test_ticks_run_when_they_are_due(host: TestHost) -> None:
    host.advance(seconds=0.55)
    assert host.messages == ["tick at 100", "tick at 300", "tick at 500"]


# What instances share.


def test_instances_share_data_metrics_and_clock_but_no_globals(host: TestHost) -> None:
    other = host.another_instance()
    host.request(path="/share").finish()
    assert other.shared_data["key"] == b"value"
    assert host.metrics == other.metrics == {"requests": 1}
    other.shared_data["key"] = b"mine"
    assert dict(host.shared_data) == {"key": b"mine"}
    assert host.request("PUT", "/seen").upstream.headers["x-seen"] == "PUT"
    assert other.request("GET", "/seen").upstream.headers["x-seen"] == "GET"
    other.advance(seconds=0.1)
    assert host.messages[-1] == other.messages[-1] == "tick at 100"


def test_instances_draw_different_random_numbers(host: TestHost) -> None:
    other = host.another_instance()
    drawn = {each.request(path="/random").upstream.headers["x-random"] for each in (host, other)}
    assert len(drawn) == 2


def test_histograms_keep_their_samples(host: TestHost) -> None:
    host.request().respond(body=["abc", "d"])
    assert host.histograms == {"sizes": [3, 1]}
