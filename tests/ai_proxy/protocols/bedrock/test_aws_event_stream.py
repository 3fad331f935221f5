"""AWS event streams: the same events for each cut into chunks, and an error for bytes that are not a frame."""

from __future__ import annotations

import binascii
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_proxy.protocols.bedrock.aws_event_stream import FrameDecoder
from proxywasm import Event, SSEError


def header(name: str, value: str) -> bytes:
    data = value.encode()
    return bytes([len(name)]) + name.encode() + b"\x07" + struct.pack(">H", len(data)) + data


def frame(payload: bytes, headers: bytes = b"") -> bytes:
    prelude = struct.pack(">II", 16 + len(headers) + len(payload), len(headers))
    start = prelude + struct.pack(">I", binascii.crc32(prelude)) + headers + payload
    return start + struct.pack(">I", binascii.crc32(start))


def test_the_example_without_headers_of_the_specification() -> None:
    """`{'foo':'bar'}` in the test vectors that AWS' clients share (smithy, event stream, "payload_no_headers")."""
    data = bytes.fromhex("0000001d00000000fd528c5a7b27666f6f273a27626172277dc3653936")
    assert FrameDecoder().feed(data) == [Event("{'foo':'bar'}", "", "event")]


def test_values_of_all_types_are_stepped_over() -> None:
    others = b"".join(
        bytes([1]) + b"x" + bytes([kind]) + data
        for kind, data in [(0, b""), (1, b""), (2, b"1"), (3, b"12"), (4, b"1234"), (5, b"12345678"),
                           (6, b"\x00\x02ab"), (8, b"12345678"), (9, b"1234567890123456")]
    )  # fmt: skip
    data = frame(b"{}", others + header(":event-type", "metadata"))
    assert FrameDecoder().feed(data) == [Event("{}", "metadata", "event")]


@pytest.mark.parametrize(
    ("headers", "event"),
    [
        (
            header(":message-type", "exception") + header(":exception-type", "throttlingException"),
            Event("{}", "throttlingException", "exception"),
        ),
        (
            header(":message-type", "error") + header(":error-code", "E") + header(":error-message", "no"),
            Event('{"message":"no"}', "E", "error"),
        ),
    ],
)
def test_exceptions_and_errors_are_events(headers: bytes, event: Event) -> None:
    assert FrameDecoder().feed(frame(b"{}", headers)) == [event]


@given(st.lists(st.binary(max_size=20), min_size=1, max_size=4), st.integers(1, 40))
def test_cuts_make_no_difference(payloads: list[bytes], size: int) -> None:
    data = b"".join(frame(payload, header(":event-type", "e")) for payload in payloads)
    decoder = FrameDecoder()
    events = [event for start in range(0, len(data), size) for event in decoder.feed(data[start : start + size])]
    assert [event.data for event in events] == [payload.decode(errors="replace") for payload in payloads]
    assert decoder.close() == []


@pytest.mark.parametrize("place", [0, 5, 9, 14, -1])
def test_a_wrong_byte_is_noticed(place: int) -> None:
    data = bytearray(frame(b'{"a":1}', header(":event-type", "e")))
    data[place] ^= 1
    with pytest.raises(SSEError):
        FrameDecoder().feed(bytes(data))


def test_a_length_that_cannot_be_is_refused_at_once() -> None:
    prelude = struct.pack(">II", 1 << 30, 0)
    with pytest.raises(SSEError, match="impossible length"):
        FrameDecoder().feed(prelude + struct.pack(">I", binascii.crc32(prelude)))


def test_a_frame_that_the_end_cuts_is_noticed() -> None:
    decoder = FrameDecoder()
    assert decoder.feed(frame(b"{}")[:-1]) == []
    assert decoder.close() == [Event("")]


@given(st.binary(max_size=60))
def test_any_bytes_are_frames_or_refused(data: bytes) -> None:
    decoder = FrameDecoder()
    try:
        decoder.feed(data)
        decoder.close()
    except SSEError:
        pass
