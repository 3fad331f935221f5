"""What an author passes is checked where it is passed, so that an error names the author's line.

A host would notice much of it too, each in its own way and too late: natively it would be taken as it is, in Wasm it
would end the instance, with the streams of everybody.

What the functions return is what crosses: an `int`, `str` or `bytes` itself. A subclass can say something else of
itself each time that it is asked, and componentize-py takes what it is, not what it says.
"""

from __future__ import annotations

from types import CodeType
from typing import Any, Final

from .text import spell_out

MAX_U32: Final = 2**32 - 1
MIN_S64: Final = -(2**63)
MAX_S64: Final = 2**63 - 1
MAX_U64: Final = 2**64 - 1


def number(value: int, what: str, least: int, most: int) -> int:
    """A whole number within these bounds. `what` is what an error calls it."""
    if type(value) is not int:
        # `True` is an `int` to Python, and always a mistake here.
        if not isinstance(value, int) or isinstance(value, bool):
            raise TypeError(f"{what} must be int, got {_name(value)}")
        value = int.__index__(value)
    if not least <= value <= most:
        raise ValueError(f"{what} must be from {least} to {most}, got {_shown(value)}")
    return value


def flag(value: bool, what: str) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"{what} must be bool, got {_name(value)}")
    return value


def text(value: str, what: str) -> str:
    if type(value) is not str:
        if not isinstance(value, str):
            raise TypeError(f"{what} must be str, got {_name(value)}")
        value = str.__str__(value)
    return value


def name(value: str, what: str) -> str:
    """A name as the host gets it: valid Unicode, without NUL, which separates names where several cross at once."""
    value = text(value, what)
    if "\0" in value:
        raise ValueError(f"{what} cannot contain NUL")
    return spell_out(value)


def data(value: bytes, what: str) -> bytes:
    """Nothing but `bytes`: text has no bytes before it is encoded, and what can change might do so on its way."""
    if type(value) is not bytes:
        if not isinstance(value, bytes):
            raise TypeError(f"{what} is bytes, got {_name(value)}")
        value = bytes.__bytes__(value)
    return value


_GENERATOR, _COROUTINE, _ASYNC_GENERATOR = 0x20, 0x80, 0x200
"""Flags of code objects: to call such a function runs none of it."""


def function(value: Any, what: str) -> None:
    """A function that does its work when it is called."""
    if not callable(value):
        raise TypeError(f"{what} must be callable, got {_name(value)}")
    value = called(value)
    code = code_of(value)
    if code is None or not code.co_flags & (_GENERATOR | _COROUTINE | _ASYNC_GENERATOR):
        return
    kind = "a generator function" if code.co_flags & _GENERATOR else "async"
    raise TypeError(
        f"{place(value)} is {kind}: callbacks are plain functions; to wait, return Action.PAUSE and resume from the "
        "callback of a call-out"
    )


def place(function: Any) -> str:
    """`my_plugin.py:12: greet`, for messages. The line is that of the first decorator."""
    code = code_of(function)
    name = function_name(function)
    return f"{code.co_filename}:{code.co_firstlineno}: {name}" if code else name


def function_name(function: Any) -> str:
    return str(getattr(called(function), "__name__", _name(function)))


def called(function: Any) -> Any:
    """What a `functools.partial` calls in the end; anything else itself."""
    while (inner := getattr(function, "func", None)) is not None and type(function).__name__ == "partial":
        function = inner
    return function


def code_of(function: Any) -> CodeType | None:
    """None: it is written in C."""
    function = called(function)
    code = getattr(function, "__code__", None) or getattr(function.__call__, "__code__", None)
    return code if isinstance(code, CodeType) else None


def _name(value: object) -> str:
    return type(value).__name__


def _shown(value: int) -> str:
    # Python does not write numbers of more than some thousand digits.
    return str(value) if value.bit_length() <= 128 else f"a number of {value.bit_length()} bits"
