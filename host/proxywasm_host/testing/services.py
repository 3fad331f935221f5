"""The host's services with what a test wants to look into."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from typing import Any

from proxywasm.wire import MetricKind

from ..services import HostServices, Metrics, Properties, SharedData


class TestServices(HostServices):
    """Keeps the properties of streams that are over: what a plugin writes in `on_stream_done` is for access logs."""

    __test__ = False

    shared_data: TestSharedData
    metrics: TestMetrics

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._kept: dict[int, Properties] = {}

    def close_stream(self, context: int) -> None:
        self._kept[context] = self._properties.get(context, {})
        super().close_stream(context)

    def property_of(self, context: int, path: tuple[str, ...]) -> bytes | None:
        """A property of a stream, also after its end."""
        return self._kept.get(context, {}).get(path) or self.get_property(context, path)


class TestMetrics(Metrics):
    __test__ = False

    def histograms(self) -> dict[str, list[int]]:
        """The samples of each histogram."""
        return {metric.name: list(metric.samples) for metric in self._metrics if metric.kind is MetricKind.HISTOGRAM}


class TestSharedData(SharedData):
    __test__ = False

    def keys(self) -> list[str]:
        return list(self._values)

    def delete(self, key: str) -> None:
        with self._lock:
            del self._values[key]


class SharedDataView(MutableMapping[str, bytes]):
    """Shared data as a test sees it: a mapping of keys to values."""

    def __init__(self, data: TestSharedData) -> None:
        self._data = data

    def __getitem__(self, key: str) -> bytes:
        entry = self._data.get(key)
        if entry is None:
            raise KeyError(f"{key!r}: shared data has {self._data.keys()}")
        return entry[0]

    def __setitem__(self, key: str, value: bytes) -> None:
        self._data.set(key, value, 0)

    def __delitem__(self, key: str) -> None:
        self._data.delete(key)

    def __iter__(self) -> Iterator[str]:
        return iter(self._data.keys())

    def __len__(self) -> int:
        return len(self._data.keys())

    def __repr__(self) -> str:
        return f"SharedData({dict(self)!r})"
