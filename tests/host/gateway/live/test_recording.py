"""`proxywasm serve --record`: what passes a live gateway becomes files that a replay answers in the same way."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.host.gateway.live.scene import PROBE, Scene, Upstream, run, until

from proxywasm.adapters.native import load_plugin
from proxywasm_host.recordings.compare import judge
from proxywasm_host.recordings.exchange import Exchange, dump, load
from proxywasm_host.recordings.recorder import RecordOptions
from proxywasm_host.recordings.replay import native_session, replay


def recorded(folder: Path) -> list[Exchange]:
    """In the order in which their requests came."""
    found = [exchange for file in folder.iterdir() for exchange in load(file)]
    return sorted(found, key=lambda exchange: exchange.time_ns or 0)


def differences(exchange: Exchange, plugins: int = 1) -> Sequence[str]:
    verdict = judge(replay(exchange, [native_session(load_plugin(PROBE))] * plugins), exchange)
    assert verdict.status in ("same", "different")
    return [str(each) for each in verdict.differences]


def stream_of_events(*chunks: bytes, ends: bool = True) -> Any:
    async def answer(_: Upstream, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        for chunk in chunks:
            writer.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
            await writer.drain()
            await asyncio.sleep(0.02)
        if ends:
            writer.write(b"0\r\n\r\n")
        writer.close()

    return answer


@pytest.mark.parametrize("plugins", [1, 2])
def test_what_was_recorded_passes_a_replay(tmp_path: Path, plugins: int) -> None:
    async def talk(scene: Scene) -> None:
        await scene.ask("/plain", "Content-Length: 4", method="POST", body=b"body")
        scene.upstream.answers.append(stream_of_events(b"data: a\n\n", b"data: b\n\n"))
        await scene.ask("/stream")
        await scene.ask("/reply")
        await scene.ask("/ask")
        await scene.ask("/gone")
        await scene.ask("/whole", "Transfer-Encoding: chunked", method="POST", body=b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")

    run(talk, plugins=plugins, record=RecordOptions(tmp_path))
    found = recorded(tmp_path)
    assert len(found) == 6
    for exchange in found:
        assert differences(exchange, plugins) == []
    stream = found[1].response
    assert stream
    assert stream.body == (b"data: a\n\n", b"data: b\n\n", b"")
    assert stream.times_ms[2] - stream.times_ms[1] >= 19
    assert found[2].raw["expect"]["upstream"] is None
    assert len(found[3].raw["expect"]["callouts"]) == plugins


def test_a_stream_that_ends_too_early_is_recorded_without_an_end(tmp_path: Path) -> None:
    async def talk(scene: Scene) -> None:
        scene.upstream.answers.append(stream_of_events(b"data: a\n\n", ends=False))
        await scene.ask("/stream")

    run(talk, record=RecordOptions(tmp_path))
    (exchange,) = recorded(tmp_path)
    assert exchange.response
    assert exchange.response.unfinished
    # The plugin would have added "!" to the end.
    assert exchange.raw["expect"]["downstream"]["body"] == ["DATA: A\n\n"]
    assert differences(exchange) == []


def test_of_a_response_that_is_too_long_the_beginning_is_recorded(tmp_path: Path) -> None:
    async def talk(scene: Scene) -> None:
        scene.upstream.answers.append(stream_of_events(*[b"data: " + b"a" * 200 + b"\n\n"] * 10))
        assert (await scene.ask("/stream")).count(b"DATA") == 10

    run(talk, record=RecordOptions(tmp_path, largest=1000))
    (exchange,) = recorded(tmp_path)
    assert exchange.response
    assert 0 < len(exchange.response.body) < 5
    assert "was cut after 1,000 bytes" in exchange.raw["note"]
    assert differences(exchange) == []


def test_what_cannot_be_recorded_is_told(tmp_path: Path) -> None:
    async def accept(_: Upstream, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\nhello")
        await writer.drain()
        writer.close()

    async def talk(scene: Scene) -> None:
        await scene.ask("/upload", "Content-Length: 2000", method="POST", body=b"x" * 2000)
        scene.upstream.answers.append(accept)
        reader, writer = await scene.connect()
        writer.write(b"GET /socket HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n")
        assert b"hello" in await reader.read()
        writer.close()
        messages.extend(scene.messages)

    messages: list[str] = []
    run(talk, record=RecordOptions(tmp_path, largest=1000))
    assert recorded(tmp_path) == []
    assert [line for line in messages if line.startswith("not recorded")] == [
        "not recorded: POST /upload: the request is larger than 1,000 bytes",
        "not recorded: GET /socket: the connection changes to another protocol, such as WebSocket",
    ]


@pytest.mark.parametrize("broken", ["a file", "read-only"])
def test_a_folder_that_cannot_be_written_costs_one_line_and_no_stream(tmp_path: Path, broken: str) -> None:
    folder = tmp_path / "recordings"
    if broken == "a file":
        folder.write_text("")
    else:
        folder.mkdir(mode=0o500)
        if os.access(folder, os.W_OK):
            pytest.skip("this user may write everywhere")
    collected: list[list[str]] = []

    async def talk(scene: Scene) -> None:
        collected.append(scene.messages)
        for _ in range(3):
            assert b"200 OK" in await scene.ask("/plain")
        await until(lambda: scene.messages)

    run(talk, record=RecordOptions(folder))
    (line,) = collected[0]
    assert line.startswith(f"not recorded: {folder} cannot be written: ")


def test_recording_goes_on_when_files_can_be_written_again(tmp_path: Path) -> None:
    folder = tmp_path / "recordings"
    folder.write_text("")
    collected: list[list[str]] = []

    async def talk(scene: Scene) -> None:
        collected.append(scene.messages)
        await scene.ask("/lost")
        await until(lambda: any("not recorded" in line for line in scene.messages))
        folder.unlink()
        await scene.ask("/plain")

    run(talk, record=RecordOptions(folder))
    assert len(recorded(folder)) == 1
    assert collected[0][-1] == "recording: written again; 1 exchange was not recorded"


def test_the_folder_is_bounded_and_its_files_are_whole_and_private(tmp_path: Path) -> None:
    collected: list[list[str]] = []

    async def talk(scene: Scene) -> None:
        for _ in range(8):
            await scene.ask("/plain")
        collected.append(scene.messages)

    run(talk, record=RecordOptions(tmp_path / "new", most=6000))
    files = [*(tmp_path / "new").iterdir()]
    assert 1 <= len(files) < 8
    assert sum(file.stat().st_size for file in files) <= 6000
    assert all(file.suffix == ".json" and file.stat().st_mode & 0o777 == 0o600 for file in files)
    assert sum("recording ends" in line for line in collected[0]) == 1


def test_a_recording_can_be_written_again(tmp_path: Path) -> None:
    async def talk(scene: Scene) -> None:
        await scene.ask("/ask")

    run(talk, record=RecordOptions(tmp_path))
    (exchange,) = recorded(tmp_path)
    (file,) = tmp_path.iterdir()
    dump([exchange], tmp_path / "again.json")
    (again,) = load(tmp_path / "again.json")
    assert json.loads((tmp_path / "again.json").read_text()) == json.loads(file.read_text())
    assert replace(again, raw={}) == replace(exchange, raw={})
