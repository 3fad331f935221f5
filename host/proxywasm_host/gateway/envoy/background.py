"""Envoy in the background of a test or a measurement, from `with` until its end.

`process.start` runs Envoy for users. All other code starts it here.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import tempfile
import time
from functools import cached_property
from http.client import HTTPException
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from .errors import EnvoyError
from .messages import Json, pipe
from .process import end, envoy_command, write_private
from .unix_http import UnixConnection

_START: Final = 300.0
"""Seconds. V8 compiles a module in a few, on a busy machine in many."""
_ANSWER: Final = 120.0
"""Seconds for an answer of the admin interface, whose thread is also the one that compiles."""


class BackgroundEnvoy:
    """Its log is in a file, so that a full pipe never stops it, and its admin interface at a Unix socket.

    Entering waits until Envoy reports that it is ready: its listeners then accept connections. A listener whose port
    is 0 gets a free port from the system, see `port_of`. From then on Envoy runs on `processor` only. Raises
    `EnvoyError` with the log if Envoy ends before that.
    """

    def __init__(self, config: Json, *, workers: int = 1, processor: int | None = None) -> None:
        self._config = config
        self._workers = workers
        self._processor = processor
        self._process: subprocess.Popen[bytes] | None = None
        self._log = ""
        self.seconds_to_ready = 0.0

    def __enter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory(prefix="proxywasm-envoy-")
        try:
            self._start()
        except BaseException:  # also a Ctrl-C
            self.__exit__(None, None, None)
            raise
        return self

    def _start(self) -> None:
        file = Path(self._folder.name, "envoy.json")
        write_private(file, json.dumps({**self._config, "admin": {"address": pipe(self._admin)}}))
        # Do not wait for the clients of a listener that is removed.
        command = [*envoy_command(file, workers=self._workers), "--drain-time-s", "0"]
        started = time.monotonic()
        with self.log_file.open("wb") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)  # noqa: S603  # Envoy, no shell
        while not self._is_ready():
            if self._process.poll() is not None:
                raise EnvoyError(f"Envoy did not start:\n{self.log}")
            if time.monotonic() > started + _START:
                raise EnvoyError(f"Envoy is not ready after {_START:.0f} seconds:\n{self.log}")
            time.sleep(0.01)
        self.seconds_to_ready = time.monotonic() - started
        if self._processor is not None:
            # Only now, because V8 compiles on all. And all threads: each has its own affinity.
            for thread in Path(f"/proc/{self._process.pid}/task").iterdir():
                os.sched_setaffinity(int(thread.name), {self._processor})

    def _is_ready(self) -> bool:
        """A question that arrives while Envoy starts is answered once it has time."""
        try:
            return self._ask("GET", "/ready")[0] == 200
        except (OSError, HTTPException):  # the socket is not there yet, or Envoy has ended
            return False

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None and self._process.poll() is None:
            end(self._process)
        self._log = self.log
        self._folder.cleanup()

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def wait(self, timeout: float) -> int:
        """Its exit code, once it has ended by itself."""
        assert self._process is not None
        return self._process.wait(timeout)

    @property
    def log_file(self) -> Path:
        return Path(self._folder.name, "envoy.log")

    @property
    def log(self) -> str:
        """Everything that it has logged; also after its end."""
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else self._log

    # The admin interface.

    @property
    def _admin(self) -> Path:
        return Path(self._folder.name, "admin")

    def _ask(self, method: str, path: str) -> tuple[int, bytes]:
        with contextlib.closing(UnixConnection(self._admin, _ANSWER)) as connection:
            connection.request(method, path)
            response = connection.getresponse()
            return response.status, response.read()

    def ask_admin(self, method: str, path: str) -> bytes:
        """The body of the admin interface's answer.

        Raises `EnvoyError` if Envoy does not answer, or answers with an error.
        """
        try:
            status, answer = self._ask(method, path)
        except (OSError, HTTPException) as error:
            raise EnvoyError(f"Envoy has ended, or does not answer ({error!r}):\n{self.log}") from error
        if status != 200:
            raise EnvoyError(f"Envoy answers {method} {path} with {status}: {answer.decode(errors='replace')}")
        return answer

    def port_of(self, listener: str) -> int:
        """Where a listener of the configuration listens."""
        return self._ports[listener]

    @cached_property
    def _ports(self) -> dict[str, int]:
        statuses = json.loads(self.ask_admin("GET", "/listeners?format=json"))["listener_statuses"]
        found = {status["name"]: status["local_address"].get("socket_address") for status in statuses}
        return {name: where["port_value"] for name, where in found.items() if where}
