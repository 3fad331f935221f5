"""The SSE codec: whatever the chunking and the line ends, the same events."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxywasm import Event, SSEDecoder, SSEError, encode_event


def decode(*chunks: bytes) -> list[Event]:
    decoder = SSEDecoder()
    events = [event for chunk in chunks for event in decoder.feed(chunk)]
    return events + decoder.close()


@pytest.mark.parametrize(
    ("text", "events"),
    [
        ("data: a\n\n", [Event("a")]),
        ("data:a\n\n", [Event("a")]),
        ("data:  two spaces\n\n", [Event(" two spaces")]),
        ("data: a\r\n\r\n", [Event("a")]),
        ("data: a\r\r", [Event("a")]),
        ("data: a\r\n\n", [Event("a")]),
        ("data: a\ndata: b\n\n", [Event("a\nb")]),
        ("id: 7\nevent: x\ndata: a\n\n", [Event("a", "x", "7")]),
        ("event: x\nid: 7\n\n", []),
        (": comment\n\n", []),
        (": comment\ndata: a\n\n", [Event("a")]),
        ("retry: 10\nfoo: bar\ndata: a\n\n", [Event("a")]),
        ("data\n\n", [Event("")]),
        ("data\ndata\n\n", [Event("\n")]),
        ("no colon\n\ndata: a\n\n", [Event("a")]),
        ("\n\n\ndata: a\n\n\n\ndata: b\n\n", [Event("a"), Event("b")]),
        ("data: last", [Event("last")]),
        ("data: last\n", [Event("last")]),
        ("\ufeffdata: a\n\n", [Event("a")]),
        ("data: a\u2028b\u0085c\n\n", [Event("a\u2028b\u0085c")]),
        ("data: 你好😊\n\n", [Event("你好😊")]),
    ],
)
def test_events_of_a_stream_split_at_every_byte(text: str, events: list[Event]) -> None:
    raw = text.encode()
    assert decode(raw) == events
    assert decode(*(raw[i : i + 1] for i in range(len(raw)))) == events
    for cut in range(len(raw) + 1):
        assert decode(raw[:cut], raw[cut:]) == events


line = st.text(st.characters(exclude_characters="\r\n", codec="utf-8"), max_size=12)
event_lines = st.lists(
    st.one_of(
        line.map("data: {}".format), line.map("data:{}".format), line.map(": {}".format), line.map("event: {}".format)
    ),
    max_size=4,
)


@given(st.lists(st.tuples(event_lines, st.sampled_from(["\n", "\r\n", "\r"])), max_size=5), st.data())
def test_any_chunking_gives_the_same_events(blocks: list[tuple[list[str], str]], data: st.DataObject) -> None:
    raw = "".join(end.join([*lines, "", ""]) for lines, end in blocks).encode()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(raw)), max_size=8)))
    pieces = [raw[a:b] for a, b in zip([0, *cuts], [*cuts, len(raw)], strict=True)]
    assert decode(*pieces) == decode(raw)


def test_an_event_is_given_with_the_chunk_that_completes_it() -> None:
    decoder = SSEDecoder()
    assert decoder.feed(b"data: a\r\n\r") == [Event("a")]
    assert decoder.feed(b"\ndata: b\n\nda") == [Event("b")]
    assert decoder.feed(b"ta: c\n\n") == [Event("c")]
    assert decoder.close() == []


def test_an_endless_event_is_an_error() -> None:
    decoder = SSEDecoder(max_event=100)
    decoder.feed(b"data: " + b"x" * 90)
    with pytest.raises(SSEError, match="exceeds 100 bytes"):
        decoder.feed(b"x" * 10)


@given(st.text(st.characters(codec="utf-8"), max_size=40), line, line)
def test_what_is_encoded_is_decoded(text: str, event: str, event_id: str) -> None:
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    assert decode(encode_event(text, event, event_id)) == [Event(text, event, event_id)]
