"""`python -m proxywasm_host.checking.parse_config SOURCE SECONDS`: parse the configuration in standard input, natively.

It is not in `gateway/`, whose imports would take longer than all the rest: an author waits for it after each save.

The import of the plugin, and then the parsing, may each compute for so many seconds.

The last line of standard output is the answer, a JSON object: `kind` is "taken", "refused", "raised" or "not loaded".
"""

from __future__ import annotations

import importlib
import json
import sys
import traceback
from pathlib import Path
from types import TracebackType
from typing import Final

import proxywasm
from proxywasm.adapters.native import load_plugin, native_program
from proxywasm.core.tracebacks import plugin_traceback
from proxywasm.errors import ConfigError
from proxywasm.wire import LogLevel, PluginFailure, ProgramLost

from ..services import HostServices
from ..services.call_time import CallTime

_HEADING: Final = "Traceback (most recent call last):"
_IMPORTS: Final = ("<", importlib.__file__, str(Path(proxywasm.__file__).parent), __file__)
"""The files whose frames are those of the import itself."""


def parse(source: Path, config: str, seconds: float) -> tuple[str, str]:
    try:
        with CallTime(seconds):
            plugin = load_plugin(source)
    except ProgramLost as lost:
        return "not loaded", f"importing the plugin takes longer than {seconds:g} seconds\n{_place(lost)}"
    except BaseException as error:  # whatever the plugin's own code raises when it is imported
        return "not loaded", _import_error(error)
    try:
        with CallTime(seconds):
            native_program(plugin, HostServices()).configure(config, LogLevel.ERROR)
    except ConfigError as error:
        return "refused", str(error)
    except PluginFailure as failure:
        return "raised", f"the plugin raises while it parses this\n{failure}"
    except ProgramLost as lost:
        return "raised", f"the plugin has not parsed this after {seconds:g} seconds of computing\n{_place(lost)}"
    return "taken", ""


def _import_error(error: BaseException) -> str:
    """What it is and where it was raised, then the traceback of the plugin's own lines."""
    frames = error.__traceback__
    while frames is not None and _imports(frames):
        frames = frames.tb_next
    error = error.with_traceback(frames)
    reason = traceback.format_exception_only(error)[-1].strip()
    if isinstance(error, SyntaxError):
        where = f"{error.filename}:{error.lineno}"
    elif lines := [line for line in traceback.extract_tb(frames) if not line.filename.startswith(_IMPORTS)]:
        where = f"{lines[-1].filename}:{lines[-1].lineno}"
    else:
        return reason  # Python or we say it of the module as a whole
    lines_of_plugin = plugin_traceback(error)
    heading = "" if lines_of_plugin.startswith(_HEADING) else f"{_HEADING}\n"  # a syntax error has no frames
    return f"{reason} ({where})\n\n{heading}{lines_of_plugin}"


def _imports(frames: TracebackType) -> bool:
    return frames.tb_frame.f_code.co_filename.startswith(_IMPORTS)


def _place(lost: ProgramLost) -> str:
    """The traceback of the line at which the plugin was stopped."""
    assert lost.__cause__ is not None
    return plugin_traceback(lost.__cause__)


if __name__ == "__main__":
    kind, message = parse(Path(sys.argv[1]), sys.stdin.read(), float(sys.argv[2]))
    sys.stdout.write("\n" + json.dumps({"kind": kind, "message": message}))
