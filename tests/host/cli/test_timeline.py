"""`proxywasm replay --show`: the way of an exchange, step by step."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from click.testing import CliRunner
from rich.cells import cell_len
from tests.host.cli.test_cli import RECORDING

from proxywasm_host.cli.main import main
from proxywasm_host.escapes import UNSAFE

KEY = "sk-live-0123456789abcdef"
TOKEN = "tok-zyxwvutsrqponmlk"
BEFORE = (
    "from typing import Any\nfrom proxywasm import HttpContext, Plugin\nplugin: Plugin[dict[str, Any]] = Plugin('p')\n"
)
NOTHING = "plugin.on_stream_done(lambda ctx, config: None)\n"
AUTH = """import json
from proxywasm import Action, ClusterClient, HttpAnswer, TargetCluster, log
@plugin.on_request_headers
def call(ctx: HttpContext, config: Any) -> Action:
    def answered(answer: HttpAnswer) -> None:
        token = json.loads(answer.body)["access_token"]
        ctx.request_headers["x-session"] = token
        log.info(f"the token is {token}")
        ctx.resume_http_request()
    ClusterClient(TargetCluster("keys", "keys.example")).get("/key", answered, timeout_ms=500)
    return Action.PAUSE
"""
SHOUT = """
@plugin.on_request_headers
def head(ctx: HttpContext, config: Any) -> None:
    ctx.request_headers["x-shout"] = config.get("word", "")
    del ctx.request_headers["x-gone"]
@plugin.on_streaming_response_body
def shout(ctx: HttpContext, config: Any, chunk: bytes, last: bool) -> bytes:
    return chunk.upper() if b"loud" in chunk else chunk
"""


PREFIX = "shown_"
"""Of the plugins' files: modules with these names are imported nowhere else."""


def plugin(folder: Path, name: str, code: str) -> Path:
    path = folder / f"{PREFIX}{name}.py"
    path.write_text(BEFORE + code)
    return path


class Shown(NamedTuple):
    """What a command has printed, with the plugins' names without their prefix."""

    exit_code: int
    stdout: str
    stderr: str


def run(*words: object, env: dict[str, str] | None = None) -> Shown:
    result = CliRunner().invoke(main, ["replay", *map(str, words)], env=env, catch_exceptions=False)
    return Shown(result.exit_code, result.stdout.replace(PREFIX, ""), result.stderr)


def entry(chunks: list[str], **more: Any) -> dict[str, Any]:
    """An exchange whose chunks come every 40 ms from 300 ms on."""
    headers = [
        [":method", "POST"], [":authority", "a.example"], [":path", f"/v1?key={KEY}"],
        ["authorization", f"Bearer {KEY}"], ["x-gone", "1"],
    ]  # fmt: skip
    return {
        "name": "first",
        "config": {"apiToken": KEY},
        "request": {"headers": headers, "body": ["the body"], "times_ms": [0, 2]},
        "response": {
            "headers": [[":status", "200"], ["content-type", "text/event-stream"]],
            "body": chunks,
            "times_ms": [300, *(340 + 40 * place for place in range(len(chunks)))],
        },
    } | more


def written(folder: Path, *entries: dict[str, Any]) -> Path:
    path = folder / "recording.json"
    path.write_text(json.dumps([*entries]))
    return path


CALL_OUTS = [{"response": {"headers": [[":status", "200"]], "body": [f'{{"access_token": "{TOKEN}"}}']}}]


def test_each_plugin_of_a_chain_has_its_part_at_its_time(tmp_path: Path) -> None:
    auth, shout = plugin(tmp_path, "auth", AUTH), plugin(tmp_path, "shout", SHOUT)
    chain = [{"config": {}}, {"config": {"word": "hello"}}]
    chunks = ["data: quiet\n\n", "data: loud\n\n", ""]
    exchange = entry(chunks, plugins=chain, callouts=CALL_OUTS)
    del exchange["config"]
    result = run("--native", "--show", "--plugin", auth, "--plugin", shout, written(tmp_path, exchange))
    assert result.exit_code == 0, result.stderr
    assert (
        result.stdout.splitlines()[2:]
        == """\
  client → auth → shout → upstream; times as recorded
      0 ms client → auth POST a.example/v1?key=•••
             authorization: Bearer •••
             x-gone: 1
           auth on_request_headers: pauses
           auth → keys GET keys.example/key, within 500 ms
      0 ms keys → auth 200, 40 bytes
             {
               "access_token": "•••"
             }
           auth on_http_call_response: resumes the request
           auth → shout POST a.example/v1?key=•••
             + x-session: •••
             2 headers unchanged
           shout → upstream POST a.example/v1?key=•••
             - x-gone: 1
             + x-shout: hello
             2 headers unchanged
           log [info] the token is •••
      2 ms client → auth body, 8 bytes
             the body
           auth → shout → upstream as it came
    300 ms upstream → shout 200
             content-type: text/event-stream
           shout on_response_headers: reads the response body chunk by chunk
           shout → auth 200
             1 header unchanged
           auth → client 200
             1 header unchanged
    340 ms upstream → shout chunk 1, 13 bytes
             data: quiet
           shout → auth → client as it came
    380 ms upstream → shout chunk 2, 12 bytes
             data: loud
           shout → auth chunk 2, 12 bytes
             DATA: LOUD␊␊
           auth → client as it came
    420 ms upstream → shout the end
           shout → auth → client as it came
  response: 2 chunks, 25 bytes in, 25 bytes out; first chunk after 340 ms, last after 380 ms, \
longest pause 40 ms before chunk 2
""".splitlines()
    )


def test_natively_and_in_wasm_the_timeline_is_the_same(ai_proxy_component: Path) -> None:
    native = run("--native", "--show", RECORDING)
    wasm = run("--wasm", ai_proxy_component, "--show", RECORDING)
    assert native.exit_code == wasm.exit_code == 0, native.stderr + wasm.stderr
    assert "client → ai_proxy → upstream" in native.stdout
    assert wasm.stdout.replace(ai_proxy_component.stem, "ai_proxy") == native.stdout
    assert "sk-recorded" not in native.stdout


def test_a_credential_is_masked_also_where_it_is_cut_over_chunks(tmp_path: Path) -> None:
    nothing = plugin(tmp_path, "nothing", NOTHING)
    chunks = [f"data: {KEY[:11]}", f"{KEY[11:]}\n\n", f"data: {TOKEN}\n\n"]
    file = written(tmp_path, entry(chunks, callouts=CALL_OUTS))
    for words in ((), ("--show",), ("--show", "--full")):
        shown = run("--native", *words, "--plugin", nothing, file).stdout
        assert "•••" in shown
        for part in (KEY[:11], KEY[11:], TOKEN):
            assert part not in shown, words
    assert KEY[:11] in run("--native", "--show", "--json", "--plugin", nothing, file).stdout  # it shows all


def test_nothing_of_a_recording_controls_the_terminal(tmp_path: Path) -> None:
    evil = "\x1b]0;owned\x07\x1b[2J\u202e\u2066\x85\u200b\ufeff\U000e0041\r"
    nothing = plugin(tmp_path, "nothing", NOTHING)
    exchange = entry(
        [f"data: {json.dumps(evil, ensure_ascii=False)}\n\n", evil], name=f"name {evil}", note=evil,
        expect={"start": "ok", "upstream": {"headers": [["x", evil]], "body": evil}, "downstream": None},
    )  # fmt: skip
    exchange["request"]["headers"].append(["x-evil", "\u202e\x85"])
    file = written(tmp_path, exchange)
    for words in ((), ("--show",), ("--show", "--full"), ("--check",), ("--show", "--check")):
        result = run("--native", *words, "--plugin", nothing, file)
        assert not UNSAFE.search(result.stdout.replace("\n", "")), words
        assert r"\x1b" in result.stdout, words
        assert r"\u202e" in result.stdout, words
    refused = run("--native", "--show", "--plugin", nothing, "--only", f"{evil}x", file)
    assert refused.exit_code == 2
    assert not UNSAFE.search(refused.stderr)


def test_long_bodies_and_many_chunks_are_cut_and_their_sizes_told(tmp_path: Path) -> None:
    nothing = plugin(tmp_path, "nothing", NOTHING)
    exchange = entry([f"data: word {place}\n\n" for place in range(40)])
    exchange["request"]["body"] = ["x" * 5000]
    file = written(tmp_path, exchange)
    shown = run("--native", "--show", "--plugin", nothing, file).stdout
    assert "client → nothing body, 5,000 bytes\n" in shown
    assert f"\n             {'x' * 400}\n             … 4,600 characters more (--full shows them)\n" in shown
    assert [int(number) for number in re.findall(r"data: word (\d+)", shown)] == [0, 1, 2, 3, 4, 5, 36, 37, 38, 39]
    assert "… 30 more chunks, 446 bytes in, 446 bytes out, from 580 to 1,740 ms (--full shows them)" in shown
    full = run("--native", "--show", "--full", "--plugin", nothing, file).stdout
    assert "x" * 5000 in full
    assert len(re.findall(r"data: word (\d+)", full)) == 40
    assert "…" not in full


def test_what_a_plugin_does_is_never_folded(tmp_path: Path) -> None:
    speaking = plugin(
        tmp_path,
        "speaking",
        "from proxywasm import log\n@plugin.on_streaming_response_body\n"
        "def say(ctx: HttpContext, config: Any, chunk: bytes, last: bool) -> bytes:\n"
        "    if b'word 20' in chunk:\n        log.warn('twenty')\n    return chunk\n",
    )
    file = written(tmp_path, entry([f"data: word {place}\n\n" for place in range(40)]))
    shown = run("--native", "--show", "--plugin", speaking, file).stdout
    assert "data: word 20\n" in shown
    assert "log [warn] twenty" in shown


def test_a_terminal_gets_colours_and_no_line_that_is_too_long(tmp_path: Path) -> None:
    nothing = plugin(tmp_path, "nothing", NOTHING)
    file = written(tmp_path, entry(["data: " + "字" * 300 + "\n\n"] * 2))
    for columns in (40, 80, 160):
        shown = run(
            "--native", "--show", "--plugin", nothing, file, env={"FORCE_COLOR": "1", "COLUMNS": str(columns)}
        ).stdout
        assert "\x1b[" in shown
        plain = re.sub(r"\x1b\[[0-9;]*m", "", shown)
        assert max(map(cell_len, plain.splitlines())) <= columns
        assert plain.count("字") == 2 * 300


def test_several_recordings_have_a_header_each_and_a_refused_configuration_is_one_of_them(tmp_path: Path) -> None:
    picky = plugin(
        tmp_path,
        "picky",
        "from proxywasm import ConfigError\n@plugin.parse_config\n"
        "def parse(document: dict[str, Any]) -> dict[str, Any]:\n"
        "    if 'bad' in document:\n        raise ConfigError('bad: is not allowed')\n    return document\n",
    )
    file = written(tmp_path, entry(["a", ""]), entry(["a", ""], name="second", config={"bad": 1}))
    result = run("--native", "--show", "--plugin", picky, file)
    assert result.exit_code == 0
    assert re.findall(r"^(\w+) ─", result.stdout, re.M) == ["first", "second"]
    assert result.stdout.endswith("  the plugin refused its configuration\n    bad: is not allowed\n")


def test_an_answer_of_the_plugin_and_its_failure_are_told(tmp_path: Path) -> None:
    refusing = plugin(
        tmp_path,
        "refusing",
        "@plugin.on_request_headers\ndef refuse(ctx: HttpContext, config: Any) -> None:\n"
        "    ctx.send_http_response(403, body='no', details='test.refused')\n",
    )
    failing = plugin(
        tmp_path,
        "failing",
        "@plugin.on_response_headers\ndef fail(ctx: HttpContext, config: Any) -> None:\n    raise RuntimeError('oh')\n",
    )
    file = written(tmp_path, entry(["a", ""]))
    refused = run("--native", "--show", "--plugin", refusing, file).stdout
    assert "refusing on_request_headers: answers itself: 403 test.refused\n" in refused
    assert "refusing → client 403\n" in refused
    failed = run("--native", "--show", "--plugin", failing, file).stdout
    assert "failing on_response_headers: fails\n" in failed
    assert "failing → client 500\n" in failed
    assert "               RuntimeError: oh\n" in failed


AGAIN = """
@plugin.on_request_body
def keep(ctx: HttpContext, config: Any, body: bytes) -> None:
    ctx.set_context("body", body)
@plugin.on_response_headers
def again(ctx: HttpContext, config: Any) -> None:
    if ctx.response_headers[":status"] == "503":
        ctx.send_again(ctx.method, "https://second.example/v1", headers=ctx.request_headers.fields(),
                       body=ctx.get_context("body", b""))
"""


def test_another_request_follows_the_plugin_that_sends_it(tmp_path: Path) -> None:
    again, shout = plugin(tmp_path, "again", AGAIN), plugin(tmp_path, "shout", SHOUT)
    exchange = entry(["a", ""], plugins=[{"config": {}}, {"config": {"word": "w"}}])
    del exchange["config"]
    exchange["next_responses"] = [exchange["response"]]
    exchange["response"] = {"headers": [[":status", "503"]], "times_ms": [100]}
    shown = run("--native", "--show", "--plugin", again, "--plugin", shout, written(tmp_path, exchange)).stdout
    lines = shown[shown.index("    100 ms") : shown.index("    300 ms")].splitlines()
    assert [line.strip() for line in lines if "→" in line or ":" in line.partition(" on_")[2]] == [
        "100 ms upstream → shout 503, without a body",
        "shout on_response_headers: reads the response body chunk by chunk",
        "shout → again 503, without a body",
        "again on_response_headers: sends another request",
        "again → shout this request is given up, another one follows",
        "again → shout POST second.example/v1",
        "again → shout body, 8 bytes",
        "shout → upstream POST second.example/v1",
        "shout → upstream body, 8 bytes, as it came",
    ]


def test_compressed_bodies_are_shown_as_their_size(tmp_path: Path) -> None:
    auth = plugin(tmp_path, "auth", AUTH)
    exchange = entry([{"base64": "H4sIAAAA"}, {"base64": "AAAA"}])  # type: ignore[list-item]
    encoded = [[":status", "200"], ["content-encoding", "gzip"]]
    exchange["response"]["headers"] = encoded
    exchange["callouts"] = [{"response": {"headers": encoded, "body": ['{"access_token": "a"}']}}]
    shown = run("--native", "--show", "--full", "--plugin", auth, written(tmp_path, exchange)).stdout
    assert "upstream → auth chunk 1, 6 bytes of gzip\n           auth → client as it came\n" in shown
    assert "keys → auth 200, 21 bytes of gzip\n             content-encoding: gzip\n           auth" in shown


def test_json_has_the_timeline_beside_the_result(tmp_path: Path) -> None:
    auth = plugin(tmp_path, "auth", AUTH)
    file = written(tmp_path, entry(["a", "b"], callouts=CALL_OUTS))
    (line,) = run("--native", "--show", "--json", "--plugin", auth, file).stdout.splitlines()
    result = json.loads(line)
    assert result["downstream"]["body"] == ["a", "b"]
    steps = result["timeline"]
    assert [(step["ms"], step["cause"]["kind"]) for step in steps] == [
        (0, "start"), (0, "request headers"), (0, "answer to a call-out"), (2, "request body"),
        (300, "response headers"), (340, "response body"), (380, "response body"), (380, "end"),
    ]  # fmt: skip
    assert steps[1]["plugins"][0]["phases"] == [{"callback": "on_request_headers", "decisions": ["pauses"]}]
    assert [(call["plugin"], call["cluster"]) for call in steps[1]["calls"]] == [("auth", "keys")]
    answered, request = steps[2]["plugins"]
    assert answered["phases"] == [{"callback": "on_http_call_response", "decisions": ["resumes the request"]}]
    assert (request["direction"], [event["kind"] for event in request["passed"]]) == ("request", ["request headers"])
    assert "timeline" not in json.loads(run("--native", "--json", "--plugin", auth, file).stdout)


def test_with_check_the_verdict_follows(tmp_path: Path) -> None:
    nothing = plugin(tmp_path, "nothing", NOTHING)
    file = written(tmp_path, entry(["a", ""], expect={"start": "ok", "upstream": None}))
    result = run("--native", "--show", "--check", "--plugin", nothing, file)
    assert result.exit_code == 1
    assert result.stdout.index("upstream → nothing") < result.stdout.index("✗ first")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--show", "--update"], "--update excludes"),
        (["--show", "--to", "http://a"], "--to sends to a gateway"),
        (["--full"], "--full is for --show"),
        (["--full", "--show", "--json"], "--full is for --show"),
    ],
)
def test_options_that_do_not_fit_are_explained(tmp_path: Path, words: list[str], message: str) -> None:
    result = run(*words, written(tmp_path, entry([])))
    assert result.exit_code == 2
    assert message in result.stderr
