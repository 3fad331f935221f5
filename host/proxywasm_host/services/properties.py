"""Properties of streams, and those of the plugin itself, which every stream sees."""

from __future__ import annotations

import functools
from typing import TypeAlias

from proxywasm.wire import LimitError

from .limits import ENTRY, Limits, size_of

Properties: TypeAlias = dict[tuple[str, ...], bytes]


class StreamProperties:
    """The properties of all open streams by context; context 0 is the plugin itself."""

    def __init__(self, limits: Limits) -> None:
        self._limit = limits.properties
        self._all = limits.all_properties
        self._total = 0  # what the plugin has added, of all streams
        self._values: dict[int, Properties] = {0: {}}
        self._sizes: dict[int, int] = {}  # of those to which the plugin has added
        self._added: dict[int, int] = {}  # how much that was

    def open(self, context: int, properties: Properties) -> None:
        """They are not copied: plugins of a chain share those of their stream, each with its own limit."""
        self._values[context] = properties

    def close(self, context: int) -> Properties:
        """Forget the properties of a stream. Returns them."""
        self._sizes.pop(context, None)
        self._total -= self._added.pop(context, 0)
        return self._values.pop(context, {})

    def all_of(self, context: int) -> Properties:
        """Those of an open stream."""
        return self._values[context]

    def get(self, context: int, path: tuple[str, ...]) -> bytes | None:
        own = self._values.get(context)
        value = own.get(path) if own else None
        return value if value is not None else self._values[0].get(path)

    def of(self, context: int, path: tuple[str, ...]) -> bytes:
        """A property of this stream, not of the plugin; empty if there is none."""
        own = self._values.get(context)
        return own.get(path, b"") if own else b""

    def note(self, context: int, path: tuple[str, ...], value: bytes) -> None:
        """Set a property for the host, without a limit. Ignored if the stream has ended."""
        own = self._values.get(context)
        if own is None:
            return
        if context in self._sizes:
            self._sizes[context] += _size(path, value) - (_size(path, own[path]) if path in own else 0)
        own[path] = value

    def set(self, context: int, path: tuple[str, ...], value: bytes) -> None:
        """Set a property for the plugin. Ignored if the stream has ended. Raises `LimitError`."""
        own = self._values.get(context)
        if own is None:
            return
        used = self._sizes.get(context)
        if used is None:
            used = sum([_size(path, value) for path, value in own.items()])
        more = _size(path, value) - (_size(path, own[path]) if path in own else 0)
        size = used + more
        if size > max(self._limit, used):
            whose = f"those of stream {context}" if context else "those of the plugin"
            raise LimitError(
                f"the property {'.'.join(path)[:100]!r} is not set: {whose} would take {size} bytes, more than the "
                f"{self._limit} that are allowed"
            )
        if more > 0 and self._total + more > self._all:
            raise LimitError(
                f"the property {'.'.join(path)[:100]!r} is not set: those of all streams would take "
                f"{self._total + more} bytes, more than the {self._all} that are allowed"
            )
        self._sizes[context] = size
        self._added[context] = self._added.get(context, 0) + more
        self._total += more
        own[path] = value


def _size(path: tuple[str, ...], value: bytes) -> int:
    return _size_of_path(path) + len(value)


@functools.lru_cache(maxsize=256)
def _size_of_path(path: tuple[str, ...]) -> int:
    """Each stream has properties with the same few names."""
    return sum(map(size_of, path)) + ENTRY * len(path)
