"""Several plugins in one component."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from proxywasm.wire import ConfigError, LogLevel
from proxywasm_host.building.build import build
from proxywasm_host.building.shipped import SHIPPED, shipped_together
from proxywasm_host.building.staging import collect, installed
from proxywasm_host.services import HostServices
from proxywasm_host.wasm.component import ComponentProgram
from proxywasm_host.wasm.engine import Engine

PLUGIN = """\
from proxywasm import ConfigError, HttpContext, Plugin

plugin = Plugin("{name}")

@plugin.parse_config
def parse(document):
    if document.get("wrong"):
        raise ConfigError("{name} refuses it")
    return document

@plugin.on_request_headers
def headers(ctx: HttpContext, config) -> None:
    ctx.request_headers["x-plugin"] = "{name} " + config.get("word", "")
"""


def installed_plugin(name: str) -> Path:
    path = installed(name)
    assert path is not None
    return path


def test_a_chain_with_several_plugins_of_the_wheel_has_all_of_them_together(tmp_path: Path) -> None:
    own = tmp_path / "own.py"
    ai_proxy, key_auth = installed_plugin("ai_proxy"), installed_plugin("key_auth")
    together = shipped_together([key_auth, own, ai_proxy])
    assert [path.name for path in together] == list(SHIPPED)
    assert own not in together
    assert shipped_together([key_auth, own]) == shipped_together([ai_proxy]) == shipped_together([]) == ()


def test_the_plugins_of_the_wheel_can_be_imported_together(tmp_path: Path) -> None:
    first, *others = map(installed_plugin, SHIPPED)
    collect(first, *others).copy_to(tmp_path / "staged")
    code = "import proxywasm_plugin as p; print(*[f'{name}={plugin.name}' for name, plugin in p.PLUGINS.items()])"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path / "staged", check=True, capture_output=True, text=True
    )
    assert done.stdout.split() == [f"{name}={name.replace('_', '-')}" for name in SHIPPED]


@pytest.mark.exhaustive
def test_an_instance_becomes_one_of_the_plugins(tmp_path: Path) -> None:
    paths = [tmp_path / "first.py", tmp_path / "second.py"]
    for path in paths:
        path.write_text(PLUGIN.format(name=path.stem))
    component = Engine(optimize=False).load(build(paths[0], others=paths[1:]).path)

    def started(plugin: str, config: str) -> ComponentProgram:
        program = ComponentProgram(component, HostServices(), plugin=plugin)
        program.configure(config, LogLevel.INFO)
        return program

    for name in ("first", "second"):
        program = started(name, '{"word": "ok"}')
        assert f"{name} ok" in repr(program.on_request_headers(1, [(":path", "/")], True))
        with pytest.raises(ConfigError, match=f"{name} refuses it"):
            started(name, '{"wrong": true}')
        with pytest.raises(ConfigError, match="the configuration is not JSON"):
            started(name, "{")
