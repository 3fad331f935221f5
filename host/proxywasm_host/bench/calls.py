"""Measure single calls, chats and requests."""

from __future__ import annotations

import functools
import itertools
import time
from collections.abc import Callable

from proxywasm.adapters.native import load_plugin, native_program

from ..stream import Chain, Runner
from . import bench_plugin
from .bare_call import bare_call
from .measure import Row, Samples, row, take_turns
from .setup import CHUNK, HEADERS, IDENTITY, PSEUDO, RESPONSE, Setup, configured

SIZES = {"30 B": 30, "300 B": 300, "3 KB": 3_000, "30 KB": 30_000, "300 KB": 300_000, "1 MB": 1_000_000}


def boundary(setup: Setup) -> list[Row]:
    bare = bare_call(setup.engine)
    same = setup.wasm(setup.identity, "{}").program
    copy = setup.wasm(setup.identity, '{"copy": true}').program
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


def conversion(setup: Setup) -> list[Row]:
    response = setup.exchange.response
    assert response is not None
    plugin = load_plugin(setup.flagship_source)
    running = {
        "native": configured(lambda services: native_program(plugin, services), setup.exchange.config),
        "wasm": setup.wasm(setup.flagship, setup.exchange.config),
    }
    cases: dict[str, Callable[[], object]] = {}
    for name, runner in running.items():
        stream = setup.ask(runner)
        stream.response_headers(response.headers, False)
        stream.response_body(response.body[0], False)
        answer = functools.partial(runner.program.on_response_body, stream.id)
        cases[name] = functools.partial(answer, response.body[1], False)
        cases[f"{name} at once"] = functools.partial(answer, response.body[1] * 100, False)
        cases[f"{name} stream"] = functools.partial(setup.converse, runner)
    samples = take_turns(cases, rounds=41)
    return [
        row("native Qwen chunk to OpenAI chunk", samples, "wasm", baseline="native", target=3),
        row("a hundred Qwen chunks that come at once", samples, "wasm at once", baseline="native at once"),
        row("a whole chat with 5 Qwen chunks", samples, "wasm stream", baseline="native stream"),
    ]


def requests(setup: Setup) -> list[Row]:
    plugin = load_plugin(IDENTITY)
    running = {
        "native": configured(lambda services: native_program(plugin, services), "{}"),
        "wasm": setup.wasm(setup.identity, "{}"),
    }
    programs = {name: runner.program for name, runner in running.items()}
    contexts = itertools.count(10_000_000)  # far from those of the runners
    other = {
        "native": configured(lambda services: native_program(plugin, services), "{}"),
        "wasm": setup.wasm(setup.identity, "{}"),
    }
    ways: dict[str, Runner | Chain] = {**running}
    ways |= {f"{name} chain": Chain([runner, other[name]]) for name, runner in running.items()}
    samples = take_turns({name: functools.partial(_pass_through, way) for name, way in ways.items()})

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
        row("the same through a chain of two plugins, beside one", samples, "wasm chain", baseline="wasm"),
        row("the same in CPython", samples, "native chain", baseline="native"),
    ]


def _pass_through(way: Runner | Chain) -> None:
    stream = way.open()
    stream.request_headers(HEADERS, True)
    stream.take()
    stream.response_headers(RESPONSE, False)
    for number in range(3):
        stream.response_body(CHUNK, number == 2)
        stream.take()
    stream.close()


def interpreter(setup: Setup) -> list[Row]:
    """Measure Python in the guest, without calls across the boundary."""
    program = setup.wasm(setup.identity, "{}").program
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
