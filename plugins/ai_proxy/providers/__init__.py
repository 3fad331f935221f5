"""The table of providers. A row says how a model service differs from the plain case; for what it cannot say, it names
a service protocol.

To add a provider: add a row to one of the modules here; docs/adding-a-provider.md walks through it. Where several rows
have one name, `when` tells which of them the settings select.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from proxywasm import ConfigError, log

from . import azure, bedrock, claude, converting, gemini, kling, openai, openai_compatible, qwen, self_hosted, vertex
from .checking import check
from .row import Provider, Row

ROWS: Final[tuple[Row, ...]] = (
    *openai.ROWS,
    *azure.ROWS,
    *openai_compatible.ROWS,
    *qwen.ROWS,
    *claude.ROWS,
    *gemini.ROWS,
    *vertex.ROWS,
    *bedrock.ROWS,
    *kling.ROWS,
    *self_hosted.ROWS,
    *converting.ROWS,
)  # fmt: skip


def build(document: dict[str, Any], path: str, rows: Sequence[Row] = ROWS, *, told: bool = False) -> Provider:
    """The provider that a provider object of the configuration describes; `path` is where it stands there.

    What is odd about it goes to the log, unless it has been `told` before. Raises `ConfigError` with all that is wrong.
    """
    row, settings, problems = check(document, path, rows)
    wrong = [problem for problem in problems if problem.refuses]
    for problem in problems:
        if not problem.refuses and not told:
            log.warn("%s", problem)
    if row is None or settings is None:
        raise ConfigError("\n".join(map(str, wrong)))
    return Provider.build(row, settings)
