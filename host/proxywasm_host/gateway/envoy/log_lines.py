"""Envoy's log: passed on as it comes, and kept for the console with its levels and the names of plugins."""

from __future__ import annotations

import os
import re
import selectors
import threading
from typing import IO, Final, Protocol

_START: Final = re.compile(r"\[\d{4}-\d\d-\d\d [\d:.]+\]\[\d+\]\[(?P<level>\w+)\]\[\w+\] (?:\[[^]]*\] )?")
_SAID: Final = re.compile(r"wasm log (?:[^: ]+ )?(?P<plugin>[^:]*?)(?: [^: ]+)?: (?P<text>.*)", re.S)
"""The plugin's name is between those of the filter and of the VM."""
_QUIET: Final = 0.2
"""Seconds without another line after which a message is complete: it may have several lines."""
_LONGEST: Final = 2**18
"""Characters of a message."""


class Lines(Protocol):
    def add(self, message: object, source: str, level: str, /) -> None: ...


class EnvoyLog:
    """Reads what Envoy writes until it ends. `passed_on`: where all of it goes."""

    def __init__(self, pipe: IO[bytes], passed_on: IO[bytes], lines: Lines) -> None:
        self._pipe = pipe
        self._passed_on = passed_on
        self._lines = lines
        self._rest = ""
        self._message: list[str] = []
        self._size = 0
        self._thread = threading.Thread(target=self._run, name="envoy-log", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def join(self) -> None:
        self._thread.join()

    def _run(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._pipe, selectors.EVENT_READ)
            while True:
                if not selector.select(_QUIET):
                    self._flush()
                    continue
                data = os.read(self._pipe.fileno(), 1 << 16)
                if not data:
                    break
                self._passed_on.write(data)
                self._passed_on.flush()
                self._read(data.decode(errors="replace"))
        self._read("\n" if self._rest else "")
        self._flush()

    def _read(self, text: str) -> None:
        *lines, self._rest = f"{self._rest}{text}".split("\n")
        for line in lines:
            if _START.match(line) or self._size > _LONGEST:
                self._flush()
            self._message.append(line)
            self._size += len(line)
        if len(self._rest) > _LONGEST:
            self._rest = ""

    def _flush(self) -> None:
        text = "\n".join(self._message)
        self._message.clear()
        self._size = 0
        if not text:
            return
        if (start := _START.match(text)) is None:
            self._lines.add(text, "envoy", "info")
        elif said := _SAID.match(text, start.end()):
            self._lines.add(said["text"], said["plugin"], start["level"])
        else:
            self._lines.add(text[start.end() :], "envoy", start["level"])
