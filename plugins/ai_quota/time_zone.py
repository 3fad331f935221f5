"""The months of a time zone.

Inside a component there are no files, so `zoneinfo` knows no zones. The zones are known by the rule that they follow
now; changes of a country's rules reach a plugin with the next version of `zones.py`.
"""

from __future__ import annotations

import re
from calendar import monthrange, timegm, weekday
from time import gmtime
from typing import Final, NamedTuple

from .zones import RULES

_HOUR: Final = 3600
_OFFSET: Final = re.compile(r"([+-])(\d\d):?(\d\d)")
_NAME: Final = r"(?:[A-Za-z]{3,}|<[A-Za-z0-9+-]+>)"
_HOURS: Final = r"([+-]?\d{1,3}(?::\d\d){0,2})"
_DATE: Final = rf",M(\d+)\.(\d)\.(\d)(?:/{_HOURS})?"
_RULE: Final = re.compile(rf"{_NAME}{_HOURS}(?:{_NAME}{_HOURS}?{_DATE}{_DATE})?")


class Change(NamedTuple):
    """When summer time begins or ends, in each year: on the nth weekday of a month; 5: the last."""

    month: int
    week: int
    weekday: int
    seconds: int
    """Of the local time at the change, from midnight."""

    def at(self, year: int) -> int:
        """Local time, in seconds since 1970."""
        first = (
            self.weekday - 1 - weekday(year, self.month, 1)
        ) % 7 + 1  # Sunday is 0 in the rule, Monday in `weekday`
        day = first + 7 * (self.week - 1)
        while day > monthrange(year, self.month)[1]:
            day -= 7
        return timegm((year, self.month, day, 0, 0, 0)) + self.seconds


class Month(NamedTuple):
    """A month of a zone."""

    name: str
    """Year and month, which sort as they follow each other: `2026-11`."""
    begins: int
    ends: int
    """Seconds since 1970, when the next one begins."""


class TimeZone:
    """A time zone, by its name in the IANA database, by its offset from UTC (`+05:30`), or by `UTC`.

    Raises `ValueError` for any other text.
    """

    __slots__ = ("_begin", "_end", "_standard", "_summer")

    def __init__(self, name: str) -> None:
        self._begin: Change | None = None
        self._end: Change | None = None
        offset = _OFFSET.fullmatch(name)
        if offset is not None:
            seconds = int(offset[2]) * _HOUR + int(offset[3]) * 60
            if int(offset[3]) >= 60 or seconds > 14 * _HOUR:
                raise ValueError("an offset from UTC is at most 14 hours, such as +05:30")
            self._standard = self._summer = -seconds if offset[1] == "-" else seconds
            return
        found = _RULE.fullmatch(_rule_of(name))
        assert found is not None, f"the rule of {name} is not of the known form"
        self._standard = -_seconds(found[1])
        self._summer = self._standard + _HOUR if found[2] is None else -_seconds(found[2])
        if found[3] is not None:
            self._begin, self._end = _change(found, 3), _change(found, 7)

    def offset(self, moment: float) -> int:
        """Seconds that local time is ahead of UTC."""
        if self._begin is None or self._end is None:
            return self._standard
        year = gmtime(moment + self._standard).tm_year
        begin, end = self._begin.at(year) - self._standard, self._end.at(year) - self._summer
        summer = begin <= moment < end if begin < end else not end <= moment < begin
        return self._summer if summer else self._standard

    def month(self, moment: float) -> Month:
        """The month at a moment, in seconds since 1970."""
        local = gmtime(moment + self.offset(moment))
        year, month = local.tm_year, local.tm_mon
        following = (year + 1, 1) if month == 12 else (year, month + 1)
        return Month(f"{year:04}-{month:02}", self._midnight(year, month), self._midnight(*following))

    def _midnight(self, year: int, month: int) -> int:
        """When a month begins, in seconds since 1970."""
        local = timegm((year, month, 1, 0, 0, 0))
        # Where clocks are put back at the end of the first hour, there are two midnights: the first counts.
        early = local - max(self._standard, self._summer)
        return early if self.offset(early) == local - early else local - self.offset(local - self._standard)


def _rule_of(name: str) -> str:
    for line in RULES.splitlines():
        rule, _, names = line.partition(" ")
        if name in names.split():
            return rule
    raise ValueError(f"there is no time zone {name!r}; expected a name such as Europe/Berlin, or an offset as +05:30")


def _change(found: re.Match[str], first: int) -> Change:
    month, week, day, at = (found[first + place] for place in range(4))
    return Change(int(month), int(week), int(day), 2 * _HOUR if at is None else _seconds(at))


def _seconds(text: str) -> int:
    """Of hours, with minutes and seconds if there are any."""
    parts = [int(part) for part in text.lstrip("+-").split(":")]
    total = sum(part * unit for part, unit in zip(parts, (_HOUR, 60, 1), strict=False))
    return -total if text.startswith("-") else total
