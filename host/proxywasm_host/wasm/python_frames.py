"""Where the Python code of a guest was when it was stopped.

After a trap no code of the guest runs any more, but its memory can still be read. CPython keeps a table of its own
layout there, for debuggers in other processes (`_Py_DebugOffsets` in Include/internal/pycore_debug_offsets.h). From it
one gets to the frame that was running, and from that to the frames that called it.

The guest is not trusted: its memory may contain anything. All reads and loops are bounded, and a memory that makes no
sense has no frames.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

Read = Callable[[int, int], bytes]
"""Address and size to the bytes there; fewer if the memory ends."""

_COOKIE: Final = b"xdebugpy"
_STATIC: Final = 16 * 2**20
"""The table is a static variable of CPython, so it is near the beginning of the memory."""
_VERSION: Final = 0x030E
"""CPython 3.14. The table has other fields in other versions."""
_TABLE: Final = struct.Struct("<79Q")
_MOST_FRAMES: Final = 1_000
_SHOWN: Final = 20
_LONGEST: Final = 200
"""Characters of a name."""
_LONGEST_TABLE: Final = 2**20
_MORE: Final = 8
"""Bytes that a text which is not ASCII has before its characters, in addition."""
_NO_PYTHON: Final = b"\3"
"""Owner of a frame that stands for a call from C."""
_OURS: Final = ("/0/proxywasm/", "/0/proxywasm_plugin.py")


class _Layout(NamedTuple):
    """Offsets of fields, by their index in the table after cookie and version."""

    interpreters_head: int = 3
    threads_head: int = 7
    current_frame: int = 24
    previous: int = 30
    executable: int = 31
    instr_ptr: int = 32
    owner: int = 34
    filename: int = 38
    qualname: int = 40
    linetable: int = 41
    firstlineno: int = 42
    code: int = 46
    bytes_size: int = 73
    bytes_content: int = 74
    text_state: int = 76
    text_length: int = 77
    text_content: int = 78


class Frame(NamedTuple):
    file: str
    line: int
    function: str


def where(read: Read) -> str:
    """The frames of the plugin as a traceback, the innermost last; empty if there are none."""
    try:
        frames = [frame for frame in _frames(read) if not frame.file.startswith(_OURS)]
    except (struct.error, KeyError):
        return ""
    lines = [f'  File "{frame.file}", line {frame.line}, in {frame.function}' for frame in reversed(frames[:_SHOWN])]
    return "\n".join(["Traceback (most recent call last):", *lines]) if lines else ""


def _frames(read: Read) -> Iterator[Frame]:
    """From the innermost frame outwards. Raises `struct.error` or `KeyError` if the memory makes no sense."""
    start = read(0, _STATIC).find(_COOKIE)
    if start < 0:
        return
    (version,) = struct.unpack("<Q", read(start + 8, 8))
    if version >> 16 != _VERSION:
        return
    table = _TABLE.unpack(read(start + 16, _TABLE.size))
    at = _Layout._make(table[index] for index in _Layout())
    interpreter = _pointer(read, start + at.interpreters_head)
    frame = _pointer(read, _pointer(read, interpreter + at.threads_head) + at.current_frame)
    for _ in range(_MOST_FRAMES):
        if not frame:
            return
        if read(frame + at.owner, 1) != _NO_PYTHON:
            code = _pointer(read, frame + at.executable) & ~3  # the lowest bits belong to reference counting
            position = (_pointer(read, frame + at.instr_ptr) - code - at.code) // 2
            lines = _lines(_bytes(read, _pointer(read, code + at.linetable), at), _pointer(read, code + at.firstlineno))
            line = next((line for end, line in lines if position < end), 0)
            file, function = (_text(read, _pointer(read, code + field), at) for field in (at.filename, at.qualname))
            yield Frame(file, line, function)
        frame = _pointer(read, frame + at.previous)


def _pointer(read: Read, address: int) -> int:
    return int(struct.unpack("<I", read(address, 4))[0])


def _bytes(read: Read, address: int, at: _Layout) -> bytes:
    return read(address + at.bytes_content, min(_pointer(read, address + at.bytes_size), _LONGEST_TABLE))


def _text(read: Read, address: int, at: _Layout) -> str:
    """A `str`: in one, two or four bytes for each character."""
    state, length = _pointer(read, address + at.text_state), _pointer(read, address + at.text_length)
    size, is_ascii = state >> 2 & 7, state >> 6 & 1
    start = address + at.text_content + (0 if is_ascii else _MORE)
    content = read(start, min(length, _LONGEST) * size)
    text = content.decode({1: "latin-1", 2: "utf-16-le", 4: "utf-32-le"}[size], "replace")
    return "".join(character if character.isprintable() else "?" for character in text)


def _lines(table: bytes, first: int) -> Iterator[tuple[int, int]]:
    """Ranges of instructions: the end of each in code units, and its line (CPython's InternalDocs/code_objects.md)."""
    line, end, numbers = first, 0, iter(table)
    for head in numbers:
        kind = head >> 3 & 15
        end += (head & 7) + 1
        if kind == 15:
            yield end, 0
            continue
        if kind in (13, 14):
            delta = _varint(numbers)
            line += -(delta >> 1) if delta & 1 else delta >> 1
        elif kind >= 10:
            line += kind - 10
        # The columns, which are not needed.
        for _ in range(3 if kind == 14 else 0):
            _varint(numbers)
        for _ in range(1 if kind < 10 else 2 if kind < 13 else 0):
            next(numbers, 0)
        yield end, line


def _varint(numbers: Iterator[int]) -> int:
    """Six bits in each byte, the lowest first; the seventh says that more follow."""
    value = shift = 0
    for byte in numbers:
        value |= (byte & 63) << shift
        shift += 6
        if not byte & 64:
            break
    return value
