"""Claude Code in print mode, in front of `proxywasm serve`, with all kinds of services behind it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from tests.ai_proxy.responses_services import Said
from tests.host.gateway.live.test_codex import Model, gateway, model  # noqa: F401  # a fixture
from tests.host.serve_process import serving

pytestmark = pytest.mark.exhaustive
PACKAGE = Path(__file__).parent / "clients" / "claude_code" / "package.json"
SECONDS = 120
CONVERTED = ["openai-like", "gemini", "bedrock"]
"""Services whose chats are converted."""


@pytest.fixture(scope="module")
def claude(tmp_path_factory: pytest.TempPathFactory) -> Path:
    npm, node = shutil.which("npm"), shutil.which("node")
    assert npm, "this test needs npm, which comes with Node.js"
    assert node
    folder = tmp_path_factory.mktemp("claude-code")
    shutil.copy(PACKAGE, folder)
    subprocess.run([npm, "install", "--no-audit", "--no-fund"], cwd=folder, check=True, capture_output=True)
    package = folder / "node_modules" / "@anthropic-ai" / "claude-code"
    subprocess.run([node, "install.cjs"], cwd=package, check=True, capture_output=True)
    return folder / "node_modules" / ".bin" / "claude"


@pytest.mark.parametrize("service", [*CONVERTED, "claude"])
def test_claude_code_runs_a_command(
    claude: Path,
    service: str,
    model: tuple[type[Model], int],  # noqa: F811
    tmp_path: Path,
) -> None:
    served, port = model
    thinking: Any = {"thinking": "let me see", "signature": "c2lnbmF0dXJl"}
    command = {"command": "echo pine > made.txt; cat made.txt", "description": "Make a file"}
    served.steps = [Said("Looking.", calls=[("Bash", command)], **thinking), Said("All done.")]
    home, work = tmp_path / "home", tmp_path / "work"
    home.mkdir()
    work.mkdir()
    file = gateway(tmp_path, service, port)
    if service == "bedrock":
        document = json.loads(file.read_text())
        document["plugins"][0]["config"]["provider"]["bedrockMessagesApi"] = False  # So that the chat is converted.
        file.write_text(json.dumps(document))
    with serving(file, "--native") as (_, address):
        done = subprocess.run(
            [claude, "-p", "Make a file.", "--output-format", "json", "--allowedTools", "Bash"],
            cwd=work, stdin=subprocess.DEVNULL, check=False, capture_output=True, text=True, timeout=SECONDS,
            env={
                **os.environ, "HOME": str(home), "CLAUDE_CONFIG_DIR": str(home),
                "ANTHROPIC_BASE_URL": f"http://{address}", "ANTHROPIC_AUTH_TOKEN": "any",
                "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1", "DISABLE_TELEMETRY": "1",
            },
        )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(done.stdout)
    assert (told["is_error"], told["result"]) == (False, "All done.")
    assert told["usage"]["output_tokens"] > 0
    assert (work / "made.txt").read_text() == "pine\n"
    assert "pine" in served.asked[-1], "the service gets what the command has said"
