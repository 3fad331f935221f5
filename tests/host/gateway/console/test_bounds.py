"""What the console holds in memory is bounded, whoever asks and whatever is logged."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from proxywasm.wire import LogLevel
from proxywasm_host.gateway.console.changes.history import MOST as MOST_ENTRIES
from proxywasm_host.gateway.console.changes.history import History
from proxywasm_host.gateway.console.live.log import MOST, LogRing, listening
from proxywasm_host.gateway.console.server.guard import Guard
from proxywasm_host.gateway.console.server.http import Events, Reply, Request, event
from proxywasm_host.gateway.console.server.pages import ConsolePages
from proxywasm_host.gateway.console.server.token import Token
from proxywasm_host.gateway.live.listening import listen
from proxywasm_host.gateway.model import Console
from proxywasm_host.gateway.values import Address
from proxywasm_host.services import LogRecord

TOKEN = "0123456789abcdef"
SIZE = 64 * 1024
MANY = 400
"""Events, 25 MiB: more than the buffers of two sockets and a connection."""


def test_nothing_waits_for_a_client_that_does_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONSOLE_TEST_TOKEN", TOKEN)
    made = 0

    async def api(request: Request) -> Reply:
        return Events(events())

    async def events() -> AsyncIterator[bytes]:
        nonlocal made
        while made < MANY:
            made += 1
            yield event("x", {"number": made, "more": "x" * SIZE})

    async def main() -> None:
        address = Address("127.0.0.1", 1)
        guard = Guard(Token(Console(token_env="CONSOLE_TEST_TOKEN")), address, (), lambda _: None)
        pages = ConsolePages(guard, api)
        listening_socket = listen("x", Address("127.0.0.1", 0))
        await pages.start(listening_socket)
        reader, writer = await asyncio.open_connection(*listening_socket.getsockname(), limit=4096)
        head = ["GET /console/api/x HTTP/1.1", "host: localhost", f"authorization: Bearer {TOKEN}", "connection: close"]
        writer.write("\r\n".join([*head, "", ""]).encode())
        before = -1
        while before != made or not made:
            before = made
            await asyncio.sleep(0.1)
        assert made < MANY
        whole = await asyncio.wait_for(reader.read(), 30)
        assert made == MANY
        assert whole.count(b"event: x\n") == MANY
        await pages.stop()
        writer.close()

    asyncio.run(main())


def test_the_log_has_the_latest_lines() -> None:
    ring = LogRing()
    for number in range(MOST + 10):
        ring.add(f"line {number}")
    lines, lost = ring.after(0)
    assert (len(lines), lost, lines[0]["message"], lines[-1]["number"]) == (MOST, 10, "line 10", MOST + 10)
    assert ring.after(MOST + 5)[0][0]["message"] == f"line {MOST + 5}"
    assert ring.after(MOST + 10) == ([], 0)
    for _ in range(200):
        ring.add("x" * 100_000)
    lines, _ = ring.after(0)
    assert sum(len(line["message"]) for line in lines) <= 2**20
    assert len(lines[-1]["message"]) < 20_000


def test_lines_have_levels_sources_and_tracebacks() -> None:
    ring = LogRing()
    heading = "Traceback (most recent call last):\n  File x\nValueError: y"
    ring.add(LogRecord(LogLevel.WARN, 0, f"it fails\n{heading}", "keeper"))
    ring.add(LogRecord(LogLevel.ERROR, 0, heading, "keeper"))
    ring.add("console: an edit")
    with listening(ring):
        try:
            os.environ["OF THE HOST"]
        except KeyError:
            logging.getLogger("proxywasm").exception("a fault")
    lines = [(each["level"], each["source"], each["message"]) for each in ring.after(0)[0]]
    assert lines == [
        ("warning", "keeper", "it fails"),
        ("error", "keeper", "ValueError: y"),
        ("info", "console", "an edit"),
        ("error", "gateway", "a fault"),
    ]
    assert "KeyError: 'OF THE HOST'" in ring.after(3)[0][0]["traceback"]


def test_the_history_has_the_latest_texts(tmp_path: Path) -> None:
    history = History(tmp_path / "history")
    for number in range(MOST_ENTRIES + 3):
        history.add(f"text {number}", who="a", how="edit")
    (tmp_path / "history" / "00000001.json").write_text("{")  # damaged
    (tmp_path / "history" / "notes.json").write_text("{}")
    for found in (history, History(tmp_path / "history")):
        entries = found.entries()
        assert (len(entries), entries[0].id) == (MOST_ENTRIES, MOST_ENTRIES + 3)
        assert found.text(entries[-1].id)[1] == "text 3"
    large = "x" * 2**20
    for _ in range(20):
        history.add(large, who="a", how="edit")
    kept = [*(tmp_path / "history").glob("0*.json")]
    assert sum(file.stat().st_size for file in kept) <= 16 * 2**20 + 10_000
    assert history.add("small", who="a", how="edit").id == History(tmp_path / "history").entries()[0].id
