"""Build a component that finds out what works inside of it, and ask it."""

from __future__ import annotations

import importlib.metadata
import json
import re
from pathlib import Path
from typing import Any

from proxywasm_host.building.build import build
from proxywasm_host.checking.guest import Facts
from proxywasm_host.testing import TestHost

from .calls import CALLS


def measure() -> Facts:
    """Builds a component and asks it; takes a minute."""
    component = build(Path(__file__).parent / "probe.py").path
    found = json.loads(_ask(component, {})[1])
    calls = {}
    for name, code in CALLS.items():
        status, text = _ask(component, {"code": code})
        if status != 200:
            calls[name] = re.sub(r": '/?[\w./]+'$", "", text)  # the probe's own files say nothing to others
    versions = {name: importlib.metadata.version(name) for name in ("componentize-py", "wasmtime")}
    measured = versions | {"python": found["python"], "command": "python -m tools.guest_facts"}
    return Facts(measured, found["missing"], calls)


def _ask(component: Path, config: dict[str, Any]) -> tuple[int, str]:
    with TestHost(component, config, tolerate_failures=True) as host:
        reply = host.request().reply
        assert reply is not None
        # An instance that is lost has no words of its own.
        text = host.failures[0] if host.failures else reply.body.decode()
        return reply.status, text.rstrip().rpartition("\n")[2]
