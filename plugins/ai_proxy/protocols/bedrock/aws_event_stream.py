"""Decodes AWS event streams: binary frames with check sums.

Source: docs.aws.amazon.com/transcribe/latest/dg/streaming-setting-up.html, "Event stream encoding". A frame is its
length (u32), the length of its headers (u32), a CRC of these eight bytes, headers, payload, and a CRC of all of them.
"""

from __future__ import annotations

import binascii
import struct
from collections.abc import Callable
from typing import Final

from proxywasm import Event, SSEError

from ...wire import limits
from ...wire.json import dumps

_LEAST_FRAME: Final = 16
_PRELUDE: Final = struct.Struct(">III")
_U16: Final = struct.Struct(">H")
_U32: Final = struct.Struct(">I")

# Size in bytes of header values by type: true, false, byte, short, integer, long, -, -, timestamp, UUID.
_SIZES: Final = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}
_BYTES, _STRING = 6, 7


def cut_frames(buffer: bytearray) -> list[bytes]:
    """Remove the complete frames from the beginning of a buffer and return them. Raises `SSEError` for bytes that are
    not a frame, and then removes none.
    """
    frames, start = [], 0
    while len(buffer) - start >= _PRELUDE.size:
        length, headers_length, checksum = _PRELUDE.unpack_from(buffer, start)
        if binascii.crc32(buffer[start : start + 8]) != checksum:
            raise SSEError("a frame of the upstream's event stream has a wrong check sum")
        if not _LEAST_FRAME + headers_length <= length <= limits.EVENT:
            raise SSEError("a frame of the upstream's event stream has an impossible length")
        if len(buffer) - start < length:
            break
        frame = bytes(buffer[start : start + length])
        if binascii.crc32(frame[:-4]) != _U32.unpack_from(frame, length - 4)[0]:
            raise SSEError("a frame of the upstream's event stream has a wrong check sum")
        start += length
        frames.append(frame)
    del buffer[:start]
    return frames


def rewritten(frame: bytes, change: Callable[[bytes], bytes]) -> bytes:
    """The frame with changed headers and payload. `change` has to keep their length."""
    inside = frame[_PRELUDE.size : -4]
    new = change(inside)
    if new is inside:
        return frame
    data = frame[: _PRELUDE.size] + new
    return data + _U32.pack(binascii.crc32(data))


class FrameDecoder:
    """Decodes frames to events. `feed` takes the next bytes of the stream, `close` reports an incomplete frame.

    An event's name is the frame's `:event-type`, or `:exception-type` for an exception. Raises `SSEError` for bytes
    that are not a frame; the rest of the stream cannot be decoded then.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()

    @property
    def waiting(self) -> int:
        return len(self._buffer)

    def feed(self, chunk: bytes) -> list[Event]:
        self._buffer += chunk
        return [_event(frame) for frame in cut_frames(self._buffer)]

    def close(self) -> list[Event]:
        """An incomplete frame becomes an event whose data is not JSON, which is an error."""
        if not self._buffer:
            return []
        self._buffer.clear()
        return [Event("")]


def _event(frame: bytes) -> Event:
    end = _PRELUDE.size + _U32.unpack_from(frame, 4)[0]
    headers, payload = dict(_headers(frame[_PRELUDE.size : end])), frame[end:-4]
    kind = headers.get(":message-type", "event")
    if kind == "error":  # It has no payload; its headers describe the error.
        data = dumps({"message": headers.get(":error-message", "")})
        return Event(data, headers.get(":error-code") or "error", kind)
    name = headers.get(":exception-type" if kind == "exception" else ":event-type", "")
    return Event(payload.decode(errors="replace"), name, kind)


def _headers(raw: bytes) -> list[tuple[str, str]]:
    """Names and values of text headers. Headers of other types are skipped."""
    headers, at = [], 0
    try:
        while at < len(raw):
            end = at + 1 + raw[at]
            name, kind, at = raw[at + 1 : end].decode(), raw[end], end + 1
            if kind in {_BYTES, _STRING}:
                size = _U16.unpack_from(raw, at)[0]
                at += 2
                if kind == _STRING:
                    headers.append((name, raw[at : at + size].decode()))
            else:
                size = _SIZES[kind]
            at += size
    except (IndexError, KeyError, struct.error, UnicodeDecodeError):
        raise SSEError("a frame of the upstream's event stream has broken headers") from None
    return headers
