"""Recordings at the command line: written by `serve --record`, sent by `replay --to`, updated, and converted."""

from __future__ import annotations

import json
import signal
import subprocess
import threading
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.host.serve_process import ROOT, TOOL, free_port

from proxywasm_host.cli.main import main

PROBE = ROOT / "tests" / "host" / "gateway" / "live" / "plugins" / "probe.py"
KEY = "sk-live-0123456789abcdef"
CLIENT_KEY = "client-key-fedcba98"


class Service(BaseHTTPRequestHandler):
    """Repeats the key that it gets."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        event = f"data: you are {self.headers['authorization']}\n\n".encode()
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for chunk in (event[:20], event[20:], b"data: [DONE]\n\n"):
            self.wfile.write(b"%x\r\n%b\r\n" % (len(chunk), chunk))
            self.wfile.flush()
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture
def service() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Service)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


def run(*words: object, env: dict[str, str] | None = None) -> Result:
    """In this process, which is faster."""
    return CliRunner().invoke(main, [*map(str, words)], env=env, catch_exceptions=False)


class Gateway:
    """`proxywasm serve` with the file and these words."""

    def __init__(self, file: Path, *words: object, engine: Sequence[str] = ("serve",)) -> None:
        self.process = subprocess.Popen(
            [TOOL, *engine, file, *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert self.process.stdout
        self.url = self.process.stdout.readline().removeprefix("ready: ").strip()
        assert self.url

    def __enter__(self) -> Gateway:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.log = self.process.communicate(timeout=30)[1]


def document(
    folder: Path, service: int, *, plugin: Path = PROBE, config: str = f"{{apiToken: {KEY}}}", more: str = ""
) -> Path:
    file = folder / "gateway.yaml"
    file.write_text(f"""listen: 127.0.0.1:{free_port()}
plugins: [{{name: probe, source: {plugin}, config: {config}}}]
routes: [{{name: all, upstream: main}}]
upstreams: {{main: "http://127.0.0.1:{service}"}}
{more}""")
    return file


def request(folder: Path, *, key: str = CLIENT_KEY, count: int = 1) -> Path:
    """Exchange files with requests to send."""
    body = f"body with {key}"
    headers = [
        [":method", "POST"], [":authority", "a"], [":path", f"/v1?key={key}"], ["authorization", f"Bearer {key}"],
        ["content-length", str(len(body))],
    ]  # fmt: skip
    asked = {"headers": headers, "body": [body]}
    entries = [{"name": f"request {number}", "request": asked} for number in range(count)]
    file = folder / "requests.json"
    file.write_text(json.dumps(entries))
    return file


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.exhaustive)])
def test_a_live_recording_has_no_key_and_passes_a_replay_and_a_gateway(
    tmp_path: Path, service: int, workers: int
) -> None:
    file = document(tmp_path, service, more=f"workers: {workers}")
    folder = tmp_path / "recordings"
    with Gateway(file, "--native", "--record", folder) as gateway:
        sent = run("replay", "--to", gateway.url, request(tmp_path, count=4))
        assert sent.exit_code == 2, sent.stderr  # nothing was expected
        assert "4 nothing expected" in sent.stdout
    files = [*folder.iterdir()]
    assert len(files) == 4
    for recording in files:
        text = recording.read_text()
        assert KEY not in text.lower()  # the plugin writes everything in capitals
        assert CLIENT_KEY not in text.lower()
        assert "masked-key-1" in text
    checked = run("replay", "--native", "--plugin", PROBE, "--check", folder)
    assert checked.exit_code == 0, checked.stdout + checked.stderr
    if workers > 1:
        return
    har = tmp_path / "all.har"
    assert run("convert", folder, "-o", har).exit_code == 0
    assert KEY not in har.read_text()
    assert CLIENT_KEY not in har.read_text()
    # Against a gateway: with the key of a client, which the service repeats, the answers are others.
    with Gateway(file, "--native") as gateway:
        for recordings in (folder, har):
            again = run("replay", "--to", gateway.url, "--keep-host", recordings, "--concurrency", 2)
            assert again.exit_code == 0, again.stdout + again.stderr
            assert "4 same" in again.stdout
            assert "recorded over" in again.stderr
        other = run("replay", "--to", gateway.url, "--credential-env", "MY_KEY", folder, env={"MY_KEY": CLIENT_KEY})
        assert other.exit_code == 1
        assert "answer.body" in other.stdout
        assert CLIENT_KEY not in (other.stdout + other.stderr).lower()


def test_an_update_writes_what_the_plugin_answers_now_and_shows_what_changed(tmp_path: Path) -> None:
    source = (
        "from proxywasm import HttpContext, Plugin\nplugin: Plugin[dict[str, object]] = Plugin('p')\n"
        "@plugin.on_request_headers\ndef go(ctx: HttpContext, config: dict[str, object]) -> None:\n"
    )
    plugin, changed_plugin, failing = (tmp_path / f"updated_{number}.py" for number in range(3))
    plugin.write_text(f"{source}    ctx.request_headers['x-new'] = 'yes'\n")
    changed_plugin.write_text(f"{source}    ctx.request_headers['x-new'] = 'no'\n")
    failing.write_text(f"{source}    raise RuntimeError\n")
    file = request(tmp_path, count=2)
    file.chmod(0o640)
    first = run("replay", "--native", "--plugin", plugin, "--update", file)
    assert first.exit_code == 0, first.stderr
    assert first.stdout.endswith(f"{file}: 2 of 2 updated\n")
    assert file.stat().st_mode & 0o777 == 0o640
    before = file.read_text()
    assert run("replay", "--native", "--plugin", plugin, "--check", file).exit_code == 0
    again = run("replay", "--native", "--plugin", plugin, "--update", file)
    assert again.stdout.endswith(f"{file}: 0 of 2 updated\n")
    assert file.read_text() == before
    changed = run("replay", "--native", "--plugin", changed_plugin, "--update", "--only", "request 1", file)
    assert "upstream.headers.x-new" in changed.stdout
    assert changed.stdout.endswith(f"{file}: 1 of 1 updated\n")
    assert file.read_text().count('"no"') == 1
    failed = run("replay", "--native", "--plugin", failing, "--update", file)
    assert failed.exit_code == 1
    assert file.read_text().count('"no"') == 1
    assert [path.name for path in tmp_path.iterdir() if "tmp" in path.name] == []


def test_another_configuration_takes_the_place_of_the_recorded_one(tmp_path: Path) -> None:
    plugin = tmp_path / "configured.py"
    plugin.write_text(
        "from proxywasm import HttpContext, Plugin\nplugin: Plugin[dict[str, str]] = Plugin('p')\n"
        "@plugin.on_request_headers\ndef go(ctx: HttpContext, config: dict[str, str]) -> None:\n"
        "    ctx.request_headers['x-name'] = config.get('name', 'none')\n"
    )
    file = request(tmp_path)
    run("replay", "--native", "--plugin", plugin, "--update", file)
    config = tmp_path / "new.yaml"
    config.write_text("name: ${ENV:NEW_NAME}\n")
    result = run("replay", "--native", "--plugin", plugin, "--check", "--config", config, file, env={"NEW_NAME": "b"})
    assert result.exit_code == 1
    assert 'expected "none"' in result.stdout
    assert 'got      "b"' in result.stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--to", "http://u:p@a"], "a credential has no place in the URL"),
        (["--to", "ftp://a"], "expected the URL of a gateway"),
        (["--to", "http://a/x"], "without a path"),
        (["--to", "http://a", "--native"], "--to sends to a gateway"),
        (["--pace"], "are for --to"),
        (["--update", "--check"], "--update excludes"),
        (["--to", "http://a", "--credential-env", "NOT_SET_ANYWHERE"], "NOT_SET_ANYWHERE has no credential"),
    ],
)
def test_options_that_do_not_fit_are_explained(tmp_path: Path, words: list[str], message: str) -> None:
    result = run("replay", *words, request(tmp_path))
    assert result.exit_code == 2
    assert message in result.stderr
    assert "Traceback" not in result.stderr


def test_a_gateway_that_is_not_there_is_a_difference(tmp_path: Path) -> None:
    result = run("replay", "--to", f"http://127.0.0.1:{free_port()}", request(tmp_path))
    assert result.exit_code == 1
    assert "cannot be reached" in result.stdout


def test_one_request_is_recorded_with_a_fixed_answer(tmp_path: Path) -> None:
    config, answer, output = tmp_path / "config.yaml", tmp_path / "answer.txt", tmp_path / "one.json"
    config.write_text("apiToken: ${ENV:MY_KEY}\n")
    answer.write_text(f"data: the key {KEY}\n\ndata: [DONE]\n\n")
    words = [
        "record",
        "/v1/chat?a=1",
        "--plugin",
        PROBE,
        "--config",
        config,
        "--native",
        "--answer",
        answer,
        "-o",
        output,
    ]
    result = run(*words, "-d", "the body", "-H", f"X-Api-Key: {CLIENT_KEY}", env={"MY_KEY": KEY})
    assert result.exit_code == 0, result.stderr
    assert f"{output}: written" in result.stdout
    (entry,) = json.loads(output.read_text())
    assert entry["request"]["headers"][0] == [":method", "POST"]
    assert len(entry["response"]["body"]) == 3  # two events and the end
    for text in (output.read_text().lower(), result.stdout.lower()):
        assert KEY not in text
        assert CLIENT_KEY not in text
    assert run("replay", "--native", "--plugin", PROBE, "--check", output).exit_code == 0
    again = run(*words, env={"MY_KEY": KEY})
    assert again.exit_code == 2
    assert f"{output} exists already" in again.stderr


def test_one_request_is_recorded_with_a_service(tmp_path: Path, service: int) -> None:
    output = tmp_path / "one.json"
    words = ["record", "/v1", "--plugin", PROBE, "--native", "--upstream", f"http://127.0.0.1:{service}", "-o", output]
    assert run(*words, "-d", "a").exit_code == 0
    assert run("replay", "--native", "--plugin", PROBE, "--check", output).exit_code == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["v1"], "is not the path of a request"),
        (["/", "-H", "no colon"], "expected a header such as"),
        (["/", "--upstream", "a"], "--upstream: expected the URL of a server"),
        (["/", "--upstream", "http://a", "--answer", "b"], "exclude each other"),
        (["/", "-d", "@nothing"], "nothing: cannot be read"),
        (["/", "--plugin", "nowhere.py"], "nowhere.py"),
    ],
)
def test_a_request_that_cannot_be_recorded_is_explained(tmp_path: Path, words: list[str], message: str) -> None:
    result = run("record", *words, "--native", "-o", tmp_path / "x.json")
    assert result.exit_code == 2
    assert message in result.stderr
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "x.json").exists()


def test_a_recording_of_ai_proxy_in_wasm_passes_a_replay(tmp_path: Path, service: int) -> None:
    folder = tmp_path / "recordings"
    ai_proxy = ROOT / "plugins" / "ai_proxy"
    provider = f"{{type: openai, apiTokens: [{KEY}, {KEY}-2, {KEY}-3], openaiCustomUrl: http://main/v1}}"
    file = document(tmp_path, service, plugin=ai_proxy, config=f"{{provider: {provider}}}")
    asked = tmp_path / "chat.json"
    body = json.dumps({"model": "gpt-4o", "stream": True, "messages": [{"role": "user", "content": CLIENT_KEY}]})
    headers = [
        [":method", "POST"], [":authority", "a"], [":path", "/v1/chat/completions"], ["cookie", f"s={CLIENT_KEY}"],
        ["content-type", "application/json"], ["content-length", str(len(body))],
    ]  # fmt: skip
    asked.write_text(json.dumps({"name": "chat", "request": {"headers": headers, "body": [body]}}))
    with Gateway(file, "--record", folder) as gateway:
        for _ in range(4):
            run("replay", "--to", gateway.url, asked)
    texts = [recording.read_text() for recording in folder.iterdir()]
    assert len(texts) == 4
    assert not any(KEY in text or CLIENT_KEY in text for text in texts)
    checked = run("replay", "--native", "--plugin", ai_proxy, "--check", folder)
    assert checked.exit_code == 0, checked.stdout + checked.stderr


@pytest.mark.envoy
@pytest.mark.exhaustive
def test_a_recording_made_in_envoy_passes_a_replay(tmp_path: Path, service: int) -> None:
    folder = tmp_path / "recordings"
    file = document(tmp_path, service)
    with Gateway(file, "--record", folder, engine=("envoy", "--run")) as gateway:
        sent = run("replay", "--to", gateway.url, request(tmp_path, count=2))
        assert "2 nothing expected" in sent.stdout, sent.stdout + sent.stderr
        for path, body in (("/reply", ""), ("/raise", ""), ("/large", "x" * 5_000_000)):
            asked = {"headers": [[":method", "POST"], [":authority", "a"], [":path", path]], "body": [body]}
            single = tmp_path / "single.json"
            single.write_text(json.dumps({"name": path, "request": asked}))
            run("replay", "--to", gateway.url, single)
    files = [*folder.iterdir()]
    assert len(files) == 4
    for recording in files:
        assert KEY not in recording.read_text().lower()
        assert CLIENT_KEY not in recording.read_text().lower()
    checked = run("replay", "--native", "--plugin", PROBE, "--check", "--only", "/v1", folder)
    assert checked.exit_code == 0, checked.stdout + checked.stderr
    assert f"larger than {4 * 2**20:,} bytes" in gateway.log
    replies = run("replay", "--native", "--plugin", PROBE, "--check", "--only", "/reply", folder)
    assert replies.exit_code == 0, replies.stdout + replies.stderr
