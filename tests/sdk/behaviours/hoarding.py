"""Plugins that leave with their host whatever it takes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from proxywasm import (
    ClusterClient,
    Counter,
    FQDNCluster,
    Gauge,
    Histogram,
    HttpCallError,
    HttpContext,
    LimitError,
    Plugin,
    RedisCallError,
    RedisClient,
    shared_data,
)

Config = dict[str, Any]

PLUGINS: dict[str, Plugin[Config]] = {}

hoarding: Plugin[Config] = Plugin("hoarding")
PLUGINS["hoard"] = hoarding


def properties(ctx: HttpContext, number: int) -> None:
    ctx.set_property(["kept", str(number)], b"")


def plugin_properties(ctx: HttpContext, number: int) -> None:
    ctx.plugin.set_property(f"kept-{number}", b"")


def values(ctx: HttpContext, number: int) -> None:
    shared_data.set(f"key-{number}", b"x" * 900)


def growth(ctx: HttpContext, number: int) -> None:
    shared_data.set("key", b"x" * 1000 * number)


def calls(ctx: HttpContext, number: int) -> None:
    service.post("/", lambda answer: None, body=b"x" * 1000)


def small_calls(ctx: HttpContext, number: int) -> None:
    service.get("/", lambda answer: None)


def binary() -> bytes:
    """What is no UTF-8 crosses as one character per byte, and so takes twice its size."""
    return b"\xff" * (70 * 1024 * 1024)


def binary_call(ctx: HttpContext, number: int) -> None:
    service.post("/", lambda answer: None, body=binary())


def redis_services(ctx: HttpContext, number: int) -> None:
    client = RedisClient(FQDNCluster(f"redis-{number}", 6379))
    client.init()
    client.get("key", lambda answer: None)


HOARDS: dict[str, Callable[[HttpContext, int], None]] = {
    "properties": properties,
    "plugin properties": plugin_properties,
    "values": values,
    "growth": growth,
    "calls": calls,
    "small calls": small_calls,
    "redis services": redis_services,
    "binary call": binary_call,
}
service = ClusterClient(FQDNCluster("service", 80))


@hoarding.on_request_headers
def hoard(ctx: HttpContext, config: Config) -> None:
    """Answers with how often it went well, and with the error that ended it."""
    number = 0
    try:
        while True:
            HOARDS[config["what"]](ctx, number)
            number += 1
    except (LimitError, HttpCallError, RedisCallError) as error:
        ctx.send_http_response(200, body=f"{number} {type(error).__name__}: {error}")


pouring: Plugin[Config] = Plugin("pouring")
PLUGINS["pour"] = pouring


@pouring.on_request_headers
def pour(ctx: HttpContext, config: Config) -> None:
    if "little" not in ctx.request_headers:
        ctx.send_http_response(200, body=binary())


counting: Plugin[Config] = Plugin("counting")
PLUGINS["count without end"] = counting

tenants = Counter("requests", labels=["tenant"])
sizes = Histogram("sizes", labels=["tenant", "kind"])


@counting.on_request_headers
def count_without_end(ctx: HttpContext, config: Config) -> None:
    """What a client chooses: values of labels, and names."""
    for number in range(config["tenants"]):
        tenants.increment(tenant=f"t{number}")
        sizes.record(number, kind="k.k", tenant=f"t{number}")
    for number in range(config.get("names", 0)):
        Counter(f"name-{number}").increment()
    Counter("n" * 2000).increment()
    for tenant in ("t0", "new", "x" * 200, "\ud83d", "\udce9 /:é", "a.b"):
        tenants.increment(2, tenant=tenant)
    gauge = Gauge("last", labels=["tenant"])
    gauge.record(7, tenant="last")
    gauge.add(-3, tenant="last")
    ctx.send_http_response(200, body=f"{tenants.value_of(tenant='t0')} {gauge.value_of(tenant='last')}")


sinking: Plugin[Config] = Plugin("sinking")
PLUGINS["sink"] = sinking

level = Gauge("level")


@sinking.on_request_headers
def sink(ctx: HttpContext, config: Config) -> None:
    level.add(3)
    level.add(-5)
    low = level.value
    level.record(2**64 - 1)
    level.add(1)
    ctx.send_http_response(200, body=f"{low} {level.value == 2**64 - 1}")
