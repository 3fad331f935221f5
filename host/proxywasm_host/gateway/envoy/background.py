"""Envoy in the background of a measurement or a test, from `with` until its end."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import tempfile
import time
from collections.abc import Collection
from pathlib import Path
from types import TracebackType
from typing import Final, Self, TypeAlias

from .errors import EnvoyError
from .messages import Json
from .process import find_envoy, write_private

Endpoint: TypeAlias = "tuple[str, int] | str"
"""An address and a port, or the path of a socket."""

_START: Final = 120.0
"""Seconds. V8 compiles a module in a few, on a busy machine in many."""


class BackgroundEnvoy:
    """Its log is in a file, so that a full pipe never stops it.

    `endpoints` are those of its listeners: it is ready when all of them answer, and has the one `processor` to itself
    from then on. Raises `EnvoyError` with the log if it ends before that.
    """

    def __init__(
        self, config: Json, endpoints: Collection[Endpoint], *, workers: int = 1, processor: int | None = None
    ) -> None:
        self._binary = find_envoy()
        self._config = config
        self._endpoints = endpoints
        self._workers = workers
        self._processor = processor
        self._process: subprocess.Popen[bytes] | None = None
        self._log = ""
        self.seconds_to_ready = 0.0

    def __enter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory(prefix="proxywasm-envoy-")
        try:
            self._start()
        except BaseException:  # someone who does not want to wait any longer, too
            self.__exit__(None, None, None)
            raise
        return self

    def _start(self) -> None:
        file = Path(self._folder.name, "envoy.json")
        write_private(file, json.dumps(self._config))
        command = [str(self._binary), "-c", str(file), "--concurrency", str(self._workers), "--disable-hot-restart"]
        # Nobody waits for the clients of a listener that is gone.
        command += ["--drain-time-s", "0"]
        command += ["-l", "warning", "--component-log-level", "wasm:info"]
        started = time.monotonic()
        with self.log_file.open("wb") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)  # noqa: S603  # Envoy, no shell
        while not all(map(_listens, self._endpoints)):
            if self._process.poll() is not None or time.monotonic() > started + _START:
                raise EnvoyError(f"Envoy did not start:\n{self.log}")
            time.sleep(0.01)
        self.seconds_to_ready = time.monotonic() - started
        if self._processor is not None:
            # Only now, because V8 compiles on all. And all threads: each has its own affinity.
            for thread in Path(f"/proc/{self._process.pid}/task").iterdir():
                os.sched_setaffinity(int(thread.name), {self._processor})

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._log = self.log
        self._folder.cleanup()

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def log_file(self) -> Path:
        return Path(self._folder.name, "envoy.log")

    @property
    def log(self) -> str:
        """All that it has logged; also after its end."""
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else self._log


def _listens(endpoint: Endpoint) -> bool:
    with socket.socket(socket.AF_UNIX if isinstance(endpoint, str) else socket.AF_INET) as probe:
        probe.settimeout(1)
        return probe.connect_ex(endpoint) == 0
