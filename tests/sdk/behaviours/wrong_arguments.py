"""Every function of the SDK, called with what it cannot take."""

# mypy: disable-error-code="arg-type, call-overload, list-item, dict-item, return-value"
# `True` is one of the wrong arguments

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from proxywasm import (
    ClusterClient,
    ConsulCluster,
    Counter,
    DnsCluster,
    FQDNCluster,
    Gauge,
    Histogram,
    HttpContext,
    K8sCluster,
    NacosCluster,
    Plugin,
    RedisClient,
    RouteCluster,
    StaticIpCluster,
    TargetCluster,
    log,
    shared_data,
)
from proxywasm.redis_commands import Command, Commands

Config = dict[str, Any]
Case = Callable[[HttpContext], object]

PLUGINS: dict[str, Plugin[Config]] = {}

counter, gauge, histogram = Counter("wrong_counter"), Gauge("wrong_gauge"), Histogram("wrong_histogram")
client, redis = ClusterClient(TargetCluster("service", "service")), RedisClient(TargetCluster("redis", "redis"))


def ignore(_: object) -> None:
    """A callback."""


class OddCluster(TargetCluster):
    """An author's own, whose name is none."""

    @property
    def cluster_name(self) -> str:
        return b"odd"


CASES: dict[str, Case] = {
    # Metrics.
    "Counter: name of a number": lambda ctx: Counter(5),
    "Counter: NUL": lambda ctx: Counter("a\0b"),
    "Gauge: no name": lambda ctx: Gauge(None),
    "Histogram: bytes": lambda ctx: Histogram(b"h"),
    "Counter.value_of: label that there is not": lambda ctx: counter.value_of(tenant="a"),
    "Gauge.value_of: label that there is not": lambda ctx: gauge.value_of(tenant="a"),
    "Counter.increment: float": lambda ctx: counter.increment(0.5),
    "Counter.increment: bool": lambda ctx: counter.increment(True),
    "Counter.increment: negative": lambda ctx: counter.increment(-1),
    "Counter.increment: 2**63": lambda ctx: counter.increment(2**63),
    "Gauge.add: text": lambda ctx: gauge.add("1"),
    "Gauge.add: -2**63 - 1": lambda ctx: gauge.add(-(2**63) - 1),
    "Gauge.record: negative": lambda ctx: gauge.record(-1),
    "Gauge.record: 2**64": lambda ctx: gauge.record(2**64),
    "Gauge.record: 10**5000": lambda ctx: gauge.record(10**5000),
    "Histogram.record: float": lambda ctx: histogram.record(1000.5),
    "Histogram.record: negative": lambda ctx: histogram.record(-1),
    # Shared data.
    "shared_data.get: bytes": lambda ctx: shared_data.get(b"k"),
    "shared_data.get: NUL": lambda ctx: shared_data.get("a\0b"),
    "shared_data.set: text": lambda ctx: shared_data.set("k", "v"),
    "shared_data.set: bytearray": lambda ctx: shared_data.set("k", bytearray(b"v")),
    "shared_data.set: key of a number": lambda ctx: shared_data.set(5, b"v"),
    "shared_data.set: negative cas": lambda ctx: shared_data.set("k", b"v", -1),
    "shared_data.set: 2**32": lambda ctx: shared_data.set("k", b"v", 2**32),
    "shared_data.create: text": lambda ctx: shared_data.create("k", "v"),
    "shared_data.update: no function": lambda ctx: shared_data.update("k", None),
    "shared_data.update: makes text": lambda ctx: shared_data.update("k", lambda old: "v"),
    # A stream.
    "HttpContext.set_request_body_buffer_limit: float": lambda ctx: ctx.set_request_body_buffer_limit(1e6),
    "HttpContext.set_request_body_buffer_limit: negative": lambda ctx: ctx.set_request_body_buffer_limit(-1),
    "HttpContext.set_response_body_buffer_limit: 2**32": lambda ctx: ctx.set_response_body_buffer_limit(2**32),
    "HttpContext.replace_request_body: text": lambda ctx: ctx.replace_request_body("body"),
    "HttpContext.replace_response_body: bytearray": lambda ctx: ctx.replace_response_body(bytearray(1)),
    "HttpContext.inject_response_body: text": lambda ctx: ctx.inject_response_body("data"),
    "HttpContext.inject_response_body: number": lambda ctx: ctx.inject_response_body(b"data", 1),
    "HttpContext.leave: number": lambda ctx: ctx.leave(until_done=1),
    "HttpContext.push_buffer: text": lambda ctx: ctx.push_buffer("data"),
    "HttpContext.send_http_response: float": lambda ctx: ctx.send_http_response(403.0),
    "HttpContext.send_http_response: bool": lambda ctx: ctx.send_http_response(True),
    "HttpContext.send_http_response: text": lambda ctx: ctx.send_http_response("403"),
    "HttpContext.send_http_response: 1000": lambda ctx: ctx.send_http_response(1000),
    "HttpContext.send_http_response: 101": lambda ctx: ctx.send_http_response(101),
    "HttpContext.send_http_response: 204 with a body": lambda ctx: ctx.send_http_response(204, body=b"no"),
    "HttpContext.send_http_response: 205 with a body": lambda ctx: ctx.send_http_response(205, body="no"),
    "HttpContext.send_http_response: 304 with a body": lambda ctx: ctx.send_http_response(304, body=b"no"),
    "HttpContext.send_http_response: body of a number": lambda ctx: ctx.send_http_response(200, body=5),
    "HttpContext.send_http_response: no details": lambda ctx: ctx.send_http_response(403, details=None),
    "HttpContext.send_http_response: NUL": lambda ctx: ctx.send_http_response(403, details="a\0b"),
    "HttpContext.run: no function": lambda ctx: ctx.run(None),
    "HttpContext.route_call: method of a number": lambda ctx: ctx.route_call(5, "/", ignore),
    "HttpContext.route_call: no URL": lambda ctx: ctx.route_call("GET", None, ignore),
    "HttpContext.send_again: method of a number": lambda ctx: ctx.send_again(5, "/"),
    "HttpContext.send_again: no URL": lambda ctx: ctx.send_again("GET", None),
    "HttpContext.send_again: body of a number": lambda ctx: ctx.send_again("POST", "/", body=5),
    "HttpContext.send_again: timeout of a text": lambda ctx: ctx.send_again("GET", "/", first_byte_timeout_ms="1"),
    "HttpContext.send_again: 0": lambda ctx: ctx.send_again("GET", "/", first_byte_timeout_ms=0),
    "HttpContext.set_first_byte_timeout: float": lambda ctx: ctx.set_first_byte_timeout(0.5),
    "HttpContext.set_first_byte_timeout: 2**32": lambda ctx: ctx.set_first_byte_timeout(2**32),
    "HttpContext.route_call: no callback": lambda ctx: ctx.route_call("GET", "/", None),
    "HttpContext.get_property: nothing": lambda ctx: ctx.get_property(),
    "HttpContext.get_property: number": lambda ctx: ctx.get_property("a", 5),
    "HttpContext.get_property: list": lambda ctx: ctx.get_property(["a", "b"]),
    "HttpContext.get_property: NUL": lambda ctx: ctx.get_property("a\0b"),
    "HttpContext.set_property: text": lambda ctx: ctx.set_property("k", "v"),
    "HttpContext.set_property: path of a number": lambda ctx: ctx.set_property(5, b"v"),
    "HttpContext.set_property: part of a number": lambda ctx: ctx.set_property(["k", 5], b"v"),
    "HttpContext.set_property: NUL": lambda ctx: ctx.set_property("a\0b", b"v"),
    "HttpContext.set_user_attribute: number": lambda ctx: ctx.set_user_attribute(5, "v"),
    "HttpContext.set_user_attribute_map: list": lambda ctx: ctx.set_user_attribute_map([1]),
    "HttpContext.write_user_attribute_to_log_with_key: NUL": (
        lambda ctx: ctx.write_user_attribute_to_log_with_key("a\0b")
    ),
    # The plugin.
    "PluginContext.get_property: number": lambda ctx: ctx.plugin.get_property(5),
    "PluginContext.set_property: text": lambda ctx: ctx.plugin.set_property("k", "v"),
    "PluginContext.call_foreign_function: text": lambda ctx: ctx.plugin.call_foreign_function("f", "v"),
    "PluginContext.call_foreign_function: name of bytes": lambda ctx: ctx.plugin.call_foreign_function(b"f"),
    "PluginContext.register_tick: float": lambda ctx: ctx.plugin.register_tick(100.0, ignore),
    "PluginContext.register_tick: 150": lambda ctx: ctx.plugin.register_tick(150, ignore),
    "PluginContext.filter_tracebacks: no function": lambda ctx: ctx.plugin.filter_tracebacks("x"),
    "PluginContext.register_tick: no function": lambda ctx: ctx.plugin.register_tick(100, None),
    "Plugin: name of a number": lambda ctx: Plugin(5),
    "Plugin: float": lambda ctx: Plugin("p", rebuild_after_requests=1.5),
    "Plugin: negative": lambda ctx: Plugin("p", rebuild_max_memory=-1),
    "Plugin: 2**64": lambda ctx: Plugin("p", max_requests_per_io_cycle=2**64),
    "Plugin: safe_log of a number": lambda ctx: Plugin("p", safe_log=1),
    "Plugin: rule_isolation of a text": lambda ctx: Plugin("p", rule_isolation="no"),
    "Plugin.on_tick: text": lambda ctx: Plugin("p").on_tick("100"),
    "Plugin.on_tick: 0": lambda ctx: Plugin("p").on_tick(0),
    # Clusters and call-outs.
    "RouteCluster: number": lambda ctx: RouteCluster(5),
    "TargetCluster: bytes": lambda ctx: TargetCluster(b"c", "h"),
    "TargetCluster: NUL": lambda ctx: TargetCluster("a\0b", "h"),
    "K8sCluster: port of a text": lambda ctx: K8sCluster("s", "80"),
    "NacosCluster: flag of a text": lambda ctx: NacosCluster("s", 80, "n", is_ext_registry="no"),
    "StaticIpCluster: 65536": lambda ctx: StaticIpCluster("s", 65536),
    "DnsCluster: no domain": lambda ctx: DnsCluster("s", None, 80),
    "ConsulCluster: float": lambda ctx: ConsulCluster("s", "d", 80.0),
    "FQDNCluster: 0": lambda ctx: FQDNCluster("s", 0),
    "ClusterClient: text": lambda ctx: ClusterClient("service"),
    "ClusterClient.request: method of a number": lambda ctx: client.request(5, "/", ignore),
    "ClusterClient.request: name of bytes": lambda ctx: ClusterClient(OddCluster("c", "h")).get("/", ignore),
    "ClusterClient.get: float": lambda ctx: client.get("/", ignore, timeout_ms=0.5 * 1000),
    "ClusterClient.get: bool": lambda ctx: client.get("/", ignore, timeout_ms=True),
    "ClusterClient.get: no timeout": lambda ctx: client.get("/", ignore, timeout_ms=None),
    "ClusterClient.head: negative": lambda ctx: client.head("/", ignore, timeout_ms=-1),
    "ClusterClient.options: 0": lambda ctx: client.options("/", ignore, timeout_ms=0),
    "ClusterClient.post: body of a number": lambda ctx: client.post("/", ignore, body=5),
    "ClusterClient.put: 2**32": lambda ctx: client.put("/", ignore, timeout_ms=2**32),
    "ClusterClient.patch: no callback": lambda ctx: client.patch("/", None),
    "ClusterClient.delete: URL of bytes": lambda ctx: client.delete(b"/", ignore),
    "ClusterClient.connect: no URL": lambda ctx: client.connect(None, ignore),
    "ClusterClient.trace: bytearray": lambda ctx: client.trace("/", ignore, body=bytearray(1)),
    # Redis.
    "RedisClient: text": lambda ctx: RedisClient("redis"),
    "RedisClient.init: user of a number": lambda ctx: redis.init(5),
    "RedisClient.init: no password": lambda ctx: redis.init(password=None),
    "RedisClient.init: float": lambda ctx: redis.init(timeout_ms=1.5),
    "RedisClient.init: 0": lambda ctx: redis.init(timeout_ms=0),
    "RedisClient.init: database of a text": lambda ctx: redis.init(database="1"),
    "RedisClient.init: negative": lambda ctx: redis.init(buffer_flush_timeout_ms=-1),
    "RedisClient.init: size of a float": lambda ctx: redis.init(max_buffer_size_before_flush=1.5),
    "RedisClient.init: flag of a number": lambda ctx: redis.init(disable_buffer=1),
    "RedisClient.command: text": lambda ctx: redis.command("GET key", ignore),
    "RedisClient.command: no list": lambda ctx: redis.command(5, ignore),
    "RedisClient.command: None in it": lambda ctx: redis.command(["GET", None], ignore),
    "RedisClient.eval: keys of a text": lambda ctx: redis.eval("return 1", "key", [], ignore),
    "RedisClient.eval: script of bytes": lambda ctx: redis.eval(b"return 1", [], [], ignore),
    "RedisClient.mget: text": lambda ctx: redis.mget("key", ignore),
    "RedisClient.rpush: text": lambda ctx: redis.rpush("key", "value", ignore),
    "RedisClient.mset: list": lambda ctx: redis.mset(["k", "v"], ignore),
    "RedisClient.zadd: list": lambda ctx: redis.zadd("key", [1], ignore),
    "RedisClient.expire: float": lambda ctx: redis.expire("key", 1.5, ignore),
    "RedisClient.lrem: text": lambda ctx: redis.lrem("key", "1", "v", ignore),
    "RedisClient.setex: negative": lambda ctx: redis.setex("key", "v", -1, ignore),
    "RedisClient.get: bool": lambda ctx: redis.get(True, ignore),
}

# Good arguments for each shape of Redis commands, to be followed by a callback.
_GOOD: dict[str, tuple[Any, ...]] = {
    "Key": ("k",), "Keys": (["k"],), "TwoKeys": ("k", "l"), "TwoKeysInto": ("d", "k", "l"), "KeyValue": ("k", "v"),
    "KeyValues": ("k", ["v"]), "KeyNumber": ("k", 1), "KeyRange": ("k", 0, 1), "KeyField": ("k", "f"),
    "KeyFieldValue": ("k", "f", "v"), "Pairs": ({"k": "v"},), "KeyPairs": ("k", {"f": "v"}),
    "KeyCountValue": ("k", 1, "v"), "KeyScores": ("k", {"m": 1}), "KeyMemberDelta": ("k", "m", 1),
    "KeyWhereValue": ("k", "p", "v"), "SetWithTTL": ("k", "v", 1),
}  # fmt: skip
REDIS_COMMANDS = [name for name, row in vars(Commands).items() if isinstance(row, Command)]


def _without_callback(name: str) -> Case:
    command = getattr(redis, name)
    return lambda ctx: command(*_GOOD[type(command).__name__], None)


CASES |= {f"RedisClient.{name}: no callback": _without_callback(name) for name in REDIS_COMMANDS}

plugin: Plugin[Config] = Plugin("wrong arguments")
PLUGINS["wrong arguments"] = plugin


@plugin.on_request_headers
def call_all(ctx: HttpContext, config: Config) -> None:
    """Answers with what each case raised; a case of its own raises out of the callback."""
    if alone := ctx.request_headers.get("x-case"):
        CASES[alone](ctx)
        return
    raised: dict[str, str] = {}
    for name, case in CASES.items():
        try:
            case(ctx)
        except Exception as error:
            raised[name] = f"{type(error).__name__}: {error}"
            if error.__context__ is not None and not error.__suppress_context__:
                raised[name] += f", during the handling of {error.__context__!r}"
        else:
            raised[name] = "nothing"
    log.info(len(raised))
    ctx.send_http_response(200, body=json.dumps(raised))
