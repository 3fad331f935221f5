"""The clock by which Wasmtime ends calls that take too long."""

from __future__ import annotations

import ctypes
import math
import threading
import weakref
from typing import Final

import wasmtime
from wasmtime import _ffi as ffi

TICK: Final = 0.01
"""Seconds. A call ends at most two ticks after its time."""

# Keeps the GIL: the call takes nanoseconds, and a daemon thread must not be inside the library when Python exits.
_increment = ctypes.PyDLL(None, handle=ffi.dll._handle)["wasmtime_engine_increment_epoch"]
_increment.argtypes = [ctypes.c_void_p]
_increment.restype = None


class Ticker:
    """Increments the epoch of one engine, from one thread that starts with the first program and ends with the engine.

    Attributes:
        ticks: epochs so far; a deadline that was set at the same number need not be set again.
    """

    def __init__(self, engine: wasmtime.Engine) -> None:
        self.ticks = 0
        self._engine = engine
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        weakref.finalize(self, self._stopped.set)

    def start(self) -> None:
        """Start the thread unless it runs. After a fork it is started again, because threads do not survive a fork."""
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(
                    target=_run, args=(weakref.ref(self), self._stopped), name="proxywasm-ticker", daemon=True
                )
                self._thread.start()

    def tick(self) -> None:
        _increment(self._engine.ptr())
        self.ticks += 1


def ticks(seconds: float) -> int:
    """The deadline that gives a call at least so much time. One more, because the tick under way is a part of one."""
    return math.ceil(seconds / TICK) + 1


def _run(ticker: weakref.ref[Ticker], stopped: threading.Event) -> None:
    while not stopped.wait(TICK):
        current = ticker()
        if current is None:
            return
        current.tick()
        # Otherwise the ticker would live until the thread looks again, and be finalized on it.
        del current
