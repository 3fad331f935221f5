"""The console, in front of a gateway for the demo's fake model service that clients use all the time."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
import time
import urllib.request
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from playwright.sync_api import Page, expect

from proxywasm_host.gateway.live.demo.service import FakeService
from tools.chromium import Language
from tools.screenshots.scenes import Scene, Server
from tools.screenshots.serving import free_port, serving

_SECONDS: Final = 60
_TOKEN: Final = "the-token-of-the-console"  # noqa: S105  # of a gateway that lives as long as the pictures take
_MODELS: Final = ("gpt-4o", "gpt-4o-mini", "claude-sonnet-4-5", "gpt-4o")
_TEXT: Final = """\
listen: 127.0.0.1:{listen}
admin: 127.0.0.1:{admin}
console: {{token_file: token}}

plugins:
  # Clients ask for GPT, Qwen answers.
  - name: ai-proxy
    source: ai_proxy
    config:
      provider:
        type: qwen
        qwenEnableCompatible: false
        apiTokens: ["a-key-that-is-not-shown"]
        modelMapping:
          gpt-4o: qwen-max
          "*": qwen-plus
        timeout: 60000       # milliseconds

routes:
  - name: chat
    match: {{path_prefix: /v1/}}

upstreams:
  dashscope.aliyuncs.com: http://127.0.0.1:{service}
"""


@contextlib.contextmanager
def _console() -> Iterator[str]:
    with TemporaryDirectory(prefix="proxywasm-console-") as name, _service() as service:
        folder = Path(name)
        admin = free_port()
        ports = {"listen": free_port(), "admin": admin, "service": service}
        (folder / "gateway.yaml").write_text(_TEXT.format(**ports))
        (folder / "token").write_text(_TOKEN)
        (folder / "token").chmod(0o600)
        with serving(folder / "gateway.yaml") as chats:
            _ask_console(admin, "recordings/start", {"streams": 1})
            ended = threading.Event()
            clients = [threading.Thread(target=_client, args=(chats, ended, number)) for number in range(4)]
            for client in clients:
                client.start()
            time.sleep(20)  # so that there is something to draw
            try:
                yield f"127.0.0.1:{admin}"
            finally:
                ended.set()
                for client in clients:
                    client.join()


@contextlib.contextmanager
def _service() -> Iterator[int]:
    service = FakeService()
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    asyncio.run_coroutine_threadsafe(service.start(), loop).result()
    try:
        yield service.port
    finally:
        asyncio.run_coroutine_threadsafe(service.stop(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


def _client(address: str, ended: threading.Event, number: int) -> None:
    for model in cycle(_MODELS[number:] + _MODELS[:number]):
        body = {"model": model, "stream": True, "messages": [{"role": "user", "content": "How do you stream?"}]}
        _post(f"http://{address}/v1/chat/completions", body, {})
        if ended.wait(0.5 * number):
            return


def _ask_console(port: int, path: str, body: dict[str, Any]) -> None:
    _post(f"http://127.0.0.1:{port}/console/api/{path}", body, {"authorization": f"Bearer {_TOKEN}"})


def _post(url: str, body: dict[str, Any], headers: dict[str, str]) -> None:
    request = urllib.request.Request(url, json.dumps(body).encode(), {"content-type": "application/json", **headers})  # noqa: S310  # on loopback
    with urllib.request.urlopen(request, timeout=60) as response:  # noqa: S310
        response.read()


def _enter(page: Page) -> None:
    page.locator("#token").fill(_TOKEN)
    page.keyboard.press("Enter")
    expect(page.locator("main h1")).to_be_visible()


def _streams(page: Page, lang: Language) -> None:
    del lang
    _enter(page)
    expect(page.locator("table.streams tbody tr").nth(12)).to_be_attached()
    page.wait_for_timeout(2500)


def _edit(page: Page, lang: Language) -> None:
    """One setting is changed, and another one cannot be."""
    del lang
    _enter(page)
    page.locator('[data-place$=".modelMapping.gpt-4o"] input').last.fill("qwen3-max")
    page.locator(".further > summary").first.click()
    page.locator(".further input[type=search]").first.fill("domain")
    page.locator('[data-place$=".qwenDomain"] input').fill("no host")
    expect(page.locator(".problem-link")).to_be_visible(timeout=_SECONDS * 1000)
    page.locator(".form-box").evaluate("(box) => { box.scrollTop = 0; }")


def _review(page: Page, lang: Language) -> None:
    del lang
    _enter(page)
    page.locator('[data-place$=".modelMapping.gpt-4o"] input').last.fill("qwen3-max")
    page.locator('[data-place$=".timeout"] input').fill("30000")
    page.keyboard.press("Tab")
    page.locator(".view-head .primary").click()
    expect(page.locator(".diff")).to_be_visible(timeout=_SECONDS * 1000)


def _metrics(page: Page, lang: Language) -> None:
    del lang
    _enter(page)
    expect(page.locator(".chart path.line-0").first).to_be_attached()
    page.wait_for_timeout(3000)


def _replay(page: Page, lang: Language) -> None:
    del lang
    _enter(page)
    page.locator("main table a").first.click()
    page.locator(".view-head .primary").click()
    expect(page.locator(".side")).to_have_count(2, timeout=_SECONDS * 1000)
    page.locator(".view-column").evaluate("(box) => { box.scrollTop = 0; }")
    page.evaluate("scrollTo(0, 0)")


SERVER: Final = Server(
    _console,
    (
        Scene("console-streams", "/console#streams", _streams),
        Scene("console-edit", "/console#configuration", _edit),
        Scene("console-review", "/console#configuration", _review),
        Scene("console-metrics", "/console#metrics", _metrics),
        Scene("console-replay", "/console#recordings", _replay),
    ),
)
