"""`proxywasm envoy` asks each plugin about its configuration before it builds or starts anything."""

from __future__ import annotations

import json
import logging
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from proxywasm_host.cli.main import main
from proxywasm_host.gateway import GatewayFileError, read, refusals
from proxywasm_host.gateway.envoy import plugin_config
from proxywasm_host.gateway.refusals import check_configurations
from proxywasm_host.gateway.source import GatewayFile

HEAD = """
import json
import sys
from proxywasm import ConfigError, Plugin
plugin = Plugin("strict")
"""
STRICT = (
    HEAD
    + """
@plugin.parse_config
def parse_config(document):
    print("parsing")
    problems = [f"{key}: expected a text" for key in ("name", "other") if not isinstance(document.get(key), str)]
    deep = document.get("deep", {}).get("list", [])
    problems += [f"deep.list[{i}]: expected a number" for i, item in enumerate(deep) if not isinstance(item, int)]
    if problems:
        raise ConfigError("\\n".join(problems))
"""
)
GATEWAY = """
listen: "127.0.0.1:8080"
plugins:
  - name: first
    source: {source}
    config:
{config}
routes:
  - name: all
"""


def gateway(folder: Path, plugin: str, config: str, *, source: str = "strict.py") -> Path:
    (folder / "strict.py").write_text(plugin)
    file = folder / "gateway.yaml"
    file.write_text(GATEWAY.format(source=source, config="".join(f"      {line}\n" for line in config.splitlines())))
    return file


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(main, ["envoy", *map(str, words)])


def test_a_refusal_is_one_line_with_file_and_key(tmp_path: Path) -> None:
    file = gateway(tmp_path, STRICT, "other: text\nname: 3")
    result = run(file, "--run")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == f"error: {file}:8: plugins.0.config.name: expected a text\n"


def test_each_problem_has_its_line(tmp_path: Path) -> None:
    file = gateway(tmp_path, STRICT, "name: you\ndeep:\n  list:\n    - 1\n    - one")
    assert run(file).stderr == (
        f"error: {file}:6: plugins.0.config: other: expected a text\n"
        f"{file}:11: plugins.0.config.deep.list.1: expected a number\n"
    )


def test_a_refusal_that_names_no_key_has_the_line_of_the_configuration(tmp_path: Path) -> None:
    plugin = HEAD + "@plugin.parse_config\ndef parse(document): raise ConfigError('too late')\n"
    file = gateway(tmp_path, plugin, "a: 1")
    assert run(file).stderr == f"error: {file}:6: plugins.0.config: too late\n"


def test_a_plugin_that_raises_is_told_with_its_traceback(tmp_path: Path) -> None:
    plugin = HEAD + "@plugin.parse_config\ndef parse(document): return document['name']\n"
    file = gateway(tmp_path, plugin, "a: 1")
    stderr = run(file).stderr
    assert stderr.startswith(f"error: {file}:6: plugins.0.config: the plugin raises while it parses this\nTraceback")
    assert "KeyError: 'name'" in stderr
    assert f'"{tmp_path}/strict.py", line 7' in stderr


def test_the_plugin_gets_what_envoy_gives_it(tmp_path: Path) -> None:
    plugin = HEAD + "@plugin.parse_config\ndef parse(document): raise ConfigError(json.dumps(document))\n"
    file = gateway(tmp_path, plugin, 'text: "長江"\n_rules_: []')
    (tmp_path / "gateway.yaml").write_text(file.read_text().replace("routes:", "    on_failure: open\nroutes:"))
    assert json.loads(run(file).stderr.partition("plugins.0.config: ")[2]) == {"text": "長江"}


def test_plugins_of_one_file_name_are_kept_apart(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "strict.py").write_text(
            HEAD + f"@plugin.parse_config\ndef parse(document): raise ConfigError('{name} refuses')\n"
        )
    file = gateway(tmp_path, STRICT, "a: 1", source="a/strict.py")
    second = "plugins:\n  - name: second\n    source: b/strict.py"
    file.write_text(file.read_text().replace("plugins:", second))
    with pytest.raises(GatewayFileError) as refused:
        check_configurations(read(file), GatewayFile(file, "envoy"), plugin_config)
    assert str(refused.value).splitlines() == [
        f"{file}:4: plugins.0: config: b refuses",
        f"{file}:8: plugins.1.config: a refuses",
    ]


def test_a_plugin_for_another_python_is_left_to_envoy(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = gateway(tmp_path, "import only_in_the_guest\n", "a: 1")
    with caplog.at_level(logging.WARNING, "proxywasm"):
        check_configurations(read(file), GatewayFile(file, "envoy"), plugin_config)
    assert caplog.messages == [
        "the configuration of the plugin 'first' is not checked before the start: "
        f"ModuleNotFoundError: No module named 'only_in_the_guest' ({tmp_path}/strict.py:1)"
    ]


def test_a_name_is_the_source_of_an_installed_plugin(tmp_path: Path) -> None:
    file = gateway(tmp_path, STRICT, "provider: {type: nonesuch}", source="ai_proxy")
    source = read(file).plugins[0].source
    assert source is not None
    assert (source / "plugin.py").is_file()
    assert f"{file}:7: plugins.0.config.provider" in run(file).stderr


def test_a_folder_of_that_name_goes_before_what_is_installed(tmp_path: Path) -> None:
    (tmp_path / "ai_proxy").mkdir()
    file = gateway(tmp_path, STRICT, "a: 1", source="ai_proxy")
    assert read(file).plugins[0].source == tmp_path / "ai_proxy"


def test_a_source_that_is_neither_is_named(tmp_path: Path) -> None:
    file = gateway(tmp_path, STRICT, "a: 1", source="nonesuch")
    with pytest.raises(
        GatewayFileError, match=r"there is no .*nonesuch; expected .* or the name of an installed plugin"
    ):
        read(file)


def test_sigterm_ends_the_command_and_a_plugin_that_loops(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    loop = f"import os\nopen({str(note)!r}, 'w').write(str(os.getpid()))\nwhile True: pass\n"
    file = gateway(tmp_path, HEAD + loop, "a: 1")
    code = "from proxywasm_host.cli.main import main; main()"
    with subprocess.Popen([sys.executable, "-c", code, "envoy", str(file)]) as process:
        while not note.exists() or not note.read_text():
            assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 128 + signal.SIGTERM
    assert not Path(f"/proc/{note.read_text()}").exists()


def test_a_loop_while_a_configuration_is_parsed_is_told_with_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refusals, "_COMPUTING", 0.2)
    loop = "@plugin.parse_config\ndef parse(document):\n    while True:\n        document.get('a')\n"
    file = gateway(tmp_path, HEAD + loop, "a: 1")
    stderr = run(file).stderr
    assert stderr.startswith(f"error: {file}:6: plugins.0.config: the plugin has not parsed this after 0.2 seconds of")
    assert re.search(rf'File "{tmp_path}/strict\.py", line [89], in parse\n', stderr)


def test_a_loop_in_an_import_is_left_to_the_build(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refusals, "_COMPUTING", 0.2)
    file = gateway(tmp_path, HEAD + "while True:\n    plugin\n", "a: 1")
    with caplog.at_level(logging.WARNING, "proxywasm"):
        check_configurations(read(file), GatewayFile(file, "envoy"), plugin_config)
    assert "not checked before the start: importing the plugin takes longer than 0.2 seconds" in caplog.text
    assert re.search(r'strict\.py", line [67], in <module>', caplog.text)
