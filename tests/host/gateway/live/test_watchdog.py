"""A plugin that loops: its instance is ended, and everything else goes on."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.bundle import FAULTY, become
from tests.host.gateway.live.scene import OK, PROBE, Scene, Upstream, run, until

from proxywasm_host.gateway.live.plugins import LivePlugin, LivePlugins
from proxywasm_host.gateway.live.starting import limits_of
from proxywasm_host.gateway.model import Gateway
from proxywasm_host.services import HostServices, LogRecord
from proxywasm_host.wasm.component import ComponentProgram
from proxywasm_host.wasm.engine import Engine
from proxywasm_host.wasm.pool import ClosableProgram

BEGINNING = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"


def in_wasm(
    component: Path, *, fail_open: bool = False
) -> Callable[[Gateway, Callable[[LogRecord], None]], LivePlugins]:
    def start(gateway: Gateway, on_log: Callable[[LogRecord], None]) -> LivePlugins:
        limits = limits_of(gateway)
        code = Engine(optimize=False).load(component)

        def program(services: HostServices) -> ClosableProgram:
            made: ClosableProgram = become(ComponentProgram(code, services, limits=limits), FAULTY)
            return made

        def services() -> HostServices:
            return HostServices(on_log=on_log)

        return LivePlugins([LivePlugin("a", program, "{}", limits=limits, fail_open=fail_open, services=services)])

    return start


async def waits(upstream: Upstream, writer: asyncio.StreamWriter) -> None:
    await upstream.go_on.wait()
    writer.write(OK)


async def begins(upstream: Upstream, writer: asyncio.StreamWriter) -> None:
    writer.write(BEGINNING)
    await upstream.go_on.wait()
    writer.write(b"0\r\n\r\n")


@pytest.mark.parametrize("fail_open", [False, True])
def test_an_instance_that_loops_is_ended_with_its_streams_and_a_new_one_takes_over(
    bundle_component: Path, fail_open: bool
) -> None:
    async def talk(scene: Scene) -> None:
        scene.upstream.answers = [waits, waits, begins]
        waiting = [asyncio.create_task(scene.ask("/x")) for _ in range(2)]
        await until(lambda: len(scene.upstream.requests) == 2)
        reader, writer = await scene.connect()
        writer.write(b"GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        begun = await reader.readuntil(b"hello\r\n")
        looping = scene.ask("/x", "do: loop")
        behind = scene.ask("/x")  # it comes while the gateway is blocked
        first = await asyncio.gather(looping, behind)
        scene.upstream.go_on.set()
        answers = [*first, *await asyncio.gather(*waiting)]
        begun += await reader.read()
        writer.close()
        statuses = [int(answer[9:12]) for answer in answers]
        lost = 200 if fail_open else 500
        assert statuses == [lost, 200, lost, lost]
        assert begun.endswith(b"0\r\n\r\n") is fail_open
        assert (await scene.ask("/x")).startswith(b"HTTP/1.1 200 ")
        assert sum("a call took longer than it may" in record.message for record in scene.logs) == 1, scene.logs

    run(talk, limits={"watchdog": 1}, start=in_wasm(bundle_component, fail_open=fail_open))


def test_a_native_plugin_that_loops_is_stopped_where_it_is() -> None:
    async def talk(scene: Scene) -> None:
        assert (await scene.ask("/loop")).startswith(b"HTTP/1.1 500 ")
        assert sum("a call took longer than it may" in record.message for record in scene.logs) == 1
        assert any("in loop\n" in record.message for record in scene.logs)
        assert (await scene.ask("/fine")).startswith(b"HTTP/1.1 200 ")

    run(talk, limits={"watchdog": 1})


@pytest.mark.exhaustive
def test_the_other_worker_goes_on(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    file = tmp_path / "gateway.yaml"
    file.write_text(f"""
listen: 127.0.0.1:{port}
workers: 2
limits: {{watchdog: 2}}
plugins: [{{name: probe, source: {PROBE}}}]
routes: [{{name: all, upstream: gone}}]
upstreams: {{gone: "http://127.0.0.1:1"}}
""")
    command = [sys.executable, "-c", "from proxywasm_host.cli.main import main; main()", "serve", str(file), "--native"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            assert process.stdout.readline() == f"ready: http://127.0.0.1:{port}\n"
            asyncio.run(asyncio.wait_for(_ask_around_a_loop(port), 60))
        finally:
            process.terminate()
            _, log = process.communicate(timeout=60)
    assert log.count("the plugin instance is lost: a call took longer than it may") == 1


async def _ask_around_a_loop(port: int) -> None:
    async def ask(path: str) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
        answer = await reader.read()
        writer.close()
        return answer

    looping = asyncio.create_task(ask("/loop"))
    await asyncio.sleep(0.2)
    others = [asyncio.create_task(ask("/fine")) for _ in range(20)]
    done, _ = await asyncio.wait([looping, *others], return_when=asyncio.FIRST_COMPLETED)
    assert looping not in done  # connections that the system gave to the other worker
    assert (await looping).startswith(b"HTTP/1.1 500 ")
    assert all(answer.startswith(b"HTTP/1.1 503 ") for answer in await asyncio.gather(*others))
