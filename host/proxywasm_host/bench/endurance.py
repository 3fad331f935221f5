"""Measure memory over time, and whether faults affect other streams."""

from __future__ import annotations

import statistics
import time

from ..limit_fields import MIB
from ..wasm.component import ComponentProgram
from ..wasm.limits import Limits
from ..wasm.pool import Pool
from .measure import Row, Samples, resident, row
from .setup import CHUNK, PSEUDO, RESPONSE, Setup

STREAMS = 20_000
WARM = 2_000
FAULT_ROUNDS = 1_000


def soak(setup: Setup) -> list[Row]:
    pool = Pool(
        lambda services: ComponentProgram(setup.flagship, services), setup.exchange.config, on_log=lambda _: None
    )
    sizes = []
    start = time.perf_counter()
    for _ in range(STREAMS):
        setup.converse(pool.runner())
        sizes.append(resident() or 0)
    took = time.perf_counter() - start
    pool.close()
    rows = [Row("soak: a chat, on average", took / STREAMS * 1e3, "ms")]
    if sizes[-1]:
        warm, most = sizes[WARM] / 1e6, max(sizes[WARM:]) / 1e6
        name = f"soak: most resident memory in {STREAMS:,} chats, against that after {WARM:,}"
        rows.append(Row(name, most, "MB", None, warm, most / warm, 1.05))
    return rows


def faults(setup: Setup) -> list[Row]:
    limits = Limits(call_time=0.05, memory=32 * MIB)
    pool = Pool(
        lambda services: ComponentProgram(setup.identity, services, limits=limits), '{"copy": true}', limits=limits
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
        rows.append(Row(f"resident memory after {FAULT_ROUNDS} faults", late, "MB", None, early, late / early, 1.05))
    return rows


def memory(setup: Setup) -> list[Row]:
    before = resident()
    if before is None:
        return []
    running = [setup.wasm(setup.flagship, setup.exchange.config) for _ in range(20)]
    for runner in running:
        setup.converse(runner)
    after = resident() or 0
    rows = [Row("memory of an instance of ai-proxy, after its first chat", (after - before) / len(running) / 1e6, "MB")]
    streams = [setup.ask(running[0]) for _ in range(2000)]
    rows.append(
        Row("memory of an open chat, in guest and host", ((resident() or 0) - after) / len(streams) / 1e3, "KB")
    )
    for stream in streams:
        stream.close()
    return rows
