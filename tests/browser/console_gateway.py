"""A gateway with a console, in front of a service that answers with what a test gives it."""

from __future__ import annotations

import contextlib
import json
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.browser.scripted import Scripted
from tests.host.serve_process import ROOT, free_port, serving

TOKEN = "the-token-of-the-console-0123456789"
SECRET = "sk-nobody-may-see-this-0123456789"
_RAISES = '''
"""Raises where a request asks for it, and writes to the log."""

import proxywasm

plugin = proxywasm.Plugin("raises")


@plugin.on_request_headers
def on_request_headers(ctx, config):
    if wanted := ctx.request_headers.get("x-raise"):
        raise ValueError(wanted)
    if line := ctx.request_headers.get("x-log"):
        proxywasm.log.warn(line)
'''
_TEXT = """\
# The gateway of the tests.
listen: 127.0.0.1:{listen}   # where clients come
admin: 127.0.0.1:{admin}
console: {{token_file: token}}

plugins:
  - name: raises
    source: raises.py
    on_failure: closed
  # Clients ask for GPT, and others answer.
  - name: ai-proxy
    source: {ai_proxy}
    config:
      provider:
        type: openai
        openaiCustomUrl: http://models.test/v1
        apiTokens: ["{secret}"]
        modelMapping: {{"gpt-4o": first-model, "*": other-model}}   # who is who

routes:
  - name: chat
    match: {{path_prefix: /v1/}}

upstreams:
  models.test: http://127.0.0.1:{upstream}
"""


@dataclass
class ConsoleGateway:
    """`address`: of the console. `chats`: where clients send their requests."""

    address: str
    chats: str
    file: Path
    service: Scripted

    def ask(self, model: str = "gpt-4o", headers: dict[str, str] | None = None) -> str:
        """The whole answer of a streamed chat, or the body of an error."""
        body = {"model": model, "stream": True, "messages": [{"role": "user", "content": "Who are you?"}]}
        request = urllib.request.Request(
            f"http://{self.chats}/v1/chat/completions",
            json.dumps(body).encode(),
            {"content-type": "application/json", **(headers or {})},
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                return str(response.read().decode())
        except urllib.error.HTTPError as error:
            with error:
                return str(error.read().decode())

    def ask_in_background(self, model: str = "gpt-4o") -> Answer:
        return Answer(self, model)


class Answer:
    """Of a request that another thread has sent."""

    def __init__(self, gateway: ConsoleGateway, model: str) -> None:
        self._text = ""
        self._thread = threading.Thread(target=self._run, args=(gateway, model))
        self._thread.start()

    def _run(self, gateway: ConsoleGateway, model: str) -> None:
        self._text = gateway.ask(model)

    def text(self) -> str:
        self._thread.join(60)
        assert not self._thread.is_alive()
        return self._text


@contextlib.contextmanager
def console_gateway(folder: Path) -> Iterator[ConsoleGateway]:
    """In this process's Python: the page does not know the difference, and a check takes a second less."""
    service = Scripted()
    service.daemon_threads = True
    thread = threading.Thread(target=service.serve_forever)
    thread.start()
    admin = free_port()
    names = {
        "listen": free_port(),
        "admin": admin,
        "ai_proxy": ROOT / "plugins" / "ai_proxy",
        "secret": SECRET,
        "upstream": service.server_port,
    }
    (folder / "raises.py").write_text(_RAISES)
    (folder / "token").write_text(TOKEN)
    (folder / "token").chmod(0o600)
    file = folder / "gateway.yaml"
    file.write_text(_TEXT.format(**names))
    try:
        with serving(file, "--native") as (_, address):
            yield ConsoleGateway(f"127.0.0.1:{admin}", address, file, service)
    finally:
        service.shutdown()
        service.server_close()
        thread.join()
