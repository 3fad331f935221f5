"""`proxywasm serve --watch`: a changed file or plugin serves new streams, and those under way end as they began."""

from __future__ import annotations

import json
import os
import shutil
import signal
import ssl
import time
from http.client import HTTPConnection
from pathlib import Path

import pytest
from tests import bundle
from tests.host.gateway.certificates import make
from tests.host.gateway.reload.paced import Paced, paced
from tests.host.gateway.reload.process import GatewayFile, Running, Stream, document, plugin, until, watching
from tests.host.serve_process import free_port

VERSIONED = Path(__file__).parent / "plugins" / "versioned.py"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return Path(shutil.copy(VERSIONED, tmp_path))


def gateway_file(folder: Path, upstream: Paced, source: Path, **keys: object) -> GatewayFile:
    file = GatewayFile(folder / "gateway.yaml", document(upstream.port, "gen1", source, **keys))
    file.save()
    return file


def change(running: Running, file: GatewayFile, source: Path, version: str) -> None:
    file.save(plugins=[plugin(source, version)])
    until(lambda: running.version() == version)


def version_for(client: HTTPConnection) -> str | None:
    client.request("GET", "/whole")
    response = client.getresponse()
    assert response.read() == b"ok"
    return response.headers["x-version"]


def test_streams_under_way_end_on_what_they_began_with_and_clients_stay_connected(tmp_path: Path, source: Path) -> None:
    with paced() as upstream, watching("serve", file := gateway_file(tmp_path, upstream, source), "--native") as run:
        first, websocket = Stream(run.port), Stream(run.port, websocket=True)
        connected = HTTPConnection("127.0.0.1", run.port, timeout=60)
        assert version_for(connected) == "gen1"
        change(run, file, source, "gen2")
        assert version_for(connected) == "gen2"
        connected.close()
        second = Stream(run.port)
        source.write_text(source.read_text().replace("source 1", "source 2"))
        until(lambda: run.ask()[1]["x-source"] == "source 2")
        third = Stream(run.port)
        upstream.step()
        for stream in (first, websocket, second, third):
            stream.next()
        upstream.step(last=True)
        for stream in (first, second, third):
            stream.next()
            stream.finish()
        websocket.next()
        websocket.close()
        assert (first.versions, second.versions, third.versions) == ({b"gen1"}, {b"gen2"}, {b"gen2"})


def test_what_is_broken_leaves_the_old_one_serving(tmp_path: Path, source: Path) -> None:
    admin = free_port()
    keys = {"admin": f"127.0.0.1:{admin}"}
    with (
        paced() as upstream,
        watching("serve", file := gateway_file(tmp_path, upstream, source, **keys), "--native", watch=False) as run,
    ):
        stream = Stream(run.port)
        good = file.path.read_text()
        source_text = source.read_text()
        refusals = 0

        def is_refused(why: str) -> None:
            nonlocal refusals
            refusals += 1
            run.load()
            until(lambda: len(run.logged("not loaded, configuration 1 serves on: ")) == refusals)
            [*_, line] = run.logged("not loaded, ")
            assert why in line
            assert run.version() == "gen1"
            status = json.loads(run.ask("/config", admin)[2])
            assert (status["generation"], status["refused"]) == (1, refusals)
            assert why in status["error"]

        file.save_text(good[: len(good) // 2])  # half-written
        is_refused("gateway.yaml:")
        file.save_text("")
        is_refused("expected keys such as")
        file.path.unlink()
        is_refused("gateway.yaml: cannot be read: No such file or directory")
        file.path.mkdir()
        is_refused("gateway.yaml: is a folder; name a file")
        file.path.rmdir()
        file.path.write_bytes(b"\xff\xfe")
        is_refused("gateway.yaml:1: is not UTF-8 text")
        file.save_text(good.replace(f"127.0.0.1:{run.port}", f"127.0.0.1:{free_port()}"))
        is_refused("listen: cannot change while the gateway runs")
        file.save_text(good.replace("gen1", "none"))
        is_refused("plugins.0.config.version: expected one")
        source.write_text("raise ValueError('broken')\n")
        file.save_text(good)
        is_refused("cannot be imported: ValueError: broken")
        metrics = run.ask("/metrics", admin)[2]
        assert "proxywasm_config_generation 1.0" in metrics
        assert f"proxywasm_config_refused_total {refusals}.0" in metrics
        assert "proxywasm_config_last_reload_successful 0.0" in metrics
        source.write_text(source_text)
        file.save(plugins=[plugin(source, "gen2")])
        run.load()
        until(lambda: run.version() == "gen2")
        until(lambda: json.loads(run.ask("/config", admin)[2])["error"] == "")
        assert json.loads(run.ask("/config", admin)[2])["generation"] > 1
        until(lambda: 'proxywasm_config_older{worker="0"} 1.0' in run.ask("/metrics", admin)[2])
        upstream.step(last=True)
        stream.next()
        stream.finish()
        assert stream.versions == {b"gen1"}
        until(lambda: 'proxywasm_config_older{worker="0"} 0.0' in run.ask("/metrics", admin)[2])


def test_ten_saves_are_one_reload_and_no_signal_is_lost(tmp_path: Path, source: Path) -> None:
    with paced() as upstream, watching("serve", file := gateway_file(tmp_path, upstream, source), "--native") as run:
        for number in range(10):
            file.save(plugins=[plugin(source, f"v{number:03}")])
            time.sleep(0.02)
        until(lambda: run.version() == "v009")
        until(lambda: run.logged("loaded again"))
        before = len(run.logged("loaded again"))
        assert before <= 2  # two, if the machine has slept between the saves
        run.load()  # also if nothing has changed
        until(lambda: len(run.logged("loaded again")) > before)
        # A signal that comes while a load is under way.
        run.load()
        file.save(plugins=[plugin(source, "gen2")])
        run.load()
        until(lambda: run.version() == "gen2")


def test_all_workers_load_it_or_none(tmp_path: Path, source: Path) -> None:
    with paced() as upstream:
        file = gateway_file(tmp_path, upstream, source, workers=2, admin=f"127.0.0.1:{(admin := free_port())}")
        with watching("serve", file, "--native", watch=False) as run:
            streams = [Stream(run.port) for _ in range(8)]
            file.save(plugins=[plugin(source, "gen2")])
            run.load()
            until(lambda: run.logged("loaded again"))
            assert {run.version() for _ in range(16)} == {"gen2"}
            file.save(plugins=[plugin(source, "none")])
            run.load()
            until(lambda: run.logged("not loaded, configuration 2 serves on"))
            assert {run.version() for _ in range(16)} == {"gen2"}
            # A worker that starts later serves what is current.
            children = Path(f"/proc/{run.process.pid}/task/{run.process.pid}/children").read_text().split()
            older = Path(f"/proc/{run.process.pid}/task/{run.process.pid}/children")
            upstream.step(last=True)
            for stream in streams:
                stream.next()
                stream.finish()
                assert stream.versions == {b"gen1"}
            os.kill(int(children[0]), signal.SIGKILL)
            until(lambda: run.logged("it is started again") and len(older.read_text().split()) == 2)
            assert {run.version() for _ in range(16)} == {"gen2"}
            assert "proxywasm_config_generation 2.0" in run.ask("/metrics", admin)[2]


def test_a_new_certificate_is_that_of_new_connections(tmp_path: Path, source: Path) -> None:
    pair, renewed = make(tmp_path, "first"), make(tmp_path, "second")
    tls = {"certificate": str(pair.certificate), "key": str(pair.key)}
    with paced() as upstream:
        file = gateway_file(tmp_path, upstream, source, tls=tls, plugins=[])
        with watching("serve", file) as run:
            address = ("127.0.0.1", run.port)
            assert ssl.get_server_certificate(address) == pair.certificate.read_text()
            renewed.certificate.replace(pair.certificate)  # now it does not fit the key
            run.wait_for("not loaded, configuration 1 serves on: ")
            renewed.key.replace(pair.key)
            run.wait_for("loaded again")
            assert ssl.get_server_certificate(address) == pair.certificate.read_text()


@pytest.mark.usefixtures("bundle_component")
@pytest.mark.exhaustive
def test_in_wasm(tmp_path: Path) -> None:
    source = bundle.write_source(tmp_path / "bundle")
    with paced() as upstream, watching("serve", file := gateway_file(tmp_path, upstream, source)) as run:
        stream, websocket = Stream(run.port), Stream(run.port, websocket=True)
        change(run, file, source, "gen2")
        second = Stream(run.port)
        file.save(plugins=[plugin(source, "none")])
        until(lambda: run.logged("not loaded, configuration 2 serves on"))
        assert run.version() == "gen2"
        upstream.step(last=True)
        for each in (stream, websocket, second):
            each.next()
        websocket.close()
        stream.finish()
        second.finish()
        assert (stream.versions, second.versions) == ({b"gen1"}, {b"gen2"})


@pytest.mark.exhaustive
@pytest.mark.parametrize("native", [True, False])
def test_a_plugin_that_raises_traps_or_never_ends_its_start_leaves_the_old_one_serving(
    native: bool, tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROXYWASM_BUILD_SECONDS", "40")
    words = ["--native"] if native else []
    with paced() as upstream, watching("serve", file := gateway_file(tmp_path, upstream, source), *words) as run:
        for number, version in enumerate(("fail", "loop", "exit"), 1):
            file.save(plugins=[plugin(source, version)])
            asked = 0
            while len(run.logged("not loaded, configuration 1 serves on")) < number:
                assert run.version() == "gen1"
                asked += 1
            assert asked > 3
        source.write_text("while True:\n    pass\n")
        file.save(plugins=[plugin(source, "gen2")])
        until(lambda: len(run.logged("not loaded, configuration 1 serves on")) == 4)
        assert run.version() == "gen1"
