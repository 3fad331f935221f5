"""What the parent and a worker say to each other, over a pair of sockets.

The parent says what to serve, and later what to serve instead: the worker starts that beside what serves, and takes or
drops it when the parent has heard of all workers whether they can. The worker answers each message with a line of JSON.
When the parent ends, its socket is closed, which tells the worker to end.
"""

from __future__ import annotations

import asyncio
import json
import pickle
import socket
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ....recordings.recorder import RecordOptions
from ...model import Gateway

_LENGTH: Final = struct.Struct(">Q")


@dataclass(frozen=True, slots=True)
class Configuration:
    """What workers serve."""

    gateway: Gateway
    number: int
    plugins: tuple[str, ...]
    """The names of all plugins that there have been, in the order in which they came: that of their shared data."""


@dataclass(frozen=True, slots=True)
class Task:
    """How a worker begins."""

    configuration: Configuration
    native: bool
    place: int
    """Of the worker, from 0 on."""
    store: Path
    listening: int
    """The number of the file that is its listening socket."""
    record: RecordOptions | None = None
    """What all workers together record."""
    console: int | None = None
    """The number of the file that is the socket of the console, if there is one."""


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether the configuration that was started last takes over."""

    take: bool


Message = Task | Configuration | Decision


def encode(message: Message) -> bytes:
    data = pickle.dumps(message)
    return _LENGTH.pack(len(data)) + data


def receive_task(channel: socket.socket) -> Task:
    with channel.makefile("rb") as file:
        (length,) = _LENGTH.unpack(file.read(_LENGTH.size))
        task = pickle.loads(file.read(length))  # noqa: S301  # of the process that has started this one
    assert isinstance(task, Task)
    return task


async def receive(reader: asyncio.StreamReader) -> Message | None:
    """None: the parent has ended."""
    try:
        (length,) = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))
        message: Message = pickle.loads(await reader.readexactly(length))  # noqa: S301  # as above
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    return message


def encode_report(error: str = "") -> bytes:
    return json.dumps({"error": error}).encode() + b"\n"


def is_closed(channel: socket.socket) -> bool:
    """Whether the process at the other end has closed its socket, or has ended."""
    channel.setblocking(False)
    try:
        return channel.recv(1, socket.MSG_PEEK) == b""
    except BlockingIOError:
        return False
    except ConnectionError:
        return True


class Link:
    """The parent's end of the channel to one worker. One message is answered after the other."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.number = 0
        """Of the configuration that the worker serves."""
        self._reader = reader
        self._writer = writer
        self._lock = asyncio.Lock()

    async def ask(self, message: Message) -> str | None:
        """What keeps the worker from doing it; empty: nothing. None: it has ended without a word."""
        async with self._lock:
            try:
                self._writer.write(encode(message))
                await self._writer.drain()
                report = await self._reader.readline()
            except ConnectionError:
                return None
        return str(json.loads(report)["error"]) if report.endswith(b"\n") else None

    def close(self) -> None:
        self._writer.close()
