"""The table of providers. A row describes how a model service differs from OpenAI's. If it has another protocol, the
row refers to a service protocol.

To add a provider, add a row to one of the modules here; docs/adding-a-provider.md explains it. If several rows have one
name, the settings select one of them by its condition `when`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from proxywasm import ConfigError, log

from . import (
    azure,
    bedrock,
    claude,
    converting,
    gemini,
    inference_clouds,
    kling,
    openai,
    openai_compatible,
    qwen,
    self_hosted,
    vertex,
)
from .checking import check
from .row import Provider, Row

ROWS: Final[tuple[Row, ...]] = (
    *openai.ROWS,
    *azure.ROWS,
    *openai_compatible.ROWS,
    *inference_clouds.ROWS,
    *qwen.ROWS,
    *claude.ROWS,
    *gemini.ROWS,
    *vertex.ROWS,
    *bedrock.ROWS,
    *kling.ROWS,
    *self_hosted.ROWS,
    *converting.ROWS,
)  # fmt: skip


def build(document: dict[str, Any], path: str, rows: Sequence[Row] = ROWS, *, log_warnings: bool = True) -> Provider:
    """The provider for a provider object of the configuration, which is at `path`.

    Logs its warnings, unless they have been logged before. Raises `ConfigError` with all errors.
    """
    row, settings, problems = check(document, path, rows)
    wrong = [problem for problem in problems if problem.refuses]
    for problem in problems:
        if not problem.refuses and log_warnings:
            log.warn("%s", problem)
    if row is None or settings is None:
        raise ConfigError("\n".join(map(str, wrong)))
    return Provider.build(row, settings)
