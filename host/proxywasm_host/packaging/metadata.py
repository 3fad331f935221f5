"""What is said of a plugin that cannot be read from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

CATEGORIES: Final = ("auth", "security", "protocol", "flow-control", "flow-monitor", "custom")
"""In Higress' console."""
PHASES: Final = ("UNSPECIFIED_PHASE", "AUTHN", "AUTHZ", "STATS")
"""Of Istio's and Higress' resource `WasmPlugin`."""


@dataclass(frozen=True, kw_only=True)
class Metadata:
    version: str = "0.1.0"
    category: str = "custom"
    phase: str = "UNSPECIFIED_PHASE"
    priority: int = 100
    """The greatest of a phase runs first."""
