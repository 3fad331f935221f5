"""Codex in print mode, in front of `proxywasm serve`, with all kinds of services behind it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
from tests.ai_proxy.responses_services import SERVICES, Said
from tests.host.serve_process import ROOT, free_port, serving

from proxywasm_host.recordings.exchange import Message

pytestmark = pytest.mark.exhaustive
PACKAGE = Path(__file__).parent / "clients" / "codex" / "package.json"
HOSTS = {
    "openai-like": "api.moonshot.cn",
    "qwen": "dashscope.aliyuncs.com",
    "gemini": "generativelanguage.googleapis.com",
    "claude": "api.anthropic.com",
    "bedrock": "bedrock-runtime.us-east-1.amazonaws.com",
}
MODELS = {"openai-like": "kimi-k2-thinking", "qwen": "qwen-max", "gemini": "gemini-3-pro-preview"}
"""Others are Claude models."""
SECONDS = 120
PATCH = '*** Begin Patch\n*** Add File: patched.txt\n+pine "apple"\n*** End Patch\n'


@pytest.fixture(scope="module")
def codex(tmp_path_factory: pytest.TempPathFactory) -> Path:
    npm = shutil.which("npm")
    assert npm, "this test needs npm, which comes with Node.js"
    folder = tmp_path_factory.mktemp("codex")
    shutil.copy(PACKAGE, folder)
    subprocess.run([npm, "install", "--no-audit", "--no-fund"], cwd=folder, check=True, capture_output=True)
    return folder / "node_modules" / ".bin" / "codex"


class Model(BaseHTTPRequestHandler):
    """A service that calls a tool first, then another one, and then says that it is done."""

    protocol_version = "HTTP/1.1"
    service: ClassVar[Any]
    steps: ClassVar[list[Said]]
    asked: ClassVar[list[str]]

    def do_POST(self) -> None:
        length = int(self.headers["content-length"])
        self.asked.append(self.rfile.read(length).decode())
        message: Message = self.service.stream(self.steps.pop(0))
        self.send_response(200)
        for name, value in message.headers[1:]:
            self.send_header(name, value)
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for chunk in message.body:
            self.wfile.write(b"%x\r\n%b\r\n" % (len(chunk), chunk))
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture
def model(service: str) -> Iterator[tuple[type[Model], int]]:
    class Mine(Model):
        asked: ClassVar[list[str]] = []

    Mine.service = SERVICES[service]
    server = ThreadingHTTPServer(("127.0.0.1", 0), Mine)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield Mine, server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


def gateway(folder: Path, service: str, port: int) -> Path:
    provider = {**SERVICES[service].config, "modelMapping": {"*": MODELS.get(service, "claude-sonnet-4-5")}}
    plugin = {"name": "ai-proxy", "source": str(ROOT / "plugins" / "ai_proxy"), "config": {"provider": provider}}
    document = {
        "listen": f"127.0.0.1:{free_port()}",
        "plugins": [plugin],
        "routes": [{"name": "models"}],
        "upstreams": {HOSTS[service]: f"http://127.0.0.1:{port}"},
    }
    file = folder / "gateway.yaml"
    file.write_text(json.dumps(document))  # which is YAML, too
    return file


@pytest.mark.parametrize("service", SERVICES)
def test_codex_runs_a_command_and_applies_a_patch(
    codex: Path, service: str, model: tuple[type[Model], int], tmp_path: Path
) -> None:
    served, port = model
    thinking = {"thinking": "let me see", "signature": "c2lnbmF0dXJl"}
    served.steps = [
        Said("Looking.", calls=[("exec_command", {"cmd": "echo pine > made.txt; cat made.txt"})], **thinking),  # type: ignore[arg-type]
        Said(calls=[("apply_patch", {"input": PATCH})], **thinking),  # type: ignore[arg-type]
        Said("All done."),
    ]
    home, work = tmp_path / "home", tmp_path / "work"
    home.mkdir()
    work.mkdir()
    with serving(gateway(tmp_path, service, port), "--native") as (_, address):
        (home / "config.toml").write_text(
            f"""model = "gpt-5.5"
model_provider = "gateway"
[model_providers.gateway]
name = "gateway"
base_url = "http://{address}/v1"
wire_api = "responses"
env_key = "GATEWAY_KEY"
"""
        )
        done = subprocess.run(
            [codex, "exec", "--skip-git-repo-check", "-s", "danger-full-access", "--json", "Make a file."],
            cwd=work, env={**os.environ, "CODEX_HOME": str(home), "GATEWAY_KEY": "any"}, stdin=subprocess.DEVNULL,
            check=False, capture_output=True, text=True, timeout=SECONDS,
        )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    said = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    texts = [one["item"]["text"] for one in said if one.get("item", {}).get("type") == "agent_message"]
    assert texts == ["Looking.", "All done."]
    assert said[-1]["type"] == "turn.completed"
    assert said[-1]["usage"]["output_tokens"] == 15
    assert (work / "made.txt").read_text() == "pine\n"
    assert (work / "patched.txt").read_text() == 'pine "apple"\n'
    assert len(served.asked) == 3
    assert "pine" in served.asked[1], "the service gets what the command has said"
    assert ("c2lnbmF0dXJl" in served.asked[2]) == (service in {"claude", "bedrock", "gemini"})
