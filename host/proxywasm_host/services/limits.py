"""How much plugins may store in their host for longer than a call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ..limit_fields import KIB, MIB, limit, too_large

ENTRY: Final = 100
"""Bytes that each pair of name and value takes in addition to its text: without them, empty values would cost
nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """A plugin that wants to leave more gets a `LimitError`, or the error of the call-out that was not sent.

    Sizes are bytes. Those of properties, shared data and call-outs are of names and values, and 100 more for each pair.
    """

    name: int = limit(
        16 * KIB,
        "bytes",
        "a cluster, a user or password for Redis, the path of a property, a key of shared data, the name of a foreign "
        "function, the `details` of a local reply",
        "the plugin: `LimitError`, or the error of the call-out; nothing is found under a longer name",
    )
    properties: int = limit(
        256 * KIB,
        "bytes",
        "properties of one stream, or of the plugin itself; they are forgotten when the stream ends",
        "the plugin: `LimitError`",
    )
    all_properties: int = limit(
        64 * MIB,
        "bytes",
        "properties that a plugin has set in all open streams of an instance",
        "the plugin: `LimitError`",
    )
    shared_data: int = limit(
        64 * MIB,
        "bytes",
        "shared data of all plugins together; a key that was set once is never forgotten",
        "the plugin: `LimitError`",
    )
    metrics: int = limit(
        2000,
        "",
        "metrics of all plugins together; a histogram takes up to 40 KB, for its latest samples",
        "the log, once; further metrics are not counted",
    )
    metric_name: int = limit(1024, "characters", "the name of a metric", "the log, once; the metric is not counted")
    callouts: int = limit(
        1000,
        "",
        "call-outs that wait for their answers, of all streams of an instance",
        "the plugin: `HttpCallError`, `RedisCallError`",
    )
    callout_size: int = limit(
        64 * MIB, "bytes", "headers and bodies of those call-outs", "the plugin: `HttpCallError`, `RedisCallError`"
    )
    callout_ms: int = limit(
        3_600_000, "ms", "how long an answer is waited for, if the plugin says more", "the time-out is this one"
    )
    callout_answer: int = limit(
        32 * MIB,
        "bytes",
        "the body of the answer to a call-out",
        "the log; the plugin hears that there was no answer",
    )
    redis_services: int = limit(
        100,
        "",
        "Redis services that an instance has introduced; those to which the connections of all instances are kept open",
        "the plugin: `RedisCallError`",
    )
    redis_options: int = limit(100, "", "options behind the name of a Redis service", "the plugin: `RedisCallError`")
    redis_arguments: int = limit(
        100_000, "", "arguments of one Redis command", "the plugin: an answer of Redis that is an error"
    )
    foreign_argument: int = limit(
        1 * MIB, "bytes", "the argument of a foreign function", "the plugin: `ForeignFunctionError`"
    )
    log_records: int | None = limit(
        1000,
        "",
        "messages of an instance that are kept until somebody reads them; `None` keeps all",
        "older messages are dropped",
    )


def size_of(text: str) -> int:
    """Bytes that a text takes here."""
    return len(text) if text.isascii() else 4 * len(text)


def name_refusal(what: str, name: str, most: int) -> str | None:
    """Why a name is refused, if it is. Its size is counted in UTF-8, as the plugin sent it, and not by `size_of`."""
    size = len(name) if name.isascii() else len(name.encode(errors="surrogatepass"))
    return too_large(what, size, most) if size > most else None
