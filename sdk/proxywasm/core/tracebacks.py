"""Tracebacks for the log: the author's frames, and the exception's message.

The exception may be of any class of the author or of an imported package. There is always a text, of a bounded size.
"""

from __future__ import annotations

import traceback
from types import TracebackType
from typing import Final

from ..text import spell_out

_HEADING: Final = "Traceback (most recent call last):\n"
_MOST_FRAMES: Final = 100
"""The innermost. An exception that is raised again and again gets some more each time."""
_MOST_EXCEPTIONS: Final = 50
"""Causes and members of groups that are shown. `traceback` calls itself for some, and the stack in Wasm is small."""
_LONGEST: Final = 65_536
"""Characters. Beyond that the middle is left out; hosts keep less."""
_NO_MESSAGE: Final = "<its message is not shown>"
_attribute = BaseException.__getattribute__
"""Do not use attributes of the author's class: they may raise."""


def plugin_traceback(error: BaseException, *, messages: bool = True) -> str:
    """The traceback from the plugin's own first frame on, without the frames of the SDK that called it.

    Without `messages` it has the frames and the types of the exceptions only.
    """
    frames = _plugin_frames(_attribute(error, "__traceback__"))
    try:
        if not messages:
            lines = _without_messages(error, frames)
        elif _has_many(error):
            lines = [*_frames(frames), _last_line(error, str(error)), "\n(it has too many causes to show them)"]
        else:
            lines = traceback.format_exception(type(error), error, frames, limit=-_MOST_FRAMES)
        text = "".join(lines)
    except BaseException:
        text = "".join([*_frames(frames), _last_line(error, "<this exception cannot be shown>")])
    if len(text) > _LONGEST:
        text = f"{text[: _LONGEST // 2]}\n... {len(text) - _LONGEST} characters left out ...\n{text[-_LONGEST // 2 :]}"
    return spell_out(text.rstrip())


def _frames(frames: TracebackType | None) -> list[str]:
    return [_HEADING, *traceback.format_tb(frames, limit=-_MOST_FRAMES)]


def _last_line(error: BaseException, message: str) -> str:
    return f"{type.__getattribute__(type(error), '__name__')}: {message}"


def _without_messages(error: BaseException, frames: TracebackType | None) -> list[str]:
    """Of the exception, its cause, the cause of that, and so on. What was raised last comes first."""
    lines = [*_frames(frames), _last_line(error, _NO_MESSAGE)]
    each = _reason(error)
    shown = 1
    while each is not None and shown < _MOST_EXCEPTIONS:
        trace = traceback.format_tb(_attribute(each, "__traceback__"), limit=-_MOST_FRAMES)
        lines += ["\n\nRaised because of, or while dealing with:\n\n", *trace, _last_line(each, _NO_MESSAGE)]
        each = _reason(each)
        shown += 1
    return lines


def _reason(error: BaseException) -> BaseException | None:
    cause: BaseException | None = _attribute(error, "__cause__")
    if cause is not None or _attribute(error, "__suppress_context__"):
        return cause
    context: BaseException | None = _attribute(error, "__context__")
    return context


def _has_many(error: BaseException) -> bool:
    found = {id(error): error}
    waiting = [error]
    while waiting and len(found) <= _MOST_EXCEPTIONS:
        each = waiting.pop()
        linked = [_attribute(each, "__cause__"), _attribute(each, "__context__")]
        if isinstance(each, BaseExceptionGroup):
            linked += _attribute(each, "exceptions")
        for other in linked:
            if other is not None and id(other) not in found:
                found[id(other)] = other
                waiting.append(other)
    return len(found) > _MOST_EXCEPTIONS


_HERE: Final = plugin_traceback.__code__.co_filename
_SDK: Final = _HERE[: -len("core/tracebacks.py")]


def _plugin_frames(all_frames: TracebackType | None) -> TracebackType | None:
    frames = all_frames
    while frames is not None and frames.tb_frame.f_code.co_filename.startswith(_SDK):
        frames = frames.tb_next
    if frames is None:
        # It is about what a callback has returned. Every failure begins in the same way, so this one has a line, too.
        frames = all_frames
        while frames is not None and frames.tb_next is not None:
            frames = frames.tb_next
    return frames
