"""Chains of plugins: one test body natively, in Wasm and in Envoy, where each plugin is a filter.

What a local reply passes is Envoy's rule, and these tests hold our runner to it; `docs/design.md` has it as a table.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from proxywasm.testing import (
    PluginFailedError,
    PluginHosts,
    ScenarioError,
    TestHost,
    TestStream,
    exchange,
    request,
    response,
)
from proxywasm.wire import ConfigError
from proxywasm_host.recordings.exchange import dump

LINK = "plugins/link.py"
MANY = "plugins/many.py"
SERVICE = "outbound|80||service.example"
BOTH = ["request", "response"]
Config = dict[str, Any]

_OURS = re.compile(r"[abc] (\w+_\w+|done)")


def chain(plugin_host: PluginHosts, *configs: Config, **options: Any) -> TestHost:
    """Links a, b, c in this order."""
    named = [{"name": name, **config} for name, config in zip("abc", configs, strict=False)]
    return plugin_host([LINK] * len(named), named, clusters=[SERVICE], **options)


def trace(host: TestHost) -> list[str]:
    """Which plugin has seen which phase; of several chunks in a row one."""
    seen: list[str] = []
    for message in host.messages:
        if _OURS.match(message) and message not in seen[-1:]:
            seen.append(message)
    return seen


def drive(host: TestHost) -> TestStream:
    """A request in two chunks, and a response in two chunks if it is asked for."""
    stream = host.open()
    stream.request_headers("POST")
    answer_all(host)
    for chunk, last in ((b"he", False), (b"llo", True)):
        if not stream.downstream:
            stream.request_body(chunk, last)
    if stream.upstream.ended and not stream.downstream:
        stream.response_headers(200, {"content-type": "text/plain"})
        answer_all(host)
        for chunk, last in ((b"ab", False), (b"cd", True)):
            if not (stream.downstream.ended or stream.reset):
                stream.response_body(chunk, last)
    stream.finish()
    return stream


def answer_all(host: TestHost) -> None:
    for call in list(host.pending):
        assert isinstance(call, type(host.calls[0]))
        host.next_call().answer(200, body="answered")


def marks(stream: TestStream) -> str:
    """Whose response callbacks have edited what the client got."""
    return "".join(name for name in "abc" if f"x-{name}" in stream.downstream.headers)


# Order.


def test_requests_pass_the_first_plugin_first_and_responses_the_last(plugin_host: PluginHosts) -> None:
    host = chain(plugin_host, {"edit": True}, {"hold": ["request", "response"]})
    stream = drive(host)
    assert trace(host) == [
        "a request_headers",
        "b request_headers",
        "a request_body",
        "b request_body",
        "b response_headers 200 via_upstream",
        "b response_body",
        "a response_headers 200 via_upstream",
        "a response_body",
        "a done",
        "b done",
    ]
    assert stream.upstream.text == "b[hheelllloo<a>]"
    assert stream.downstream.text == "bb[[aabbccdd]]<a>"
    assert {"x-a", "x-b"} <= set(stream.upstream.headers)


def test_what_the_first_holds_the_second_has_not_seen(plugin_host: PluginHosts) -> None:
    host = chain(plugin_host, {"hold": ["request", "response"]}, {"edit": True})
    stream = drive(host)
    assert trace(host)[:3] == ["a request_headers", "a request_body", "b request_headers"]
    assert stream.upstream.text == "aa[[hheelllloo]]<b>"
    assert stream.downstream.text == "a[aabbccdd<b>]"


def test_each_plugin_waits_for_its_own_call_outs(plugin_host: PluginHosts) -> None:
    host = chain(plugin_host, {"pause": ["request", "response"]}, {"pause": ["request"], "inject": True})
    stream = host.request("POST", body=["he", "llo"])
    assert [call.path for call in host.calls] == ["/a/request"]
    host.next_call().answer(200, body="one")
    assert [call.path for call in host.calls] == ["/a/request", "/b/request"]
    assert stream.request_paused
    host.next_call().answer(200, body="two")
    assert stream.upstream.text == "hello"
    assert (stream.upstream.headers["x-a-answer"], stream.upstream.headers["x-b-answer"]) == ("one", "two")
    stream.response_headers(200)
    stream.response_body("ab", end_of_stream=True)
    assert stream.response_paused
    host.next_call(path="/a/response").answer(200, body="three")
    assert stream.downstream.text == "aabb<b>"
    assert stream.downstream.headers["x-a-answer"] == "three"


@pytest.mark.not_in_envoy("it takes the seconds of the time-out")
def test_a_call_that_times_out_is_that_of_its_plugin(plugin_host: PluginHosts) -> None:
    host = chain(plugin_host, {"pause": ["request"]}, {"pause": ["request"]})
    stream = host.request()
    host.next_call(path="/a/request").answer(200, body="one")
    host.next_call(path="/b/request").time_out()
    assert [line for line in trace(host) if "call" in line] == ["a request_call 200", "b request_call 502"]
    assert stream.upstream


def test_plugins_of_a_chain_may_differ(plugin_host: PluginHosts) -> None:
    host = plugin_host([LINK, MANY], [{"name": "a"}, {}])
    stream = host.request("PUT", "/seen")
    assert (stream.upstream.headers["x-a"], stream.upstream.headers["x-seen"]) == ("request", "PUT")


@pytest.mark.parametrize("configs", [({"hold": BOTH}, {"hold": BOTH}), ({"edit": True}, {"hold": BOTH})])
def test_lengths_that_are_announced_are_true_for_each_plugin_and_peer(
    plugin_host: PluginHosts, configs: tuple[Config, ...]
) -> None:
    """What a test sees of it is checked by the kit's peers, which are strict."""
    host = chain(plugin_host, *configs)
    stream = host.request("POST", headers={"content-length": "5"}, body=["he", "llo"])
    stream.respond(200, {"content-length": "4"}, body=["ab", "cd"])
    for sent in (stream.upstream, stream.downstream):
        assert sent.ended
        assert sent.headers.get("content-length", str(len(sent.body))) == str(len(sent.body))
    assert stream.upstream.body in (b"b[a[hello]]", b"b[hheelllloo<a>]")


# Replies. The second element of a case is what sees the reply, or the request before it, after the request headers.

REPLIES: dict[str, tuple[list[Config], list[str], str]] = {
    "the first, before the second has seen the request": (
        [{"reply": "request_headers"}, {}],
        ["a request_headers", "a response_headers 418 link_a", "a done"],
        "a",
    ),
    "the second": (
        [{}, {"reply": "request_headers"}],
        ["a request_headers", "b request_headers", "b response_headers 418 link_b", "a response_headers 418 link_b"],
        "ab",
    ),
    "one between others": (
        [{}, {"reply": "request_headers"}, {}],
        ["a request_headers", "b request_headers", "b response_headers 418 link_b", "a response_headers 418 link_b"],
        "ab",
    ),
    "the first, in a call-out": (
        [{"pause": ["request"], "reply": "request_call"}, {}],
        ["a request_headers", "a request_call 200", "a response_headers 418 link_a", "a done"],
        "a",
    ),
    "the first, when the second has seen the headers": (
        [{"reply": "request_body"}, {}],
        [
            "a request_headers",
            "b request_headers",
            "a request_body",
            "b response_headers 418 link_a",
            "a response_headers 418 link_a",
        ],
        "ab",
    ),
    "one between others, when all have seen the headers": (
        [{}, {"reply": "request_body"}, {}],
        [
            "a request_headers",
            "b request_headers",
            "c request_headers",
            "b request_body",
            "c response_headers 418 link_b",
            "b response_headers 418 link_b",
        ],
        "abc",
    ),
    "the first, to its response headers": (
        [{"reply": "response_headers"}, {}],
        [
            "a request_headers",
            "b request_headers",
            "b response_headers 200 via_upstream",
            "a response_headers 200 via_upstream",
            "a done",
        ],
        "",
    ),
    "the second, to its response headers": (
        [{}, {"reply": "response_headers"}],
        ["a request_headers", "b request_headers", "b response_headers 200 via_upstream", "a done", "b done"],
        "",
    ),
    "the second, to its response headers in a call-out": (
        [{}, {"pause": ["response"], "reply": "response_call"}],
        [
            "a request_headers",
            "b request_headers",
            "b response_headers 200 via_upstream",
            "b response_call 200",
            "a done",
            "b done",
        ],
        "",
    ),
    "the second, to a body whose headers the first holds": (
        [{"hold": ["response"]}, {"reply": "response_body"}],
        [
            "a request_headers",
            "b request_headers",
            "b response_headers 200 via_upstream",
            "a response_headers 200 via_upstream",
            "b response_body",
            "a done",
        ],
        "",
    ),
    "the first, to the reply of the second": (
        [{"reply": "response_headers"}, {"reply": "request_headers"}],
        [
            "a request_headers",
            "b request_headers",
            "b response_headers 418 link_b",
            "a response_headers 418 link_b",
            "a done",
        ],
        "",
    ),
    "one between others, to the reply of the last": (
        [{}, {"reply": "response_headers"}, {"reply": "request_headers"}],
        [
            "a request_headers",
            "b request_headers",
            "c request_headers",
            "c response_headers 418 link_c",
            "b response_headers 418 link_c",
            "a done",
        ],
        "",
    ),
}


@pytest.mark.parametrize("case", REPLIES)
def test_a_reply_passes_what_it_passes_in_envoy(plugin_host: PluginHosts, case: str) -> None:
    configs, expected, edited_by = REPLIES[case]
    host = chain(plugin_host, *configs)
    stream = drive(host)
    assert trace(host)[: len(expected)] == expected
    assert stream.downstream.status == 418
    assert stream.downstream.text.startswith("reply of ")
    assert marks(stream) == edited_by
    assert stream.reset is None
    assert stream.upstream_closed is bool(stream.upstream)


def test_a_reply_to_the_request_goes_past_a_response_that_a_later_plugin_holds(plugin_host: PluginHosts) -> None:
    host = chain(plugin_host, {"reply": "request_body"}, {"pause": ["response"]})
    stream = host.open()
    stream.request_headers("POST")
    stream.response_headers(200)
    assert stream.response_paused
    stream.request_body("x")
    assert (stream.downstream.status, stream.downstream.text) == (418, "reply of a")
    stream.finish()
    assert trace(host)[2:] == ["b response_headers 200 via_upstream", "a request_body", "a done", "b done"]


@pytest.mark.parametrize("replies", ["a", "b"])
def test_a_reply_after_the_headers_have_gone_to_the_client_breaks_the_response_off(
    plugin_host: PluginHosts, replies: str
) -> None:
    host = chain(plugin_host, *({"reply": "response_body"} if name == replies else {} for name in "ab"))
    stream = drive(host)
    assert stream.downstream.status == 200
    assert stream.reset is not None
    assert not stream.downstream.ended


def test_a_reply_to_a_reply_that_has_begun_breaks_it_off(plugin_host: PluginHosts) -> None:
    host = chain(plugin_host, {"reply": "response_body"}, {"reply": "request_headers"})
    stream = drive(host)
    assert stream.downstream.status == 418
    assert stream.reset is not None


# Failures.


@pytest.mark.parametrize(
    ("phase", "edited_by"),
    [("request_headers", "a"), ("request_body", "ac"), ("response_headers", "")],
)
def test_a_plugin_that_raises_answers_with_500_like_with_a_reply(
    plugin_host: PluginHosts, phase: str, edited_by: str
) -> None:
    host = chain(plugin_host, {}, {"raise": phase}, {}, tolerate_failures=True)
    stream = drive(host)
    assert (stream.downstream.status, stream.downstream.text) == (500, "the plugin failed")
    assert marks(stream) == edited_by


def test_a_plugin_that_raises_in_a_body_breaks_off_what_has_begun(plugin_host: PluginHosts) -> None:
    host = chain(plugin_host, {}, {"raise": "response_body"}, tolerate_failures=True)
    assert drive(host).reset is not None


def test_each_part_of_a_reply_passes_all_plugins_before_the_next_part(plugin_host: PluginHosts) -> None:
    configs: list[Config] = [{"raise": "response_body"}, {"reply": "request_headers", "edit": True}]
    host = chain(plugin_host, *configs, tolerate_failures=True)
    stream = drive(host)
    assert trace(host)[2:6] == [
        "b response_headers 418 link_b",
        "a response_headers 418 link_b",
        "b response_body",
        "a response_body",
    ]
    assert stream.downstream.status == 418
    assert stream.reset is not None


def test_a_plugin_that_raises_and_fails_open_is_passed_by(plugin_host: PluginHosts) -> None:
    host = chain(plugin_host, {"edit": True}, {"raise": "request_headers"}, {}, fail_open=True, tolerate_failures=True)
    stream = drive(host)
    assert stream.upstream.text == "hheelllloo<a>"
    assert set("xac") >= {name[-1] for name in stream.upstream.headers if name in ("x-a", "x-b", "x-c")}
    assert marks(stream) == "ac"
    assert trace(host)[-3:] == ["a done", "b done", "c done"]


def test_a_failure_of_any_plugin_fails_the_test(plugin_host: PluginHosts) -> None:
    host = chain(plugin_host, {}, {"raise": "request_headers"})
    with pytest.raises(PluginFailedError, match="b fails in request_headers"):
        host.request()


def test_a_configuration_that_any_plugin_refuses_stops_the_chain(plugin_host: PluginHosts) -> None:
    with pytest.raises(ConfigError, match="refuse: this"):
        plugin_host([LINK, MANY], [{"name": "a"}, {"refuse": "this"}])


# What a test gives.


def test_a_list_of_plugins_has_a_list_of_configurations(plugin_host: PluginHosts) -> None:
    with pytest.raises(ScenarioError, match="2 plugins need a list of 2 configurations, got 1"):
        plugin_host([LINK, LINK], {"name": "a"})


# Recordings.


@pytest.mark.not_in_envoy("recordings are replayed by the stream runner")
def test_a_recording_may_be_of_a_chain(plugin_host: PluginHosts, tmp_path: Path) -> None:
    recorded = exchange("one", request(), response(body="b"), config=[{"name": "a", "edit": True}, {"name": "b"}])
    asked = [*map(list, request().headers), ["x-a", "request"], ["x-b", "request"]]
    answered = [[":status", "200"], ["x-b", "response"], ["x-a", "response"]]
    expected = {
        "upstream": {"headers": asked, "body": ""},
        "downstream": {"headers": answered, "body": ["bb<a>"]},
    }
    dump([replace(recorded, raw={"expect": expected})], tmp_path / "chain.json")
    plugin_host.replay([LINK, LINK], tmp_path / "chain.json")


# What plugins share.


def test_plugins_of_a_chain_find_what_the_plugins_before_them_have_left(plugin_host: PluginHosts) -> None:
    host = chain(plugin_host, {"share": True}, {"share": True})
    headers = host.request().upstream.headers
    assert headers["x-a-found"] == "nothing, nothing"
    assert headers["x-b-found"] == "property of a, data of a"
    assert host.metrics["link_passed"] == 2


@pytest.mark.not_in_envoy("shared data is inside of the gateway, where only plugins can reach it")
def test_plugins_of_a_chain_share_what_a_gateway_shares(plugin_host: PluginHosts) -> None:
    host = plugin_host([MANY, LINK], [{}, {"name": "a"}])
    stream = host.roundtrip(request(path="/share"), response())
    assert host.shared_data == {"key": b"value"}
    assert [plugin.services.shared_data.get("key") for plugin in host._gateway.plugins] == [(b"value", 1)] * 2
    assert stream.get_property("custom_log") == b"/share"
    assert {record.message for record in stream.logs} >= {"done with /share", "a done"}


@pytest.mark.not_in_envoy("the clock of a real gateway cannot be moved")
def test_each_plugin_has_its_own_ticks(plugin_host: PluginHosts) -> None:
    host = plugin_host([MANY, MANY, LINK], [{}, {}, {"name": "a"}])
    host.advance(0.5)
    assert host.messages == [f"tick at {ms}" for ms in (100, 100, 300, 300, 500, 500)]


@pytest.mark.not_in_envoy("a real gateway starts its instances itself")
def test_another_instance_of_a_chain_has_all_its_plugins(plugin_host: PluginHosts) -> None:
    host = plugin_host([MANY, LINK], [{}, {"name": "a"}])
    other = host.another_instance()
    stream = other.request(path="/share")
    assert stream.upstream.headers["x-a"] == "request"
    assert host.shared_data == {"key": b"value"}
    assert host.metrics == other.metrics == {"requests": 1}
