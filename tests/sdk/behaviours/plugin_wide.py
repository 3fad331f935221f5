"""Shared data, metrics, ticks, leaders, rebuilding."""

from __future__ import annotations

from typing import Any

from proxywasm import Counter, Gauge, Histogram, HttpContext, Plugin, PluginContext, log, shared_data

Config = dict[str, Any]

PLUGINS: dict[str, Plugin[Config]] = {}

requests = Counter("requests")
open_streams = Gauge("open_streams")
sizes = Histogram("sizes")

counting: Plugin[Config] = Plugin("counting")
PLUGINS["count"] = counting


@counting.on_request_headers
def count(ctx: HttpContext, config: Config) -> None:
    requests.increment()
    open_streams.add(1)
    sizes.record(len(ctx.path))
    visitors = shared_data.update("visitors", lambda old: str(int(old or 0) + 1).encode())
    ctx.request_headers["x-visitors"] = visitors.decode()
    ctx.request_headers["x-requests"] = str(requests.value)


@counting.on_stream_done
def count_down(ctx: HttpContext, config: Config) -> None:
    open_streams.add(-1)
    if not open_streams.value:
        open_streams.record(100)


sharing: Plugin[Config] = Plugin("sharing")
PLUGINS["share"] = sharing


@sharing.on_request_headers
def share(ctx: HttpContext, config: Config) -> None:
    results: list[object] = [
        shared_data.get("k"),
        shared_data.create("k", b"\xff1"),
        shared_data.create("k", b"2"),
        shared_data.set("k", b"3"),
    ]
    entry = shared_data.get("k")
    assert entry is not None
    results += [entry.value, shared_data.set("k", b"4", entry.cas), shared_data.set("k", b"5", entry.cas)]
    ctx.send_http_response(200, body=repr(results))


ticking: Plugin[Config] = Plugin("ticking")
PLUGINS["tick"] = ticking


@ticking.on_tick(1000)
def every_second(context: PluginContext) -> None:
    log.info("second, leader: %s", context.do_leader_election())


@ticking.on_tick(300)
def broken(context: PluginContext) -> None:
    raise ValueError("broken tick")


rebuilding: Plugin[Config] = Plugin("rebuilding", rebuild_after_requests=3)
PLUGINS["rebuild"] = rebuilding

growing: Plugin[Config] = Plugin("growing", rebuild_max_memory=1000)
PLUGINS["grow"] = growing
