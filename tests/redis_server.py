"""A real Redis for tests, on a free port, with nothing kept on disk."""

from __future__ import annotations

import contextlib
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import redis


@dataclass
class RedisServer:
    """A server that can be stopped and started again on the same port."""

    folder: Path
    port: int
    password: str = ""
    options: tuple[str, ...] = ()
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def address(self) -> tuple[str, int]:
        return "127.0.0.1", self.port

    def client(self) -> redis.Redis:
        return redis.Redis(port=self.port, password=self.password or None, protocol=2)

    def start(self) -> None:
        binary = shutil.which("redis-server")
        if binary is None:
            pytest.skip("redis-server is not installed (Debian: apt-get install redis-server)")
        words = [binary, "--bind", "127.0.0.1", "--port", str(self.port), "--save", "", "--appendonly", "no"]
        words += ["--dir", str(self.folder), *self.options]
        if self.password:
            words += ["--requirepass", self.password]
        self.process = subprocess.Popen(words, stdout=subprocess.DEVNULL)
        for _ in range(1200):
            try:
                with self.client() as client:
                    client.ping()
            except redis.ConnectionError:
                time.sleep(0.05)
            else:
                return
        raise AssertionError("redis-server does not start")

    def stop(self) -> None:
        """What it has stored is gone."""
        if self.process is not None:
            self.process.terminate()
            self.process.wait()
            self.process = None

    @contextlib.contextmanager
    def hanging(self) -> Iterator[None]:
        """It accepts connections and answers nothing."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)


@contextlib.contextmanager
def redis_server(folder: Path, password: str = "", *options: str) -> Iterator[RedisServer]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = RedisServer(folder, port, password, options)
    server.start()
    try:
        yield server
    finally:
        server.stop()
