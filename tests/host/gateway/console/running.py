"""A gateway with a console, as a user runs it, and a client that asks the console."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import shutil
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

from tests.host.gateway.reload.paced import Paced, paced
from tests.host.gateway.reload.process import SECONDS, GatewayFile, Running, watching
from tests.host.serve_process import free_port

KEEPER = Path(__file__).parent / "plugins" / "keeper.py"
TOKEN = "the-token-of-the-console-0123456789"
SECRETS = {
    "quoted": "secret-one-aaaaaaaa",
    "single": 'secret "two": bbbbbbbb',
    "environment": "secret-of-the-environment",
    "pem": "c2VjcmV0LXBlbS1rZXktb2YtdGhlLXRlc3Q",
    "comment": "sk-commentedout0123456789",
    "number": "1234567890123",
}
TEXT = """\
# A gateway for tests. An older key was: {comment}
listen: 127.0.0.1:{listen}   # where clients come
admin: 127.0.0.1:{admin}
console:
  {token}
{more}
plugins:
  # The plugin, with its keys.
  - name: keeper
    source: keeper.py
    config:
      version: gen1   # shown in answers
      # keys: {quoted} is the first
      apiTokens: ["{quoted}", '{single}', "${{ENV:CONSOLE_TEST_KEY}}"]
      key: |
        -----BEGIN PRIVATE KEY-----
        {pem}
        -----END PRIVATE KEY-----
      password: {number}
      list:
        - one   # the first
        - {{two: 2}}

routes: [{{name: all, upstream: paced}}]
upstreams:
  paced: http://127.0.0.1:{upstream}   # on loopback
"""


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        return str(self.json["error"]["code"])


@dataclass
class Console:
    port: int
    run: Running
    upstream: Paced
    path: Path
    told: list[bytes] = field(default_factory=list)
    """All answers: none of them may have a secret."""

    def ask(self, method: str, path: str, document: Any = None, **headers: str | None) -> Answer:
        given: dict[str, str | None] = {"authorization": f"Bearer {TOKEN}"}
        body = None
        if document is not None:
            given["content-type"] = "application/json"
            body = document if isinstance(document, bytes) else json.dumps(document).encode()
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=SECONDS)
        try:
            sent = {name: value for name, value in given.items() if value is not None}
            connection.request(method, f"/console{path}", body=body, headers=sent)
            response = connection.getresponse()
            found = Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, b"")
            found.body = response.read()
        finally:
            connection.close()
        self.told.append(found.body)
        return found

    def get(self, path: str) -> Any:
        answer = self.ask("GET", f"/api/{path}")
        assert answer.status == 200, answer.body
        return answer.json

    def post(self, path: str, document: Any) -> Answer:
        return self.ask("POST", f"/api/{path}", document)

    @property
    def file(self) -> Any:
        return self.get("file")

    def edit(self, what: str, edit: Any) -> Answer:
        """`check` or `apply` an edit of the file as it is now."""
        return self.post(what, {"etag": self.file["etag"], "edit": edit})

    def config(self, **keys: Any) -> Any:
        """The configuration of the plugin as the form has it, with these keys changed."""
        return {**self.file["plugins"][0]["config"], **keys}

    @contextlib.contextmanager
    def events(self, topics: str) -> Iterator[Iterator[tuple[str, Any]]]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=SECONDS)
        try:
            path = f"/console/api/events?topics={topics}"
            connection.request("GET", path, headers={"authorization": f"Bearer {TOKEN}"})
            response = connection.getresponse()
            assert response.status == 200, response.read()
            yield self._frames(response)
        finally:
            connection.close()

    def _frames(self, response: http.client.HTTPResponse) -> Iterator[tuple[str, Any]]:
        name = ""
        while line := response.readline():
            self.told.append(line)
            if line.startswith(b"event: "):
                name = line[7:].decode().strip()
            elif line.startswith(b"data: "):
                yield name, json.loads(line[6:])


@contextlib.contextmanager
def running(
    folder: Path,
    *words: str,
    more: str = "",
    token: str = "token_file: token",
    engine: Any = "serve",
    cache: bool = True,
) -> Iterator[Console]:
    """`cache`: with a folder of its own for what is cached."""
    admin = free_port()
    shutil.copy(KEEPER, folder)
    (folder / "token").write_text(f"{TOKEN}\n")
    with paced() as upstream:
        listen = free_port()
        text = TEXT.format(listen=listen, admin=admin, upstream=upstream.port, more=more, token=token, **SECRETS)
        file = GatewayFile(folder / "gateway.yaml", {"listen": f"127.0.0.1:{listen}"})
        file.path.write_text(text)
        environment = {"CONSOLE_TEST_KEY": SECRETS["environment"]}
        if cache:
            environment["PROXYWASM_CACHE_DIR"] = str(folder / "cache")
        folder.chmod(0o700)
        with contextlib.ExitStack() as stack:
            with mock.patch.dict(os.environ, environment):  # the process has them; the tests after this one have not
                run = stack.enter_context(watching(engine, file, *words, watch=False))
            yield Console(admin, run, upstream, file.path)


def raw(port: int, request: bytes) -> bytes:
    """The answer to a request byte for byte."""
    with socket.create_connection(("127.0.0.1", port), SECONDS) as connection:
        connection.sendall(request)
        data = b""
        while chunk := connection.recv(1 << 16):
            data += chunk
        return data
