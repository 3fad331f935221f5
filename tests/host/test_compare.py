"""The rules by which a result is as good as a recorded one, and the deliberate differences from it."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from proxywasm_host.compare import differences, judge
from proxywasm_host.exchange import Exchange, Message
from proxywasm_host.overrides import FILE_NAME, NO_OVERRIDES, Overrides, OverridesError, find
from proxywasm_host.overrides import load as load_overrides

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


# Overrides.


def overrides(tmp_path: Path, document: Any) -> Overrides:
    path = tmp_path / FILE_NAME
    path.write_text(json.dumps(document), encoding="utf-8")
    return load_overrides(path)


def rule(*patch: Any, when: Any = None) -> dict[str, Any]:
    return {"rules": [{"id": "r", "reason": "because", "when": when or {}, "patch": list(patch)}]}


@pytest.mark.parametrize(
    ("patch", "expected", "got"),
    [
        ({"op": "remove", "path": "upstream.headers.a"}, result(), {"headers": [[":path", "/"]], "body": '{"x": 1}'}),
        (
            {"op": "set", "path": "upstream.body.x", "value": [1]},
            result(),
            {"headers": [[":path", "/"], ["a", "1"]], "body": '{"x": [1]}'},
        ),
        (
            {"op": "set", "path": "upstream.headers.a", "value": "2"},
            result(),
            {"headers": [[":path", "/"], ["a", "2"]], "body": '{"x": 1}'},
        ),
        (
            {"op": "copy", "path": "upstream.body.name", "from": "name"},
            result(),
            {"headers": [[":path", "/"], ["a", "1"]], "body": '{"x": 1, "name": "one"}'},
        ),
        (
            {"op": "compose", "path": "upstream.body.name", "value": "I am {name}, at {expect.upstream.headers.:path}"},
            result(),
            {"headers": [[":path", "/"], ["a", "1"]], "body": '{"x": 1, "name": "I am one, at /"}'},
        ),
        (
            {"op": "subtract", "path": "upstream.body.x", "from": "expect.upstream.body.x"},
            result(),
            {"headers": [[":path", "/"], ["a", "1"]], "body": '{"x": 0}'},
        ),
        (
            {"op": "rename", "path": "upstream.body.x", "to": "y", "matching": '"x":1'},
            result(),
            {"headers": [[":path", "/"], ["a", "1"]], "body": '{"y": 1}'},
        ),
    ],
)
def test_a_patch_changes_what_is_expected(patch: Any, expected: Any, got: Any, tmp_path: Path) -> None:
    loaded = overrides(tmp_path, rule(patch))
    assert differences(result(upstream=got), exchange(expected), loaded) == []
    assert differences(expected, exchange(expected), loaded) != []


def test_a_patch_may_take_a_call_out_away(tmp_path: Path) -> None:
    loaded = overrides(tmp_path, rule({"op": "remove", "path": "callouts.1"}))
    assert differences(result(callouts=[CALL]), exchange(result(callouts=[CALL, CALL])), loaded) == []


def test_a_key_may_have_dots_in_it(tmp_path: Path) -> None:
    patch = {"op": "copy", "path": "upstream.body.x", "from": "config.mapping.gpt-3.5-turbo"}
    given = exchange(result(), config={"mapping": {"gpt-3.5-turbo": "m"}})
    got = {"headers": [[":path", "/"], ["a", "1"]], "body": '{"x": "m"}'}
    assert differences(result(upstream=got), given, overrides(tmp_path, rule(patch))) == []


@pytest.mark.parametrize(
    ("patch", "got"),
    [
        (
            {"op": "append_event", "value": "[DONE]"},
            'data: {"n": 1, "u": 0}\n\ndata: {"n": 2, "u": 0}\n\ndata: [DONE]\n\n',
        ),
        ({"op": "drop_events", "matching": '"n":1'}, 'data: {"n": 2, "u": 0}\n\n'),
        (
            {"op": "insert", "path": "downstream.body.1", "value": {"n": 7}},
            'data: {"n": 1, "u": 0}\n\ndata: {"n": 7}\n\ndata: {"n": 2, "u": 0}\n\n',
        ),
        ({"op": "remove", "path": "downstream.body.*.u"}, 'data: {"n": 1}\n\ndata: {"n": 2}\n\n'),
        ({"op": "remove", "path": "downstream.body.-1.u"}, 'data: {"n": 1, "u": 0}\n\ndata: {"n": 2}\n\n'),
        (
            {"op": "set", "path": "downstream.body.*.u", "value": 5, "matching": '"n":2'},
            'data: {"n": 1, "u": 0}\n\ndata: {"n": 2, "u": 5}\n\n',
        ),
    ],
)
def test_a_patch_may_concern_events(patch: Any, got: str, tmp_path: Path) -> None:
    expected = sse('data: {"n": 1, "u": 0}\n\n', 'data: {"n": 2, "u": 0}\n\n')
    chunked = sse(got[:5], got[5:])
    assert differences(chunked, exchange(expected), overrides(tmp_path, rule(patch))) == []


@pytest.mark.parametrize(
    ("when", "matches"),
    [
        ({"config.type": "^qw"}, True),
        ({"config.type": "^x"}, False),
        ({"config.none": "."}, False),
        ({"config.none": None}, True),
        ({"request.body.stream": "true"}, True),
        ({"request.body.stream": None}, False),
        ({"request.headers.:path": "/chat$"}, True),
        ({"expect.upstream.body.x": "^1$", "name": "one"}, True),
        ({"request.body.messages.0.role": "user"}, True),
    ],
)
def test_a_rule_applies_to_exchanges_that_look_so(when: Any, matches: bool, tmp_path: Path) -> None:
    subject = exchange(
        config={"type": "qwen"},
        request={
            "headers": [[":path", "/v1/chat"]],
            "body": ['{"stream": tr', 'ue, "messages": [{"role": "user"}]}'],
        },
    )
    loaded = overrides(tmp_path, rule({"op": "set", "path": "upstream", "value": None}, when=when))
    verdict = judge(result(upstream=None), subject, loaded)
    assert (verdict.status == "same") is matches
    assert verdict.overrides == (("r",) if matches else ())


def test_a_known_bug_is_not_compared_whatever_the_rules_say(tmp_path: Path) -> None:
    loaded = overrides(tmp_path, rule({"op": "set", "path": "upstream", "value": None}))
    assert judge(result(), exchange(known_bug=True), loaded).status == "known bug of the original"


def test_what_has_no_effect_is_stale(tmp_path: Path) -> None:
    document = rule({"op": "remove", "path": "upstream.headers.nobody"})
    assert overrides(tmp_path, document).stale([exchange()]) == ["rule 'r' changes no exchange"]
    assert overrides(tmp_path, rule({"op": "remove", "path": "upstream.headers.a"})).stale([exchange()]) == []


# Programs.


@pytest.mark.parametrize(
    ("program", "value"),
    [
        ('.request.headers[":path"]', "/v1/chat"),
        (".request.body.messages | map(.role) | add", "systemuser"),
        (".request.text | length", 62),
        (".config.type + .name", "qwenone"),
        (".expect.upstream.body.x + .now.upstream.body.x", 2),
        (".callouts[0].response.body.n", 3),
        ("twice(4)", 8),
    ],
)
def test_an_answer_may_be_computed_from_the_exchange(program: str, value: Any, tmp_path: Path) -> None:
    subject = exchange(
        config={"type": "qwen"},
        request={
            "headers": [[":Path", "/v1/chat"]],
            "body": ['{"messages": [{"role": "sy', 'stem"}, {"role": "user"}], "n": "\u4f60"}'],
        },
        callouts=[{"response": {"headers": [], "body": ['{"n": 3}']}}],
    )
    document = rule({"op": "compute", "path": "upstream.body.x", "value": program})
    document["functions"] = ["def twice($n):", "  2 * $n;"]
    got = result(upstream=result()["upstream"] | {"body": json.dumps({"x": value})})
    assert differences(got, subject, overrides(tmp_path, document)) == []


def test_a_program_that_gives_nothing_changes_nothing(tmp_path: Path) -> None:
    loaded = overrides(tmp_path, rule({"op": "compute", "path": "upstream", "value": "empty"}))
    verdict = judge(result(), exchange(), loaded)
    assert (verdict.status, verdict.overrides) == ("same", ())


def test_a_document_at_a_body_is_its_json(tmp_path: Path) -> None:
    loaded = overrides(tmp_path, rule({"op": "compute", "path": "upstream.body", "value": '{y: "z"}'}))
    got = result(upstream=result()["upstream"] | {"body": '{"y": "z"}'})
    assert differences(got, exchange(), loaded) == []


def test_events_may_be_computed(tmp_path: Path) -> None:
    expected = sse("event: a\ndata: 1\n\n", "data: 2\n\n")
    program = '[.now.downstream.events[] | .data += 1] + [{data: (.response.body | add), event: "sum"}]'
    subject = exchange(
        expected, response={"headers": [["content-type", "text/event-stream"]], "body": ["data: 40\n\n"]}
    )
    got = sse("event: a\ndata: 2\n\ndata: 3\n\nevent: sum\ndata: 40\n\n")
    got["downstream"]["body"].append("")
    assert differences(got, subject, overrides(tmp_path, rule({"op": "compute_events", "value": program}))) == []


def test_a_rule_may_have_a_condition_that_is_a_program(tmp_path: Path) -> None:
    document = rule({"op": "set", "path": "upstream", "value": None})
    for condition, applies in (('.name == "one"', True), ("empty", False), (".config | length > 0", False)):
        document["rules"][0]["if"] = condition
        assert differences(result(upstream=None), exchange(), overrides(tmp_path, document)) == [] or not applies
        assert differences(result(), exchange(), overrides(tmp_path, document)) == [] or applies


def test_each_candidate_is_judged_by_what_was_recorded_for_it(tmp_path: Path) -> None:
    """Of a stream that was cut awkwardly that is what came out uncut."""
    program = "[.expect.downstream.events[]] + [{data: 3}]"
    subject = exchange(sse("data: 1\n\n"), expect_semantic="data: 1\n\ndata: 2\n\n")
    got = sse("data: 1\n\n", "data: 2\n\ndata: 3\n\n")
    assert differences(got, subject, overrides(tmp_path, rule({"op": "compute_events", "value": program}))) == []


def test_a_program_that_fails_is_a_difference_with_the_name_of_its_rule(tmp_path: Path) -> None:
    loaded = overrides(tmp_path, rule({"op": "compute", "path": "upstream.body.x", "value": ".name.x"}))
    (difference,) = differences(result(), exchange(), loaded)
    assert difference.path == "overrides"
    assert "rule 'r' cannot be computed: Cannot index string" in str(difference.got)


def test_all_call_outs_may_be_changed_at_once(tmp_path: Path) -> None:
    loaded = overrides(tmp_path, rule({"op": "set", "path": "callouts.*.headers.a", "value": "1"}))
    got = {**CALL, "headers": [[":path", "/"], ["a", "1"]]}
    assert differences(result(callouts=[got, got]), exchange(result(callouts=[CALL, CALL])), loaded) == []


def test_overrides_are_found_above_the_exchange_file(tmp_path: Path) -> None:
    folder = tmp_path / "suite" / "group"
    folder.mkdir(parents=True)
    (tmp_path / FILE_NAME).write_text("{}")
    assert find(folder / "x.json") == tmp_path / FILE_NAME
    assert NO_OVERRIDES.apply(exchange()) is not None


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ([], "the file: expected an object"),
        ({"rule": []}, "the file: no such key: 'rule'; there are functions, rules"),
        ({"rules": [{"id": "r"}]}, "rules.0: patch is missing"),
        (
            rule({"op": "drop"}),
            "rules.0.patch.0.op: expected one of remove, set, copy, compose, compute, compute_events, add, subtract, "
            "insert, rename, append_event, drop_events, got 'drop'",
        ),
        (rule({"op": "set", "path": "a"}), "rules.0.patch.0: value is missing"),
        (rule({"op": "remove", "path": 1}), "rules.0.patch.0.path: expected a dotted path in quotes, got 1"),
        (rule({"op": "copy", "path": "a", "from": 1}), "rules.0.patch.0.from: expected a dotted path in quotes, got 1"),
        (rule({"op": "insert", "path": "a.*", "value": 1}), "rules.0.patch.0.path: has to end in a number, not in '*'"),
        (rule({"op": "remove", "path": "a", "value": 1}), "rules.0.patch.0: no such key: 'value'"),
        (rule({"op": "drop_events", "matching": "("}), "rules.0.patch.0.matching: is not a regular expression: "),
        (rule(when={"name": 1}), "rules.0.when.name: expected a regular expression in quotes, got 1"),
        (rule({"op": "compute", "path": "a", "value": 1}), "rules.0.patch.0.value: expected a program of jq in quotes"),
        (rule({"op": "compute", "path": "a", "value": ".a |"}), "rules.0.patch.0.value: is not a program of jq: "),
        ({"functions": "def f: 1;"}, "functions: expected an array of lines of jq"),
        ({"functions": ["def f: 1"]}, "functions: is not a program of jq: "),
    ],
)
def test_a_mistake_in_overrides_is_named(document: Any, message: str, tmp_path: Path) -> None:
    with pytest.raises(OverridesError) as caught:
        overrides(tmp_path, document)
    assert str(caught.value).startswith(f"{tmp_path / FILE_NAME}: {message}")
