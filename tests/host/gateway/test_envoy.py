"""`proxywasm envoy`: a gateway file in a real Envoy."""

from __future__ import annotations

import json
import os
import signal
import socket
import ssl
import stat
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.envoy.upstream import Mirror, serving

from proxywasm_host.gateway import read
from proxywasm_host.gateway.envoy import bootstrap, build_modules, find_ca_file, find_envoy, start
from proxywasm_host.gateway.envoy.background import BackgroundEnvoy
from proxywasm_host.gateway.paths import normalized

pytestmark = [pytest.mark.envoy, pytest.mark.usefixtures("envoy")]

COMMAND = [sys.executable, "-c", "from proxywasm_host.cli.main import main; main()", "envoy"]
PATHS = [
    "/",
    "/a",
    "/a/",
    "//a//b",
    "/a/./b",
    "/a/../b",
    "/../a",
    "/a/..",
    "/a/.",
    "/.",
    "/..",
    "/a/%2e%2E/b",
    "/a%2f..%2Fb",
]
PATHS += [
    "/a%5cb",
    "/a%5C..",
    "/%61%7e%2D%5f%30",
    "/%C3%A9%20%25%3f%23",
    "/%252e%252e/a",
    "/.a/..b/c.",
    "/a/b/../../../c",
    "/%2f",
    "//",
    "///",
    "/.//",
    "/a//../b",
    "//a//../../b//",
    "/a//..",
    "/a/..//",
    "/a//",
    "/%2f..%2f",
]
TIMEOUT = 120.0
"""Seconds for what takes a few at most, unless the machine is busy."""


def gateway_file(folder: Path, port: int, plugin: Path, **more: Any) -> Path:
    content = {
        "listen": f"127.0.0.1:{port}",
        "plugins": [{"name": "router", "module": str(plugin), "config": {"key": "${ENV:KEY}"}}],
        "routes": [{"name": "chat", "match": {"path_prefix": "/v1/"}}],
        **more,
    }
    file = folder / "gateway.yaml"
    file.write_text(yaml.safe_dump(content, sort_keys=False))
    return file


@contextmanager
def running(file: Path) -> Iterator[BackgroundEnvoy]:
    gateway = read(file, {"KEY": "sk-secret"})
    config = bootstrap(gateway, build_modules(gateway), find_ca_file(gateway))
    with BackgroundEnvoy(config) as envoy:
        yield envoy


def ask(port: int, path: str, body: bytes | None = None, **headers: str) -> tuple[HTTPResponse, bytes]:
    connection = HTTPConnection("127.0.0.1", port, timeout=TIMEOUT)
    try:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request("GET" if body is None else "POST", path, body, named)
        response = connection.getresponse()
        return response, response.read()
    finally:
        connection.close()


def run(*words: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    env = os.environ | environment
    return subprocess.run([*COMMAND, *words], env=env, capture_output=True, text=True, check=False, timeout=TIMEOUT)


def test_a_request_goes_where_the_plugin_says(tmp_path: Path, plugin: Path, upstream: int, port: int) -> None:
    upstreams = {"model.test": f"http://127.0.0.1:{upstream}", "other.test": "http://127.0.0.1:1"}
    with running(gateway_file(tmp_path, port, plugin, upstreams=upstreams)):
        response, body = ask(port, "/v1/chat", x_to="model.test")
        seen = json.loads(body)
        assert (response.status, seen["path"], dict(seen["headers"])["host"]) == (200, "/rewritten", "model.test")
        # On the route that the client's path has chosen, although no route matches the new one.
        assert response.headers["x-route"] == "chat"
        assert ask(port, "/v1/chat", x_to="other.test")[0].status == 503


def test_upstreams_are_not_told_who_the_client_is(tmp_path: Path, plugin: Path, upstream: int, port: int) -> None:
    upstreams = {"model.test": f"http://127.0.0.1:{upstream}"}
    with running(gateway_file(tmp_path, port, plugin, upstreams=upstreams)):
        headers = dict(json.loads(ask(port, "/v1/chat", x_to="model.test")[1])["headers"])
    assert set(headers) == {"host", "accept-encoding", "x-to", "x-request-id"}


def test_a_client_cannot_choose_a_host(tmp_path: Path, plugin: Path, upstream: int, port: int) -> None:
    upstreams = {"model.test": f"http://127.0.0.1:{upstream}"}
    with running(gateway_file(tmp_path, port, plugin, upstreams=upstreams)):
        response, body = ask(port, "/v1/chat", host=f"127.0.0.1:{upstream}")
        assert response.status == 421
        assert body.startswith(b"no upstream: no plugin has said where this request goes")
        assert ask(port, "/v1/chat", host="model.test")[0].status == 200


def test_an_authority_too_long_to_be_noted_is_refused(tmp_path: Path, plugin: Path, upstream: int, port: int) -> None:
    """Envoy keeps no metadata of more than 8 KiB. Leading zeros make the number of a port as long as one likes."""
    with running(gateway_file(tmp_path, port, plugin)):
        for zeros in (8_000, 8_170, 8_192, 20_000):
            response, body = ask(port, "/v1/chat", host=f"localhost:{'0' * zeros}{upstream}")
            assert (response.status, body[:11]) == (421, b"no upstream"), zeros


def test_routes_are_chosen_by_host_and_path_in_their_order(
    tmp_path: Path, plugin: Path, upstream: int, port: int
) -> None:
    routes = [
        {"name": "one", "match": {"path": "/v1/one"}, "upstream": "model"},
        {"name": "host", "match": {"host": "Example.com"}, "upstream": "model"},
        {"name": "any host", "match": {"host": "*.example.com", "path_prefix": "/a"}, "upstream": "model"},
        {"name": "rest", "match": {"path_prefix": "/v1/"}, "upstream": "model"},
    ]
    upstreams = {"model": f"http://127.0.0.1:{upstream}"}
    with running(gateway_file(tmp_path, port, plugin, routes=routes, upstreams=upstreams)):

        def route(path: str, host: str = "x") -> str | None:
            return ask(port, path, host=host)[0].headers["x-route"]

        assert route("/v1/one?x=1", "example.com") == "one"
        assert route("/v1/one/more", "example.COM:8080") == "host"
        assert route("/ab", "a.b.example.com") == "any host"
        assert route("/v1/two", "notexample.com") == "rest"
        assert ask(port, "/", host="example.org")[0].status == 404


def test_a_route_matches_the_path_that_goes_upstream(tmp_path: Path, plugin: Path, upstream: int, port: int) -> None:
    routes = [{"name": "v1", "match": {"path_prefix": "/v1/"}, "upstream": "model"}]
    upstreams = {"model": f"http://127.0.0.1:{upstream}"}
    with running(gateway_file(tmp_path, port, plugin, routes=routes, upstreams=upstreams)):
        for path in ("/v1/../admin", "/v1/%2e%2e/admin", "/v1/.%2E/admin", "/v1%2f..%2fadmin", "/v1/a/..%2F../admin"):
            assert ask(port, path)[0].status == 404, path
        for path in ("/v1/chat", "/x/../v1/chat", "/v1//chat", "/v1%2Fchat", "/v1/./%63hat", "//v1/chat?a=%2f.."):
            response, body = ask(port, path)
            assert (response.status, json.loads(body)["path"].partition("?")[0]) == (200, "/v1/chat"), path


def test_a_body_of_ten_megabytes_passes(tmp_path: Path, plugin: Path, upstream: int, port: int) -> None:
    upstreams = {"model.test": f"http://127.0.0.1:{upstream}"}
    with running(gateway_file(tmp_path, port, plugin, upstreams=upstreams)):
        response, body = ask(port, "/v1/chat", b"x" * 10**7, x_to="model.test")
    assert (response.status, len(json.loads(body)["body"])) == (200, 10**7)


def test_the_watchdog_ends_an_envoy_whose_plugin_never_returns(
    tmp_path: Path, plugin: Path, upstream: int, port: int
) -> None:
    upstreams = {"model.test": f"http://127.0.0.1:{upstream}"}
    with running(gateway_file(tmp_path, port, plugin, upstreams=upstreams, limits={"watchdog": 1})) as envoy:
        assert ask(port, "/v1/chat", x_to="model.test")[0].status == 200
        with pytest.raises(OSError, match=r"reset|closed"):
            ask(port, "/v1/chat", x_hang="x")
        assert envoy.wait(TIMEOUT) == -signal.SIGABRT
        assert "Watchdog AbortAction terminating thread" in envoy.log


def test_a_path_has_one_plain_form(tmp_path: Path, plugin: Path, upstream: int, port: int) -> None:
    """What the gateway file is checked with is what Envoy does."""
    upstreams = {"model": f"http://127.0.0.1:{upstream}"}
    routes = [{"name": "all", "upstream": "model"}]
    with running(gateway_file(tmp_path, port, plugin, routes=routes, upstreams=upstreams)):
        for path in PATHS:
            assert json.loads(ask(port, path)[1])["path"] == normalized(path), path


@pytest.mark.parametrize("on_failure", ["closed", "open"])
def test_a_plugin_that_traps_fails_as_the_file_says(
    tmp_path: Path, plugin: Path, upstream: int, port: int, on_failure: str
) -> None:
    plugins = [{"name": "router", "module": str(plugin), "on_failure": on_failure}]
    more = {"routes": [{"name": "all", "upstream": "model"}], "upstreams": {"model": f"http://127.0.0.1:{upstream}"}}
    with running(gateway_file(tmp_path, port, plugin, plugins=plugins, **more)) as envoy:
        assert ask(port, "/", x_to="x")[0].status == 200
        ask(port, "/", x_trap="x")
        response, body = ask(port, "/", x_to="x")
        if on_failure == "open":
            assert (response.status, json.loads(body)["path"]) == (200, "/")
            return
        assert response.status == 503
        deadline = time.monotonic() + TIMEOUT
        while ask(port, "/", x_to="x")[0].status != 200:  # it is started again
            assert time.monotonic() < deadline, envoy.log
            time.sleep(0.1)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of `localhost`, with its key in the same file."""
    file = tmp_path_factory.mktemp("tls") / "localhost.pem"
    words = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    words += ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-days", "2"]
    try:
        subprocess.run([*words, "-keyout", file, "-out", f"{file}.cert"], check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("openssl is not installed")
    file.write_bytes(file.read_bytes() + Path(f"{file}.cert").read_bytes())
    return file


def test_hosts_that_the_file_does_not_name_are_asked_by_https(
    tmp_path: Path, plugin: Path, port: int, certificate: Path
) -> None:
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate)
    trusted = Path(f"{certificate}.cert")
    with serving(Mirror(), server) as upstream, running(gateway_file(tmp_path, port, plugin, ca_file=str(trusted))):
        response, body = ask(port, "/v1/chat", x_to=f"localhost:{upstream}")
        assert (response.status, dict(json.loads(body)["headers"])["host"]) == (200, f"localhost:{upstream}")
        # The certificate is not that of this name.
        assert ask(port, "/v1/chat", x_to=f"127.0.0.1:{upstream}")[0].status == 503


@pytest.mark.parametrize(("sni", "status"), [("localhost", 200), ("example.com", 503)])
def test_a_named_upstream_has_to_have_the_certificate(
    tmp_path: Path, plugin: Path, port: int, certificate: Path, sni: str, status: int
) -> None:
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate)
    with serving(Mirror(), server) as upstream:
        upstreams = {"model.test": {"url": f"https://127.0.0.1:{upstream}", "sni": sni}}
        more = {"ca_file": f"{certificate}.cert", "upstreams": upstreams}
        with running(gateway_file(tmp_path, port, plugin, **more)):
            assert ask(port, "/v1/chat", x_to="model.test")[0].status == status


@pytest.mark.parametrize("trailers", [False, True])
def test_trailers_of_http1_pass_if_the_file_says_so(
    tmp_path: Path, plugin: Path, upstream: int, port: int, trailers: bool
) -> None:
    ways = {"routes": [{"name": "a", "upstream": "b"}], "upstreams": {"b": f"http://127.0.0.1:{upstream}"}}
    file = gateway_file(tmp_path, port, plugin, plugins=[], trailers=trailers, **ways)
    request = b"GET /?stream&trailers HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n"
    with running(file), socket.create_connection(("127.0.0.1", port), TIMEOUT) as client:
        client.sendall(request)
        answer = b"".join(iter(lambda: client.recv(1 << 16), b""))
    assert answer.endswith(b"\r\n0\r\nx-trailer: yes\r\n\r\n" if trailers else b"\r\n0\r\n\r\n")


FILES: Mapping[str, Mapping[str, Any]] = {
    "smallest": {},
    "all": {
        "workers": 2,
        "admin": "127.0.0.1:9901",
        "access_log": True,
        "trailers": True,
        "routes": [{"name": "a", "match": {"host": "*.a.test"}, "upstream": "tls"}, {"name": "b"}],
        "upstreams": {
            "outbound|443||a.dns": "https://example.com",
            "tls": {"url": "https://10.0.0.1", "sni": "x.test"},
        },
        "limits": {"body": "1MiB", "idle": 1.5, "connect": 2},
    },
    "only fixed": {"routes": [{"name": "a", "upstream": "b"}], "upstreams": {"b": "http://b.test:1"}, "plugins": []},
}


@pytest.mark.parametrize("more", FILES.values(), ids=FILES)
def test_envoy_takes_what_is_written_for_it(tmp_path: Path, plugin: Path, port: int, more: Mapping[str, Any]) -> None:
    output = tmp_path / "envoy.json"
    done = run(gateway_file(tmp_path, port, plugin, **more), "-o", output, KEY="sk-secret")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    check = [str(find_envoy()), "--mode", "validate", "-c", str(output), "-l", "warning"]
    checked = subprocess.run(check, capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, ""), checked.stderr


def test_what_is_written_is_for_one_user_only(tmp_path: Path, plugin: Path, port: int) -> None:
    output = tmp_path / "envoy.json"
    output.write_text("there already, for all to read")
    run(gateway_file(tmp_path, port, plugin), "-o", output, KEY="sk-secret")
    assert stat.S_IMODE(output.stat().st_mode) == 0o600
    assert "sk-secret" in output.read_text()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_run_says_when_it_is_ready_and_ends_as_envoy_does(
    tmp_path: Path, plugin: Path, upstream: int, port: int, number: signal.Signals
) -> None:
    upstreams = {"model.test": f"http://127.0.0.1:{upstream}"}
    file = gateway_file(tmp_path, port, plugin, upstreams=upstreams)
    env = os.environ | {"KEY": "sk-secret", "TMPDIR": str(tmp_path)}
    command = [*COMMAND, str(file), "--run"]
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == f"ready: http://127.0.0.1:{port}\n"
        assert ask(port, "/v1/chat", x_to="model.test")[0].status == 200
        other = run(file, "--run", KEY="sk-secret")
        assert (other.returncode, other.stderr) == (
            2,
            f"error: another process listens at 127.0.0.1:{port}; stop it, or change `listen`\n",
        )
        process.send_signal(number)
        _, log = process.communicate(timeout=TIMEOUT)
    assert process.returncode == 0
    assert number.name in log
    assert [path.name for path in tmp_path.iterdir()] == ["gateway.yaml"]


def answers(port: int) -> bool:
    """Whether a worker takes a request within a second."""
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.settimeout(1)
        client.sendall(b"GET /v1/chat HTTP/1.1\r\nhost: model.test\r\n\r\n")
        try:
            return client.recv(1) == b"H"
        except TimeoutError:
            return False


@pytest.mark.exhaustive
def test_a_plugin_that_loops_does_not_keep_envoy_from_ending(
    tmp_path: Path, plugin: Path, upstream: int, port: int
) -> None:
    upstreams = {"model.test": f"http://127.0.0.1:{upstream}"}
    file = gateway_file(tmp_path, port, plugin, upstreams=upstreams, limits={"drain": 0.1})
    command = [*COMMAND, str(file), "--run"]
    env = os.environ | {"KEY": "sk-secret"}
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == f"ready: http://127.0.0.1:{port}\n"
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.sendall(b"GET /v1/chat HTTP/1.1\r\nhost: model.test\r\nx-hang: yes\r\n\r\n")
            while answers(port):
                pass  # until the one worker is in the plugin
            process.send_signal(signal.SIGTERM)
            _, log = process.communicate(timeout=TIMEOUT)
    assert process.returncode == 128 + signal.SIGKILL
    assert "warning: Envoy has not ended in 5 seconds, and is killed; a plugin may be looping\n" in log


def test_the_log_names_a_plugin_once(tmp_path: Path, plugin: Path, port: int) -> None:
    """Envoy puts name, root id and VM in front of what a stream logs, and root id and VM in front of other lines."""
    gateway = read(gateway_file(tmp_path, port, plugin), {"KEY": "sk-secret"})
    config = bootstrap(gateway, build_modules(gateway), find_ca_file(gateway))
    found = [item["typed_config"]["config"] for item in all_filters(config) if item["name"] == "plugin.router"]
    assert [(one["name"], one["root_id"], one["vm_config"]["vm_id"]) for one in found] == [("plugins.0", "router", "0")]


def all_filters(config: Any) -> Iterator[Any]:
    """Those of the one listener."""
    for chain in config["static_resources"]["listeners"][0]["filter_chains"]:
        for network_filter in chain["filters"]:
            yield from network_filter["typed_config"]["http_filters"]


def test_envoy_ends_with_a_program_that_cannot_say_that_it_is_ready(tmp_path: Path, plugin: Path, port: int) -> None:
    gateway = read(gateway_file(tmp_path, port, plugin), {"KEY": "sk-secret"})

    def gone(_url: str) -> None:
        raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        start(gateway, bootstrap(gateway, build_modules(gateway), find_ca_file(gateway)), gone)
    with socket.socket() as probe:
        assert probe.connect_ex(gateway.listen) != 0


def test_the_exit_code_is_envoys(tmp_path: Path, port: int) -> None:
    broken = tmp_path / "broken.wasm"
    broken.write_bytes(b"no module")
    done = run(gateway_file(tmp_path, port, broken), "--run", KEY="sk-secret")
    assert (done.returncode, done.stdout) == (1, "")
    assert "Unable to create Wasm plugin plugins.0\n" in done.stderr
    assert "sk-secret" not in done.stderr
