"""Pages of other origins in browsers: the same in both engines, on the wire."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from tests.host.gateway import both
from tests.host.gateway.both import Engine, Running, running

PAGE = "https://chat.example.com"
CORS = {
    "origins": [PAGE, "https://*.apps.example.com"],
    "headers": ["authorization", "Content-Type"],
    "expose": ["x-request-id"],
    "max_age": 600,
}


class Service(BaseHTTPRequestHandler):
    """Knows nothing of pages, except at one path."""

    protocol_version = "HTTP/1.1"

    def do_OPTIONS(self) -> None:
        self.answer(405, b"not here")

    def do_GET(self) -> None:
        self.answer(200, b"hello")

    def answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        if "own-cors" in self.path:
            self.send_header("access-control-allow-origin", "https://its.own.test")
            self.send_header("vary", "accept")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture(scope="module")
def service() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Service)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


def gateway(upstream: int) -> dict[str, Any]:
    return {
        "cors": CORS,
        "routes": [
            {"name": "open", "match": {"path_prefix": "/open/"}, "upstream": "main", "cors": {"origins": ["*"]}},
            {"name": "shut", "match": {"path_prefix": "/shut/"}, "upstream": "main", "cors": {"origins": []}},
            {
                "name": "own",
                "match": {"path_prefix": "/own/"},
                "upstream": "main",
                "cors": {"origins": [PAGE], "headers": ["content-type"], "credentials": True, "methods": ["post"]},
            },
            {"name": "gone", "match": {"path_prefix": "/gone/"}, "upstream": "gone"},
            {"name": "all", "match": {"path_prefix": "/v1/"}, "upstream": "main"},
        ],
        "upstreams": {"main": f"http://127.0.0.1:{upstream}", "gone": "http://127.0.0.1:1"},
    }


@pytest.fixture(scope="module")
def gate(engine: Engine, tmp_path_factory: pytest.TempPathFactory, service: int) -> Iterator[Running]:
    with running(engine, tmp_path_factory.mktemp("cors"), gateway(service)) as found:
        yield found


def exchange(port: int, *lines: str) -> tuple[int, dict[str, str], bytes]:
    return both.exchange(port, *lines, until_closed=False)


def told(headers: dict[str, str]) -> dict[str, str]:
    """What a browser is told."""
    names = (*(name for name in headers if name.startswith("access-control-")), "vary")
    return {name.removeprefix("access-control-"): headers[name].replace(", ", ",") for name in names if name in headers}


def preflight(gate: Running, path: str, origin: str) -> tuple[int, dict[str, str], bytes]:
    ask = ["access-control-request-method: POST", "access-control-request-headers: authorization, content-type"]
    return exchange(gate.port, f"OPTIONS {path} HTTP/1.1", "host: a", f"origin: {origin}", *ask)


@pytest.mark.parametrize("origin", [PAGE, "https://a.apps.example.com", "https://a.b.apps.example.com"])
def test_a_preflight_is_answered_by_the_gateway(gate: Running, origin: str) -> None:
    status, headers, body = preflight(gate, "/v1/chat/completions", origin)
    assert (status, body, headers["content-length"]) == (200, b"", "0")
    assert told(headers) == {
        "allow-origin": origin,
        "allow-methods": "GET,POST,PUT,PATCH,DELETE",
        "allow-headers": "authorization,content-type",
        "max-age": "600",
        "expose-headers": "x-request-id",
        "vary": "origin",
    }


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.test",
        "http://chat.example.com",
        "https://chat.example.com.evil.test",
        "https://apps.example.com",
        "https://x/.apps.example.com",
        "null",
        "https://chatXexample.com",
    ],
)
def test_an_origin_that_the_file_does_not_name_is_told_nothing(gate: Running, origin: str) -> None:
    status, headers, body = preflight(gate, "/v1/chat", origin)
    assert (status, told(headers)) == (405, {"vary": "origin"})
    assert body == b"not here"
    assert told(exchange(gate.port, "GET /v1/chat HTTP/1.1", "host: a", f"origin: {origin}")[1]) == {"vary": "origin"}


def test_a_response_says_that_the_page_may_read_it(gate: Running) -> None:
    status, headers, _ = exchange(gate.port, "GET /v1/chat HTTP/1.1", "host: a", f"origin: {PAGE}")
    assert status == 200
    assert told(headers) == {"allow-origin": PAGE, "expose-headers": "x-request-id", "vary": "origin"}


def test_an_upstream_does_not_say_it_twice(gate: Running) -> None:
    headers = exchange(gate.port, "GET /v1/own-cors HTTP/1.1", "host: a", f"origin: {PAGE}")[1]
    assert told(headers) == {"allow-origin": PAGE, "expose-headers": "x-request-id", "vary": "accept,origin"}


def test_pages_can_read_errors_of_the_gateway(gate: Running) -> None:
    status, headers, _ = exchange(gate.port, "GET /gone/x HTTP/1.1", "host: a", f"origin: {PAGE}")
    assert (status, told(headers)["allow-origin"]) == (503, PAGE)
    # No route, no rules for pages.
    status, headers, _ = exchange(gate.port, "GET /nowhere HTTP/1.1", "host: a", f"origin: {PAGE}")
    assert (status, told(headers)) == (404, {})


def test_a_route_has_rules_of_its_own(gate: Running) -> None:
    assert told(preflight(gate, "/open/x", "https://evil.test")[1]) == {
        "allow-origin": "https://evil.test",
        "allow-methods": "GET,POST,PUT,PATCH,DELETE",
        "allow-headers": "*,authorization",
        "max-age": "7200",
        "vary": "origin",
    }
    assert told(preflight(gate, "/own/x", PAGE)[1]) == {
        "allow-origin": PAGE,
        "allow-credentials": "true",
        "allow-methods": "POST",
        "allow-headers": "content-type",
        "max-age": "7200",
        "vary": "origin",
    }
    headers = exchange(gate.port, "GET /own/x HTTP/1.1", "host: a", f"origin: {PAGE}")[1]
    assert told(headers) == {"allow-origin": PAGE, "allow-credentials": "true", "vary": "origin"}
    assert (preflight(gate, "/shut/x", PAGE)[0], told(preflight(gate, "/shut/x", PAGE)[1])) == (405, {})


@pytest.mark.parametrize("missing", ["origin", "access-control-request-method"])
def test_other_requests_with_options_go_upstream(gate: Running, missing: str) -> None:
    lines = [f"origin: {PAGE}", "access-control-request-method: POST"]
    lines = [line for line in lines if not line.startswith(missing)]
    status, headers, body = exchange(gate.port, "OPTIONS /v1/chat HTTP/1.1", "host: a", *lines)
    assert (status, body) == (405, b"not here")
    assert told(headers)["vary"] == "origin"


def test_requests_without_an_origin_are_as_ever(gate: Running) -> None:
    status, headers, body = exchange(gate.port, "GET /v1/chat HTTP/1.1", "host: a")
    assert (status, told(headers)) == (200, {"vary": "origin"})
    assert body == b"hello"
