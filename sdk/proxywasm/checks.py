"""Check arguments where an author passes them, so that the error names the author's line.

A host would find most mistakes later: natively the value would be used as it is, and in Wasm the instance would end,
with all its streams.

The functions return an `int`, `str` or `bytes` itself, never an instance of a subclass. A subclass may override the
methods by which Python code sees its value, while componentize-py reads the value itself.
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
    """A whole number within these bounds. `what` names it in errors."""
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
    """A name as the host gets it: valid Unicode without NUL, which separates the names of a list."""
    value = text(value, what)
    if "\0" in value:
        raise ValueError(f"{what} cannot contain NUL")
    return spell_out(value)


def data(value: bytes, what: str) -> bytes:
    """Only `bytes`: text would have to be encoded, and a `bytearray` could change before it is sent."""
    if type(value) is not bytes:
        if not isinstance(value, bytes):
            raise TypeError(f"{what} is bytes, got {_name(value)}")
        value = bytes.__bytes__(value)
    return value


_GENERATOR, _COROUTINE, _ASYNC_GENERATOR = 0x20, 0x80, 0x200
"""Flags of code objects: calling such a function runs none of its code."""


def function(value: Any, what: str) -> None:
    """A plain function: neither async nor a generator."""
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
