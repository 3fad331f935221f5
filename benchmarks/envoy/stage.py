"""Where measurements take place: an upstream and clients on one processor, Envoy on another."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from proxywasm_host.gateway.envoy.background import BackgroundEnvoy

from .gateways import Listener, together
from .load import Report
from .machine import load, processors, upstream
from .size import Size

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
    size: Size

    def envoy(self, listeners: list[Listener], workers: int = 1) -> BackgroundEnvoy:
        return BackgroundEnvoy(together(listeners, self.upstream), workers=workers, processor=self.processor)

    def load(
        self,
        envoy: BackgroundEnvoy,
        listener: Listener,
        *,
        connections: int = CONNECTIONS,
        seconds: float | None = None,
        chunks: int = 0,
        pause: float = 0,
    ) -> Report:
        """Load for one turn, or for `seconds`.

        Raises `BrokenAnswersError` if an answer is cut off or its status is not 200.
        """
        if seconds is None:
            seconds = self.size.seconds
        port = envoy.port_of(listener.name)
        report = load(self.other, port, connections=connections, seconds=seconds, chunks=chunks, pause=pause)
        if report.failures:
            raise BrokenAnswersError(f"{listener.name} broke {report.failures} answers:\n{envoy.log}")
        return report


@contextmanager
def stage(size: Size) -> Iterator[Stage]:
    processor, other = processors()
    with upstream(other) as port:
        yield Stage(port, processor, other, size)
