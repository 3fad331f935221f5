"""One Envoy for all tests of a run. Plugins are added and removed; the test plays clients and services.

**When is Envoy idle?** After each step of a test the kit waits until Envoy has done everything that follows from it.
Envoy has one worker, whose event loop handles events in order. So it answers a request to a listener without plugins
after everything that was sent before. The kit sends such requests several times, because one event may cause another
inside Envoy. When their answers arrive and nothing else has moved in between, only timers are left: the SDK delays some
actions until Envoy has finished a callback. Therefore the last such request waits for a longer timer of the same event
loop.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import socket
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from ...gateway.envoy.background import BackgroundEnvoy
from ...gateway.envoy.errors import EnvoyError
from ...gateway.envoy.messages import Json
from ..traffic import ScenarioError
from . import configuration
from .configuration import AT_ONCE, CLUSTERS, LATER, LISTENERS, PING, Plugins
from .hub import Hub, Wire
from .logs import Line, lines

_STILL = 5
"""Answers in a row. A request goes through fewer turns of the event loop than that before it is seen to move: the
connection is accepted, read, and connected further."""
_TIMEOUT = 120.0
"""Seconds until Envoy must have taken a plugin; V8 compiles a new module in a few, on a busy machine in many."""
_VMS = "wasm.envoy.wasm.runtime.v8.active"
_VMS_OF_PLUGIN = 3
"""One for each thread, and one that they are made from."""
_PING = b"GET %s HTTP/1.1\r\nhost: ping\r\n\r\n"


class Session:
    def __init__(self) -> None:
        self._clusters: dict[str, _Service] = {}
        self._listeners: dict[str, Json] = {}
        self._plugins: dict[str, int] = {}
        """The number of plugins of each listener."""
        self._services = itertools.count(1)
        with contextlib.ExitStack() as stack:
            self.folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="proxywasm-test-")))
            for name in (CLUSTERS, LISTENERS):
                (self.folder / name).write_text(json.dumps({"resources": []}))
            self._envoy = stack.enter_context(BackgroundEnvoy(configuration.bootstrap(self.folder)))
            self.hub = Hub()
            stack.callback(self.hub.close)
            self._ping = stack.enter_context(socket.socket(socket.AF_UNIX))
            self._ping.settimeout(_TIMEOUT)
            self._ping.connect(str(self.folder / PING))
            self._stack = stack.pop_all()

    def close(self) -> None:
        self._stack.close()

    # Services and plugins.

    def serve(self, cluster: str, accepted: Callable[[Wire], None]) -> None:
        """There is a service with this name, once services are published."""
        file = f"service-{next(self._services)}"
        end = self.hub.listen(self.folder / file, accepted)
        self._clusters[cluster] = _Service(configuration.cluster(self.folder, cluster, file), end)

    def end_service(self, cluster: str) -> None:
        self._clusters.pop(cluster).end()

    def refuse(self, cluster: str) -> None:
        """The service does not listen any more; Envoy still has its name."""
        if cluster not in self._clusters:
            raise ScenarioError(f"there is no service {cluster}, only {', '.join(self._clusters)}")
        service = self._clusters[cluster]
        service.end()
        self._clusters[cluster] = replace(service, end=lambda: None)

    def publish_services(self) -> None:
        resources = [service.cluster for service in self._clusters.values()]
        self._publish(CLUSTERS, "config.cluster.v3.Cluster", resources, "cluster_manager.cds")

    def start(self, chain: Plugins, upstream: str) -> bool:
        """Start plugins. Returns for each whether it has accepted its configuration."""
        self._listeners[chain.vm] = configuration.listener(self.folder, chain, upstream)
        taken = self._publish_listeners()
        if taken:
            self._plugins[chain.vm] = len(chain.plugins)
        else:
            del self._listeners[chain.vm]
        return taken

    def stop(self, vm: str) -> None:
        """Stop plugins and wait until their VMs are gone: the next plugin would otherwise share the metrics."""
        del self._listeners[vm], self._plugins[vm]
        self._publish_listeners()
        self._wait(lambda: self._stats(_VMS)[_VMS] <= _VMS_OF_PLUGIN * sum(self._plugins.values()), "ended a plugin")

    def connect(self, vm: str) -> Wire:
        return self.hub.connect(self.folder / vm)

    def _publish_listeners(self) -> bool:
        resources = list(self._listeners.values())
        return self._publish(LISTENERS, "config.listener.v3.Listener", resources, "listener_manager.lds")

    def _publish(self, file: str, kind: str, resources: list[Json], stats: str) -> bool:
        """Publish the resources. Returns whether Envoy accepted all; the worker then applies them to everything sent
        later."""
        before = self._stats(stats)
        configuration.write(self.folder / file, kind, resources)
        results = [f"{stats}.{result}" for result in ("update_success", "update_rejected")]
        self._wait(lambda: any(self._stats(stats)[name] > before[name] for name in results), f"taken {file}")
        self.settle()
        return self._stats(stats)[results[0]] > before[results[0]]

    def _wait(self, done: Callable[[], bool], what: str) -> None:
        """Wait for what Envoy does in its main thread, which reports it only in its statistics."""
        deadline = time.monotonic() + _TIMEOUT
        while not done():
            if time.monotonic() > deadline:
                raise EnvoyError(f"Envoy has not {what} in {_TIMEOUT} seconds:\n{self._envoy.log}")
            time.sleep(0.005)

    # What moves.

    def settle(self) -> None:
        """Move everything until Envoy is idle."""
        moved = True
        while moved:
            self._move()
            self._ping_worker(LATER)
            moved = self._move()

    def _move(self) -> bool:
        """Move everything until only timers are left. Returns whether anything moved."""
        moved, still = False, 0
        while still < _STILL:
            self._ping_worker(AT_ONCE)
            still = 0 if self.hub.move() else still + 1
            moved |= still == 0
        return moved

    def _ping_worker(self, path: str) -> None:
        answer = b""
        try:
            self._ping.sendall(_PING % path.encode())
            while not answer.endswith(b"\r\n\r\n"):
                data = self._ping.recv(4096)
                if not data:
                    raise ConnectionResetError
                answer += data
        except OSError as error:  # its log says why
            raise EnvoyError(f"Envoy has ended, or does not answer ({error!r}):\n{self._envoy.log}") from error

    # What it knows.

    def log_size(self) -> int:
        return self._envoy.log_file.stat().st_size

    def whole_log(self) -> str:
        return self._envoy.log

    def log(self, start: int) -> list[Line]:
        """The plugins' messages since the log had this size."""
        with self._envoy.log_file.open("rb") as file:
            file.seek(start)
            return lines(file.read().decode(errors="replace"))

    @property
    def main_thread(self) -> int:
        """It has instances of each plugin, too, which see no streams."""
        return self._envoy.pid

    def metrics(self) -> dict[str, int]:
        """Counters and gauges of plugins by name, of all that are running."""
        prefix = "wasmcustom."
        return {name.removeprefix(prefix): value for name, value in self._stats(prefix).items()}

    def set_log_level(self, level: str) -> None:
        self._envoy.ask_admin("POST", f"/logging?wasm={level}")

    def _stats(self, start: str) -> dict[str, int]:
        text = self._envoy.ask_admin("GET", f"/stats?filter=^{start}&format=json")
        return {item["name"]: item["value"] for item in json.loads(text)["stats"] if "name" in item}


@dataclass(frozen=True, slots=True)
class _Service:
    cluster: Json
    end: Callable[[], None]
