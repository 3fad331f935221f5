"""What is measured in Envoy."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from proxywasm_host.bench.measure import Row
from proxywasm_host.gateway.envoy.background import BackgroundEnvoy

from .figures import Figures, added, difference, duration, rate
from .gateways import Listener
from .listeners import Listeners, listeners
from .machine import Highest, processor_seconds, resident
from .size import Size
from .stage import CHUNKS, CONNECTIONS, MB, Stage, stage

PAUSE = 0.5
"""Seconds between two chunks of streams that run at the same time."""

Progress = Callable[[str], None]


def run(size: Size, progress: Progress) -> Iterator[Row]:
    """All measurements; the full ones take ten minutes.

    Raises `EnvoyError`, `BuildError` and `GoPluginError`, and `BrokenAnswersError` if a gateway breaks answers.
    """
    progress("building")
    each = listeners(progress)
    with stage(size) as on:
        for measure in (throughput, parts, starts, streams, soak):
            yield from measure(on, each, progress)


def throughput(on: Stage, each: Listeners, progress: Progress) -> Iterator[Row]:
    """Ours beside the original's Go plugin, and Envoy alone."""
    requests, events, latencies = Figures(), Figures(), Figures()
    compared = [each.plain, each.go, each.ours, each.go_native, each.ours_native]
    with on.envoy(compared) as envoy:
        for turn in range(-1, on.size.rounds):  # the first turn is for warming up
            progress(f"requests and streams, round {turn + 1} of {on.size.rounds}")
            # One kind of load after the other, so that what is compared is measured in neighbouring moments.
            for figures, kind in (requests, _requests), (events, _events), (latencies, _latency):
                for listener in compared:
                    figure = kind(on, envoy, listener)
                    if turn >= 0:
                        figures[listener.name].append(figure)
    plain, per_second = each.plain.name, "requests/s"
    yield rate("Envoy without a plugin, requests", requests, plain, per_second)
    yield rate("Envoy without a plugin, streamed", events, plain, "chunks/s")
    # A chunk that passes through costs a plugin next to nothing, and leaves nothing to be faster at.
    for name, go, ours, chunks in (
        ("pass-through", each.go.name, each.ours.name, None),
        ("native Qwen conversion", each.go_native.name, each.ours_native.name, 2),
    ):
        yield rate(f"{name}, requests", requests, ours, per_second, go, at_least=1.5)
        yield rate(f"{name}, streamed", events, ours, "chunks/s", go, at_least=chunks)
        yield added(f"{name}, added to a request", latencies, ours, go, plain)


def _requests(on: Stage, envoy: BackgroundEnvoy, listener: Listener) -> float:
    """Per second of Envoy's processor time."""
    before = processor_seconds(envoy.pid)
    answered = on.load(envoy, listener).requests
    return answered / (processor_seconds(envoy.pid) - before)


def _events(on: Stage, envoy: BackgroundEnvoy, listener: Listener) -> float:
    """Likewise, of streams."""
    before = processor_seconds(envoy.pid)
    arrived = on.load(envoy, listener, chunks=CHUNKS).events
    return arrived / (processor_seconds(envoy.pid) - before)


def _latency(on: Stage, envoy: BackgroundEnvoy, listener: Listener) -> float:
    """Seconds of a request when there is no other."""
    return on.load(envoy, listener, connections=1, seconds=on.size.seconds / 3).latency


def parts(on: Stage, each: Listeners, progress: Progress) -> Iterator[Row]:
    """Where the time of a request goes: a listener does what another one does, and something more."""
    more = [
        (each.plain, None, "a request: Envoy itself"),
        (each.empty, each.plain, "a request: calls into a module, headers that wait, bodies that are collected"),
        (each.idle, each.empty, "a request: the SDK, for a plugin that does nothing"),
        (each.ours, each.idle, "a request: ai-proxy, pass-through"),
        (each.ours_native, each.idle, "a request: ai-proxy, native Qwen conversion"),
    ]
    times = Figures()
    with on.envoy([listener for listener, _, _ in more]) as envoy:
        for turn in range(-1, on.size.rounds):
            progress(f"parts of a request, round {turn + 1} of {on.size.rounds}")
            for listener, _, _ in more:
                asked = _requests(on, envoy, listener)
                if turn >= 0:
                    times[listener.name].append(1 / asked)
    for listener, less, name in more:
        yield difference(name, times, listener.name, less.name if less else None)


def starts(on: Stage, each: Listeners, progress: Progress) -> Iterator[Row]:
    """Time and memory that a plugin costs an Envoy."""
    compared = (each.go_native, each.ours_native)
    ready = Figures()
    for turn in range(on.size.starts):
        for listener in compared:
            progress(f"starting {listener.name}, {turn + 1} of {on.size.starts}")
            with on.envoy([listener]) as envoy:
                ready[listener.name].append(envoy.seconds_to_ready)
    memory: dict[tuple[str, int], int] = {}
    for listener in compared:
        for workers in (1, 2):
            progress(f"starting {listener.name} with {workers} workers")
            with on.envoy([listener], workers) as envoy:
                on.load(envoy, listener, connections=2 * CONNECTIONS)
                memory[listener.name, workers] = resident(envoy.pid)
    go, ours = each.go_native.name, each.ours_native.name
    yield duration("Envoy ready", ready, ours, go, at_most=3)
    yield Row("memory with one worker", memory[ours, 1] / MB, "MB", baseline=memory[go, 1] / MB)
    more = {name: (memory[name, 2] - memory[name, 1]) / MB for name in (go, ours)}
    yield Row("memory of another worker", more[ours], "MB", baseline=more[go], target=80)


def streams(on: Stage, each: Listeners, progress: Progress) -> Iterator[Row]:
    """Many streams at the same time."""
    most = {}
    for listener in (each.go_native, each.ours_native):
        progress(f"{on.size.streams} streams through {listener.name}")
        with on.envoy([listener]) as envoy, Highest(envoy.pid) as highest:
            on.load(envoy, listener, connections=on.size.streams, chunks=10, pause=PAUSE)
        most[listener.name] = highest.bytes / MB
    name = f"most memory while {on.size.streams} streams run"
    yield Row(name, most[each.ours_native.name], "MB", baseline=most[each.go_native.name], target=400)


def soak(on: Stage, each: Listeners, progress: Progress) -> Iterator[Row]:
    """Chats at full load, now and then streamed ones: nothing breaks, and memory stays what it was."""
    size = on.size
    requests, warm, most = 0, 0, 0
    with on.envoy([each.ours_native]) as envoy:
        while requests < size.soak:
            progress(f"soak, {requests:,} of {size.soak:,} requests")
            for seconds, chunks in ((size.soak_seconds, 0), (size.seconds, CHUNKS)):
                requests += on.load(envoy, each.ours_native, seconds=seconds, chunks=chunks).requests
            if requests >= size.soak_warm:
                most = max(most, resident(envoy.pid))
                warm = warm or most
    name = f"most memory in {size.soak:,} requests at full load, against that after {size.soak_warm:,}"
    yield Row(name, most / MB, "MB", baseline=warm / MB, ratio=most / warm, target=1.05)
