"""The limits of a gateway file: the same in both engines, on the wire. No test measures how long anything takes."""

from __future__ import annotations

import contextlib
import resource
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.host.gateway.both import TIMEOUT, Engine, Running, exchange, response_of, running

COMMAND = [sys.executable, "-c", "from proxywasm_host.cli.main import main; main()"]


class Service(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.go_on = threading.Event()
        self.asked = threading.Semaphore(0)

    def handle_error(self, request: object, client_address: object) -> None:
        """A gateway that has given up is what is tested here."""


class _Handler(BaseHTTPRequestHandler):
    """`/silent` answers never, `/stall` begins an answer, `/steady` takes 1.5 s.

    That is longer than a limit of 1 s, which is much longer than a pause of 0.15 s, also on a busy machine.
    """

    protocol_version = "HTTP/1.1"
    server: Service

    def do_GET(self) -> None:
        self.server.asked.release()
        if self.path == "/silent":
            self.server.go_on.wait(TIMEOUT)
            return
        self.send_response(200)
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        self.wfile.write(b"5\r\nhello\r\n")
        if self.path == "/stall":
            self.server.go_on.wait(TIMEOUT)
        for _ in range(10 if self.path == "/steady" else 0):
            self.server.go_on.wait(0.15)
            self.wfile.write(b"1\r\n.\r\n")
        self.wfile.write(b"0\r\n\r\n")

    def do_POST(self) -> None:
        self.rfile.read()  # until the connection is closed

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture
def service() -> Iterator[Service]:
    server = Service()
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield server
    server.go_on.set()
    server.shutdown()
    thread.join()
    server.server_close()


def content(service: Service, limits: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "limits": limits,
        "routes": [{"name": "all", "upstream": "main"}],
        "upstreams": {"main": f"http://127.0.0.1:{service.server_port}"},
        **more,
    }


@contextlib.contextmanager
def limited(engine: Engine, folder: Path, service: Service, **limits: Any) -> Iterator[Running]:
    with running(engine, folder, content(service, limits)) as found:
        yield found


def connect(gate: Running) -> socket.socket:
    return socket.create_connection(("127.0.0.1", gate.port), TIMEOUT)


def rest(client: socket.socket) -> bytes:
    """All that comes, also if the connection is reset."""
    data = b""
    with contextlib.suppress(ConnectionResetError):
        while piece := client.recv(1 << 16):
            data += piece
    return data


def test_slow_requests_and_silent_upstreams(engine: Engine, tmp_path: Path, service: Service) -> None:
    limits = {"request_head": 0.5, "request": 0.6, "first_byte": 1.0, "keep_alive": 0.3}
    with limited(engine, tmp_path, service, **limits) as gate:
        for what, status in [
            (b"GET / HTTP/1.1\r\nhost: a\r\nx: ", 408),
            (b"POST /x HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\nabc", 408),
            (b"POST /x HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n5\r\nab", 408),
            (b"GET /silent HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n", 504),
        ]:
            with connect(gate) as client:
                client.sendall(what)
                assert response_of(rest(client))[0] == status, what
        # An answer may take as long as it likes, once it has begun.
        assert exchange(gate.port, "GET /steady HTTP/1.1", "host: a")[2].endswith(b"0\r\n\r\n")
        with connect(gate) as client:
            client.sendall(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
            assert rest(client).endswith(b"0\r\n\r\n")  # and then the gateway closes the connection


def whole(client: socket.socket) -> bytes:
    """A response in chunks."""
    data = b""
    while not data.endswith(b"0\r\n\r\n"):
        piece = client.recv(1 << 16)
        assert piece
        data += piece
    return data


@pytest.mark.parametrize("limits", [{"idle": 1.0}, {"total": 1.0}])
def test_streams_that_take_too_long(engine: Engine, tmp_path: Path, service: Service, limits: dict[str, float]) -> None:
    with limited(engine, tmp_path, service, **limits) as gate:
        assert exchange(gate.port, "GET /silent HTTP/1.1", "host: a")[0] == 504
        with connect(gate) as client:
            client.sendall(b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\nabc")
            assert response_of(rest(client))[0] == 408
        for path in ("/stall", "/steady"):
            with connect(gate) as client:
                client.sendall(f"GET {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n".encode())
                data = rest(client)
                # What moves is not idle.
                assert data.endswith(b"0\r\n\r\n") is (path == "/steady" and "idle" in limits)
                assert b"hello" in data


def test_a_client_cannot_change_the_limits(engine: Engine, tmp_path: Path, service: Service) -> None:
    with limited(engine, tmp_path, service, first_byte=0.3) as gate:
        names = ("x-envoy-upstream-rq-per-try-timeout-ms", "x-envoy-upstream-rq-timeout-ms")
        own = [f"{name}: 600000" for name in names]
        assert exchange(gate.port, "GET /silent HTTP/1.1", "host: a", *own)[0] == 504


def test_headers_and_connections_are_bounded(engine: Engine, tmp_path: Path, service: Service) -> None:
    with limited(engine, tmp_path, service, headers="8KiB", connections=2) as gate:
        for size, status in ((7000, 200), (9000, 431)):
            assert exchange(gate.port, "GET / HTTP/1.1", "host: a", f"x: {'a' * size}")[0] == status
        for count, status in ((80, 200), (1100, 431)):
            assert exchange(gate.port, "GET / HTTP/1.1", "host: a", *["x:"] * count)[0] == status
        with connect(gate) as one, connect(gate) as two:
            for client in (one, two):
                client.sendall(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
                assert whole(client).startswith(b"HTTP/1.1 200 ")
            with connect(gate) as third:
                with contextlib.suppress(ConnectionError):
                    third.sendall(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
                assert rest(third) == b""
            one.sendall(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
            assert whole(one).startswith(b"HTTP/1.1 200 ")
        if engine == "serve":
            assert gate.log().count("2 clients are connected, as many as may be") == 1


def test_one_listener_is_for_both_families(engine: Engine, tmp_path: Path, service: Service) -> None:
    with running(engine, tmp_path, content(service, {}), host="::") as gate:
        for host in ("127.0.0.1", "::1"):
            with socket.create_connection((host, gate.port), TIMEOUT) as client:
                client.sendall(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
                assert whole(client).startswith(b"HTTP/1.1 200 ")


@contextlib.contextmanager
def command(
    engine: Engine, folder: Path, service: Service, **limits: Any
) -> Iterator[tuple[subprocess.Popen[str], int]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    file = folder / "gateway.yaml"
    file.write_text(yaml.safe_dump({"listen": f"127.0.0.1:{port}", **content(service, limits)}))
    words = ["serve", str(file)] if engine == "serve" else ["envoy", str(file), "--run"]
    with subprocess.Popen([*COMMAND, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            assert process.stdout.readline() == f"ready: http://127.0.0.1:{port}\n"
            yield process, port
        finally:
            process.kill()


def refused(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def until(condition: Callable[[], object]) -> None:
    waiting = threading.Event()
    for _ in range(int(TIMEOUT / 0.02)):
        if condition():
            return
        waiting.wait(0.02)
    raise AssertionError("it has not happened")


def test_a_gateway_that_is_told_to_end_finishes_what_is_under_way(
    engine: Engine, tmp_path: Path, service: Service
) -> None:
    with command(engine, tmp_path, service, drain=TIMEOUT) as (process, port):
        with socket.create_connection(("127.0.0.1", port), TIMEOUT) as client:
            client.sendall(b"GET /stall HTTP/1.1\r\nhost: a\r\n\r\n")
            assert service.asked.acquire(timeout=TIMEOUT)
            process.send_signal(signal.SIGTERM)
            until(lambda: refused(port))
            assert process.poll() is None
            service.go_on.set()
            whole(client)
        assert process.wait(TIMEOUT) == 0


def test_the_end_does_not_wait_for_ever(engine: Engine, tmp_path: Path, service: Service) -> None:
    with command(engine, tmp_path, service, drain=0.2) as (process, port):
        with socket.create_connection(("127.0.0.1", port), TIMEOUT) as client:
            client.sendall(b"GET /stall HTTP/1.1\r\nhost: a\r\n\r\n")
            assert service.asked.acquire(timeout=TIMEOUT)
            process.send_signal(signal.SIGTERM)
            assert not rest(client).endswith(b"0\r\n\r\n")
        assert process.wait(TIMEOUT) == 0
        assert process.stderr
        assert "Traceback" not in process.stderr.read()


@pytest.mark.exhaustive
def test_ten_thousand_idle_connections_keep_nobody_from_being_served(
    engine: Engine, tmp_path: Path, service: Service
) -> None:
    many, files = 10_000, resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if files != resource.RLIM_INFINITY and files < many * 1.2:
        pytest.skip(
            f"{many} connections and a few need {many * 1.2:,.0f} open files (ulimit -n); there may be {files:,}"
        )
    limits = {"connections": many + 1, "request_head": 600, "keep_alive": 600}
    with command(engine, tmp_path, service, **limits) as (process, port), contextlib.ExitStack() as stack:
        idle = [stack.enter_context(socket.create_connection(("127.0.0.1", port), TIMEOUT)) for _ in range(many)]
        for client in idle[::100]:
            client.sendall(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
            assert whole(client).startswith(b"HTTP/1.1 200 ")
        for _ in range(3):
            until(lambda: served(port))
        # One more may be there, two more not.
        with socket.create_connection(("127.0.0.1", port), TIMEOUT) as last:
            last.sendall(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
            assert whole(last).startswith(b"HTTP/1.1 200 ")
            assert not served(port)
        stack.close()
        until(lambda: served(port))
        process.send_signal(signal.SIGTERM)
        assert process.wait(TIMEOUT) == 0
        assert process.stderr
        log = process.stderr.read()
        assert "Traceback" not in log
        if engine == "serve":
            assert log.count("10,001 clients are connected, as many as may be") == 1


def served(port: int) -> bool:
    try:
        return exchange(port, "GET / HTTP/1.1", "host: a")[0] == 200
    except (ConnectionError, IndexError):  # closed without an answer
        return False
