"""A page in a browser and a client in JavaScript, in front of `proxywasm serve`."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.host.gateway.live.gated_service import PIECES, gated_gateway

pytestmark = pytest.mark.exhaustive
CLIENTS = Path(__file__).with_name("clients")
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
SECONDS = 120


def test_a_page_in_a_browser_shows_the_pieces_as_they_come(ai_proxy_component: Path, tmp_path: Path) -> None:
    assert ai_proxy_component.is_file()
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    assert browser, "this test needs Chromium, in Debian the package `chromium`"
    with gated_gateway(tmp_path, (CLIENTS / "page.html").read_bytes()) as (service, address):
        options = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        options += ["--no-first-run", f"--user-data-dir={tmp_path / 'profile'}", "--remote-debugging-port=0"]
        with subprocess.Popen(
            [browser, *options, f"http://{address}/page"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as process:
            try:
                report = service.reports.get(timeout=SECONDS)
            finally:
                process.terminate()
    assert report == {"pieces": PIECES, "shown": "".join(PIECES), "failure": None}


def test_the_client_for_node_gets_chats_streams_and_refusals(ai_proxy_component: Path, tmp_path: Path) -> None:
    assert ai_proxy_component.is_file()
    node, npm = shutil.which("node"), shutil.which("npm")
    assert node, "this test needs Node.js"
    assert npm, "this test needs npm, which comes with Node.js"
    for name in ("package.json", "chat.mjs"):
        shutil.copy(CLIENTS / name, tmp_path)
    subprocess.run(
        [npm, "install", "--no-audit", "--no-fund", "--ignore-scripts"], cwd=tmp_path, check=True, capture_output=True
    )
    with gated_gateway(tmp_path) as (_, address):
        done = subprocess.run(
            [node, "chat.mjs", f"http://{address}"],
            cwd=tmp_path, check=False, capture_output=True, text=True, timeout=SECONDS,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told == {"whole": "".join(PIECES), "pieces": PIECES, "refusal": ["NotFoundError", 404]}
