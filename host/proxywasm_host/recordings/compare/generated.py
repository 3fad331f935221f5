"""What of a result may differ from what was recorded: ids and times that the plugin generates, and placeholders."""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass
from typing import Final

from ..exchange import Exchange
from ..masking.alike import alike
from .generated_ids import GeneratedIds

_UNIX: Final = re.compile(r"[0-9]{10}(?:[0-9]{3})?")
_BASIC: Final = "%Y%m%dT%H%M%SZ"
"""The format of `x-amz-date`."""
_SLACK_MS: Final = 2000
"""A live plugin reads the clock a little later than a replay, where no time passes."""


@dataclass(frozen=True, slots=True)
class Generated:
    """For one exchange.

    Attributes:
        window: the milliseconds since 1970 in which it was recorded; None: it has no time.
        again: those in which it was done again; by default the same.
    """

    ids: GeneratedIds
    window: tuple[int, int] | None
    again: tuple[int, int] | None = None

    @classmethod
    def of(cls, exchange: Exchange, again: tuple[int, int] | None = None) -> Generated:
        window = None
        if exchange.time_ns is not None:
            ends = [
                message.times_ms[-1]
                for message in (exchange.request, exchange.response)
                if message and message.times_ms
            ]
            began = exchange.time_ns // 10**6
            window = began - _SLACK_MS, began + max(ends, default=0) + _SLACK_MS
        return cls(GeneratedIds.of(exchange), window, again)

    def alike(self, key: str, expected: object, got: object) -> bool:
        """Whether a value that differs may do so. `key` is its name in its document or message."""
        if key == "id" and self.ids.alike(expected, got):
            return True
        if isinstance(expected, str) and isinstance(got, str) and alike(expected, got):
            return True
        return (
            _is_time(expected, self.window)
            and _is_time(got, self.again or self.window)
            and str(expected) not in self.ids.given
        )


def _is_time(value: object, window: tuple[int, int] | None) -> bool:
    if window is None or isinstance(value, bool) or not isinstance(value, int | float | str):
        return False
    moment = _milliseconds(str(value))
    return moment is not None and window[0] <= moment <= window[1]


def _milliseconds(text: str) -> float | None:
    if _UNIX.fullmatch(text):
        return int(text.ljust(13, "0"))
    try:
        if text.endswith("Z") and "-" not in text:
            return datetime.datetime.strptime(text, _BASIC).replace(tzinfo=datetime.UTC).timestamp() * 1000
        moment = datetime.datetime.fromisoformat(text)
    except ValueError:
        return None
    return None if moment.tzinfo is None else moment.timestamp() * 1000
