"""The command line as people and scripts use it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from proxywasm_host.building.flagship import flagship
from proxywasm_host.cli.main import main

TESTS = Path(__file__).parents[2]
RECORDING = TESTS / "recordings" / "qwen-native-stream.json"
STREAMS = TESTS / "conformance" / "qwen" / "native-stream.json"
ANSWER = "长江是中国最长的河流，全长约6300公里。🌊它发源于青藏高原，在上海流入东海。🏔️→🏙️"


def run(*words: object) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words])


@pytest.fixture(params=["native", "wasm"])
def how(request: pytest.FixtureRequest) -> list[str]:
    """The options for either way of running ai-proxy."""
    if request.param == "native":
        return ["--native"]
    return ["--wasm", str(request.getfixturevalue("ai_proxy_component"))]


def test_a_replay_is_readable(how: list[str]) -> None:
    result = run("replay", *how, RECORDING)
    assert result.exit_code == 0, result.output
    titles = ["The client asked", "Went upstream", "Came back", "The chat shows"]
    assert [line for line in result.stdout.splitlines() if line in titles] == titles
    assert ANSWER in result.stdout
    assert "authorization: Bearer •••" in result.stdout
    assert "sk-recorded" not in result.stdout
    assert "\x1b" not in result.stdout


def test_json_gives_one_object_a_line_with_everything(how: list[str]) -> None:
    result = run("replay", *how, "--json", STREAMS, RECORDING)
    assert result.exit_code == 0, result.output
    objects = [json.loads(line) for line in result.stdout.splitlines()]
    assert [item["name"] for item in objects] == ["qwen-native-stream-a", "qwen-native-stream-b", "qwen-native-stream"]
    assert list(objects[0]) == [
        "name", "start", "error", "upstream", "downstream", "local_reply", "callouts", "logs",
    ]  # fmt: skip
    assert ["authorization", "Bearer sk-recorded-not-a-key"] in objects[2]["upstream"]["headers"]


def test_check_passes_when_everything_is_as_the_file_expects(how: list[str]) -> None:
    result = run("replay", *how, "--check", RECORDING)
    assert result.exit_code == 0, result.output
    assert result.stdout == "✓ qwen-native-stream\n1 exchange: 1 same\n"


def test_check_knows_only_what_the_file_expects() -> None:
    """Our golden files, which say where we deliberately differ, are not asked."""
    result = run("replay", "--native", "--check", STREAMS)
    assert result.exit_code == 1
    assert "✗ qwen-native-stream-a\n    upstream.body.parameters.top_p\n" in result.stdout
    assert result.stdout.endswith("2 exchanges: 2 different\n")


def test_check_says_what_differs_and_exits_with_1(tmp_path: Path) -> None:
    [entry] = json.loads(RECORDING.read_text(encoding="utf-8"))
    entry["expect"]["upstream"]["headers"].append(["x-secret-token", "expected"])
    path = write(tmp_path, [entry])
    result = run("replay", "--native", "--check", path)
    assert result.exit_code == 1
    assert "✗ qwen-native-stream\n    upstream.headers.x-secret-token\n      expected •••#" in result.stdout
    assert result.stdout.endswith("1 exchange: 1 different\n")
    both = run("replay", "--native", "--check", "--json", path)
    assert both.exit_code == 1
    assert json.loads(both.stdout)["start"] == "ok"
    assert "upstream.headers.x-secret-token" in both.stderr


def test_a_refused_configuration_is_shown(tmp_path: Path) -> None:
    path = write(tmp_path, {"name": "x", "config": "{", "request": {"headers": []}})
    result = run("replay", "--native", path)
    assert result.exit_code == 0
    assert "The plugin refused its configuration\n  the configuration is not JSON" in result.stdout


def test_a_choice_of_exchanges_is_replayed() -> None:
    result = run("replay", "--native", "--json", "--only", "stream-b", STREAMS)
    assert json.loads(result.stdout)["name"] == "qwen-native-stream-b"


def write(folder: Path, document: Any) -> Path:
    path = folder / "exchange.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--native", "missing.json"], "missing.json: cannot be read: No such file or directory"),
        (["--native", "--wasm", "x.wasm", RECORDING], "--native and --wasm exclude each other"),
        (["--wasm", "x.wasm", "--plugin", "y", RECORDING], "--wasm and --plugin exclude each other"),
        (["--wasm", "x.wasm", RECORDING], "x.wasm: cannot be read: No such file or directory"),
        (["--wasm", RECORDING, RECORDING], "is not WebAssembly"),
        (["--native", "--plugin", "nowhere.py", RECORDING], "nowhere.py does not exist"),
        (["--native", "--plugin", TESTS, RECORDING], "neither a Python file nor a package folder"),
        (["--native", "--only", "nothing", RECORDING], "no exchange in these files has 'nothing' in its name"),
    ],
)
def test_a_mistake_is_one_line_and_exits_with_2(words: list[object], message: str) -> None:
    result = run("replay", *words)
    assert result.exit_code == 2
    assert message in result.stderr
    assert result.stderr.startswith("error: ")
    assert "Traceback" not in result.output


PLUGIN = "from proxywasm import Plugin\nplugin = Plugin('x')\nplugin.on_stream_done(lambda ctx, config: None)\n"
EXCHANGE: dict[str, Any] = {
    "name": "x",
    "config": {},
    "request": {"headers": [[":method", "GET"], [":path", "/"], [":authority", "a"], [":scheme", "https"]]},
    "response": {"headers": [[":status", "200"]], "body": ["ok"]},
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that the command runs in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_plugin_of_the_folder_is_replayed(folder: Path) -> None:
    write(folder, EXCHANGE)
    (folder / "own_plugin_of_the_folder.py").write_text(
        PLUGIN + "@plugin.on_response_headers\ndef f(ctx, config): ctx.response_headers['x-own'] = 'yes'\n"
    )
    result = run("replay", "--native", "--json", "exchange.json")
    assert result.exit_code == 0, result.output
    assert ["x-own", "yes"] in json.loads(result.stdout)["downstream"]["headers"]
    assert result.stderr == "plugin: own_plugin_of_the_folder.py\n"


def test_a_folder_without_plugins_is_told_that_ai_proxy_is_taken(folder: Path) -> None:
    result = run("replay", "--native", "--check", RECORDING)
    assert result.exit_code == 0, result.output
    assert result.stderr == f"plugin: {flagship()} (there is none in {folder})\n"


def test_of_several_plugins_one_has_to_be_named(folder: Path) -> None:
    for name in ("one_of_several.py", "another_of_several.py"):
        (folder / name).write_text(PLUGIN)
    write(folder, EXCHANGE)
    result = run("replay", "--native", "exchange.json")
    assert result.exit_code == 2
    assert "several plugins" in result.stderr
    assert "name the file or package folder with --plugin" in result.stderr
    named = run("replay", "--native", "--plugin", "one_of_several.py", "exchange.json")
    assert named.exit_code == 0
    assert named.stderr == "plugin: one_of_several.py\n"


def test_a_component_is_named_too(ai_proxy_component: Path) -> None:
    assert run("replay", "--wasm", ai_proxy_component, RECORDING).stderr == f"plugin: {ai_proxy_component}\n"


def test_a_benchmark_names_the_plugins_that_it_measures(folder: Path) -> None:
    (folder / "not_measured.py").write_text(PLUGIN)
    tool = Path(sys.executable).with_name("proxywasm")
    with subprocess.Popen([tool, "bench"], stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        first = process.stderr.readline()
        process.kill()  # the measurements take minutes
    assert first == f"plugins: bench_plugin.py of proxywasm, {flagship()}\n"


def test_to_check_nothing_is_an_error(folder: Path) -> None:
    (folder / "checks_nothing.py").write_text(PLUGIN)
    write(folder, EXCHANGE)
    result = run("replay", "--native", "--check", "exchange.json")
    assert result.exit_code == 2
    assert "error: nothing was checked: no exchange in these files has a key `expect`" in result.stderr
    upstream = {"headers": EXCHANGE["request"]["headers"], "body": ""}
    downstream = {**EXCHANGE["response"], "headers": [[":status", "200"]]}
    expect: dict[str, Any] = {
        "start": "ok",
        "upstream": upstream,
        "downstream": downstream,
        "local_reply": None,
        "callouts": [],
    }
    write(folder, [EXCHANGE, {**EXCHANGE, "name": "y", "expect": expect}])
    result = run("replay", "--native", "--check", "exchange.json")
    assert result.exit_code == 0, result.output
    assert result.stdout.endswith("2 exchanges: 1 nothing expected, 1 same\n")


def test_a_plugin_that_raises_natively_shows_its_own_traceback(tmp_path: Path) -> None:
    plugin = tmp_path / "broken_natively.py"
    plugin.write_text("1 / 0\n")
    result = run("replay", "--native", "--plugin", plugin, RECORDING)
    assert result.exit_code == 2
    assert f'Traceback (most recent call last):\n  File "{plugin}", line 1, in <module>' in result.stderr
    assert "ZeroDivisionError" in result.stderr


def test_a_plugin_that_raises_in_a_stream_is_answered_for_by_the_host(tmp_path: Path) -> None:
    plugin = tmp_path / "raising_in_a_stream.py"
    plugin.write_text(
        "from proxywasm import Plugin\nplugin = Plugin('raising')\n"
        "plugin.on_request_headers(lambda ctx, config: 1 / 0)\n"
    )
    result = run("replay", "--native", "--plugin", plugin, RECORDING)
    assert result.exit_code == 0
    assert "\nThe host answered for the plugin\n  500 proxywasm.plugin_failed\n" in result.stdout
    assert "ZeroDivisionError" in result.stdout


def test_a_chain_is_replayed_with_each_plugin_that_is_named(tmp_path: Path) -> None:
    words: list[object] = []
    for name in ("first_link", "second_link"):
        plugin = tmp_path / f"{name}.py"
        plugin.write_text(
            f"from proxywasm import Plugin\nplugin = Plugin('{name}')\n"
            "plugin.on_request_headers(lambda ctx, config: ctx.request_headers.add('x-link', config['mark']))\n"
        )
        words += ["--plugin", plugin]
    request = {"headers": [[":method", "GET"], [":path", "/"], [":authority", "a"]]}
    configs = [{"config": {"mark": mark}} for mark in ("one", "two")]
    expect = {"upstream": {"headers": [*request["headers"], ["x-link", "one"], ["x-link", "two"]], "body": ""}}
    exchange = write(tmp_path, {"name": "chained", "plugins": configs, "request": request, "expect": expect})
    result = run("replay", "--native", "--check", *words, exchange)
    assert result.exit_code == 0, result.output
    alone = run("replay", "--native", *words[:2], exchange)
    assert alone.exit_code == 2
    assert "chained: has a configuration for 2 plugins, and is replayed through 1 plugin" in alone.stderr


def test_a_build_without_a_plugin_says_so(tmp_path: Path) -> None:
    result = run("build", tmp_path / "nowhere", "-o", tmp_path / "x.wasm")
    assert result.exit_code == 2
    assert "nowhere does not exist" in result.stderr


def test_help_names_the_commands_and_loads_little() -> None:
    code = "import sys; from proxywasm_host.cli.main import main; main(['--help'], standalone_mode=False)"
    code += "; assert not {'rich', 'wasmtime', 'ai_proxy'} & sys.modules.keys()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "build" in done.stdout
    assert "replay" in done.stdout


def test_the_installed_command_starts() -> None:
    tool = Path(sys.executable).with_name("proxywasm")
    done = subprocess.run([tool, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("proxywasm, version ")
