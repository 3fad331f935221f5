"""What one stream may use."""

from __future__ import annotations

from collections.abc import Iterable, Sized
from dataclasses import dataclass
from itertools import chain

from ..limit_fields import KIB, MIB, limit, too_large, too_many


@dataclass(frozen=True, slots=True)
class Limits:
    """What one stream may use.

    Another stream or a tick ends a pause. Without a limit, a bug there would let the client wait for ever.
    """

    request_body: int = limit(
        32 * MIB, "bytes", "a request's body that is buffered, if the plugin does not set a limit", "the client: 413"
    )
    response_body: int = limit(
        32 * MIB, "bytes", "a response's body that is buffered, if the plugin does not set a limit", "the client: 502"
    )
    asked_body: int = limit(
        64 * MIB, "bytes", "the limit for a body that a plugin sets itself", "the plugin's limit is this one"
    )
    paused_ms: int = limit(
        300_000,
        "ms",
        "how long a direction is paused while no call-out of the stream is under way",
        "the stream, as if the plugin had raised",
    )
    header_count: int = limit(
        1000,
        "",
        "header fields of a message as it arrives, or with what a plugin has added",
        "the client: 431 or 502; the stream, as if the plugin had raised",
    )
    header_size: int = limit(256 * KIB, "bytes", "names and values of those fields", "see `streams.header_count`")
    answer: int = limit(
        64 * MIB,
        "bytes",
        "all bodies in the answer to one call; Wasmtime itself refuses answers of 128 MiB and more, and bytes that are "
        "neither UTF-8 nor ASCII count twice there",
        "the stream; beyond Wasmtime's limit, too, if the plugin uses our SDK, otherwise the instance is lost",
    )
    attempts: int = limit(
        16, "", "requests that a plugin sends upstream in one stream", "the stream, as if the plugin had raised"
    )
    commands: int = limit(1000, "", "commands in the answer to one call", "the stream")


def fields_size(fields: Iterable[tuple[str, str]]) -> int:
    return len("".join(chain.from_iterable(fields)))


def fields_refusal(fields: Sized, size: int, limits: Limits) -> str | None:
    """Why these header fields are too many, or too long, if they are."""
    if len(fields) > limits.header_count:
        return too_many("header fields", len(fields), limits.header_count)
    return too_large("header", size, limits.header_size) if size > limits.header_size else None
