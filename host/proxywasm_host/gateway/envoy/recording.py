"""Record what passes the plugins in Envoy: `proxywasm envoy --run --record`.

Envoy writes each stream to a private folder, from which it becomes a recording, and is deleted.
"""

from __future__ import annotations

import json
import os
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from ...recordings.recorder import RecordingFolder, RecordOptions
from ..model import Gateway
from .taps import BACK, FRONT, LINES
from .traces import Line, Trace, exchange_of, read_trace

_LOOK: Final = 0.2
"""Seconds between two looks at the folder."""
_TRIES: Final = 50
"""Looks after the end of a stream until its files have to be complete."""
_HEAD: Final = 512 * 1024
"""Characters of a file in which the headers of the request are."""
_EXPANDED: Final = 3
"""How much larger a file may be than what is in it: base64 in JSON."""
_LARGEST_LOG: Final = 16 * 2**20


@contextmanager
def recording(gateway: Gateway, options: RecordOptions | None, log: Callable[[str], None]) -> Iterator[Path | None]:
    """The folder for the taps of Envoy. At the end all that is there is recorded."""
    if options is None:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="proxywasm-record-") as folder:
        collector = _Collector(gateway, options, Path(folder), log)
        try:
            yield Path(folder)
        finally:
            collector.close()


class _Collector:
    """Looks at the folder, in a thread of its own."""

    def __init__(self, gateway: Gateway, options: RecordOptions, folder: Path, log: Callable[[str], None]) -> None:
        self._names = [plugin.name for plugin in gateway.plugins]
        self._configs = [json.dumps(plugin.config, ensure_ascii=False) for plugin in gateway.plugins]
        self._options = options
        self._folder = folder
        self._log = log
        self._recordings = RecordingFolder(options, log)
        self._most = options.largest * _EXPANDED + 2**20
        self._read = 0
        self._rest = b""
        self._streams: dict[str, str] = {}
        """By the id of the request, the end of the names of its files."""
        self._known: set[str] = set()
        self._ended: list[tuple[Line, int]] = []
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="recording", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._end.set()
        self._thread.join()
        self._recordings.close()

    def _run(self) -> None:
        while not self._end.wait(_LOOK):
            self._guarded_look()
        # Envoy has ended, so everything is written.
        self._guarded_look()
        self._guarded_look()

    def _guarded_look(self) -> None:
        try:
            self._look()
        except Exception as error:  # the thread has to go on
            self._log(f"not recorded: {type(error).__name__}: {error}")

    def _look(self) -> None:
        self._find_files()
        for text in self._new_lines():
            self._ended.append((Line.of(text), 0))
        waiting, self._ended = self._ended, []
        for line, tries in waiting:
            if (stem := self._streams.get(line.id)) is not None and self._record(line, stem):
                continue
            if line.id == "-":
                continue  # refused before it came to the plugins
            if tries < _TRIES:
                self._ended.append((line, tries + 1))
            else:
                self._log(f"not recorded: the request {line.id}: Envoy has not written all of it")

    def _find_files(self) -> None:
        for entry in os.scandir(self._folder):
            status = entry.stat()
            if entry.name == LINES or not status.st_size:
                continue
            if entry.name.startswith(FRONT) and entry.name not in self._known:
                trace = read_trace(Path(entry.path), _HEAD)
                if trace.request.fields is not None:
                    self._known.add(entry.name)
                    self._streams[dict(trace.request.fields).get("x-request-id", "")] = entry.name.removeprefix(FRONT)
            if status.st_blocks * 512 > self._most:
                os.truncate(entry.path, 0)  # what Envoy writes later is behind a hole, which takes no room

    def _new_lines(self) -> list[str]:
        file = self._folder / LINES
        with suppress(FileNotFoundError), file.open("rb") as opened:
            opened.seek(self._read)
            data = opened.read()
            self._read += len(data)
            *lines, self._rest = (self._rest + data).split(b"\n")
            if self._read > _LARGEST_LOG:
                os.truncate(file, 0)
                self._read = 0
            return [line.decode(errors="replace") for line in lines if line]
        return []

    def _record(self, line: Line, stem: str) -> bool:
        """False: its files are not complete yet."""
        front, back = self._folder / f"{FRONT}{stem}", self._folder / f"{BACK}{stem}"
        if any(file.exists() and file.stat().st_size > self._most for file in (front, back)):
            self._log(
                f"not recorded: the request {line.id}: the exchange is larger than {self._options.largest:,} bytes"
            )
        elif not self._put(line, front, back):
            return False
        del self._streams[line.id]
        self._known.discard(front.name)
        front.unlink()
        back.unlink(missing_ok=True)
        return True

    def _put(self, line: Line, front: Path, back: Path) -> bool:
        try:
            traces = read_trace(front), read_trace(back) if back.exists() else Trace()
        except ValueError:
            return False
        largest = self._options.largest
        made = exchange_of(*traces, line, names=self._names, configs=self._configs, largest=largest)
        if isinstance(made, str):
            self._log(f"not recorded: {made}")
        else:
            self._recordings.put(made, front.stat().st_size)
        return True
