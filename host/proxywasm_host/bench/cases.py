"""What is measured."""

from __future__ import annotations

import functools
import gc
import importlib.util
import itertools
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from proxywasm.adapters.native import load_plugin, native_program
from proxywasm.wire import LogLevel, Program

from ..build import build
from ..component import ComponentProgram
from ..engine import Component, Engine
from ..exchange import load
from ..limits import MIB, Limits
from ..pool import Pool
from ..services import HostServices
from ..stream import Runner, Stream
from . import bench_plugin
from .bare_call import bare_call
from .measure import Row, Samples, resident, row, take_turns

HERE = Path(__file__).parent
SIZES = {"30 B": 30, "300 B": 300, "3 KB": 3_000, "30 KB": 30_000, "300 KB": 300_000, "1 MB": 1_000_000}
STREAMS = 20_000
WARM = 2_000
FAULT_ROUNDS = 1_000

PSEUDO = [(":method", "POST"), (":path", "/v1/chat/completions"), (":authority", "example.com")]
HEADERS = [*PSEUDO, *[(f"x-header-{number}", "a value of some length") for number in range(17)]]
RESPONSE = [(":status", "200"), ("content-type", "text/event-stream")]
CHUNK = b'data: {"choices":[{"delta":{"content":"some words"}}]}'.ljust(298) + b"\n\n"


class Bench:
    """All measurements. `progress` is told what is being measured."""

    def __init__(self, progress: Callable[[str], None]) -> None:
        self._progress = progress
        progress("building")
        self._engine = Engine()
        self._identity = self._engine.load(build(HERE / "bench_plugin.py").path)
        self._flagship_source = flagship()
        self._flagship_file = build(self._flagship_source).path
        self._flagship = self._engine.load(self._flagship_file)
        self._exchange = load(HERE / "qwen.json")[0]

    def run(self) -> list[Row]:
        # The soak and the faults first: what other parts leave in memory would hide growth.
        parts: list[tuple[str, Callable[[], list[Row]]]] = [
            ("soak", self.soak),
            ("faults", self.faults),
            ("memory", self.memory),
            ("boundary", self.boundary),
            ("conversion", self.conversion),
            ("requests", self.requests),
            ("interpreter", self.interpreter),
            ("starting", self.starting),
        ]
        rows = []
        for name, measure in parts:
            self._progress(name)
            gc.collect()
            rows += measure()
        return rows

    # Programs.

    def _wasm(self, component: Component, config: str) -> Runner:
        return _configured(lambda services: ComponentProgram(component, services), config)

    # Rows.

    def boundary(self) -> list[Row]:
        bare = bare_call(self._engine)
        same = self._wasm(self._identity, "{}").program
        copy = self._wasm(self._identity, '{"copy": true}').program
        for program in (same, copy):
            program.on_request_headers(1, PSEUDO, True)
            program.on_response_headers(1, RESPONSE, False)
        cases: dict[str, Callable[[], object]] = {}
        for name, size in SIZES.items():
            text = (CHUNK * (size // len(CHUNK) + 1))[:size]
            cases[f"bare {name}"] = bare(text)
            cases[f"same {name}"] = functools.partial(same.on_response_body, 1, text, False)
            cases[f"copy {name}"] = functools.partial(copy.on_response_body, 1, text, False)
        cases["any bytes"] = functools.partial(copy.on_response_body, 1, bytes(range(256)) * 3906, False)
        samples = take_turns(cases)
        rows = [row(f"bare boundary call, {name} in and out", samples, f"bare {name}") for name in SIZES]
        rows += [
            row(
                f"streaming call through the whole SDK, identity plugin, {name} chunk",
                samples,
                f"same {name}",
                baseline=f"bare {name}",
                target=3 if name == "300 B" else None,
            )
            for name in SIZES
        ]
        rows += [
            row(
                f"the same, the plugin answers with a new {name} chunk",
                samples,
                f"copy {name}",
                baseline=f"bare {name}",
            )
            for name in SIZES
        ]
        rows.append(row("1 MB body of text in and out", samples, "copy 1 MB", "ms", target=6))
        rows.append(row("1 MB body of any bytes in and out", samples, "any bytes", "ms", target=20))
        return rows

    def conversion(self) -> list[Row]:
        response = self._exchange.response
        assert response is not None
        plugin = load_plugin(self._flagship_source)
        running = {
            "native": _configured(lambda services: native_program(plugin, services), self._exchange.config),
            "wasm": self._wasm(self._flagship, self._exchange.config),
        }
        cases: dict[str, Callable[[], object]] = {}
        for name, runner in running.items():
            stream = self._ask(runner)
            stream.response_headers(response.headers, False)
            stream.response_body(response.body[0], False)
            cases[name] = functools.partial(runner.program.on_response_body, stream.id, response.body[1], False)
            cases[f"{name} stream"] = functools.partial(self._converse, runner)
        samples = take_turns(cases, rounds=41)
        return [
            row("native Qwen chunk to OpenAI chunk", samples, "wasm", baseline="native", target=3),
            row("a whole chat with 5 Qwen chunks", samples, "wasm stream", baseline="native stream"),
        ]

    def requests(self) -> list[Row]:
        plugin = load_plugin(HERE / "bench_plugin.py")
        running = {
            "native": _configured(lambda services: native_program(plugin, services), "{}"),
            "wasm": self._wasm(self._identity, "{}"),
        }
        programs = {name: runner.program for name, runner in running.items()}
        contexts = itertools.count(10_000_000)  # far from those of the runners
        samples = take_turns({name: functools.partial(_pass_through, runner) for name, runner in running.items()})

        # A header call needs a stream of its own, whose end is not measured.
        times: Samples = {name: [] for name in programs}
        for _, (name, program) in itertools.product(range(25), programs.items()):
            block = list(itertools.islice(contexts, 200))
            start = time.thread_time()
            for context in block:
                program.on_request_headers(context, HEADERS, False)
            times[name].append((time.thread_time() - start) / len(block))
            for context in block:
                program.on_done(context)
        return [
            row("20 headers in and edits out", times, "wasm", target=80),
            row("20 headers in and edits out, in CPython", times, "native"),
            row("a request: headers, response with 3 chunks, identity plugin", samples, "wasm", baseline="native"),
        ]

    def interpreter(self) -> list[Row]:
        """How fast Python is in the guest: what no boundary can make up for."""
        program = self._wasm(self._identity, "{}").program
        contexts = itertools.count(1)

        def inside(work: str) -> None:
            context = next(contexts)
            program.on_request_headers(context, [*PSEUDO, ("work", work)], True)
            program.on_done(context)

        cases: dict[str, Callable[[], object]] = {}
        for name, function in bench_plugin.WORK.items():
            cases[name] = function
            cases[f"{name} in the guest"] = functools.partial(inside, name)
        samples = take_turns(cases)
        return [
            row(
                f"Python in the guest: {name}, {bench_plugin.TIMES} times",
                samples,
                f"{name} in the guest",
                baseline=name,
            )
            for name in bench_plugin.WORK
        ]

    def starting(self) -> list[Row]:
        def start() -> None:
            ComponentProgram(self._identity, HostServices()).configure("{}", LogLevel.INFO)

        def command() -> None:
            code = "from proxywasm_host.cli import main; main()"
            arguments = ["replay", "--wasm", str(self._flagship_file), "--json", str(HERE / "qwen.json")]
            subprocess.run([sys.executable, "-c", code, *arguments], check=True, capture_output=True)  # noqa: S603  # us

        samples = take_turns({"start": start}) | take_turns(
            {"command": command}, rounds=7, seconds=0, clock=time.perf_counter
        )
        return [
            row("a new instance, configured", samples, "start", "ms"),
            row("second start of the command line: one exchange replayed", samples, "command", "s", target=0.5),
        ]

    def memory(self) -> list[Row]:
        before = resident()
        if before is None:
            return []
        running = [self._wasm(self._flagship, self._exchange.config) for _ in range(20)]
        for runner in running:
            self._converse(runner)
        after = resident() or 0
        rows = [
            Row("memory of an instance of ai-proxy, after its first chat", (after - before) / len(running) / 1e6, "MB")
        ]
        streams = [self._ask(running[0]) for _ in range(2000)]
        rows.append(
            Row("memory of an open chat, in guest and host", ((resident() or 0) - after) / len(streams) / 1e3, "KB")
        )
        for stream in streams:
            stream.close()
        return rows

    def faults(self) -> list[Row]:
        limits = Limits(call_time=0.05, memory=32 * MIB)
        pool = Pool(
            lambda services: ComponentProgram(self._identity, services, limits=limits), '{"copy": true}', limits=limits
        )
        neighbour = pool.runner().open()
        neighbour.request_headers(PSEUDO, True)
        neighbour.response_headers(RESPONSE, False)
        pool.reconfigure('{"copy": true}')
        names = ["endless loop", "deep recursion", "memory bomb", "exception storm", "64 MB return value"]
        times: Samples = {name: [] for name in names}
        sizes = []
        for number in range(FAULT_ROUNDS):
            name = names[number % len(names)]
            stream = pool.runner().open()
            start = time.perf_counter()
            if name == "64 MB return value":
                stream.request_headers(PSEUDO, True)
                stream.response_headers(RESPONSE, False)
                stream.response_body(b"64 MB", True)
            else:
                stream.request_headers([*PSEUDO, ("fault", name)], True)
            times[name].append(time.perf_counter() - start)
            stream.close()
            sizes.append(resident() or 0)
        neighbour.take()
        neighbour.response_body(CHUNK, True)
        unaffected = len(neighbour.take()) == 1 and not neighbour.local_reply
        neighbour.close()
        pool.close()
        rows = [
            row(f"{name}: the call ends, limit 50 ms", times, name, "ms", target=1e3 * limits.call_time * 2)
            for name in names
        ]
        rows.append(Row("streams of other instances that the faults broke", float(not unaffected), "streams", target=0))
        if sizes[-1]:
            early, late = max(sizes[: FAULT_ROUNDS // 10]) / 1e6, statistics.median(sizes[-100:]) / 1e6
            rows.append(
                Row(f"resident memory after {FAULT_ROUNDS} faults", late, "MB", None, early, late / early, 1.05)
            )
        return rows

    def soak(self) -> list[Row]:
        pool = Pool(
            lambda services: ComponentProgram(self._flagship, services), self._exchange.config, on_log=lambda _: None
        )
        sizes = []
        start = time.perf_counter()
        for _ in range(STREAMS):
            self._converse(pool.runner())
            sizes.append(resident() or 0)
        took = time.perf_counter() - start
        pool.close()
        rows = [Row("soak: a chat, on average", took / STREAMS * 1e3, "ms")]
        if sizes[-1]:
            warm, most = sizes[WARM] / 1e6, max(sizes[WARM:]) / 1e6
            name = f"soak: most resident memory in {STREAMS:,} chats, against that after {WARM:,}"
            rows.append(Row(name, most, "MB", None, warm, most / warm, 1.05))
        return rows

    # Streams.

    def _ask(self, runner: Runner) -> Stream:
        request = self._exchange.request
        stream = runner.open()
        stream.request_headers(request.headers, False)
        for number, chunk in enumerate(request.body, 1):
            stream.request_body(chunk, number == len(request.body))
        stream.take()
        return stream

    def _converse(self, runner: Runner) -> None:
        response = self._exchange.response
        assert response is not None
        stream = self._ask(runner)
        stream.response_headers(response.headers, False)
        for number, chunk in enumerate(response.body, 1):
            stream.response_body(chunk, number == len(response.body))
            stream.take()
        if not stream.response_done or stream.local_reply:
            raise RuntimeError(f"the chat failed: {runner.services.logs}")
        stream.close()


def flagship() -> Path:
    spec = importlib.util.find_spec("ai_proxy")
    if spec is None or spec.origin is None:
        raise RuntimeError("the benchmark needs the plugin ai_proxy, which comes with this distribution")
    return Path(spec.origin).parent


def _configured(start: Callable[[HostServices], Program], config: str) -> Runner:
    services = HostServices()
    program = start(services)
    program.configure(config, LogLevel.INFO)
    return Runner(program, services)


def _pass_through(runner: Runner) -> None:
    stream = runner.open()
    stream.request_headers(HEADERS, True)
    stream.take()
    stream.response_headers(RESPONSE, False)
    for number in range(3):
        stream.response_body(CHUNK, number == 2)
        stream.take()
    stream.close()
