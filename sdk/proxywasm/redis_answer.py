"""The answer to a Redis command, as its callback gets it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from .errors import RedisError
from .resp import RespValue


class RedisAnswer:
    """The answer to a command: a value or an error. Reading the value of an error raises it."""

    __slots__ = ("_value",)

    def __init__(self, value: RespValue) -> None:
        self._value = value

    @property
    def error(self) -> RedisError | None:
        """The error that the server has answered, or that there was no answer; None for a value."""
        return self._value if isinstance(self._value, RedisError) else None

    @property
    def value(self) -> RespValue:
        """bytes (also for a status such as `b"OK"`), int, None (no such key), or a list of them."""
        if isinstance(self._value, RedisError):
            raise self._value
        return self._value

    @property
    def text(self) -> str | None:
        """The value as text: bytes are decoded, a number is written in digits. None if there is no value."""
        value = self.value
        if isinstance(value, (list, RedisError)):
            raise TypeError(f"the answer is not one text: {value!r}")
        return value.decode() if isinstance(value, bytes) else None if value is None else str(value)

    def __repr__(self) -> str:
        return f"RedisAnswer({self._value!r})"


Callback: TypeAlias = Callable[[RedisAnswer], object]
