"""The host's services with access for tests."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from typing import Any

from ..services import HostServices, Limits, Properties, SharedData


class TestServices(HostServices):
    """Keeps all messages, and the properties of streams that are over: what a plugin writes in `on_stream_done` is for
    access logs."""

    __test__ = False

    def __init__(self, *, log_of: TestServices | None = None, **options: Any) -> None:
        """`log_of`: services whose messages and these are in one list."""
        super().__init__(limits=Limits(log_records=None), **options)
        if log_of is not None:
            self._logs = log_of._logs
            self._on_log = self._logs.append
        self._kept: dict[int, Properties] = {}

    def close_stream(self, context: int) -> Properties:
        self._kept[context] = super().close_stream(context)
        return self._kept[context]

    def property_of(self, context: int, path: tuple[str, ...]) -> bytes | None:
        """A property of a stream, also after its end."""
        kept = self._kept.get(context, {}).get(path)
        return self.get_property(context, path) if kept is None else kept


class SharedDataView(MutableMapping[str, bytes]):
    """Shared data as a test sees it: a mapping of keys to values."""

    def __init__(self, data: SharedData) -> None:
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
