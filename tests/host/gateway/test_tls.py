"""TLS: listeners with certificates, and what is said of files that cannot be used; upstreams that are checked."""

from __future__ import annotations

import contextlib
import json
import socket
import socketserver
import ssl
import subprocess
import threading
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.envoy.upstream import Mirror, serving
from tests.host.gateway.both import TIMEOUT, Engine, exchange, response_of, running, until
from tests.host.gateway.certificates import Pair, make

from proxywasm_host.gateway import GatewayFileError, read


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tls")


@pytest.fixture(scope="module")
def pair(folder: Path) -> Pair:
    return make(folder, "localhost")


def content(upstream: int, pair: Pair | None, **more: Any) -> dict[str, Any]:
    tls = {} if pair is None else {"tls": {"certificate": str(pair.certificate), "key": str(pair.key)}}
    ways = {"routes": [{"name": "all", "upstream": "main"}], "upstreams": {"main": f"http://127.0.0.1:{upstream}"}}
    return {**tls, **ways, **more}


def test_clients_are_served_by_https(engine: Engine, tmp_path: Path, upstream: int, pair: Pair) -> None:
    with running(engine, tmp_path, content(upstream, pair, limits={"request_head": 0.3})) as gate:
        context = ssl.create_default_context(cafile=str(pair.certificate))
        context.set_alpn_protocols(["http/1.1"])
        for length in (3, 300_000):
            with (
                socket.create_connection(("127.0.0.1", gate.port), TIMEOUT) as raw,
                context.wrap_socket(raw, server_hostname="localhost") as client,
            ):
                assert client.version() == "TLSv1.3"
                assert client.selected_alpn_protocol() == "http/1.1"
                head = f"POST /x HTTP/1.1\r\nhost: a\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
                client.sendall(head.encode() + b"a" * length)
                status, _, body = response_of(b"".join(iter(lambda: client.recv(1 << 16), b"")))
                assert status == 200
                assert json.loads(body)["body"] == "a" * length
        old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
        with pytest.warns(DeprecationWarning, match="TLSv1_1"):
            old.maximum_version = ssl.TLSVersion.TLSv1_1
        with socket.create_connection(("127.0.0.1", gate.port), TIMEOUT) as raw, pytest.raises((ssl.SSLError, OSError)):
            old.wrap_socket(raw)
        # Who does not speak TLS, or nothing at all, is gone; the others are served.
        for words in (b"GET / HTTP/1.1\r\nhost: a\r\n\r\n", b""):
            with socket.create_connection(("127.0.0.1", gate.port), TIMEOUT) as raw:
                raw.sendall(words)
                assert not raw.recv(1 << 16).startswith(b"HTTP") or engine == "envoy"
        log = gate.log()
        print("LOG", log)
        assert "Traceback" not in log
        if engine == "serve":  # Envoy counts them: listener.*.ssl.connection_error
            assert log.count("TLS with 127.0.0.1 failed: ") == 2
            assert "TLS with 127.0.0.1 failed: HTTP_REQUEST" in log
            until(lambda: "TLS with 127.0.0.1 was not established after 0.3 s" in gate.log())


def test_an_upstream_has_an_authority_of_its_own(engine: Engine, tmp_path: Path, folder: Path, pair: Pair) -> None:
    other = make(folder, "other", host="other.test")
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(*other)
    names: list[str | None] = []
    server.sni_callback = lambda _, name, __: names.append(name)
    with serving(Mirror(), server) as upstream:
        url = f"https://127.0.0.1:{upstream}"
        upstreams = {
            "own": {"url": url, "sni": "other.test", "ca_file": str(other.certificate)},
            "gateways": {"url": url, "sni": "other.test"},
            "name": {"url": url, "sni": "localhost", "ca_file": str(other.certificate)},
        }
        routes = [{"name": name, "match": {"path_prefix": f"/{name}/"}, "upstream": name} for name in upstreams]
        more = {"routes": routes, "upstreams": upstreams, "ca_file": str(pair.certificate)}
        with running(engine, tmp_path, more) as gate:
            for name, status in (("own", 200), ("gateways", 503), ("name", 503)):
                assert exchange(gate.port, f"GET /{name}/ HTTP/1.1", "host: a")[0] == status, name
    assert names == ["other.test", "other.test", "localhost"]


class _Tunnel(socketserver.StreamRequestHandler):
    """An outgoing proxy for which all names are those of this machine."""

    def handle(self) -> None:
        target = self.rfile.readline().split()[1].decode()
        while self.rfile.readline().strip():
            pass
        with socket.create_connection(("127.0.0.1", int(target.rpartition(":")[2])), TIMEOUT) as server:
            self.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
            back = threading.Thread(target=_copy, args=(server, self.connection))
            back.start()
            _copy(self.connection, server)
            back.join()


def _copy(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(1 << 16):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


def test_an_upstream_behind_a_proxy_is_checked_by_its_name(tmp_path: Path, folder: Path) -> None:
    pair = make(folder, "behind", host="behind.test")
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(*pair)
    with serving(Mirror(), server) as upstream, socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Tunnel) as proxy:
        thread = threading.Thread(target=proxy.serve_forever, args=(0.05,))
        thread.start()
        ways = {"right": f"https://behind.test:{upstream}", "wrong": f"https://other.test:{upstream}"}
        more = {
            "proxy": f"http://127.0.0.1:{proxy.server_address[1]}",
            "ca_file": str(pair.certificate),
            "upstreams": ways,
            "routes": [{"name": name, "match": {"path": f"/{name}"}, "upstream": name} for name in ways],
        }
        with running("serve", tmp_path, more) as gate:
            assert exchange(gate.port, "GET /right HTTP/1.1", "host: a")[0] == 200
            assert exchange(gate.port, "GET /wrong HTTP/1.1", "host: a")[0] == 503
            assert gate.log().count("\n") == 0
            assert "has no certificate that can be trusted: Hostname mismatch" in gate.log()
        proxy.shutdown()
        thread.join()


def wrong(folder: Path, pair: Pair, certificate: Path | str, key: Path | str, ca_file: Path | None = None) -> str:
    file = folder / "gateway.yaml"
    more = {} if ca_file is None else {"ca_file": str(ca_file)}
    text = yaml.safe_dump({"listen": "127.0.0.1:1", "routes": [{"name": "a"}], **more}, sort_keys=False)
    file.write_text(f"{text}tls:\n  certificate: {certificate}\n  key: {key}\n")
    with pytest.raises(GatewayFileError) as caught:
        read(file)
    return str(caught.value).replace(str(folder), "").replace(str(pair.certificate.parent), "")


def test_files_that_cannot_be_used_are_told_by_line(tmp_path: Path, folder: Path, pair: Pair) -> None:
    other = make(folder, "stranger")
    old = make(folder, "old", years=(2020, 2021))
    young = make(folder, "young", years=(2990, 2991))
    locked = folder / "locked.key"
    command: list[str | Path] = ["openssl", "ec", "-in", pair.key, "-aes256", "-passout", "pass:secret", "-out", locked]
    subprocess.run(command, check=True, capture_output=True)
    nothing = folder / "nothing.pem"
    nothing.write_text("nothing")
    line, key = "/gateway.yaml:5: tls.certificate: ", "/gateway.yaml:6: tls.key: "
    for certificate, private, message in (
        ("none.pem", pair.key, f"{line}there is no /none.pem; expected a file with a certificate in it, as PEM"),
        (pair.certificate, "none.key", f"{key}there is no /none.key; expected a file with the certificate's private"),
        (nothing, pair.key, f"{line}/nothing.pem has no certificate in PEM form: "),
        (pair.certificate, nothing, f"{key}/nothing.pem has no private key in PEM form: "),
        (pair.certificate, other.key, f"{key}/stranger.key is not the key of the certificate in /localhost.pem"),
        (old.certificate, old.key, f"{line}/old.pem cannot be used: certificate has expired; get a new one"),
        (young.certificate, young.key, f"{line}/young.pem cannot be used: certificate is not yet valid; get a new one"),
        (pair.certificate, locked, f"{key}/locked.key has a passphrase; write the key without one to a file that "),
    ):
        assert wrong(tmp_path, pair, certificate, private).startswith(message)
    assert wrong(tmp_path, pair, pair.certificate, pair.key, nothing).startswith(
        "/gateway.yaml:4: ca_file: /nothing.pem has no certificates in PEM form: "
    )
