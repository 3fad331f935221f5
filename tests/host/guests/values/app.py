"""Returns what it is given, by itself or by way of the host."""

from typing import Any

import wit_world
from componentize_py_types import Err
from wit_world.imports import host


def same(_self: object, value: Any) -> Any:
    return value


class WitWorld(wit_world.WitWorld):  # type: ignore[misc]  # generated
    text = shape = numbers = floats = color = maybe = ambiguous = raw = same

    def phase(self, _number: int, body: Any, _last: bool) -> Any:
        return body

    def outcome(self, value: Any) -> None:
        if isinstance(value, Err):
            raise value

    def nothing(self) -> None:
        pass

    def host_text(self, value: str) -> Any:
        return host.text(value)

    def host_shape(self, value: Any) -> Any:
        return host.shape(value)

    def host_raw(self, value: bytes) -> Any:
        return host.raw(value)

    def host_outcome(self, value: str) -> Any:
        try:
            return str(host.outcome(value))
        except Err as error:
            return error.value

    def host_nothing(self, value: int) -> None:
        host.nothing(value)
