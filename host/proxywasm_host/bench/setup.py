"""Common objects of all measurements: the two plugins and a recorded chat."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Collection
from pathlib import Path

from proxywasm.wire import LogLevel, Program

from ..building.build import build
from ..building.flagship import flagship
from ..recordings.exchange import load
from ..services import HostServices
from ..stream import Runner, Stream
from ..wasm.component import ComponentProgram
from ..wasm.engine import Component, Engine

_HERE = Path(__file__).parent
IDENTITY = _HERE / "bench_plugin.py"
CHAT = _HERE / "qwen.json"

PSEUDO = [
    (":scheme", "https"),
    (":method", "POST"),
    (":path", "/v1/chat/completions"),
    (":authority", "example.com"),
]
HEADERS = [*PSEUDO, *[(f"x-header-{number}", "a value of some length") for number in range(16)]]
RESPONSE = [(":status", "200"), ("content-type", "text/event-stream")]
CHUNK = b'data: {"choices":[{"delta":{"content":"some words"}}]}'.ljust(298) + b"\n\n"


class Setup:
    """Built and loaded once for all measurements.

    Attributes:
        identity: a plugin that changes nothing, or as little as it is told.
        flagship: ai-proxy.
        exchange: a chat with native Qwen, in 5 chunks.

    `without` names optimisations of components that are left out; see `build`.
    """

    def __init__(self, without: Collection[str] = ()) -> None:
        self.engine = Engine()
        self.identity = self.engine.load(built(IDENTITY, without))
        self.flagship_source = flagship()
        self.flagship_file = built(self.flagship_source, without)
        self.flagship = self.engine.load(self.flagship_file)
        self.exchange = load(CHAT)[0]

    def wasm(self, component: Component, config: str) -> Runner:
        return configured(lambda services: ComponentProgram(component, services), config)

    def ask(self, runner: Runner) -> Stream:
        request = self.exchange.request
        stream = runner.open()
        stream.request_headers(request.headers, False)
        for number, chunk in enumerate(request.body, 1):
            stream.request_body(chunk, number == len(request.body))
        stream.take()
        return stream

    def converse(self, runner: Runner) -> None:
        response = self.exchange.response
        assert response is not None
        stream = self.ask(runner)
        stream.response_headers(response.headers, False)
        for number, chunk in enumerate(response.body, 1):
            stream.response_body(chunk, number == len(response.body))
            stream.take()
        if not stream.response_done or stream.local_reply:
            raise RuntimeError(f"the chat failed: {runner.services.logs}")
        stream.close()


def built(plugin: Path, without: Collection[str] = ()) -> Path:
    """The component. A child process builds it if it is not in the cache.

    Memory that a build leaves in this process could hide growth in the soak.
    """
    code = (
        "import contextlib, logging, sys; from pathlib import Path\n"
        "from proxywasm_host.building.build import BuildError, build\n"
        "logging.basicConfig(level=logging.INFO, format='%(message)s')\n"
        "with contextlib.suppress(BuildError): build(Path(sys.argv[1]), without=sys.argv[2:])"
    )
    # On a terminal `progress` says what is being done.
    said = subprocess.DEVNULL if sys.stderr.isatty() else None
    subprocess.run([sys.executable, "-c", code, str(plugin), *without], check=False, stderr=said)  # noqa: S603  # us
    return build(plugin, without=without).path  # and if that failed, this says why


def configured(start: Callable[[HostServices], Program], config: str) -> Runner:
    services = HostServices()
    program = start(services)
    program.configure(config, LogLevel.INFO)
    return Runner(program, services)
