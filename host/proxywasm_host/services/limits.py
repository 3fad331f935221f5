"""How much plugins may leave with their host, which has it for longer than a call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

ENTRY: Final = 100
"""Bytes that a name and a value take besides their own: without them, empty values would be free."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """A plugin that wants to leave more gets a `LimitError`, or the error of the call-out that was not sent.

    Sizes are bytes. Those of properties and shared data are of names and values, and 100 more for each pair.
    """

    properties: int = 256 * 1024
    """Of one stream, or of the plugin itself. They are forgotten when the stream ends."""
    shared_data: int = 64 * 1024 * 1024
    """Of all plugins together, as long as the process lives: a key that was set once is never forgotten."""
    metrics: int = 2000
    """Of all plugins together. A histogram takes up to 40 KB, for its latest samples."""
    metric_name: int = 1024
    """Characters in the name of a metric."""
    callouts: int = 1000
    """That wait for their answers, of all streams of an instance."""
    callout_size: int = 64 * 1024 * 1024
    """Headers and bodies of those call-outs."""
    callout_answer: int = 64 * 1024 * 1024
    """Bytes of an answer to a call-out. Of a larger one the plugin learns as if there had been none."""
    redis_services: int = 100
    """That an instance has introduced; and those of all instances to which connections are kept open."""
    log_records: int | None = 1000
    """The latest messages of an instance, if nobody takes them. None: all of them, for what does not run for long."""
