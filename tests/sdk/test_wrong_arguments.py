"""Wrong arguments: the same error in every flavour, in the author's terms, and never a lost instance.

`behaviours/wrong_arguments.py` has the calls, this file what they raise.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator

import pytest
from tests.bundle import BEHAVIOURS
from tests.sdk.behaviours import wrong_arguments

import proxywasm
from proxywasm.redis_commands import Commands
from proxywasm.testing import PluginHosts

ERRORS = {
    "Counter: name of a number": "TypeError: the name of a metric must be str, got int",
    "Counter: NUL": "ValueError: the name of a metric cannot contain NUL",
    "Gauge: no name": "TypeError: the name of a metric must be str, got NoneType",
    "Histogram: bytes": "TypeError: the name of a metric must be str, got bytes",
    "Counter.value_of: label that there is not": (
        "TypeError: the labels of the metric 'wrong_counter' are none; got tenant"
    ),
    "Gauge.value_of: label that there is not": (
        "TypeError: the labels of the metric 'wrong_gauge' are none; got tenant"
    ),
    "Counter.increment: float": "TypeError: what is added to a counter must be int, got float",
    "Counter.increment: bool": "TypeError: what is added to a counter must be int, got bool",
    "Counter.increment: negative": "ValueError: a counter only grows: wrong_counter + -1",
    "Counter.increment: 2**63": (
        "ValueError: what is added to a counter must be from -9223372036854775808 to "
        "9223372036854775807, got 9223372036854775808"
    ),
    "Gauge.add: text": "TypeError: what is added to a gauge must be int, got str",
    "Gauge.add: -2**63 - 1": (
        "ValueError: what is added to a gauge must be from -9223372036854775808 to 9223372036854775807, "
        "got -9223372036854775809"
    ),
    "Gauge.record: negative": "ValueError: the value of a gauge must be from 0 to 18446744073709551615, got -1",
    "Gauge.record: 2**64": (
        "ValueError: the value of a gauge must be from 0 to 18446744073709551615, got 18446744073709551616"
    ),
    "Gauge.record: 10**5000": (
        "ValueError: the value of a gauge must be from 0 to 18446744073709551615, got a number of 16610 bits"
    ),
    "Histogram.record: float": "TypeError: a sample of a histogram must be int, got float",
    "Histogram.record: negative": (
        "ValueError: a sample of a histogram must be from 0 to 18446744073709551615, got -1"
    ),
    "shared_data.get: bytes": "TypeError: a key of shared data must be str, got bytes",
    "shared_data.get: NUL": "ValueError: a key of shared data cannot contain NUL",
    "shared_data.set: text": "TypeError: a value of shared data is bytes, got str",
    "shared_data.set: bytearray": "TypeError: a value of shared data is bytes, got bytearray",
    "shared_data.set: key of a number": "TypeError: a key of shared data must be str, got int",
    "shared_data.set: negative cas": (
        "ValueError: the number for compare-and-swap must be from 0 to 4294967295, got -1"
    ),
    "shared_data.set: 2**32": (
        "ValueError: the number for compare-and-swap must be from 0 to 4294967295, got 4294967296"
    ),
    "shared_data.create: text": "TypeError: a value of shared data is bytes, got str",
    "shared_data.update: no function": "TypeError: what makes the new value must be callable, got NoneType",
    "shared_data.update: makes text": "TypeError: a value of shared data is bytes, got str",
    "HttpContext.set_request_body_buffer_limit: float": "TypeError: the limit of a body must be int, got float",
    "HttpContext.set_request_body_buffer_limit: negative": (
        "ValueError: the limit of a body must be from 0 to 4294967295, got -1"
    ),
    "HttpContext.set_response_body_buffer_limit: 2**32": (
        "ValueError: the limit of a body must be from 0 to 4294967295, got 4294967296"
    ),
    "HttpContext.replace_request_body: text": "TypeError: a body is bytes, got str",
    "HttpContext.replace_response_body: bytearray": "TypeError: a body is bytes, got bytearray",
    "HttpContext.inject_response_body: text": "TypeError: response data is bytes, got str",
    "HttpContext.leave: number": "TypeError: until_done must be bool, got int",
    "HttpContext.inject_response_body: number": "TypeError: end_of_stream must be bool, got int",
    "HttpContext.push_buffer: text": "TypeError: data of the queue is bytes, got str",
    "HttpContext.send_http_response: float": "TypeError: a status must be int, got float",
    "HttpContext.send_http_response: bool": "TypeError: a status must be int, got bool",
    "HttpContext.send_http_response: text": "TypeError: a status must be int, got str",
    "HttpContext.send_http_response: 1000": "ValueError: 1000 is not a status that can be sent (200 to 599)",
    "HttpContext.send_http_response: 101": "ValueError: 101 is not a status that can be sent (200 to 599)",
    "HttpContext.send_http_response: 204 with a body": (
        "ValueError: a response with status 204 has no body, and 2 bytes were given"
    ),
    "HttpContext.send_http_response: 205 with a body": (
        "ValueError: a response with status 205 has no body, and 2 bytes were given"
    ),
    "HttpContext.send_http_response: 304 with a body": (
        "ValueError: a response with status 304 has no body, and 2 bytes were given"
    ),
    "HttpContext.send_http_response: body of a number": "TypeError: a body is bytes or str, got int",
    "HttpContext.send_http_response: no details": "TypeError: details must be str, got NoneType",
    "HttpContext.send_http_response: NUL": "ValueError: details cannot contain NUL",
    "HttpContext.run: no function": "TypeError: what is run for a stream must be callable, got NoneType",
    "HttpContext.route_call: method of a number": "TypeError: a method must be str, got int",
    "HttpContext.route_call: no URL": "TypeError: a URL must be str, got NoneType",
    "HttpContext.route_call: no callback": "TypeError: the callback of a route call must be callable, got NoneType",
    "HttpContext.send_again: method of a number": "TypeError: a method must be str, got int",
    "HttpContext.send_again: no URL": "TypeError: a URL must be str, got NoneType",
    "HttpContext.send_again: body of a number": "TypeError: a body is bytes or str, got int",
    "HttpContext.send_again: timeout of a text": "TypeError: first_byte_timeout_ms must be int, got str",
    "HttpContext.send_again: 0": "ValueError: first_byte_timeout_ms must be from 1 to 4294967295, got 0",
    "HttpContext.set_first_byte_timeout: float": "TypeError: the time to the first byte must be int, got float",
    "HttpContext.set_first_byte_timeout: 2**32": (
        "ValueError: the time to the first byte must be from 1 to 4294967295, got 4294967296"
    ),
    "HttpContext.get_property: nothing": "ValueError: a property has a name, none was given",
    "HttpContext.get_property: number": "TypeError: the name of a property must be str, got int",
    "HttpContext.get_property: list": "TypeError: the name of a property must be str, got list",
    "HttpContext.get_property: NUL": "ValueError: the name of a property cannot contain NUL",
    "HttpContext.set_property: text": "TypeError: the value of a property is bytes, got str",
    "HttpContext.set_property: path of a number": "TypeError: a property has a name, or a path of names, got int",
    "HttpContext.set_property: part of a number": "TypeError: the name of a property must be str, got int",
    "HttpContext.set_property: NUL": "ValueError: the name of a property cannot contain NUL",
    "HttpContext.set_user_attribute: number": "TypeError: the name of a user attribute must be str, got int",
    "HttpContext.set_user_attribute_map: list": "TypeError: user attributes are a mapping, got list",
    "HttpContext.write_user_attribute_to_log_with_key: NUL": "ValueError: the name of a property cannot contain NUL",
    "PluginContext.get_property: number": "TypeError: the name of a property must be str, got int",
    "PluginContext.set_property: text": "TypeError: the value of a property is bytes, got str",
    "PluginContext.call_foreign_function: text": "TypeError: the argument of a foreign function is bytes, got str",
    "PluginContext.call_foreign_function: name of bytes": "TypeError: the name of a function must be str, got bytes",
    "PluginContext.register_tick: float": "TypeError: the period of a tick must be int, got float",
    "PluginContext.register_tick: 150": (
        "ValueError: the period of a tick must be a multiple of 100 milliseconds, got 150"
    ),
    "PluginContext.filter_tracebacks: no function": "TypeError: the filter of tracebacks must be callable, got str",
    "PluginContext.register_tick: no function": "TypeError: the function of a tick must be callable, got NoneType",
    "Plugin: name of a number": "TypeError: the name of a plugin must be str, got int",
    "Plugin: float": "TypeError: rebuild_after_requests must be int, got float",
    "Plugin: negative": "ValueError: rebuild_max_memory must be from 0 to 18446744073709551615, got -1",
    "Plugin: 2**64": (
        "ValueError: max_requests_per_io_cycle must be from 0 to 18446744073709551615, got 18446744073709551616"
    ),
    "Plugin: safe_log of a number": "TypeError: safe_log must be bool, got int",
    "Plugin: rule_isolation of a text": "TypeError: rule_isolation must be bool, got str",
    "Plugin.on_tick: text": "TypeError: the period of a tick must be int, got str",
    "Plugin.on_tick: 0": "ValueError: the period of a tick must be a multiple of 100 milliseconds, got 0",
    "RouteCluster: number": "TypeError: host of a RouteCluster must be str, got int",
    "TargetCluster: bytes": "TypeError: cluster of a TargetCluster must be str, got bytes",
    "TargetCluster: NUL": "ValueError: cluster of a TargetCluster cannot contain NUL",
    "K8sCluster: port of a text": "TypeError: port of a K8sCluster must be int, got str",
    "NacosCluster: flag of a text": "TypeError: is_ext_registry of a NacosCluster must be bool, got str",
    "StaticIpCluster: 65536": "ValueError: port of a StaticIpCluster must be from 1 to 65535, got 65536",
    "DnsCluster: no domain": "TypeError: domain of a DnsCluster must be str, got NoneType",
    "ConsulCluster: float": "TypeError: port of a ConsulCluster must be int, got float",
    "FQDNCluster: 0": "ValueError: port of a FQDNCluster must be from 1 to 65535, got 0",
    "ClusterClient: text": "TypeError: a client calls a Cluster, got str",
    "ClusterClient.request: method of a number": "TypeError: a method must be str, got int",
    "ClusterClient.request: name of bytes": "TypeError: the name of a cluster must be str, got bytes",
    "ClusterClient.get: float": "TypeError: timeout_ms must be int, got float",
    "ClusterClient.get: bool": "TypeError: timeout_ms must be int, got bool",
    "ClusterClient.get: no timeout": "TypeError: timeout_ms must be int, got NoneType",
    "ClusterClient.head: negative": "ValueError: timeout_ms must be from 1 to 4294967295, got -1",
    "ClusterClient.options: 0": "ValueError: timeout_ms must be from 1 to 4294967295, got 0",
    "ClusterClient.post: body of a number": "TypeError: a body is bytes or str, got int",
    "ClusterClient.put: 2**32": "ValueError: timeout_ms must be from 1 to 4294967295, got 4294967296",
    "ClusterClient.patch: no callback": "TypeError: the callback of a call-out must be callable, got NoneType",
    "ClusterClient.delete: URL of bytes": "TypeError: a URL must be str, got bytes",
    "ClusterClient.connect: no URL": "TypeError: a URL must be str, got NoneType",
    "ClusterClient.trace: bytearray": "TypeError: a body is bytes or str, got bytearray",
    "RedisClient: text": "TypeError: a client calls a Cluster, got str",
    "RedisClient.init: user of a number": "TypeError: the name of a Redis user must be str, got int",
    "RedisClient.init: no password": "TypeError: a Redis password must be str, got NoneType",
    "RedisClient.init: float": "TypeError: timeout_ms must be int, got float",
    "RedisClient.init: 0": "ValueError: timeout_ms must be from 1 to 4294967295, got 0",
    "RedisClient.init: database of a text": "TypeError: database must be int, got str",
    "RedisClient.init: negative": "ValueError: buffer_flush_timeout_ms must be from 0 to 4294967295, got -1",
    "RedisClient.init: size of a float": "TypeError: max_buffer_size_before_flush must be int, got float",
    "RedisClient.init: flag of a number": "TypeError: disable_buffer must be bool, got int",
    "RedisClient.command: text": "TypeError: the words of a Redis command must be a list, got str",
    "RedisClient.command: no list": "TypeError: the words of a Redis command must be a list, got int",
    "RedisClient.command: None in it": (
        "TypeError: an argument of a Redis command is bytes, str, int or float, got None"
    ),
    "RedisClient.eval: keys of a text": "TypeError: the keys of a script must be a list, got str",
    "RedisClient.eval: script of bytes": "TypeError: a script must be str, got bytes",
    "RedisClient.mget: text": "TypeError: keys must be a list, got str",
    "RedisClient.rpush: text": "TypeError: values must be a list, got str",
    "RedisClient.mset: list": "TypeError: pairs must be a mapping, got list",
    "RedisClient.zadd: list": "TypeError: pairs must be a mapping, got list",
    "RedisClient.expire: float": "TypeError: the number of a Redis command must be int, got float",
    "RedisClient.lrem: text": "TypeError: a count must be int, got str",
    "RedisClient.setex: negative": "ValueError: the time to live must be from 0 to 9223372036854775807, got -1",
    "RedisClient.get: bool": "TypeError: an argument of a Redis command is bytes, str, int or float, got True",
}
NO_REDIS_CALLBACK = "TypeError: the callback of a Redis command must be callable, got NoneType"

ANYTHING = {
    # What is given stays inside of Python, and may be anything.
    "HttpContext.set_context", "HttpContext.get_context", "HttpContext.get_user_attribute",
    "PluginContext.set_context", "PluginContext.get_context",
    "log.trace", "log.debug", "log.info", "log.warn", "log.error", "log.critical", "log.unsafe_info",
    # Header fields have tests of their own.
    "Headers.get", "Headers.get_all", "Headers.set_all", "Headers.add", "Headers.discard", "Headers.discard_all",
    "Headers.setdefault",
    # Says by its name that nothing is checked.
    "HttpContext.set_unchecked_property",
    # No call of the host: plain functions on texts and bytes, as Python has them.
    "encode_event", "get_token_usage", "get_value_from_body", "marshal_str", "unmarshal_str", "unify_sse_chunk",
    "JsonBounds", "JsonBounds.check", "SSEDecoder", "SSEDecoder.feed", "log.enabled_for",
}  # fmt: skip
"""Functions with arguments that need no check."""
BY_THE_SDK = {
    "Headers", "Headers.sent", "Headers.seal", "Headers.set_length",
    "HttpContext", "HttpContext.command", "HttpContext.command_first", "HttpContext.replace_body",
    "HttpContext.start_over",
    "HttpContext.response_arrived", "HttpAnswer", "PluginContext", "RedisAnswer", "TokenUsage", "Event",
    "Cluster",
}  # fmt: skip
"""What the SDK calls, not a plugin."""
VALUES = {"Action", "ExecutionPhase"}


@pytest.fixture(scope="module")
def expected() -> dict[str, str]:
    no_callback = {f"RedisClient.{name}: no callback": NO_REDIS_CALLBACK for name in wrong_arguments.REDIS_COMMANDS}
    return ERRORS | no_callback


def test_every_wrong_argument_has_its_error(plugin_host: PluginHosts, expected: dict[str, str]) -> None:
    host = plugin_host(BEHAVIOURS, {"do": "wrong arguments"}, clusters=["service"])
    for _ in range(2):
        stream = host.request("GET", "/")
        assert stream.reply is not None, "the instance serves the next stream"
        assert json.loads(stream.reply.body) == expected
        stream.finish()
    assert host.messages == [str(len(expected))] * 2, "what is logged need not be text"


def test_the_error_names_the_line_and_costs_one_stream(plugin_host: PluginHosts) -> None:
    host = plugin_host(BEHAVIOURS, {"do": "wrong arguments"}, clusters=["service"], tolerate_failures=True)
    for case in (
        "Histogram.record: float",
        "ClusterClient.get: float",
        "HttpContext.send_http_response: no details",
        "shared_data.set: text",
        "HttpContext.set_request_body_buffer_limit: float",
    ):
        before = len(host.failures)
        stream = host.request("POST", "/", {"x-case": case}, b"body")
        (failure,) = host.failures[before:]
        assert "wrong_arguments.py" in str(failure)
        assert str(failure).splitlines()[-1] == ERRORS[case]
        assert stream.downstream.status == 500
        stream.finish()
    assert host.request("GET", "/").reply is not None


def functions() -> Iterator[str]:
    """What an author can call with arguments, as `ERRORS` names it."""
    for name in proxywasm.__all__:
        thing = getattr(proxywasm, name)
        if inspect.ismodule(thing):
            yield from (f"{name}.{key}" for key, value in vars(thing).items()
                        if inspect.isfunction(value) and value.__module__ == thing.__name__
                        and not key.startswith("_") and inspect.signature(value).parameters)  # fmt: skip
        elif inspect.isclass(thing) and not issubclass(thing, Exception):
            yield name
            for base in thing.__mro__:
                if base.__module__.startswith("proxywasm") and base is not Commands:
                    yield from (f"{name}.{key}" for key, value in vars(base).items() if _takes_arguments(key, value))
        elif inspect.isfunction(thing) and inspect.signature(thing).parameters:
            yield name


def _takes_arguments(name: str, value: object) -> bool:
    function = value.__func__ if isinstance(value, classmethod) else value
    return inspect.isfunction(function) and not name.startswith("_") and len(inspect.signature(function).parameters) > 1


DECORATORS = {f"Plugin.{name}" for name in vars(proxywasm.Plugin) if not name.startswith("_")} - {"Plugin.on_tick"}


def test_no_function_is_left_out() -> None:
    tried = {name.partition(":")[0] for name in wrong_arguments.CASES}
    there = set(functions()) - VALUES - BY_THE_SDK
    assert there - tried - ANYTHING - DECORATORS == set()
    assert tried - there - {f"RedisClient.{name}" for name in wrong_arguments.REDIS_COMMANDS} == set()


@pytest.mark.parametrize("name", sorted(DECORATORS))
def test_a_callback_must_be_callable(name: str) -> None:
    with pytest.raises(TypeError, match="a callback must be callable, got int"):
        getattr(proxywasm.Plugin("p"), name.removeprefix("Plugin."))(5)
