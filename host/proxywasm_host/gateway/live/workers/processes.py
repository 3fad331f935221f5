"""Processes: signals to them, and how they have ended."""

from __future__ import annotations

import asyncio
import signal
from asyncio.subprocess import Process
from contextlib import suppress
from typing import Any


def send_signal(process: Process, number: signal.Signals) -> None:
    """Also to one that has ended meanwhile."""
    with suppress(ProcessLookupError):
        process.send_signal(number)


def how_ended(code: int) -> str:
    return f"with {code}" if code >= 0 else f"by {signal.Signals(-code).name}"


async def first_of(*awaitables: asyncio.Future[Any]) -> None:
    await asyncio.wait(awaitables, return_when=asyncio.FIRST_COMPLETED)
