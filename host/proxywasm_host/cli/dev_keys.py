"""Keys of `proxywasm dev`: a letter and Enter.

Whole lines are read, as the terminal gives them anyway: its settings stay as they are, and a debugger in the plugin can
use it, too.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from typing import Final

_SIGNALS: Final = {"r": "SIGHUP", "q": "SIGTERM"}
"""What each does: the signals that the gateway has for it."""
_PAUSE: Final = 0.5
"""Seconds between two looks whether a process in the background is in the foreground again."""
_MOST: Final = 4096


def follow_keys() -> bool:
    """Whether standard input is a terminal, whose lines are followed from now on. Call it in the loop that serves."""
    if not sys.stdin or not sys.stdin.isatty() or not hasattr(signal, "SIGHUP"):
        return False
    _Keys(sys.stdin.fileno(), asyncio.get_running_loop()).begin()
    return True


class _Keys:
    def __init__(self, terminal: int, loop: asyncio.AbstractEventLoop) -> None:
        self._terminal = terminal
        self._loop = loop

    def begin(self) -> None:
        self._loop.add_reader(self._terminal, self._read)

    def _is_in_background(self) -> bool:
        try:
            return os.tcgetpgrp(self._terminal) != os.getpgrp()
        except OSError:  # it is not the terminal that controls this process
            return False

    def _read(self) -> None:
        if self._is_in_background():
            # In the background the system would stop the process for reading.
            self._loop.remove_reader(self._terminal)
            self._loop.call_later(_PAUSE, self.begin)
            return
        try:
            text = os.read(self._terminal, _MOST).decode(errors="replace")
        except OSError:
            text = ""
        if not text:  # Ctrl-D, or the terminal is gone: the system's SIGHUP would only be a reason to load again
            self._loop.remove_reader(self._terminal)
            signal.raise_signal(signal.SIGTERM)
        for key in text.split():
            if (name := _SIGNALS.get(key.lower())) is not None:
                signal.raise_signal(signal.Signals[name])
