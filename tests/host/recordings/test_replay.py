"""How an exchange is driven through a plugin, and what is reported."""

from __future__ import annotations

import dataclasses
import datetime
import os
import random
import secrets
import time
import uuid
from typing import Any

import pytest

from proxywasm import Action, ClusterClient, ConfigError, HttpAnswer, HttpContext, Plugin, TargetCluster, log
from proxywasm_host.recordings.exchange import CallOut, Exchange, Message
from proxywasm_host.recordings.replay import ReplayError, Result, native_session, replay, replay_responses

GET = Message([(":method", "GET"), (":path", "/"), (":authority", "a.example")])
OK = Message([(":status", "200")], (b"one", b"two", b""))


def run(plugin: Plugin[Any], **parts: Any) -> Result:
    exchange = dataclasses.replace(Exchange("test", "{}", GET, OK), **parts)
    return replay(exchange, native_session(plugin))


def calling(*, on_answer: str = "") -> Plugin[Any]:
    """Calls out before the request goes on, and puts the answer into a header."""
    plugin: Plugin[Any] = Plugin("calling")

    @plugin.on_request_headers
    def call(ctx: HttpContext, _config: Any) -> Action:
        def answered(answer: HttpAnswer) -> None:
            ctx.request_headers["x-answer"] = f"{answer.status} {answer.body.decode()}"
            if on_answer == "reply":
                ctx.send_http_response(403, body="no", details="test.refused")
            else:
                ctx.resume_http_request()

        ClusterClient(TargetCluster("keys", "keys.example")).get("/key", answered, timeout_ms=500)
        return Action.PAUSE

    return plugin


def test_a_stream_passes_with_one_output_chunk_for_each_input_chunk() -> None:
    result = run(Plugin("nothing"))
    assert result == {
        "name": "test",
        "start": "ok",
        "error": None,
        "upstream": {"headers": [list(pair) for pair in GET.headers], "body": ""},
        "downstream": {"headers": [[":status", "200"]], "body": ["one", "two", ""]},
        "local_reply": None,
        "callouts": [],
        "logs": [],
    }


def test_without_a_response_the_client_gets_nothing() -> None:
    result = run(Plugin("nothing"), response=None)
    assert result["upstream"] is not None
    assert result["downstream"] is None


def test_bytes_that_are_no_text_are_given_as_base64() -> None:
    result = run(Plugin("nothing"), response=Message([(":status", "200")], (b"\xff",)))
    assert result["downstream"]["body"] == [{"base64": "/w=="}]


def test_a_refused_configuration_is_the_end() -> None:
    plugin: Plugin[Any] = Plugin("picky")

    @plugin.parse_config
    def parse(_document: dict[str, Any]) -> None:
        raise ConfigError("type: is missing")

    result = run(plugin)
    assert (result["start"], result["error"]) == ("failed", "type: is missing")
    assert result["upstream"] is result["downstream"] is None


def test_a_reply_in_the_request_phase_hides_both_sides() -> None:
    result = run(calling(on_answer="reply"))
    assert result["local_reply"] == {"status": 403, "headers": [], "body": "no", "details": "test.refused"}
    assert result["upstream"] is result["downstream"] is None


def test_a_reply_after_the_response_headers_is_a_reset() -> None:
    plugin: Plugin[Any] = Plugin("late")

    @plugin.on_streaming_response_body
    def chunk(ctx: HttpContext, _config: Any, data: bytes, _last: bool) -> None:
        if data == b"two":
            ctx.send_http_response(500, details="test.late")

    result = run(plugin)
    assert result["downstream"] == {"headers": [[":status", "200"]], "body": ["one", ""], "reset": True}
    assert result["local_reply"]["details"] == "test.late"


def test_call_outs_are_answered_by_the_first_entry_that_fits() -> None:
    def answer(body: bytes) -> Message:
        return Message([(":status", "200")], (body,))

    callouts = (
        CallOut("other", None, answer(b"1")),
        CallOut("keys", "/key", answer(b"2")),
        CallOut(None, None, answer(b"3")),
    )
    result = run(calling(), callouts=callouts)
    assert ["x-answer", "200 2"] in result["upstream"]["headers"]
    headers = [[":method", "GET"], [":path", "/key"], [":authority", "keys.example"]]
    assert result["callouts"] == [{"cluster": "keys", "headers": headers, "body": "", "timeout_ms": 500}]


def test_every_message_is_reported_however_many_there_are() -> None:
    plugin: Plugin[Any] = Plugin("talking")

    @plugin.on_request_headers
    def talk(_ctx: HttpContext, _config: Any) -> None:
        for number in range(3000):
            log.info(str(number))

    assert run(plugin)["logs"] == [f"[info] {number}" for number in range(3000)]


def test_a_plugin_that_calls_without_end_is_named() -> None:
    plugin: Plugin[Any] = Plugin("insistent")
    service = ClusterClient(TargetCluster("keys", "keys.example"))

    def again(_answer: HttpAnswer) -> None:
        service.get("/key", again)

    plugin.on_request_headers(lambda _ctx, _config: service.get("/key", again))
    with pytest.raises(ReplayError, match="test: the plugin answers each answer with another call-out"):
        run(plugin)


def test_a_call_out_without_an_entry_fails() -> None:
    assert ["x-answer", "502 "] in run(calling())["upstream"]["headers"]


def test_earlier_exchanges_go_through_the_same_instance_and_are_not_reported() -> None:
    plugin: Plugin[Any] = Plugin("counter")

    @plugin.parse_config
    def parse(document: dict[str, Any]) -> dict[str, Any]:
        return document | {"seen": 0}

    @plugin.on_request_headers
    def count(ctx: HttpContext, config: dict[str, Any]) -> None:
        config["seen"] += 1
        ctx.request_headers["x-seen"] = str(config["seen"])

    before = Exchange("", "", GET, OK)
    assert ["x-seen", "3"] in run(plugin, before=(before, before))["upstream"]["headers"]
    assert ["x-seen", "1"] in run(plugin)["upstream"]["headers"]


def test_properties_have_the_documented_defaults() -> None:
    plugin: Plugin[Any] = Plugin("properties")

    @plugin.on_response_headers
    def tell(ctx: HttpContext, _config: Any) -> None:
        for path in ("route_name", "cluster_name", "response.code_details"):
            ctx.response_headers[path] = (ctx.get_property(*path.split(".")) or b"").decode()

    headers = dict(map(tuple, run(plugin, properties={"route_name": "mine"})["downstream"]["headers"]))
    assert headers["route_name"] == "mine"
    assert headers["cluster_name"] == "outbound|443||llm-default.internal.dns"
    assert headers["response.code_details"] == "via_upstream"


def test_a_plugin_that_raises_leaves_its_traceback_in_the_log() -> None:
    plugin: Plugin[Any] = Plugin("broken")

    @plugin.on_request_headers
    def fail(_ctx: HttpContext, _config: Any) -> None:
        raise KeyError("what")

    result = run(plugin)
    assert result["local_reply"]["details"] == "proxywasm.plugin_failed"
    assert "KeyError: 'what'" in result["logs"][0]
    assert "test_replay.py" in result["logs"][0]


def test_log_lines_carry_their_level() -> None:
    plugin: Plugin[Any] = Plugin("talkative")

    @plugin.on_request_headers
    def talk(_ctx: HttpContext, _config: Any) -> None:
        log.debug("unheard")
        log.warn("heard")

    assert run(plugin)["logs"] == ["[warn] heard"]


# Time and randomness.


def telling() -> Plugin[Any]:
    plugin: Plugin[Any] = Plugin("telling")

    @plugin.on_request_headers
    def tell(ctx: HttpContext, _config: Any) -> None:
        now = datetime.datetime.now(datetime.UTC)
        chance = [random.random(), uuid.uuid4(), os.urandom(4), secrets.token_hex(4), random.SystemRandom().random()]
        ctx.request_headers["x-now"] = f"{time.time()} {now.isoformat()}"
        ctx.request_headers["x-chance"] = repr(chance)

    return plugin


def test_the_clock_stands_still_and_chance_repeats() -> None:
    first = run(telling())
    assert ["x-now", "1735689600.0 2025-01-01T00:00:00+00:00"] in first["upstream"]["headers"]
    assert run(telling()) == first


def test_time_passes_when_the_exchange_says_so() -> None:
    assert ["x-now", "1735689601.5 2025-01-01T00:00:01.500000+00:00"] in run(telling(), wait_ms=1500)["upstream"][
        "headers"
    ]


def test_a_replay_gives_the_process_its_time_and_chance_back() -> None:
    random.seed(1)
    expected = random.random()
    random.seed(1)
    run(telling())
    assert random.random() == expected
    assert time.time() > 1_735_689_600 + 86_400
    assert os.urandom(8) != os.urandom(8)


def test_many_responses_share_one_instance() -> None:
    responses = [Message([(":status", status)], (b"x",)) for status in ("200", "404")]
    results = replay_responses(Exchange("test", "{}", GET), native_session(Plugin("nothing")), responses)
    assert [result["downstream"]["headers"] for result in results] == [[[":status", "200"]], [[":status", "404"]]]


@pytest.mark.parametrize("body", [(), (b"",)])
def test_an_answer_without_a_body_ends_in_its_headers_or_in_an_empty_chunk(body: tuple[bytes, ...]) -> None:
    result = run(Plugin("nothing"), response=Message([(":status", "204")], body))
    assert result["downstream"]["body"] == [""] * len(body)


# Chains.


def link(name: str, *, ticks: int = 0, reply: bool = False) -> Plugin[Any]:
    """Marks what passes, in either direction."""
    plugin: Plugin[Any] = Plugin(name)

    @plugin.on_request_headers
    def request_headers(ctx: HttpContext, config: Any) -> None:
        ctx.request_headers.add("x-passed", f"{name} {config.get('mark')}")
        if reply:
            ctx.send_http_response(403, body="no", details="refused")

    @plugin.on_response_headers
    def response_headers(ctx: HttpContext, _config: Any) -> None:
        ctx.response_headers.add("x-passed", name)

    if ticks:

        @plugin.on_tick(ticks)
        def tick(_plugin: Any) -> None:
            log.info("%s ticks", name)

    return plugin


def run_chain(*plugins: Plugin[Any], **parts: Any) -> Result:
    configs = tuple(f'{{"mark": {number}}}' for number in range(len(plugins)))
    exchange = dataclasses.replace(Exchange("test", "", GET, OK, chain=configs), **parts)
    return replay(exchange, [native_session(plugin) for plugin in plugins])


def passed(message: Result) -> list[str]:
    return [value for name, value in message["headers"] if name == "x-passed"]


def test_a_chain_is_replayed_with_a_configuration_for_each_plugin() -> None:
    result = run_chain(link("a"), link("b"))
    assert passed(result["upstream"]) == ["a 0", "b 1"]
    assert passed(result["downstream"]) == ["b", "a"]


def test_of_a_chain_it_is_shown_what_the_client_got_of_a_reply() -> None:
    result = run_chain(link("a"), link("b", reply=True), link("c"))
    assert result["upstream"] is None
    assert (result["local_reply"]["status"], result["local_reply"]["body"]) == (403, "no")
    assert passed(result["downstream"]) == ["b", "a"]
    assert result["downstream"]["body"] == ["no"]


def test_call_outs_of_all_plugins_of_a_chain_are_answered() -> None:
    callouts = (CallOut(None, "/key", Message([(":status", "200")], (b"k",))),)
    result = run_chain(calling(), link("b"), calling(), callouts=callouts)
    assert len(result["callouts"]) == 2
    assert ["x-answer", "200 k"] in result["upstream"]["headers"]


def test_each_plugin_of_a_chain_has_its_own_ticks() -> None:
    result = run_chain(link("a", ticks=300), link("b", ticks=200), wait_ms=650)
    at = {100: "ab", 300: "b", 400: "a", 500: "b"}  # the first tick of a rule comes with the first of the plugin
    assert result["logs"] == [f"[info] {name} ticks" for names in at.values() for name in names]


def test_plugins_of_a_chain_draw_different_random_numbers() -> None:
    def drawing(name: str) -> Plugin[Any]:
        plugin: Plugin[Any] = Plugin(name)

        @plugin.on_request_headers
        def draw(ctx: HttpContext, _config: Any) -> None:
            ctx.request_headers.add("x-passed", secrets.token_hex())

        return plugin

    first, second = passed(run_chain(drawing("a"), drawing("b"))["upstream"])
    assert first != second
    assert passed(run_chain(drawing("a"), drawing("b"))["upstream"]) == [first, second]


def test_an_exchange_for_another_number_of_plugins_is_not_replayed() -> None:
    with pytest.raises(ReplayError, match="test: has a configuration for 1 plugin, and is replayed through 2 plugins"):
        run_chain(link("a"), link("b"), chain=())


def test_a_plugin_of_a_chain_that_does_not_start_is_reported() -> None:
    refusing: Plugin[Any] = Plugin("refusing")

    @refusing.parse_config
    def parse(_document: Any) -> Any:
        raise ConfigError("not like this")

    result = run_chain(link("a"), refusing)
    assert (result["start"], result["error"]) == ("failed", "not like this")


def test_the_clock_is_that_of_the_recording_and_moves_with_its_chunks() -> None:
    plugin: Plugin[Any] = Plugin("clock")

    @plugin.on_streaming_response_body
    def show(_ctx: HttpContext, _config: Any, _chunk: bytes, _last: bool) -> bytes:
        return f"{time.time():.3f}".encode()

    response = Message([(":status", "200")], (b"one", b"two"), (100, 1500, 1500))
    result = run(plugin, response=response, time_ns=1_700_000_000_250_000_000)
    assert result["downstream"]["body"] == ["1700000001.750", "1700000001.750"]


def test_a_message_without_an_end_has_none_in_a_replay() -> None:
    plugin: Plugin[Any] = Plugin("ends")

    @plugin.on_streaming_response_body
    def show(_ctx: HttpContext, _config: Any, chunk: bytes, last: bool) -> bytes:
        return chunk + (b"!" if last else b"")

    cut = dataclasses.replace(OK, body=(b"one", b"two"), unfinished=True)
    assert run(plugin, response=cut)["downstream"]["body"] == ["one", "two"]
    assert run(plugin, request=dataclasses.replace(GET, unfinished=True))["downstream"] is None


def test_answers_that_count_once_come_in_their_order() -> None:
    plugin: Plugin[Any] = Plugin("asks twice")

    @plugin.on_request_headers
    def call(ctx: HttpContext, _config: Any) -> Action:
        keys = ClusterClient(TargetCluster("keys", "keys.example"))

        def answered(answer: HttpAnswer) -> None:
            ctx.request_headers.add("x-answer", answer.body.decode())
            if len(ctx.request_headers.get_all("x-answer")) < 3:
                keys.get("/key", answered)
            else:
                ctx.resume_http_request()

        keys.get("/key", answered)
        return Action.PAUSE

    one, other = (Message([(":status", "200")], (body,)) for body in (b"1", b"2"))
    result = run(plugin, callouts=(CallOut(None, None, one, once=True), CallOut(None, None, other)))
    assert [value for name, value in result["upstream"]["headers"] if name == "x-answer"] == ["1", "2", "2"]
