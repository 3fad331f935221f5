"""`proxywasm serve` as a user starts it."""

from __future__ import annotations

import http.client
import json
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from tests.host.serve_process import ROOT, TOOL, free_port, serving

TEXTS = ["Hel", "lo"]


class DashScope(BaseHTTPRequestHandler):
    """Answers as DashScope's own protocol does."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        assert body["model"] == "qwen-max"
        streams = "event-stream" in self.headers.get("accept", "")
        self.send_response(200)
        if streams:
            self.send_header("content-type", "text/event-stream")
            self.send_header("transfer-encoding", "chunked")
            self.end_headers()
            for text in TEXTS:
                event = f"data:{json.dumps(self.answer(text, text == TEXTS[-1]))}\n\n".encode()
                self.wfile.write(b"%x\r\n%b\r\n" % (len(event), event))
            self.wfile.write(b"0\r\n\r\n")
        else:
            whole = json.dumps(self.answer("".join(TEXTS), True)).encode()
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(whole)))
            self.end_headers()
            self.wfile.write(whole)

    def answer(self, text: str, ends: bool) -> dict[str, Any]:
        choice = {"message": {"role": "assistant", "content": text}, "finish_reason": "stop" if ends else "null"}
        return {"output": {"choices": [choice]}, "usage": {"input_tokens": 1, "output_tokens": 2}, "request_id": "r"}

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture
def upstream() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), DashScope)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


def gateway(folder: Path, upstream: int, more: str = "", port: int | None = None) -> Path:
    file = folder / "gateway.yaml"
    file.write_text(
        f"""listen: 127.0.0.1:{port or free_port()}
plugins:
  - name: ai-proxy
    source: {ROOT / "plugins" / "ai_proxy"}
    config:
      provider:
        type: qwen
        apiTokens: [sk-0123456789abcdef0123456789]
        modelMapping: {{gpt-4o: qwen-max}}
        qwenEnableCompatible: false
routes:
  - name: models
    match: {{path_prefix: /v1/}}
upstreams:
  dashscope.aliyuncs.com: http://127.0.0.1:{upstream}
{more}
"""
    )
    return file


def chat(address: str, *, stream: bool, more: dict[str, Any] | None = None, query: str = "") -> str:
    connection = http.client.HTTPConnection(address, timeout=30)
    body = {"model": "gpt-4o", "stream": stream, "messages": [{"role": "user", "content": "hi"}], **(more or {})}
    headers = {"content-type": "application/json", "authorization": "Bearer sk-of-the-client-98765"}
    connection.request("POST", f"/v1/chat/completions{query}", json.dumps(body), headers)
    response = connection.getresponse()
    text = response.read().decode()
    connection.close()
    assert response.status == 200, text
    return text


def check_chats(address: str) -> None:
    assert json.loads(chat(address, stream=False))["choices"][0]["message"]["content"] == "Hello"
    events = chat(address, stream=True).split("\n\n")
    assert events[-2:] == ["data: [DONE]", ""]
    deltas = [json.loads(event.removeprefix("data: "))["choices"][0]["delta"] for event in events[:-2]]
    assert "".join(delta.get("content") or "" for delta in deltas) == "Hello"


def test_a_model_is_answered_by_another_service_natively(tmp_path: Path, upstream: int) -> None:
    with serving(gateway(tmp_path, upstream), "--native") as (process, address):
        check_chats(address)
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
        assert process.stderr
        assert "sk-0123456789" not in process.stderr.read()


def test_a_model_is_answered_by_another_service_in_wasm(
    tmp_path: Path, upstream: int, ai_proxy_component: Path
) -> None:
    assert ai_proxy_component.is_file()
    with serving(gateway(tmp_path, upstream)) as (process, address):
        check_chats(address)
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0


def pieces(address: str) -> list[str]:
    """What a chat shows, piece by piece as it arrives."""
    connection = http.client.HTTPConnection(address, timeout=30)
    body = {"model": "gpt-4o", "stream": True, "messages": [{"role": "user", "content": "Who are you?"}]}
    connection.request("POST", "/v1/chat/completions", json.dumps(body), {"content-type": "application/json"})
    found: list[str] = []
    for line in connection.getresponse():
        if line.startswith(b"data: {"):
            found += [choice["delta"].get("content") or "" for choice in json.loads(line[6:])["choices"]]
    connection.close()
    return found


@pytest.mark.parametrize("where", ["--native", pytest.param("", marks=pytest.mark.exhaustive)])
def test_the_demo_needs_no_key_and_says_what_to_try(where: str, ai_proxy_component: Path) -> None:
    assert ai_proxy_component.is_file()
    port = str(free_port())
    with serving("--demo", "--port", port, *filter(None, [where])) as (process, address):
        assert address == f"127.0.0.1:{port}"
        assert process.stdout
        assert process.stdout.readline() == "\n"
        assert process.stdout.readline().startswith("Ask for gpt-4o, and Qwen answers")
        said = pieces(address)
        assert "".join(said).startswith("I am qwen-max, a fake model")
        assert len(said) > 10
        tool = {"name": "weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}
        asked = {"tools": [{"type": "function", "function": tool}]}
        call = json.loads(chat(address, stream=False, more=asked))["choices"][0]["message"]["tool_calls"][0]
        assert call["function"]["name"] == "weather"


def test_a_stream_is_one_line_in_the_access_log(tmp_path: Path, upstream: int) -> None:
    with serving(gateway(tmp_path, upstream, "access_log: true"), "--native") as (process, address):
        chat(address, stream=True)
        connection = http.client.HTTPConnection(address, timeout=30)
        connection.request("GET", "/nowhere?key=sk-123456789")
        assert connection.getresponse().read() == b"no route matches GET /nowhere\n"
        connection.close()
        assert process.stdout
        chatted, lost = json.loads(process.stdout.readline()), json.loads(process.stdout.readline())
    assert (chatted["route"], chatted["method"], chatted["path"]) == ("models", "POST", "/v1/chat/completions")
    assert (chatted["upstream"], chatted["status"], chatted["ended"]) == ("dashscope.aliyuncs.com", 200, "complete")
    assert chatted["response_bytes"] > chatted["request_bytes"] > 0
    assert 0 < chatted["first_byte_ms"] <= chatted["duration_ms"]
    assert (lost["path"], lost["status"], lost["first_byte_ms"]) == ("/nowhere", 404, None)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("nonsense: 1", "nonsense: no such key"),
    ],
)
def test_what_this_host_does_not_have_is_refused(tmp_path: Path, more: str, message: str) -> None:
    done = subprocess.run(
        [TOOL, "serve", gateway(tmp_path, 1, more), "--native"], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_in_use_is_one_line(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        file = gateway(tmp_path, 1, port=port)
        done = subprocess.run([TOOL, "serve", file], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2
    assert f"cannot be used: another process listens at port {port}; stop it, or change `listen`" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("workers", [1, 2])
def test_a_second_signal_ends_it_at_once(tmp_path: Path, number: signal.Signals, workers: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        file = tmp_path / "gateway.yaml"
        document = {
            "listen": f"127.0.0.1:{free_port()}",
            "workers": workers,
            "routes": [{"name": "all", "upstream": "silent"}],
            "upstreams": {"silent": f"http://127.0.0.1:{silent.getsockname()[1]}"},
            "limits": {"drain": 3600},
        }
        file.write_text(json.dumps(document))
        with serving(file) as (process, address):
            host, _, port = address.partition(":")
            with socket.create_connection((host, int(port))) as client:
                client.sendall(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
                upstream, _ = silent.accept()
                with upstream:
                    process.send_signal(number)
                    until_refused(host, int(port))
                    assert process.poll() is None
                    process.send_signal(number)
                    assert process.wait(20) == (0 if workers > 1 else -number)


def until_refused(host: str, port: int) -> None:
    """The first signal has been noticed."""
    end = time.monotonic() + 20
    while time.monotonic() < end:
        try:
            socket.create_connection((host, port)).close()
        except ConnectionError:
            return
        time.sleep(0.02)
    raise AssertionError("it still takes connections")
