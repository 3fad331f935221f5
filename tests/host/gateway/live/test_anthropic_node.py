"""Anthropic's client for Node.js, in front of `proxywasm serve --demo`."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.host.serve_process import free_port, serving

pytestmark = pytest.mark.exhaustive
CLIENT = Path(__file__).with_name("clients") / "anthropic"
SECONDS = 120


def test_messages_streams_tools_tokens_and_models(tmp_path: Path) -> None:
    node, npm = shutil.which("node"), shutil.which("npm")
    assert node, "this test needs Node.js"
    assert npm, "this test needs npm, which comes with Node.js"
    for file in CLIENT.iterdir():
        shutil.copy(file, tmp_path)
    subprocess.run(
        [npm, "install", "--no-audit", "--no-fund", "--ignore-scripts"], cwd=tmp_path, check=True, capture_output=True
    )
    with serving("--demo", "--port", str(free_port()), "--native") as (_, address):
        done = subprocess.run(
            [node, "messages.mjs", f"http://{address}"],
            cwd=tmp_path, check=False, capture_output=True, text=True, timeout=SECONDS,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told.pop("whole").endswith("You said: Oslo")
    assert 3 < told.pop("tokens") < 20
    assert told == {
        "same": True,
        "called": [{"city": "Oslo"}],
        "ran": "The tool says: rain",
        "models": ["gpt-4o", "o4-mini", "claude-sonnet-4-5", "text-embedding-3-small", "gpt-4"],
        "refusal": ["BadRequestError", 400],
    }
