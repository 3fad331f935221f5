"""How long a service asks to wait before the next request, as the headers of its answer say it.

Sources: RFC 9110, "Retry-After"; OpenAI and Azure, `retry-after-ms` and `x-ratelimit-*`; Groq and others,
`x-ratelimit-*`; Anthropic, `anthropic-ratelimit-*`.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import Final, Protocol

from .lenient import digits

_LONGEST: Final = 86_400.0
"""Seconds. A longer time is shortened: no limit of a service lasts longer than a day."""
_LONGEST_TEXT: Final = 64
_NUMBER: Final = re.compile(r"\d{1,15}(?:\.\d{1,9})?")
_DURATION: Final = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)(ms|s|m|h|d)")
_SECONDS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_HTTP_DATE: Final = re.compile(r"[a-z]{3,9}, (\d\d)[ -]([a-z]{3})[ -](\d{4}|\d\d) (\d\d):(\d\d):(\d\d) (?:gmt|utc)")
_OLD_DATE: Final = re.compile(r"[a-z]{3} ([a-z]{3}) ([ \d]\d) (\d\d):(\d\d):(\d\d) (\d{4})")
_ISO_DATE: Final = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)t(\d\d):(\d\d):(\d\d)(?:\.\d{1,9})?(?:z|([+-])(\d\d):(\d\d))"
)  # fmt: skip
_MOMENTS: Final = 1_000_000_000
"""Numbers from here on are not seconds to wait, but a moment: seconds since 1970, or milliseconds if there are more
digits."""
_TOO_MANY: Final = 429


class Fields(Protocol):
    """Header fields with names in lower case."""

    def get(self, name: str, default: str, /) -> str: ...
    def __iter__(self) -> Iterator[str]: ...


def asked(headers: Fields, status: int) -> float:
    """The seconds that the service asks to wait, at most a day; 0: it does not say, or what it says is not usable."""
    now = time.time()
    found = _number(headers.get("retry-after-ms", "")) / 1000 or _wait(headers.get("retry-after", ""), now)
    if not found and status == _TOO_MANY:
        found = _until_reset(headers, now)
    return min(max(found, 0.0), _LONGEST)


def _until_reset(headers: Fields, now: float) -> float:
    """The time until all limits that are used up are reset. Each limit has two headers: what remains, and when more is
    allowed again."""
    return max(
        (_wait(headers.get(_reset_of(name), ""), now) for name in headers if _is_used_up(headers, name)), default=0
    )


def _is_used_up(headers: Fields, name: str) -> bool:
    return "ratelimit-" in name and "remaining" in name and headers.get(name, "").strip() in {"0", "0.0"}


def _reset_of(name: str) -> str:
    """The header that says when a limit is reset, from the one that says what remains of it.

    >>> _reset_of("x-ratelimit-remaining-tokens"), _reset_of("anthropic-ratelimit-tokens-remaining")
    ('x-ratelimit-reset-tokens', 'anthropic-ratelimit-tokens-reset')
    """
    return name.replace("remaining", "reset")


def _wait(text: str, now: float) -> float:
    """The seconds in a text: a number, durations such as `1m30.5s`, or a date."""
    text = text.strip().lower()
    number = float(digits(text)) or _number(text)
    if number:
        if number < _MOMENTS:
            return number
        return (number / 1000 if number >= _MOMENTS * 100 else number) - now
    if len(text) > _LONGEST_TEXT:
        return 0.0
    parts = _DURATION.findall(text)
    if parts and "".join(map("".join, parts)) == text:
        return sum(float(amount) * _SECONDS[unit] for amount, unit in parts)
    moment = _date(text)
    return 0.0 if moment is None else moment - now


def _number(text: str) -> float:
    text = text.strip()
    return float(text) if _NUMBER.fullmatch(text) else 0.0


def _date(text: str) -> float | None:
    """Seconds since 1970: of a date in HTTP's three forms, or as RFC 3339 has it."""
    if found := _HTTP_DATE.fullmatch(text):
        day, month, year, *clock = found.groups()
        return _moment(_full_year(year), _month(month), day, clock)
    if found := _OLD_DATE.fullmatch(text):
        month, day, *clock, year = found.groups()
        return _moment(int(year), _month(month), day, clock)
    if found := _ISO_DATE.fullmatch(text):
        year, month, day, hour, minute, second, sign, hours, minutes = found.groups()
        offset = (int(hours) * 3600 + int(minutes) * 60) * (-1 if sign == "-" else 1) if sign else 0
        moment = _moment(int(year), int(month), day, [hour, minute, second])
        return None if moment is None else moment - offset
    return None


def _full_year(year: str) -> int:
    """A year with two digits is not more than 50 years ahead (RFC 9110)."""
    if len(year) > 2:
        return int(year)
    this = time.gmtime().tm_year
    full = this - this % 100 + int(year)
    return full - 100 if full > this + 50 else full


def _month(name: str) -> int:
    return _MONTHS.index(name) + 1 if name in _MONTHS else 0


def _moment(year: int, month: int, day: str, clock: list[str]) -> float | None:
    """Seconds since 1970 of a day in the Gregorian calendar; None if there is no such day or time."""
    hour, minute, second = map(int, clock)
    if not (1 <= month <= 12 and 1 <= int(day) <= 31 and hour < 24 and minute < 60 and second <= 60):
        return None
    # Years that begin in March have their additional day at their end.
    start, of_march = (year - 1, month + 9) if month < 3 else (year, month - 3)
    days = start * 365 + start // 4 - start // 100 + start // 400 + (of_march * 153 + 2) // 5 + int(day) - 719_469
    return days * 86_400 + hour * 3600 + minute * 60 + second
