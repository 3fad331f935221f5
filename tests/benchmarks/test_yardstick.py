"""The parts of `proxywasm bench --envoy` that can be wrong without anybody noticing."""

from __future__ import annotations

import asyncio
import socket

import pytest
from wasmtime import Engine, Module, wat2wasm

from benchmarks.envoy.go_plugin import rename_export
from benchmarks.envoy.machine import load, processors, upstream
from benchmarks.envoy.reading import Reader


def test_one_export_gets_another_name_and_all_else_stays() -> None:
    module = bytes(wat2wasm('(module (func (export "old") nop) (memory (export "memory") 1) (func (export "older")))'))
    renamed = rename_export(module, "old", "a_new_one")
    assert [export.name for export in Module(Engine(), renamed).exports] == ["a_new_one", "memory", "older"]
    assert rename_export(renamed, "a_new_one", "old") == module


@pytest.mark.parametrize("chunks", [0, 7])
def test_clients_count_what_the_upstream_sends(chunks: int) -> None:
    _, other = processors()
    with upstream(other) as port:
        report = load(other, port, connections=3, seconds=0.1, chunks=chunks)
    assert report.requests >= 3
    assert report.failures == 0
    # A chat in pieces ends with a chunk that says so, and the mark after it.
    assert report.events == report.requests * (chunks + 2 if chunks else 0)
    assert 0 < report.first_byte <= report.latency


class _Collector(Reader):
    def __init__(self) -> None:
        self.pieces: list[bytes] = []

    def data_received(self, data: bytes) -> None:
        self.pieces.append(data)


def test_what_is_longer_than_the_buffer_arrives_in_pieces() -> None:
    sent = bytes(range(256)) * 1000
    collector = _Collector()

    async def read() -> None:
        loop = asyncio.get_running_loop()
        ours, theirs = socket.socketpair()
        with theirs:
            theirs.setblocking(False)
            transport, _ = await loop.create_connection(lambda: collector, sock=ours)
            await loop.sock_sendall(theirs, sent)
            while sum(map(len, collector.pieces)) < len(sent):
                await asyncio.sleep(0.001)
            transport.close()

    asyncio.run(asyncio.wait_for(read(), timeout=30))
    assert b"".join(collector.pieces) == sent
    assert max(map(len, collector.pieces)) <= 1 << 16
