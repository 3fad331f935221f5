"""What an operator sees of `proxywasm serve`: access lines, metrics, health, and no secrets in any of them."""

from __future__ import annotations

import http.client
import json
import re
import signal
import socket
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.host.cli import test_serve
from tests.host.cli.test_serve import chat, free_port
from tests.host.cli.test_workers import COUNTING, SECONDS, document, serving, until

upstream = test_serve.upstream
SECRETS = ["sk-0123456789abcdef0123456789", "sk-of-the-client-98765", "key-in-the-query-4321"]


def get(address: str, path: str, method: str = "GET") -> tuple[int, str]:
    connection = http.client.HTTPConnection(address, timeout=SECONDS)
    try:
        connection.request(method, path)
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


def metrics(admin: str) -> dict[tuple[str, str], float]:
    """The values by name and labels."""
    status, text = get(admin, "/metrics")
    assert status == 200
    found: dict[tuple[str, str], float] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            key = sample.name, ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))
            assert key not in found
            found[key] = sample.value
    return found


@pytest.mark.parametrize("workers", [1, 2])
def test_streams_are_lines_and_metrics_without_secrets(
    tmp_path: Path, upstream: int, ai_proxy_component: Path, workers: int
) -> None:
    assert ai_proxy_component.is_file()
    admin = f"127.0.0.1:{free_port()}"
    more = f"workers: {workers}\nadmin: {admin}\naccess_log: true"
    with serving(test_serve.gateway(tmp_path, upstream, more)) as gateway:
        assert get(admin, "/healthz") == (200, "alive\n")
        assert get(admin, "/readyz") == (200, "ready\n")
        chats = 8

        def ask(number: int) -> str:
            more = {"user": SECRETS[1]}
            return chat(gateway.address, stream=bool(number % 2), more=more, query=f"?api_key={SECRETS[2]}")

        with ThreadPoolExecutor(4) as pool:
            [*pool.map(ask, range(chats))]
        assert get(gateway.address, f"/nowhere?key={SECRETS[2]}")[0] == 404
        until(lambda: metrics(admin).get((REQUESTS, CHATTED)) == chats)
        seen = metrics(admin)
        assert seen[REQUESTS, "ended=complete,route=,status=404,upstream="] == 1
        assert seen["proxywasm_tokens_total", f"kind=input,{CHAT_LABELS}"] == chats
        assert seen["proxywasm_tokens_total", f"kind=output,{CHAT_LABELS}"] == 2 * chats
        for name in ("proxywasm_request_duration_seconds", "proxywasm_first_byte_seconds", "proxywasm_gateway_seconds"):
            assert seen[f"{name}_count", CHAT_LABELS] == chats
            assert seen[f"{name}_bucket", f"le=+Inf,{CHAT_LABELS}"] == chats
        assert seen["proxywasm_gateway_seconds_sum", CHAT_LABELS] > 0
        shown = [seen["proxywasm_resident_memory_bytes", f"worker={worker}"] for worker in range(workers)]
        assert min(shown) > 10_000_000
        pages = "".join(get(admin, page)[1] for page in ("/metrics", "/healthz", "/readyz", "/", f"/?{SECRETS[2]}"))
        assert get(admin, "/metrics", "POST")[0] == 405
        assert gateway.end() == 0
        assert gateway.process.stdout
        output = gateway.process.stdout.read()
    lines = [json.loads(line) for line in output.splitlines()]
    chatted = [line for line in lines if line["route"] == "models"]
    assert len(chatted) == chats
    for line in chatted:
        assert line["method"] == "POST"
        assert line["path"] == "/v1/chat/completions"
        assert line["status"] == 200
        assert line["ended"] == "complete"
        assert line["upstream"] == "dashscope.aliyuncs.com"
        said = [line[name] for name in ("provider", "requested_model", "model", "input_token", "output_token")]
        assert said == ["qwen", "gpt-4o", "qwen-max", 1, 2]
        assert (line["cached_tokens"], line["reasoning_tokens"], line["total_token"]) == (0, 0, 3)
        assert 0 < line["gateway_ms"] <= line["first_byte_ms"] <= line["duration_ms"]
        assert line["first_token_ms"] == (line["first_byte_ms"] if line["response_type"] == "stream" else None)
    assert sorted(line["response_type"] for line in chatted) == ["normal"] * 4 + ["stream"] * 4
    for secret in SECRETS:
        assert secret not in output
        assert secret not in pages
        assert secret not in "".join(gateway.log)


REQUESTS = "proxywasm_requests_total"
CHATTED = "ended=complete,route=models,status=200,upstream=dashscope.aliyuncs.com"
CHAT_LABELS = "route=models,upstream=dashscope.aliyuncs.com"


def test_metrics_of_plugins_are_those_of_all_workers_and_outlive_one(tmp_path: Path) -> None:
    admin = f"127.0.0.1:{free_port()}"
    with serving(document(tmp_path, f"admin: {admin}"), "--native") as gateway:
        with ThreadPoolExecutor(8) as pool:
            [*pool.map(gateway.get, ["/metric"] * 40)]
        expected = {
            ("counting_requests_total", "plugin=counting"): 40,
            ("counting_tenants_tenant_acme_total", "plugin=counting"): 40,
            ("counting_level", "plugin=counting"): 7,
        }
        assert metrics(admin).items() >= expected.items()
        pid = next(iter(gateway.workers()))
        subprocess.run(["kill", "-9", str(pid)], check=True)
        until(lambda: gateway.lines(r"(it is started again)"))
        assert metrics(admin).items() >= expected.items()


@pytest.mark.parametrize("workers", [1, 2])
def test_a_gateway_that_drains_is_alive_and_not_ready(tmp_path: Path, workers: int) -> None:
    admin = f"127.0.0.1:{free_port()}"
    with socket.create_server(("127.0.0.1", 0)) as slow:
        file = document(tmp_path, f"admin: {admin}")
        text = file.read_text().replace("workers: 2", f"workers: {workers}")
        file.write_text(re.sub(r"127\.0\.0\.1:9\b", f"127.0.0.1:{slow.getsockname()[1]}", text))
        with serving(file, "--native") as gateway, ThreadPoolExecutor(1) as pool:
            answer = pool.submit(gateway.get, "/")
            connection, _ = slow.accept()
            gateway.process.send_signal(signal.SIGTERM)
            until(lambda: get(admin, "/readyz") == (503, "takes no requests\n"))
            assert get(admin, "/healthz")[0] == 200
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\ndone")
            assert answer.result(SECONDS) == "done"
            assert gateway.process.wait(SECONDS) == 0
            connection.close()


def test_an_admin_port_in_use_is_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        file = document(tmp_path, f"admin: 127.0.0.1:{taken.getsockname()[1]}", plugin=COUNTING)
        done = subprocess.run(
            [test_serve.TOOL, "serve", file, "--native"], capture_output=True, text=True, check=False, timeout=SECONDS
        )
    assert done.returncode == 2
    assert "admin: 127.0.0.1" in done.stderr
    assert "cannot be used: another process listens at port " in done.stderr
    assert "Traceback" not in done.stderr
