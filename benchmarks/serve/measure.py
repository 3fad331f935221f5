"""Measure gateways in turns."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from ..envoy.load import Report
from ..envoy.machine import load, tree_resident, tree_seconds
from .gateways import Gateway

_CONNECTIONS: Final = 16
_CHUNKS: Final = 100
_PACED: Final = 0.02


@dataclass(slots=True)
class Figures:
    """One value for each round. Those of processor time are left out where the gateway's process is not known."""

    name: str
    memory: int | None
    """Bytes, before the first request of this measurement."""
    requests: list[float] = field(default_factory=list)
    """A second, 16 connections."""
    request_cost: list[float] = field(default_factory=list)
    """Microseconds of processor time."""
    chunks: list[float] = field(default_factory=list)
    """A second, 16 streams of 100 chunks, as fast as they come."""
    chunk_cost: list[float] = field(default_factory=list)
    first_byte: list[float] = field(default_factory=list)
    """Milliseconds that the first byte of a stream comes later than without a gateway, median."""
    failures: int = 0

    def add(self, report: Report) -> Report:
        self.failures += report.failures
        return report


def measure(
    gateways: Sequence[Gateway],
    service: int,
    processor: int,
    *,
    seconds: float,
    rounds: int,
    report: Callable[[str], None],
) -> list[Figures]:
    found = [Figures(each.name, each.pid and tree_resident(each.pid)) for each in gateways]
    for gateway, figures in zip(gateways, found, strict=True):
        report(f"{gateway.name}: warming up")
        figures.add(_load(gateway, processor, seconds=min(seconds, 2.0)))
        figures.add(_load(gateway, processor, seconds=min(seconds, 2.0), chunks=_CHUNKS))
    for number in range(rounds):
        for gateway, figures in zip(gateways, found, strict=True):
            report(f"{gateway.name}: round {number + 1} of {rounds}")
            _round(gateway, figures, service, processor, seconds)
    return found


def _round(gateway: Gateway, figures: Figures, service: int, processor: int, seconds: float) -> None:
    before = _used(gateway)
    whole = figures.add(_load(gateway, processor, seconds=seconds))
    middle = _used(gateway)
    streamed = figures.add(_load(gateway, processor, seconds=seconds, chunks=_CHUNKS))
    after = _used(gateway)
    figures.requests.append(whole.requests / whole.seconds)
    figures.chunks.append(streamed.events / streamed.seconds)
    if gateway.pid is not None:
        figures.request_cost.append((middle - before) / max(whole.requests, 1) * 1e6)
        figures.chunk_cost.append((after - middle) / max(streamed.events, 1) * 1e6)
    paced = {"connections": 1, "seconds": seconds, "chunks": 5, "pause": _PACED}
    alone = load(processor, service, **paced)  # type: ignore[arg-type]
    through = figures.add(load(processor, gateway.port, headers=gateway.headers, **paced))  # type: ignore[arg-type]
    figures.first_byte.append((through.first_byte - alone.first_byte) * 1000)


def _load(gateway: Gateway, processor: int, *, seconds: float, chunks: int = 0) -> Report:
    return load(
        processor,
        gateway.port,
        connections=_CONNECTIONS,
        seconds=seconds,
        chunks=chunks,
        headers=gateway.headers,
    )


def _used(gateway: Gateway) -> float:
    return 0.0 if gateway.pid is None else tree_seconds(gateway.pid)


def median(values: Sequence[float]) -> float | None:
    return statistics.median(values) if values else None
