"""A lowered module in the real Envoy: everything an SDK needs of the ABI, and everything Python needs of WASI."""

from __future__ import annotations

import json
import time
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from .envoy_process import Envoy, wasm_filter
from .upstream import CHUNKS

pytestmark = [pytest.mark.envoy, pytest.mark.slow]


def ask(envoy: Envoy, path: str, body: bytes | None = None, **headers: str) -> Any:
    response, answer = envoy.send(path, body, {name.replace("_", "-"): value for name, value in headers.items()})
    assert response.status == 200, envoy.log()
    return json.loads(answer)


def test_configuration_is_read_and_request_headers_are_edited(envoy: Envoy) -> None:
    seen = ask(envoy, "/headers", x_replaced="a", x_removed="r", x_empty="")["headers"]
    headers = dict(seen)
    assert json.loads(headers["x-config"]) == {"greeting": "hé", "tick": 50}
    assert headers["x-replaced"] == "a!"
    assert headers["x-added"] == "caf\xe9"
    assert "x-removed" not in headers


def test_a_stream_is_seen_to_its_end(envoy: Envoy) -> None:
    ask(envoy, "/headers", x_replaced="a", x_empty="")
    envoy.wait_for_log("logged b'\\xc8\\x00\\x00\\x00\\x00\\x00\\x00\\x00'")


def test_a_request_body_is_buffered_and_replaced(envoy: Envoy) -> None:
    body = b"one " * 100_000
    assert ask(envoy, "/upper", body)["body"] == "ONE " * 100_000


def test_a_streamed_response_body_is_edited_chunk_by_chunk(envoy: Envoy) -> None:
    connection = HTTPConnection("127.0.0.1", envoy.port, timeout=20)
    connection.request("GET", "/stream")
    response = connection.getresponse()
    assert response.headers["x-stream"] == "edited"
    first, asked = response.read1(), time.monotonic()
    rest = response.read()
    assert first == b"<" + CHUNKS[0] + b">"
    assert time.monotonic() - asked > 0.05
    assert first + rest == b"".join([b"<" + chunk + b">" for chunk in [*CHUNKS, b""]])
    connection.close()


def test_a_local_reply_may_have_any_bytes(envoy: Envoy) -> None:
    response, body = envoy.send("/reply")
    assert (response.status, response.headers["x-local"], body) == (418, "yes", b"\x00\xff")


def test_python_has_time_and_randomness_and_knows_its_limits(envoy: Envoy) -> None:
    first, second = ask(envoy, "/facts"), ask(envoy, "/facts")
    assert abs(first["time"] - time.time()) < 10
    assert first["now"][:10] == time.strftime("%Y-%m-%d", time.gmtime(first["time"]))
    assert second["perf"] > first["perf"]
    assert first["slept"] < 1  # A sleep of 3 s: a worker does not wait.
    for name in ("uuid", "urandom", "random"):
        assert first[name] != second[name]
    assert len(first["urandom"]) == 1000
    assert (first["environ"], first["stdin"]) == ({}, "")
    assert first["errors"] == {
        **dict.fromkeys(("open", "write", "listdir", "stat"), "FileNotFoundError"),
        "socket": "PermissionError",
        **dict.fromkeys(("zlib", "eval"), "SystemError"),
    }


def test_print_and_tracebacks_are_in_the_log(envoy: Envoy) -> None:
    ask(envoy, "/facts")
    log = envoy.wait_for_log("JSONDecodeError")
    assert "[info][wasm]" in next(line for line in log.splitlines() if line.endswith(": printed"))
    assert "[error][wasm]" in next(line for line in log.splitlines() if line.endswith("printed to stderr"))
    assert 'raw_guest.py", line ' in log


def test_shared_data_compares_and_swaps(envoy: Envoy) -> None:
    assert ask(envoy, "/shared") == [0, "1", 8, 0, ""]


def test_properties_metrics_level_and_foreign_functions(envoy: Envoy) -> None:
    facts = ask(envoy, "/host")
    assert facts.pop("metric") > 0
    assert facts == {"property": "/host", "own": "set", "no_property": True, "log_level": 2, "foreign": 1}


def test_a_call_out_pauses_the_request_and_answers_it(envoy: Envoy) -> None:
    response, body = envoy.send("/call")
    assert (response.status, body) == (200, b"200 answer to question")


def test_a_call_out_pauses_the_request_and_resumes_it(envoy: Envoy) -> None:
    assert dict(ask(envoy, "/call-resume")["headers"])["x-called"] == "200 answer to question"


def test_a_call_out_that_times_out_is_answered_by_envoy(envoy: Envoy) -> None:
    assert envoy.send("/call-timeout")[1] == b"504 upstream request timeout"


def test_a_call_out_to_no_cluster_is_not_sent(envoy: Envoy) -> None:
    assert envoy.send("/call-nowhere")[1] == b"not sent: 2"


def test_ticks(envoy: Envoy) -> None:
    envoy.wait_for_log("wasm log raw raw: tick")


def test_memory_is_given_back(envoy: Envoy) -> None:
    """200 host calls with 1 MB each would not fit otherwise."""
    for _ in range(3):
        assert envoy.send("/grow")[1] == b"grown"


@pytest.mark.parametrize(("fail_open", "status"), [(False, 503), (True, 200)])
@pytest.mark.parametrize("path", ["/raise", "/trap"])
def test_a_trap_leaves_the_policy_to_envoy(
    envoy_binary: str, module: Path, upstream_port: int, path: str, fail_open: bool, status: int
) -> None:
    filters = [wasm_filter(module, {}, fail_open)]
    with Envoy(envoy_binary, {"upstream": upstream_port}, filters) as envoy:
        assert envoy.send("/plain")[0].status == 200
        envoy.send(path)
        assert envoy.send("/plain")[0].status == status
        log = envoy.wait_for_log("Function: proxy_on_request_headers failed")
        if path == "/raise":
            assert "RuntimeError: not caught" in log


def test_a_refused_configuration_is_in_the_log(envoy_binary: str, module: Path, upstream_port: int) -> None:
    broken = wasm_filter(module, {})
    broken["typed_config"]["config"]["configuration"]["value"] = "{"
    with pytest.raises(RuntimeError, match="JSONDecodeError"), Envoy(envoy_binary, {"up": upstream_port}, [broken]):
        pass
