"""Who may ask the console, and how."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.host.gateway.console.running import TOKEN, Console, raw
from tests.host.gateway.reload.process import until

from proxywasm_host.cli.main import main
from proxywasm_host.gateway import GatewayFileError, read
from proxywasm_host.gateway.console.server.token import Token, TokenError
from proxywasm_host.gateway.model import Console as Settings


@pytest.mark.parametrize("authorization", [None, f"Basic {TOKEN}", TOKEN, "Bearer "])
def test_without_a_token_nothing_is_told(console: Console, authorization: str | None) -> None:
    for method, path in (("GET", "about"), ("POST", "apply"), ("DELETE", "recordings/x"), ("GET", "nothing")):
        answer = console.ask(method, f"/api/{path}", authorization=authorization)
        assert (answer.status, answer.code) == (401, "wrong_token")
        assert answer.headers["www-authenticate"] == "Bearer"


def test_a_wrong_token_is_a_line_in_the_log(console: Console) -> None:
    for wrong in (f"{TOKEN}x", "not-the-token-at-all"):
        answer = console.ask("GET", "/api/about", authorization=f"Bearer {wrong}")
        assert (answer.status, answer.code) == (401, "wrong_token")
    until(lambda: len(console.run.logged("console: a wrong token from 127.0.0.1")) == 2)
    assert "not-the-token-at-all" not in "".join(console.run.log)


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "evil.example"},
        {"host": "evil.example:9901"},
        {"host": "127.0.0.1.evil.example"},
        {"host": "169.254.1.1"},
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://["},
        {"origin": "http://127.0.0.1:1"},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
    ],
)
def test_other_hosts_and_pages_are_refused_also_with_the_token(console: Console, headers: dict[str, str]) -> None:
    answer = console.ask("GET", "/api/about", **headers)
    assert (answer.status, answer.code) == (403, "foreign_origin")
    assert (console.ask("GET", "", **headers).status == 403) is ("host" in headers)


def test_its_own_page_may_ask_by_each_name_of_loopback(console: Console) -> None:
    for host in (f"127.0.0.1:{console.port}", f"localhost:{console.port}", "LOCALHOST:1", "[::1]:80"):
        answer = console.ask("GET", "/api/about", host=host, origin=f"http://{host}", sec_fetch_site="same-origin")
        assert answer.status == 200
        assert answer.headers["cache-control"] == "no-store"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "access-control-allow-origin" not in answer.headers
        assert "set-cookie" not in answer.headers


def test_the_page_needs_no_token_and_has_none(console: Console) -> None:
    page = console.ask("GET", "", authorization=None)
    assert (page.status, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "script-src 'self'" in page.headers["content-security-policy"]


def test_a_body_without_the_token_is_not_kept(console: Console) -> None:
    head = b"POST /console/api/apply HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n"
    answer = raw(console.port, head + b"content-length: 100000000\r\n\r\n" + b"x" * 1000)
    assert answer.startswith(b"HTTP/1.1 401 ")


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{}", "text/plain", 415),
        (b"{}", "application/x-www-form-urlencoded", 415),
        (b"{", None, 400),
        (b"[]", None, 400),
        (b"\xff\xfe", None, 400),
        (b'{"etag": NaN, "edit": {}}', None, 400),
        (b'{"etag": 1, "edit": {}}', None, 400),
        (b'{"etag": "x", "edit": {}}', None, 400),
        (b'{"etag": "x", "edit": {"text": 1}}', None, 400),
        (b'{"etag": "x", "edit": {"text": "x", "plugin": 0}}', None, 400),
        (b'{"etag": "x", "edit": {"plugin": true, "config": {}}}', None, 400),
        (b'{"etag": "x", "edit": {"plugin": 7, "config": {}}}', None, 400),
        (b'{"etag": "x", "edit": {"plugin": -1, "config": {}}}', None, 400),
        (b'{"etag": "x", "edit": {"history": 999}}', None, 404),
        (b'{"etag": "x", "edit": {}, "__proto__": {}}', None, 400),
        (b'{"etag": "x", "edit": ' + b'{"a":' * 1000 + b"1" + b"}" * 1001, None, 400),
        (b'{"etag": "x", "edit": {"plugin": 0, "config": {"a": 1e999}}}', None, 400),
        (b'{"etag": "x", "edit": {"plugin": 0, "config": {"a": ' + b"9" * 5000 + b"}}}", None, 400),
        (b'{"a": "' + b"x" * 2**21 + b'"}', None, 413),
    ],
)  # fmt: skip
def test_what_is_no_request_is_refused(console: Console, body: bytes, kind: str | None, status: int) -> None:
    answer = console.ask("POST", "/api/apply", body, content_type=kind or "application/json")
    assert answer.status == status, answer.body
    assert answer.json["error"]["message"]


def test_paths_that_are_none(console: Console) -> None:
    for path in ("recordings/..%2f..%2ftoken", "recordings/../../token", "history/../../token", "history/1e3",
                 "recordings/%00", "", "file/x"):  # fmt: skip
        assert console.ask("GET", f"/api/{path}").status == 404
    answer = console.ask("DELETE", "/api/file")
    assert (answer.status, answer.headers["allow"]) == (405, "GET")


def test_a_file_without_a_token_that_can_be_used_is_refused(tmp_path: Path) -> None:
    for content, why in (("", "no token of 16"), ("short", "no token of 16"), ("with spaces in between", "spaces")):
        (tmp_path / "token").write_text(content)
        with pytest.raises(TokenError, match=why) as refused:
            Token(Settings.model_validate({"token_file": str(tmp_path / "token")}))
        assert content not in str(refused.value) or not content
    file = tmp_path / "gateway.yaml"
    for console, why in (
        ("{}", "either `token_file` or `token_env`"),
        ("{token_file: token, token_env: A}", "either `token_file` or `token_env`"),
        ("{token_file: token}", "`console` is shown at `admin`"),
        ("{token_file: gone, listen: 127.0.0.1:9}", "a file with a token in it"),
        ("{token_file: token, listen: 0.0.0.0:9}", "loopback"),
    ):
        file.write_text(f"listen: 127.0.0.1:8\nroutes: [{{name: a}}]\nconsole: {console}\n")
        with pytest.raises(GatewayFileError, match=why):
            read(file, engine="serve")


def test_beside_envoy_it_needs_an_address_of_its_own_and_a_process_of_ours(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(TOKEN)
    file = tmp_path / "gateway.yaml"
    text = "listen: 127.0.0.1:8\nadmin: 127.0.0.1:9\nroutes: [{name: a}]\nconsole: {token_file: token"
    file.write_text(f"{text}}}\n")
    refused = CliRunner().invoke(main, ["envoy", str(file)])
    assert refused.exit_code == 2
    assert "gateway.yaml:4: console: needs a `listen` of its own: `admin` is Envoy's" in refused.output
    file.write_text(f"{text}, listen: 127.0.0.1:10}}\n")
    written = CliRunner().invoke(main, ["envoy", str(file)])
    assert (written.exit_code, json.loads(written.stdout)["admin"] is not None) == (0, True)
    assert "console: only with --run" in written.stderr
    recorded = CliRunner().invoke(main, ["envoy", str(file), "--run", "--record", str(tmp_path / "records")])
    assert "--record excludes the key `console`" in recorded.output
