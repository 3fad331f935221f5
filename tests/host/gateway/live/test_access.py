"""What the line of a stream counts."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from proxywasm_host.gateway.live.access import AccessLine


def line(content_type: str) -> AccessLine:
    made = AccessLine("all", "GET", "/", {})
    made.answers("200", content_type)
    return made


@given(
    st.lists(st.lists(st.sampled_from([b"data: x", b"data: a longer one", b"id: 1", b": comment"]), min_size=1)),
    st.sampled_from([b"\n", b"\r\n", b"\r"]),
    st.lists(st.integers(1, 12)),
)
def test_events_are_counted_whatever_the_chunks_and_the_line_ends(
    events: list[list[bytes]], end: bytes, sizes: list[int]
) -> None:
    data = b"".join(end.join(lines) + end + end for lines in events)
    counting = line("text/event-stream; charset=utf-8")
    rest = data
    for size in [*sizes, len(data)]:
        counting.sends(rest[:size], 0.0)
        rest = rest[size:]
    assert (counting.events, counting.sent) == (len(events), len(data))


def test_an_event_that_has_not_ended_and_further_blank_lines_are_not_counted() -> None:
    counting = line("text/event-stream")
    for chunk in (b"data: a\n", b"\n", b"\n\n", b"data: b\r\n", b"\r", b"\n", b"data: c\n"):
        counting.sends(chunk, 0.0)
    assert counting.events == 2


def test_other_bodies_have_no_events() -> None:
    counting = line("text/plain")
    counting.sends(b"a\n\nb\n\n", 0.0)
    assert counting.events == 0
