"""Where measurements take place: an upstream and clients on one processor, Envoy on another."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ...gateway.envoy.background import BackgroundEnvoy
from .gateways import Listener, together
from .load import Report
from .machine import load, processors, upstream

ROUNDS = 11
SECONDS = 0.75
"""Of each turn. Many short ones: the machine's speed changes within seconds."""
CONNECTIONS = 16
CHUNKS = 100
"""Of each stream in which nobody waits."""
MB = 1e6


class BrokenAnswersError(Exception):
    """A gateway does not do what is measured. The message has its log."""


@dataclass(frozen=True, slots=True)
class Stage:
    upstream: int
    processor: int
    other: int

    def envoy(self, listeners: list[Listener], workers: int = 1) -> BackgroundEnvoy:
        endpoints = [("127.0.0.1", listener.port) for listener in listeners]
        config = together(listeners, self.upstream)
        return BackgroundEnvoy(config, endpoints, workers=workers, processor=self.processor)

    def load(
        self,
        envoy: BackgroundEnvoy,
        listener: Listener,
        *,
        connections: int = CONNECTIONS,
        seconds: float = SECONDS,
        chunks: int = 0,
        pause: float = 0,
    ) -> Report:
        """Raises `BrokenAnswersError` if an answer is not whole, or no success."""
        report = load(self.other, listener.port, connections=connections, seconds=seconds, chunks=chunks, pause=pause)
        if report.failures:
            raise BrokenAnswersError(f"{listener.name} broke {report.failures} answers:\n{envoy.log}")
        return report


@contextmanager
def stage() -> Iterator[Stage]:
    processor, other = processors()
    with upstream(other) as port:
        yield Stage(port, processor, other)
