"""Bad plugins inside the real Envoy."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from http.client import IncompleteRead
from pathlib import Path
from typing import Any

import pytest

from proxywasm_host.gateway.envoy import EnvoyError
from proxywasm_host.gateway.envoy.wasm_filter import Policy

from .conftest import TRAPPING
from .envoy_process import TIMEOUT, Envoy, Listener, all_of, features_filter, one_envoy

pytestmark = [pytest.mark.envoy, pytest.mark.slow]

FAILED = (500, b"the plugin failed")


def status_and_body(envoy: Envoy, path: str, body: bytes | None = None) -> tuple[int, bytes]:
    response, answer = envoy.send(path, body)
    return response.status, answer


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/raise", None),
        ("/raise-in-body", b"body"),
        ("/raise-in-response", None),
        ("/raise-in-whole", None),
        ("/call-raise", None),
        ("/reply-raise", None),
    ],
)
def test_a_plugin_that_raises_costs_its_stream_a_500(envoy: Envoy, path: str, body: bytes | None) -> None:
    if path == "/raise-in-whole":  # its headers have gone on
        with pytest.raises(IncompleteRead):
            envoy.send(path)
    else:
        assert status_and_body(envoy, path, body) == FAILED
    log = envoy.wait_for_log("RuntimeError: ")
    assert re.search(r'Traceback \(most recent call last\):\n +File "/0/features.py", line \d+, in ', log)
    assert envoy.send("/plain")[0].status == 200


def test_a_plugin_that_raises_in_the_middle_of_a_stream_breaks_it_off(envoy: Envoy) -> None:
    with pytest.raises(IncompleteRead):
        envoy.send("/raise-in-chunk?stream")


def test_memory_that_grows_ends_in_a_memory_error(envoy: Envoy) -> None:
    """The VM has 1 GiB."""
    answer = re.fullmatch(rb"MemoryError after (\d+) MiB", envoy.send("/grow")[1])
    assert answer
    assert 512 < int(answer[1]) < 1024
    assert envoy.send("/plain")[0].status == 200


def test_a_stream_may_fail_open(bundle_module: Path, upstream_port: int) -> None:
    """Two configurations in one VM, each with its own policy; and each worker draws its own random numbers."""
    filters = [
        features_filter(bundle_module, {"_fail_open_": True, "number": 1}, name="one"),
        features_filter(bundle_module, {"_fail_open_": True, "number": 2}, name="two"),
    ]
    with one_envoy(Listener({"upstream": upstream_port}, filters), workers=2) as envoy:
        for path, body in [("/raise", None), ("/raise-in-body", b"body"), ("/raise-in-response", None)]:
            response, answer = envoy.send(path, body)
            assert response.status == 200
            assert (body or b"") in answer
        response, answer = envoy.send("/headers", None, {"x-replaced": "a"})
        assert b'"a!!"' in answer
        assert b'{\\"number\\": 1}' in answer
        assert b'{\\"number\\": 2}' in answer
        drawn = re.findall(r"drew (\S+)", envoy.log)
        assert len(drawn) >= 6
        assert len(set(drawn)) == len(drawn)


def test_a_stream_that_fails_open_while_a_body_is_collected_passes_whole(together: Mapping[str, Envoy]) -> None:
    envoy = together["collecting"]
    with envoy.connection() as connection:
        connection.sendall(
            b"POST /raise-while-collecting HTTP/1.1\r\nhost: a\r\nconnection: close\r\n"
            b"transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n"
        )
        for number in (1, 2):
            envoy.wait_for_log(f"while collecting: {number}")
        connection.sendall(b"3\r\ndef\r\n")
        connection.sendall(b"3\r\nghi\r\n0\r\n\r\n")
        answer = all_of(connection)
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["body"] == "abcdefghi"


@pytest.mark.parametrize("policy", TRAPPING)
def test_a_trap_leaves_the_policy_to_envoy(together: Mapping[str, Envoy], policy: Policy) -> None:
    """FAIL_RELOAD is FAIL_CLOSED until there is a new VM."""
    envoy = together[policy]
    before = len(envoy.log)
    assert envoy.send("/plain")[0].status == 200
    assert envoy.send("/trap")[0].status == 503
    envoy.wait_for_log("Function: proxy_on_request_headers failed", before)
    response, _ = envoy.send("/plain")
    deadline = time.monotonic() + TIMEOUT
    while policy == "FAIL_RELOAD" and response.status == 503 and time.monotonic() < deadline:
        time.sleep(0.1)  # Envoy waits before it makes a new VM
        response, _ = envoy.send("/plain")
    assert response.status == 200
    assert ("x-phase" in response.headers) == (policy == "FAIL_RELOAD")


@pytest.mark.exhaustive
def test_an_endless_loop_is_for_the_watchdog_of_envoy(bundle_module: Path, upstream_port: int) -> None:
    """Nothing ends a callback in stock Envoy; its watchdog ends the process, for a supervisor to start another."""
    watchdog: dict[str, Any] = {
        "watchdogs": {"worker_watchdog": {"kill_timeout": "1s", "megamiss_timeout": "1s", "miss_timeout": "0.5s"}}
    }
    with one_envoy(Listener({"upstream": upstream_port}, [features_filter(bundle_module, {})]), more=watchdog) as envoy:
        with pytest.raises(ConnectionError):
            envoy.send("/endless")
        assert envoy.wait(TIMEOUT) != 0


@pytest.mark.exhaustive
def test_a_refused_configuration_fails_the_start_with_its_reason_in_the_log(bundle_module: Path) -> None:
    reason = r"\[plugin failed to start\] Traceback (.*\n)*.*features.py.*\nLookupError: why"
    with (
        pytest.raises(EnvoyError, match=reason),
        one_envoy(Listener({"upstream": 1}, [features_filter(bundle_module, {"raise": "why"})])),
    ):
        pass
