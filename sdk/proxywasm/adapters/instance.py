"""Code of all Wasm instances: each is a process with one plugin that starts from a snapshot."""

from __future__ import annotations

import gc
import os
import random
import sys

from ..core import log_lines
from ..core.dispatcher import Dispatcher
from ..core.running import running


def settle() -> None:
    """Exclude everything that is loaded from garbage collection, so that no instance scans it again.

    To be called last by the module that a build takes its snapshot of.
    """
    gc.collect()
    gc.freeze()


def begin(dispatcher: Dispatcher) -> None:
    """Make this plugin the running one permanently, send `print` to its log, and seed `random`.

    Natively each call does the first two, because plugins share the process; here that would be a sixth of a call.
    """
    running.set(dispatcher)
    sys.stdout, sys.stderr = log_lines.stdout, log_lines.stderr
    # The build's snapshot holds a seeded generator, the same in every instance.
    random.seed(int.from_bytes(os.urandom(32)))
