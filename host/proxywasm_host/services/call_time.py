"""How long a call of a plugin in this process may compute: an endless loop ends, with a traceback of where it was.

The time of the processor is counted, with `ITIMER_VIRTUAL`. So neither a debugger that waits for its user nor a machine
that is busy with something else makes a difference, and pytest-timeout keeps its own timer, which is that of the clock.
Signals reach only the main thread of a process, where tests run, also those of pytest-xdist. In other threads, and on
Windows, nothing is counted.
"""

from __future__ import annotations

import signal
import threading
from pathlib import Path
from types import FrameType, TracebackType
from typing import Final

import proxywasm
from proxywasm.core.tracebacks import plugin_traceback
from proxywasm.wire import ProgramLost

CALL_TIME: Final = 5.0
"""Seconds for a call of a plugin."""
_AGAIN: Final = 0.1
"""Seconds until the plugin is stopped once more, if it has caught what stopped it."""
_OURS: Final = (f"{Path(proxywasm.__file__).parent}/", f"{Path(__file__).parents[1]}/")


class CallTimeError(KeyboardInterrupt):
    """Stops the plugin. It is a `BaseException`, so that neither the SDK nor `except Exception` of a plugin catches
    it."""


class CallTime:
    """A context that may take so many seconds. Raises `ProgramLost` when they are over."""

    _armed: CallTime | None = None

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._mine = False

    def __enter__(self) -> None:
        if CallTime._armed is None and _can_count():
            CallTime._armed, self._mine = self, True
            signal.setitimer(signal.ITIMER_VIRTUAL, self._seconds, _AGAIN)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, frames: TracebackType | None
    ) -> None:
        if not self._mine:
            return
        CallTime._armed, self._mine = None, False
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        if isinstance(error, CallTimeError):
            error = error.with_traceback(_until_stopped(_of_plugin(frames)))
            raise ProgramLost(f"a call took longer than it may\n\n{plugin_traceback(error)}") from error

    @staticmethod
    def stop(_number: int, frame: FrameType | None) -> None:
        """Handles the signal."""
        if CallTime._armed is not None:
            where = f", in {frame.f_code.co_filename}:{frame.f_lineno}" if frame else ""
            raise CallTimeError(f"the plugin still computes after {CallTime._armed._seconds:g} seconds{where}")


def _can_count() -> bool:
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        return False
    handler = signal.getsignal(signal.SIGVTALRM)
    if handler is signal.SIG_DFL:
        signal.signal(signal.SIGVTALRM, CallTime.stop)
        return True
    return handler is CallTime.stop  # otherwise another library uses the signal


def _of_plugin(all_frames: TracebackType | None) -> TracebackType | None:
    """The traceback without the frames of the host."""
    frames = all_frames
    while frames is not None and frames.tb_frame.f_code.co_filename.startswith(_OURS):
        frames = frames.tb_next
    return frames or all_frames


def _until_stopped(frames: TracebackType | None) -> TracebackType | None:
    """Without the handler of the signal, which is called by whatever line is running."""
    if frames is None or frames.tb_frame.f_code is CallTime.stop.__code__:
        return None
    return TracebackType(_until_stopped(frames.tb_next), frames.tb_frame, frames.tb_lasti, frames.tb_lineno)
