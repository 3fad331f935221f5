"""What the gateway counts of its own streams. The label sets are bounded: by the gateway file, and by HTTP's statuses.

Values are whole numbers in the plugins' kind of metrics, which several workers can share. `exposition` shows them.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from proxywasm.wire import LimitError, MetricKind

from ...services import Metrics
from ..model import Gateway
from ..reloading import ReloadStatus
from .access import AccessLine

OTHER: Final = "other"
_TOKENS: Final = {
    "input": "input_token", "output": "output_token", "cached": "cached_tokens", "reasoning": "reasoning_tokens",
}  # fmt: skip
_MOST_TOKENS: Final = 2**40


@dataclass(frozen=True, slots=True)
class Family:
    """A metric of the gateway. `unit`: what a value is multiplied with when it is shown."""

    name: str
    kind: MetricKind
    labels: tuple[str, ...]
    help: str
    unit: float = 1


_ROUTE: Final = ("route", "upstream")
REQUESTS: Final = Family(
    "proxywasm_requests", MetricKind.COUNTER, (*_ROUTE, "status", "ended"), "Streams that have ended."
)
DURATION: Final = Family(
    "proxywasm_request_duration_seconds", MetricKind.HISTOGRAM, _ROUTE, "From a request to the end of its stream.", 1e-3
)
FIRST_BYTE: Final = Family(
    "proxywasm_first_byte_seconds", MetricKind.HISTOGRAM, _ROUTE, "From a request to the first byte of its body.", 1e-3
)
OWN_TIME: Final = Family(
    "proxywasm_gateway_seconds", MetricKind.HISTOGRAM, _ROUTE, "What gateway and plugins add until that byte.", 1e-6
)
RECEIVED: Final = Family("proxywasm_request_bytes", MetricKind.COUNTER, _ROUTE, "Bodies of requests.")
SENT: Final = Family("proxywasm_response_bytes", MetricKind.COUNTER, _ROUTE, "Bodies of responses.")
TOKENS: Final = Family(
    "proxywasm_tokens", MetricKind.COUNTER, (*_ROUTE, "kind"), "Tokens, as far as plugins have said how many."
)
STREAMS: Final = Family("proxywasm_open_streams", MetricKind.GAUGE, ("worker",), "Streams that are open.")
CONNECTIONS: Final = Family(
    "proxywasm_client_connections", MetricKind.GAUGE, ("worker",), "Connections of clients that are open."
)
OLDER: Final = Family(
    "proxywasm_config_older", MetricKind.GAUGE, ("worker",), "Configurations that only streams under way still use."
)
CONFIG: Final = Family("proxywasm_config_generation", MetricKind.GAUGE, (), "Number of the configuration that serves.")
LOADED: Final = Family(
    "proxywasm_config_last_reload_successful",
    MetricKind.GAUGE,
    (),
    "0: the last one was refused, the one before serves.",
)
REFUSED: Final = Family("proxywasm_config_refused", MetricKind.COUNTER, (), "Configurations that were refused.")
MEMORY: Final = Family(
    "proxywasm_resident_memory_bytes", MetricKind.GAUGE, ("worker",), "Memory of a worker; 0: it is not running."
)
FAMILIES: Final = {
    family.name: family
    for family in (
        REQUESTS, DURATION, FIRST_BYTE, OWN_TIME, RECEIVED, SENT, TOKENS, STREAMS, CONNECTIONS, MEMORY, OLDER, CONFIG,
        LOADED, REFUSED,
    )
}  # fmt: skip
_SEPARATOR: Final = "\0"


class GatewayMetrics:
    """Those of one worker, which is `worker`-th of all."""

    def __init__(self, metrics: Metrics, gateway: Gateway, worker: int = 0) -> None:
        self._metrics = metrics
        self.serve(gateway)
        self._worker = str(worker)
        self._numbers: dict[tuple[Family, tuple[str, ...]], int] = {}
        for family in FAMILIES.values():  # so that there is room for them
            self._number(family, (OTHER,) * len(family.labels))

    def serve(self, gateway: Gateway) -> None:
        """The file that serves names the upstreams that have labels of their own."""
        self._upstreams = gateway.upstreams.keys()

    def count(self, access: AccessLine) -> None:
        """A stream has ended."""
        upstream = access.upstream if access.upstream in self._upstreams or not access.upstream else OTHER
        where = access.route, upstream
        ended = access.ended if access.ended == "complete" else _ENDS.get(access.ended, "broken off")
        counted = [
            (self._number(REQUESTS, (*where, str(access.status), ended)), 1),
            (self._number(RECEIVED, where), access.received),
            (self._number(SENT, where), access.sent),
        ]
        for kind, attribute in _TOKENS.items():
            tokens = access.attributes.get(attribute)
            if isinstance(tokens, int) and 0 < tokens < _MOST_TOKENS:
                counted.append((self._number(TOKENS, (*where, kind)), tokens))
        self._metrics.increment_all(counted)
        recorded = [(self._number(DURATION, where), int(access.seconds / DURATION.unit))]
        if access.first_byte_seconds is not None:
            recorded += [
                (self._number(FIRST_BYTE, where), int(access.first_byte_seconds / FIRST_BYTE.unit)),
                (self._number(OWN_TIME, where), int(access.own_seconds / OWN_TIME.unit)),
            ]
        self._metrics.record_all(recorded)

    def show(self, *, streams: int, connections: int, older: int) -> None:
        """How much there is now."""
        self._show(streams, connections, older, _resident_memory())

    def gone(self) -> None:
        """The worker is not running any more."""
        self._show(0, 0, 0, 0)

    def _show(self, streams: int, connections: int, older: int, memory: int) -> None:
        who = (self._worker,)
        self._metrics.record_all([
            (self._number(STREAMS, who), streams),
            (self._number(CONNECTIONS, who), connections),
            (self._number(OLDER, who), older),
            (self._number(MEMORY, who), memory),
        ])  # fmt: skip

    def _number(self, family: Family, labels: tuple[str, ...]) -> int:
        number = self._numbers.get((family, labels))
        if number is None:
            try:
                number = self._metrics.define(family.kind, _SEPARATOR.join((family.name, *labels)))
            except LimitError:  # as one of those that have no room of their own
                number = self._numbers[family, (OTHER,) * len(family.labels)]
            self._numbers[family, labels] = number
        return number


def show_reloads(metrics: Metrics, status: ReloadStatus) -> None:
    """Of the whole gateway: the process that loads its file says it."""
    numbers = {family: metrics.define(family.kind, family.name) for family in (CONFIG, LOADED, REFUSED)}
    metrics.record_all([
        (numbers[CONFIG], status.generation),
        (numbers[LOADED], int(not status.error)),
        (numbers[REFUSED], status.refused),
    ])  # fmt: skip


_ENDS: Final[dict[str, Literal["client"]]] = {"the client has closed the connection": "client"}


def parts_of(name: str) -> tuple[Family, tuple[str, ...]]:
    """The family and the labels of a metric of the gateway."""
    family, *labels = name.split(_SEPARATOR)
    return FAMILIES[family], tuple(labels)


def _resident_memory() -> int:
    """Of this process; 0 where the system does not say."""
    try:
        pages = Path("/proc/self/statm").read_text().split()[1]
    except OSError:
        return 0
    return int(pages) * os.sysconf("SC_PAGE_SIZE")
