"""Months begin when they begin in the time zone: as `zoneinfo` has it, for every zone that this machine knows."""

from __future__ import annotations

import zoneinfo
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_quota.time_zone import TimeZone
from ai_quota.zones import RULES

NAMES = sorted(name for line in RULES.split("\n") for name in line.split(" ")[1:])
SOME = [
    *("UTC", "Europe/Berlin", "Europe/Dublin", "America/New_York", "America/Santiago", "Asia/Shanghai"),
    *("Asia/Kolkata", "Asia/Jerusalem", "Africa/Cairo", "America/Nuuk", "Australia/Lord_Howe"),
    *("Pacific/Chatham", "Pacific/Kiritimati"),
]
WITH_RAMADAN = {"Africa/Casablanca", "Africa/El_Aaiun"}
"""They have other times in Ramadan, which no rule tells."""


def check(name: str, first: int, last: int) -> None:
    zone, expected = TimeZone(name), zoneinfo.ZoneInfo(name)
    for year in range(first, last):
        for number in range(1, 13):
            begins = datetime(year, number, 1, tzinfo=expected).timestamp()
            month = zone.month(begins)
            assert (month.name, month.begins) == (f"{year}-{number:02}", begins)
            assert zone.month(begins - 1).name < month.name
            assert zone.month(month.ends - 1).name == month.name
            assert zone.month(month.ends).begins == month.ends


@pytest.mark.parametrize("name", SOME)
def test_months_begin_as_zoneinfo_has_it(name: str) -> None:
    check(name, 2026, 2032)


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", sorted({*NAMES} - WITH_RAMADAN))
def test_months_of_every_zone_begin_as_zoneinfo_has_it(name: str) -> None:
    check(name, 2026, 2037)


@given(st.sampled_from(SOME), st.datetimes(datetime(2026, 1, 1), datetime(2036, 12, 31)))
def test_the_offset_is_that_of_zoneinfo_at_any_moment(name: str, naive: datetime) -> None:
    moment = naive.replace(tzinfo=UTC)
    offset = moment.astimezone(zoneinfo.ZoneInfo(name)).utcoffset()
    assert timedelta(seconds=TimeZone(name).offset(moment.timestamp())) == offset


@pytest.mark.parametrize(
    ("name", "seconds"), [("+00:00", 0), ("+05:30", 19_800), ("-0330", -12_600), ("+14:00", 50_400)]
)
def test_an_offset_is_a_zone(name: str, seconds: int) -> None:
    assert TimeZone(name).offset(0) == seconds


@pytest.mark.parametrize(
    "name", ["", "Berlin", "europe/berlin", "+15:00", "+01:99", "CET-1CEST", "../etc/passwd", "Europe/Berlin "]
)
def test_what_is_no_zone_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"time zone|offset"):
        TimeZone(name)
