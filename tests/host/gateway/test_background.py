"""Envoy in the background of tests and measurements."""

from __future__ import annotations

import os
import signal
import socket

import pytest

from proxywasm_host.gateway.envoy import EnvoyError
from proxywasm_host.gateway.envoy.background import BackgroundEnvoy
from proxywasm_host.gateway.envoy.messages import Json, address, http_listener

pytestmark = [pytest.mark.envoy, pytest.mark.usefixtures("envoy")]


def config(*names: str, port: int = 0) -> Json:
    return {
        "static_resources": {"listeners": [http_listener(name, address("127.0.0.1", port), [], []) for name in names]}
    }


def test_listeners_without_a_port_get_one_and_accept_connections_at_once() -> None:
    with BackgroundEnvoy(config("one", "two"), workers=2) as envoy:
        ports = [envoy.port_of(name) for name in ("one", "two")]
        assert len(set(ports)) == 2
        for port in ports:
            socket.create_connection(("127.0.0.1", port), 10).close()


def test_a_configuration_that_envoy_refuses_ends_the_start_with_its_log() -> None:
    # Protobuf spaces its messages differently in each process.
    with (
        pytest.raises(EnvoyError, match=r"(?s)Envoy did not start:.*no\s+such\s+field:\s+'listener'"),
        BackgroundEnvoy({"static_resources": {"listener": []}}),
    ):
        raise AssertionError("it has not started")


def test_a_port_of_somebody_else_ends_the_start() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        with pytest.raises(EnvoyError, match="Address already in use"), BackgroundEnvoy(config("one", port=taken)):
            raise AssertionError("it has not started")


def test_an_error_of_the_admin_interface_is_told() -> None:
    with BackgroundEnvoy({}) as envoy, pytest.raises(EnvoyError, match="GET /nothing with 404"):
        envoy.ask_admin("GET", "/nothing")


def test_an_envoy_that_has_ended_is_told_with_its_exit_code() -> None:
    with BackgroundEnvoy({}) as envoy:
        os.kill(envoy.pid, signal.SIGKILL)
        assert envoy.wait(60) == -signal.SIGKILL
        with pytest.raises(EnvoyError, match="Envoy has ended, or does not answer"):
            envoy.ask_admin("GET", "/ready")


def test_it_ends_when_its_start_is_given_up() -> None:
    envoy = BackgroundEnvoy({}, processor=1_000_000)  # there is no such processor
    with pytest.raises((OSError, ValueError)), envoy:
        raise AssertionError("it has not started")
    with pytest.raises(ProcessLookupError):
        os.kill(envoy.pid, 0)
