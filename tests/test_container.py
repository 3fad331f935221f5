"""The image and the chat page of `examples/chat`: there is no Docker where these tests run, so they check its files,
and run the commands of the Dockerfile in a copy of the tree."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import time
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from proxywasm_host.gateway import read
from proxywasm_host.gateway.engines import Engine

ROOT = Path(__file__).parents[1]
CHAT = ROOT / "examples" / "chat"
KEY = {"DASHSCOPE_API_KEY": "sk-0123456789abcdef"}


def compose(name: str) -> Any:
    return yaml.safe_load((CHAT / name).read_text())


@pytest.mark.parametrize("name", ["compose.yaml", "compose.envoy.yaml"])
def test_compose_files_are_what_their_specification_allows(name: str) -> None:
    schema = json.loads(files("check_jsonschema").joinpath("builtin_schemas/vendor/compose-spec.json").read_text())
    jsonschema.validate(compose(name), schema)


@pytest.mark.parametrize("engine", ["serve", "envoy"])
def test_both_engines_run_the_gateway_file(engine: Engine) -> None:
    gateway = read(CHAT / "gateway.yaml", KEY, engine=engine)
    services = compose("compose.yaml")["services"]
    assert services["page"]["environment"]["BASE_URL"] == f"http://gateway:{gateway.listen.port}"
    for name in ("compose.yaml", "compose.envoy.yaml"):
        assert str(gateway.admin) in compose(name)["services"]["gateway"]["healthcheck"]["test"][-1]


def test_the_key_is_in_no_file_of_git() -> None:
    assert re.search("^DASHSCOPE_API_KEY=$", (CHAT / ".env.example").read_text(), re.M)
    assert subprocess.run(["git", "check-ignore", "-q", CHAT / ".env"], cwd=ROOT, check=False).returncode == 0


def clean_tree(folder: Path) -> None:
    """What Docker would send: the files of Git that `.dockerignore` does not leave out."""
    kept = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    names = subprocess.run(["git", "ls-files", "-z", *kept], cwd=ROOT, capture_output=True, check=True).stdout
    for name in filter(None, names.decode().split("\0")):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)


def commands() -> list[str]:
    lines = re.sub(r"\\\n", " ", (ROOT / "Dockerfile").read_text()).splitlines()
    return [line.removeprefix("RUN ") for line in lines if line.startswith("RUN ")]


@pytest.mark.exhaustive
@pytest.mark.parametrize("extra", ["host", "envoy"])
def test_the_commands_of_the_dockerfile_make_a_gateway(tmp_path: Path, extra: str) -> None:
    source, home, installed = tmp_path / "src", tmp_path / "home", tmp_path / "opt" / "proxywasm"
    source.mkdir()
    home.mkdir()
    clean_tree(source)
    environment = {
        **os.environ, "PATH": f"{installed / 'bin'}:{os.environ['PATH']}", "HOME": str(home), "EXTRA": extra,
        "PROXYWASM_CACHE_DIR": str(home / "cache"), **KEY,
    }  # fmt: skip
    as_user = False
    for command in commands():
        if command.startswith("useradd"):
            as_user = True  # from here on in the second image
            continue
        line = command.replace("/opt/proxywasm", str(installed))
        subprocess.run(["sh", "-ec", line], cwd=home if as_user else source, env=environment, check=True)
    override = compose("compose.envoy.yaml")["services"]["gateway"] if extra == "envoy" else {}
    service = {**compose("compose.yaml")["services"]["gateway"], **override}
    words = [word.replace("/etc/proxywasm", str(CHAT)) for word in service["command"]]
    with subprocess.Popen(["proxywasm", *words], cwd=home, env=environment) as process:
        try:
            test = shlex.join(service["healthcheck"]["test"][1:])
            while subprocess.run(["sh", "-c", test], env=environment, capture_output=True, check=False).returncode:
                assert process.poll() is None
                time.sleep(0.2)
        finally:
            process.terminate()
            assert process.wait(60) == 0
