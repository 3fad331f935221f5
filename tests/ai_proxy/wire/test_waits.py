"""How long services ask to wait, in each of the forms that they document."""

from __future__ import annotations

import calendar
import email.utils
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_proxy.wire import waits
from proxywasm import Headers

NOW = 1_764_400_000.0  # Saturday, 29 November 2025, 07:06:40


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: NOW)


def asked(status: int = 429, /, **fields: str) -> float:
    return waits.asked(
        Headers.sent([(name.replace("_", "-"), value) for name, value in fields.items()], "sent"), status
    )


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7),
        (" 7 ", 7),
        ("0.5", 0.5),
        ("0", 0),
        ("Sat, 29 Nov 2025 07:07:10 GMT", 30),
        ("Saturday, 29-Nov-25 07:07:10 GMT", 30),
        ("Sat Nov 29 07:07:10 2025", 30),
        ("Sat, 29 Nov 2025 07:00:00 GMT", 0),
        ("2025-11-29T07:07:10Z", 30),
        ("2025-11-29T08:07:10+01:00", 30),
        ("99999999999999999999", 86_400),
        ("999999", 86_400),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 86_400),
        ("-5", 0),
        ("inf", 0),
        ("nan", 0),
        ("soon", 0),
        ("Sat, 29 Foo 2025 07:07:10 GMT", 0),
        ("Sat, 29 Nov 2025 27:07:10 GMT", 0),
        ("7" * 10_000, 86_400),
        ("7." * 10_000, 0),
    ],
)
def test_retry_after_is_a_number_or_a_date(value: str, seconds: float) -> None:
    assert asked(retry_after=value) == pytest.approx(seconds)
    assert asked(503, retry_after=value) == pytest.approx(seconds)


def test_milliseconds_are_more_exact() -> None:
    assert asked(retry_after_ms="1250", retry_after="2") == 1.25
    assert asked(retry_after_ms="x", retry_after="2") == 2


@pytest.mark.parametrize(
    ("fields", "seconds"),
    [
        ({"x_ratelimit_remaining_tokens": "0", "x_ratelimit_reset_tokens": "6m0s"}, 360),
        ({"x_ratelimit_remaining_tokens": "0", "x_ratelimit_reset_tokens": "7.66s"}, 7.66),
        ({"x_ratelimit_remaining_tokens": "0", "x_ratelimit_reset_tokens": "17ms"}, 0.017),
        ({"x_ratelimit_remaining_requests": "0", "x_ratelimit_reset_requests": "1h2m3s"}, 3723),
        ({"x_ratelimit_remaining_requests_day": "0", "x_ratelimit_reset_requests_day": "33011.38"}, 33011.38),
        ({"x_ratelimit_remaining": "0", "x_ratelimit_reset": "1764400030000"}, 30),
        ({"x_ratelimit_remaining": "0", "x_ratelimit_reset": "1764400030"}, 30),
        (
            {"anthropic_ratelimit_tokens_remaining": "0", "anthropic_ratelimit_tokens_reset": "2025-11-29T07:07:10Z"},
            30,
        ),
        # What is left of another limit does not count.
        (
            {
                "x_ratelimit_remaining_requests": "0",
                "x_ratelimit_reset_requests": "2s",
                "x_ratelimit_remaining_tokens": "9",
                "x_ratelimit_reset_tokens": "8h",
            },
            2,
        ),
        ({"x_ratelimit_reset_requests": "2s"}, 0),
        ({"x_ratelimit_remaining_requests": "0"}, 0),
        ({"x_ratelimit_remaining_requests": "0", "x_ratelimit_reset_requests": "2s then"}, 0),
    ],
)
def test_a_limit_that_is_used_up_says_when_it_is_reset(fields: dict[str, str], seconds: float) -> None:
    assert asked(**fields) == pytest.approx(seconds)
    assert asked(503, **fields) == 0, "the reason is another one"
    assert asked(**fields, retry_after="1") == 1


@given(st.integers(0, 4_000_000_000))
def test_each_date_is_the_moment_that_it_names(moment: int) -> None:
    assert waits._date(email.utils.formatdate(moment, usegmt=True).lower()) == moment
    assert waits._date(time.strftime("%Y-%m-%dt%H:%M:%Sz", time.gmtime(moment))) == moment
    assert calendar.timegm(time.gmtime(moment)) == moment


@given(st.text(max_size=80))
def test_any_text_is_a_time_within_the_bounds(text: str) -> None:
    assert 0 <= waits.asked({"retry-after": text}, 429) <= 86_400
