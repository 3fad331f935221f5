"""The rules by which a result is as good as a recorded one."""

from __future__ import annotations

import copy
import dataclasses
from typing import Any

import pytest

from proxywasm_host.recordings import bodies
from proxywasm_host.recordings.compare import differences, judge
from proxywasm_host.recordings.exchange import Exchange, Message

REPLY = {"status": 500, "headers": [["content-type", "text/plain"]], "body": "went wrong: x", "details": "a.b"}
CALL = {"cluster": "c", "headers": [[":path", "/"]], "body": "", "timeout_ms": 500}


def result(**changes: Any) -> dict[str, Any]:
    upstream = {"headers": [[":path", "/"], ["a", "1"]], "body": '{"x": 1}'}
    downstream = {"headers": [[":status", "200"]], "body": ['{"y": [1, 2]}']}
    parts = {"upstream": upstream, "downstream": downstream, "local_reply": None, "callouts": []}
    return copy.deepcopy({"name": "one", "start": "ok", "error": None, "logs": []} | parts | changes)


def exchange(expect: Any = None, **more: Any) -> Exchange:
    raw: dict[str, Any] = {"name": "one", "config": {}, "request": {"headers": []}, "expect": expect or result()} | more
    return Exchange("one", "{}", Message([]), raw=raw)


def sse(*events: str) -> dict[str, Any]:
    return result(downstream={"headers": [["content-type", "text/event-stream"]], "body": list(events)})


def paths(got: dict[str, Any], expected: dict[str, Any], **more: Any) -> list[str]:
    return [difference.path for difference in differences(got, exchange(expected, **more))]


# Equal enough.


def test_header_names_count_without_case_and_order() -> None:
    got = result(upstream={"headers": [["A", "1"], [":path", "/"]], "body": '{"x": 1}'})
    assert paths(got, result()) == []


@pytest.mark.parametrize("body", ['{ "x":1.0 }', '{"x":1}\n', {"base64": "eyJ4IjogMX0="}])
def test_json_bodies_are_compared_as_values(body: Any) -> None:
    assert paths(result(upstream=result()["upstream"] | {"body": body}), result()) == []


def test_true_is_not_one_and_null_is_not_missing() -> None:
    def upstream(body: str) -> dict[str, Any]:
        return result(upstream={"headers": [], "body": body})

    assert paths(upstream('{"x": true}'), upstream('{"x": 1}')) == ["upstream.body.x"]
    assert paths(upstream('{"x": null}'), upstream("{}")) == ["upstream.body.x"]


def test_chunk_boundaries_and_line_ends_of_events_do_not_count() -> None:
    got = sse('data: {"a": 1}\r\n\r\nda', 'ta:{"b":2}\r\r')
    assert paths(got, sse('data: {"a":1}\n\n', 'data: {"b":2}\n\n')) == []


def test_what_is_complete_does_not_wait_for_the_end() -> None:
    got = sse("", "data: 1\n\ndata: 2\n\n")
    assert paths(got, sse("data: 1\n\n", "data: 2\n\n")) == ["downstream.body"]


def test_an_event_too_much_is_one_difference() -> None:
    got = sse("data: 1\n\ndata: 7\n\ndata: 2\n\ndata: 3\n\n")
    assert paths(got, sse("data: 1\n\ndata: 2\n\ndata: 3\n\n")) == ["downstream.body[event 1]"]


def test_the_name_of_an_event_counts() -> None:
    assert paths(sse("data: 1\n\n"), sse("event: x\ndata: 1\n\n")) == ["downstream.body[event 0].event"]


def test_a_made_up_uuid_may_be_another_one() -> None:
    one, other = "chatcmpl-60a7ce4d-efc3-45a4-81b4-e816cf8a443f", "chatcmpl-00000000-0000-4000-8000-000000000000"
    expected, got = sse(f'data: {{"id": "{one}"}}\n\n'), sse(f'data: {{"id": "{other}"}}\n\n')
    assert paths(got, expected) == []
    assert paths(got, expected, response={"headers": [], "body": [one]}) != []


def test_a_plain_reply_may_be_worded_otherwise_after_the_colon() -> None:
    got = REPLY | {"body": "went wrong: y"}
    assert paths(result(local_reply=got), result(local_reply=REPLY)) == []
    got = REPLY | {"body": "fine: x", "status": 501}
    assert paths(result(local_reply=got), result(local_reply=REPLY)) == ["local_reply.body", "local_reply.status"]


def test_call_outs_count_in_order() -> None:
    assert paths(result(callouts=[CALL]), result(callouts=[CALL, CALL | {"timeout_ms": 7}])) == ["callouts.1"]
    assert paths(result(callouts=[CALL]), result(callouts=[CALL | {"timeout_ms": 7}])) == ["callouts.0.timeout_ms"]


def test_nothing_more_is_compared_when_the_start_fails() -> None:
    failed = result(start="failed", upstream=None, downstream=None)
    assert paths(failed | {"error": "no"}, failed) == []
    assert paths(result(), failed) == ["start"]


def test_the_answer_of_the_main_branch_is_as_good() -> None:
    main = {"upstream": {"headers": [], "body": "main"}}
    got = result(upstream=main["upstream"])
    assert paths(got, result()) != []
    assert paths(got, result(), expect_main=main) == []
    assert paths(result(), result(), expect_main=main) == []


def test_a_cut_stream_is_compared_with_what_the_uncut_one_gives() -> None:
    got = sse("data: 1\n\n", "data: 2\n\n")
    assert paths(got, sse("", "", "garbage"), expect_semantic="data: 1\n\ndata: 2\n\n") == []


def test_a_signature_counts_only_where_it_covers_the_same_bytes() -> None:
    def signed(signature: str, body: str) -> dict[str, Any]:
        header = ["authorization", f"AWS4 Credential=k, Signature={signature * 64}"]
        return result(upstream={"headers": [header], "body": body})

    assert paths(signed("a", '{"x":1}'), signed("b", '{"x": 1}')) == []
    assert paths(signed("a", '{"x":1}'), signed("b", '{"x":1}')) == ["upstream.headers.authorization"]


def test_a_known_bug_is_not_compared() -> None:
    verdict = judge(result(), exchange(result(upstream=None), known_bug=True))
    assert verdict.status == "known bug of the original"
    assert verdict.passed


def test_a_plugin_that_fails_is_excused_by_nothing() -> None:
    reply = {"status": 500, "headers": [], "body": "", "details": "proxywasm.plugin_failed"}
    got = result(local_reply=reply, logs=["[error] Traceback"])
    [difference] = differences(got, exchange(known_bug=True))
    assert difference.got == "[error] Traceback"
    assert [difference.path for difference in differences(result(crash="trap"), exchange())] == ["crash"]


def test_a_difference_reads_well() -> None:
    [difference] = differences(result(upstream=None), exchange())
    assert str(difference).startswith('upstream\n  expected {"headers": ')
    assert str(difference).endswith("\n  got      null")


@pytest.mark.parametrize("text", ["[" * 100_000, "data: " + "[" * 100_000 + "\n\n"])
def test_a_body_that_is_nested_too_deep_to_be_read_is_compared_as_it_is(text: str) -> None:
    assert bodies.unparse(bodies.parse(text.encode())) == text


# Of live recordings.


def recorded_at(expect: dict[str, Any]) -> Exchange:
    return dataclasses.replace(exchange(expect), time_ns=1_700_000_000_000_000_000)


def answer(body: str, *headers: list[str]) -> dict[str, Any]:
    return result(upstream={"headers": [[":path", "/"], *headers], "body": body})


@pytest.mark.parametrize(
    ("expected", "got"),
    [
        (answer('{"created": 1700000000}'), answer('{"created": 1700000001}')),
        (answer("", ["x-amz-date", "20231114T221320Z"]), answer("", ["x-amz-date", "20231114T221321Z"])),
        (answer('{"at": "2023-11-14T22:13:20Z"}'), answer('{"at": "2023-11-14T22:13:21Z"}')),
    ],
)
def test_a_time_within_the_recording_may_be_another_one(expected: dict[str, Any], got: dict[str, Any]) -> None:
    assert differences(got, recorded_at(expected)) == []
    assert differences(got, exchange(expected))  # without a time, the clock stands
    assert differences(got, dataclasses.replace(exchange(expected), time_ns=1_600_000_000_000_000_000))


def test_a_time_that_was_given_may_not_be_another_one() -> None:
    expected = answer('{"created": 1700000000}')
    given = recorded_at(expected)
    given.raw["response"] = {"headers": [], "body": ['{"created": 1700000000}']}  # type: ignore[index]
    assert differences(answer('{"created": 1700000001}'), given)


def test_a_placeholder_of_a_list_may_be_another_of_the_same_list() -> None:
    expected = answer("masked-a-1-1", ["authorization", "Bearer masked-apiTokens-1-1"])
    assert paths(answer("masked-a-1-1", ["authorization", "Bearer masked-apiTokens-1-2"]), expected) == []
    assert paths(answer("masked-a-1-1", ["authorization", "Bearer masked-apiTokens-2-1"]), expected)
    assert paths(answer("masked-b-1-1", ["authorization", "Bearer masked-apiTokens-1-1"]), expected)


def test_a_reply_without_a_type_is_plain_text_in_envoy() -> None:
    without = {**REPLY, "headers": []}
    assert paths(result(local_reply=without, downstream=None), result(local_reply=REPLY, downstream=None)) == []
    json = {**REPLY, "headers": [["content-type", "application/json"]]}
    assert paths(result(local_reply=without, downstream=None), result(local_reply=json, downstream=None))


def test_lines_that_are_no_events_are_compared_as_bytes() -> None:
    assert paths(sse("not: an event\n\n"), sse("nor: an event\n\n")) == ["downstream.body"]
