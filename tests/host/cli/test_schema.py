"""`proxywasm schema`: what operators get to check a configuration with."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from jsonschema import Draft202012Validator

from proxywasm_host.cli.main import main
from proxywasm_host.cli.scaffold import new

ROOT = Path(__file__).parents[3]
DECLARED = """\
from dataclasses import dataclass

from proxywasm import Plugin, config


@dataclass(frozen=True)
class Settings:
    limit: int = config.key("requests in a minute", minimum=1)


plugin: Plugin[Settings] = Plugin("limits")
plugin.parse_config(config.reader(Settings))
"""


def run(*words: object) -> Result:
    return CliRunner().invoke(main, ["schema", *map(str, words)])


def plugin(folder: Path, name: str, source: str) -> Path:
    """Modules are loaded once in a process, so each has a name of its own."""
    path = folder / f"{name}.py"
    path.write_text(source, encoding="utf-8")
    return path


def test_the_schema_judges_as_the_plugin_does(tmp_path: Path) -> None:
    done = run(plugin(tmp_path, "schema_declared", DECLARED))
    assert done.exit_code == 0, done.output
    schema = json.loads(done.stdout)
    assert schema["title"] == "Configuration of limits"
    judge = Draft202012Validator(schema)
    assert judge.is_valid({"limit": 1, "_rules_": [{"_match_route_": ["r"], "limit": 2}]})
    assert not judge.is_valid({"limit": 0})
    assert not judge.is_valid({"limit": 1, "_rules_": [{"_match_route_": ["r"]}]})


def test_ai_proxy_has_the_schema_of_its_pages() -> None:
    done = run("ai_proxy")
    assert done.exit_code == 0, done.output
    assert done.stdout == (ROOT / "docs" / "ai-proxy.schema.json").read_text(encoding="utf-8")
    assert run("--markdown", "ai_proxy").exit_code == 2


def test_rules_of_a_function_may_have_any_keys(tmp_path: Path) -> None:
    source = DECLARED + "plugin.parse_override_config(lambda rule, inherited: inherited)\n"
    judge = Draft202012Validator(json.loads(run(plugin(tmp_path, "schema_override", source)).stdout))
    assert judge.is_valid({"limit": 1, "_rules_": [{"_match_route_": ["r"], "more": 2}]})


def test_the_page_has_the_keys(tmp_path: Path) -> None:
    done = run("--markdown", plugin(tmp_path, "schema_page", DECLARED))
    assert "| `limit` | integer | required | requests in a minute; at least 1 |\n" in done.stdout


def test_the_readme_of_a_new_plugin_has_its_table(tmp_path: Path) -> None:
    folder = new("schema_scaffold", tmp_path)
    assert run("--markdown", folder / "schema_scaffold.py").stdout in (folder / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (
            "from proxywasm import Plugin\nplugin = Plugin('p')\nplugin.on_stream_done(lambda ctx, config: None)\n",
            "does not declare its settings: it needs",
        ),
        ("from proxywasm import Plugin\nplugin = Plugin('p')\nplugin.parse_config(dict)\n", "does not declare"),
        ("plugin = 1\n", "has no attribute `plugin` that is a proxywasm.Plugin"),
        ("raise ValueError('no such thing')\n", "the plugin cannot be loaded: no such thing"),
    ],
    ids=["none", "function", "no_plugin", "raises"],
)
def test_what_says_nothing_of_its_settings_is_one_line(
    tmp_path: Path, source: str, message: str, request: pytest.FixtureRequest
) -> None:
    done = run(plugin(tmp_path, f"schema_{request.node.callspec.id}", source))
    assert done.exit_code == 2
    assert message in done.output
    assert done.output.count("\n") == 1
