"""The candidates that are not ours."""

from __future__ import annotations

from typing import Final

PORT: Final = "BENCHMARK_UPSTREAM"
"""The variable that has the port of the upstream: servers that load the application take no words for it."""
