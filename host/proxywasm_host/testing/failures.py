"""Failures of the plugin under test, and how a test reports them."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import proxywasm

_SDK: Final = str(Path(proxywasm.__file__).parent)


class PluginFailedError(AssertionError):
    """The plugin raised, or its instance was lost. The message is its traceback."""


class Failures:
    """Those of one test host.

    Attributes:
        texts: tracebacks of what the plugin raised, and why its instance was lost.

    Args:
        tolerate: only note them.
    """

    def __init__(self, *, tolerate: bool) -> None:
        self.tolerate = tolerate
        self.texts: list[str] = []
        self._unreported: list[BaseException] = []
        self._reported = False

    def note(self, failure: BaseException) -> None:
        self.texts.append(str(failure))
        self._unreported.append(failure)

    def report(self) -> None:
        """Raises `PluginFailedError` if there is a new one that is not to be tolerated."""
        __tracebackhide__ = True
        unreported, self._unreported = self._unreported, []
        if unreported and not self.tolerate:
            self._reported = True
            raise plugin_failed(unreported[0]) from cause_of(unreported[0])

    def report_at_the_end(self) -> None:
        """The same, unless the test knows that the plugin raises: in a real gateway ticks go on until it is closed."""
        __tracebackhide__ = True
        if not self._reported:
            self.report()


def plugin_failed(failure: BaseException) -> PluginFailedError:
    return PluginFailedError(f"the plugin failed\n\n{failure}")


def cause_of(failure: BaseException) -> BaseException | None:
    """Natively the plugin's own exception, from the plugin's first frame on: pytest shows its source, `--pdb` stops
    there."""
    cause = failure.__cause__
    if cause is None:
        return None
    frames = cause.__traceback__
    while frames is not None and frames.tb_frame.f_code.co_filename.startswith(_SDK):
        frames = frames.tb_next
    return cause.with_traceback(frames)
