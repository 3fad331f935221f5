"""Why the imports of a plugin have failed, from the output of componentize-py."""

from __future__ import annotations

import re
import sys
from typing import Final

from proxywasm.loading import PluginNotFoundError

from .staging import ENTRY_MODULE, GUEST_ROOT, Staging
from .worlds import ABIS, HTTP_PLUGIN

_FRAME: Final = re.compile(r'^  File "(?P<file>[^"]+)", line \d+, in .*\n(?:^    .*\n)*', re.M)
_NOT_ONE_PLUGIN: Final = re.compile(
    rf"^{PluginNotFoundError.__module__}\.{PluginNotFoundError.__name__}: (?P<message>.*)", re.M | re.S
)
_OURS: Final = (
    *(f"{GUEST_ROOT}/{world.app.replace('.', '/')}.py" for world in (HTTP_PLUGIN, *ABIS.values())),
    f"{GUEST_ROOT}/{ENTRY_MODULE}.py",
)


def explain(staging: Staging, output: str) -> str:
    """The error message for the author: the traceback with the author's paths, and a hint."""
    start = output.rfind('Traceback (most recent call last):\n  File "' + GUEST_ROOT)
    if start < 0:
        return f"componentize-py failed:\n{output.strip()}"
    # What follows the traceback is componentize-py's own report: the error once more and a Rust backtrace.
    trace = re.split(r"\n\nCaused by:|\n\nStack backtrace:", output[start:])[0].rstrip() + "\n"
    if wrong := _NOT_ONE_PLUGIN.search(trace):
        return staging.real_paths(wrong["message"].rstrip())
    frames = list(_FRAME.finditer(trace))
    while frames and frames[0]["file"] in _OURS:
        trace = trace.replace(frames.pop(0)[0], "", 1)
    last = trace.rstrip().rpartition("\n")[2]
    where = staging.real_paths(trace).rstrip()
    return f"the plugin cannot be imported inside the component\n\n{where}{_hint(last)}"


def _hint(error: str) -> str:
    missing = re.match(r"ModuleNotFoundError: No module named '([\w.]+)'", error)
    if not missing:
        return ""
    name = missing[1]
    if name.lstrip("_").partition(".")[0] in {module.lstrip("_") for module in sys.stdlib_module_names}:
        return f"\n\nThe CPython in a component has no module {name}: it runs without threads, sockets and C libraries."
    return (
        f"\n\n{name} is neither beside the plugin nor installed as pure Python where proxywasm runs; "
        "packages with native code cannot run inside a component."
    )
