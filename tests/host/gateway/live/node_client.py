"""Runs a client for Node.js in front of `proxywasm serve --demo`."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

from tests.host.serve_process import free_port, serving

CLIENTS = Path(__file__).with_name("clients")
_SECONDS = 120


def told_by(client: str, script: str, folder: Path) -> Any:
    """What the script of this client has printed, as JSON. Its packages are installed in `folder`."""
    node, npm = shutil.which("node"), shutil.which("npm")
    assert node, "this test needs Node.js"
    assert npm, "this test needs npm, which comes with Node.js"
    for file in (CLIENTS / client).iterdir():
        shutil.copy(file, folder)
    subprocess.run(
        [npm, "install", "--no-audit", "--no-fund", "--ignore-scripts"], cwd=folder, check=True, capture_output=True
    )
    with serving("--demo", "--port", str(free_port()), "--native") as (_, address):
        done = subprocess.run(
            [node, script, f"http://{address}"],
            cwd=folder, check=False, capture_output=True, text=True, timeout=_SECONDS,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
