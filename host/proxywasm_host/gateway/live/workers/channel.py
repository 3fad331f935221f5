"""What the parent and a worker say to each other, over a pair of sockets.

The parent says once what to serve. The worker says once whether it does, in a line of JSON. When the parent ends, its
socket is closed, which tells the worker to end.
"""

from __future__ import annotations

import json
import pickle
import socket
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ...model import Gateway

_LENGTH: Final = struct.Struct(">Q")


@dataclass(frozen=True, slots=True)
class Task:
    """What a worker serves."""

    gateway: Gateway
    native: bool
    place: int
    """Of the worker, from 0 on."""
    store: Path
    listening: int
    """The number of the file that is its listening socket."""


def encode_task(task: Task) -> bytes:
    data = pickle.dumps(task)
    return _LENGTH.pack(len(data)) + data


def receive_task(channel: socket.socket) -> Task:
    with channel.makefile("rb") as file:
        (length,) = _LENGTH.unpack(file.read(_LENGTH.size))
        task = pickle.loads(file.read(length))  # noqa: S301  # of the process that has started this one
    assert isinstance(task, Task)
    return task


def encode_report(error: str = "") -> bytes:
    return json.dumps({"error": error}).encode() + b"\n"


def error_of(report: bytes) -> str | None:
    """What has kept the worker from serving; empty: nothing. None: it has ended without a word."""
    return str(json.loads(report)["error"]) if report.endswith(b"\n") else None


def is_closed(channel: socket.socket) -> bool:
    """Whether the process at the other end has closed its socket, or has ended."""
    channel.setblocking(False)
    try:
        return channel.recv(1) == b""
    except BlockingIOError:
        return False
    except ConnectionError:
        return True
