"""One gateway file in both engines: our own host in a thread, and Envoy in its process."""

from __future__ import annotations

import asyncio
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml

from proxywasm_host.gateway import read
from proxywasm_host.gateway.envoy import bootstrap, build_modules, find_ca_file
from proxywasm_host.gateway.envoy.background import BackgroundEnvoy
from proxywasm_host.gateway.live.access import AccessLine
from proxywasm_host.gateway.live.admin.exposition import exposition
from proxywasm_host.gateway.live.listening import listen
from proxywasm_host.gateway.live.serving import run
from proxywasm_host.gateway.live.shared import Shared
from proxywasm_host.gateway.live.starting import start_plugins
from proxywasm_host.gateway.model import Gateway
from proxywasm_host.gateway.values import Address

Engine = Literal["serve", "envoy"]
TIMEOUT = 60.0
_RUNTIME = {"layers": [{"name": "tests", "static_layer": {"tracing.opentelemetry.flush_interval_ms": 100}}]}
"""Envoy would keep spans for five seconds."""


@dataclass
class Running:
    port: int
    log: Callable[[], str]
    metrics: Callable[[], str]
    """In Prometheus' format."""


@contextmanager
def running(
    engine: Engine, folder: Path, content: Mapping[str, Any], host: str = "127.0.0.1", *, native: bool = True
) -> Iterator[Running]:
    """The gateway of a file without `listen`. `native`: our own host runs the sources of the plugins."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as reserved:
        reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        reserved.bind((host, 0))
        port = reserved.getsockname()[1]
        file = folder / f"{engine}.yaml"
        file.write_text(yaml.safe_dump({"listen": str(Address(host, port)), **content}, sort_keys=False))
        gateway = read(file, {}, engine=engine)
        if engine == "serve":
            with _serving(gateway, host, native=native) as found:
                yield found
        else:
            config = bootstrap(gateway, build_modules(gateway), find_ca_file(gateway))
            with BackgroundEnvoy({**config, "layered_runtime": _RUNTIME}) as envoy:
                yield Running(port, lambda: envoy.log, lambda: envoy.ask_admin("GET", "/stats/prometheus").decode())


@contextmanager
def _serving(gateway: Gateway, host: str, *, native: bool) -> Iterator[Running]:
    messages: list[str] = []
    started, end = threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()
    listening = listen("listen", Address(host, 0))
    shared = Shared(plugin.name for plugin in gateway.plugins)

    def keep(line: AccessLine) -> None:
        messages.append(line.text())

    async def main() -> None:
        plugins = start_plugins(
            gateway, native=native, shared=shared, on_log=lambda record: messages.append(str(record))
        )
        await run(gateway, plugins, listening, end, lambda _: started.set(), messages.append, keep)

    thread = threading.Thread(target=lambda: loop.run_until_complete(main()))
    thread.start()
    try:
        # Without the time to build, which may be minutes.
        assert started.wait(TIMEOUT if native else 20 * TIMEOUT)
        yield Running(listening.getsockname()[1], lambda: "\n".join(messages), lambda: exposition(shared).decode())
    finally:
        loop.call_soon_threadsafe(end.set)
        thread.join()
        loop.close()


def until(condition: Callable[[], object]) -> None:
    end = time.monotonic() + TIMEOUT
    while not condition():
        assert time.monotonic() < end, "it has not happened"
        time.sleep(0.02)


def exchange(port: int, *lines: str, body: bytes = b"", until_closed: bool = True) -> tuple[int, dict[str, str], bytes]:
    """A request on a connection of its own, and its response as it came: status, headers, body.

    Envoy closes a connection a second after an answer of its own, so that the client can read it. `until_closed` waits
    for that: then the exchange is in the log, and the connection does not count any more.
    """
    with socket.create_connection(("127.0.0.1", port), TIMEOUT) as client:
        client.sendall("".join(f"{line}\r\n" for line in [*lines, "connection: close", ""]).encode() + body)
        data = b""
        while (until_closed or not _has_announced_length(data)) and (piece := client.recv(1 << 16)):
            data += piece
        return response_of(data)


def _has_announced_length(data: bytes) -> bool:
    head, end, body = data.partition(b"\r\n\r\n")
    length = re.search(rb"\r\ncontent-length: *([0-9]+)\r\n", head + b"\r\n", re.IGNORECASE)
    return bool(end and length and len(body) >= int(length[1]))


def response_of(data: bytes) -> tuple[int, dict[str, str], bytes]:
    """Several headers of one name are one value, with commas."""
    head, _, body = data.partition(b"\r\n\r\n")
    first, *rest = head.decode("latin-1").split("\r\n")
    headers: dict[str, str] = {}
    for line in rest:
        name, _, value = line.partition(": ")
        headers[name.lower()] = ", ".join(filter(None, [headers.get(name.lower()), value]))
    return int(first.split(" ")[1]), headers, body
