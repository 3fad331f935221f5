"""The table of providers. A row says how a model service differs from the plain case; what it cannot say is a codec.

To add a provider: add a row to one of the modules here. Where several rows have one name, `when` tells which setting
selects one.
"""

from __future__ import annotations

from typing import Any, Final

from proxywasm import ConfigError

from ..jsonx import type_name
from ..provider import Provider, Row
from ..schema import read
from . import azure, bedrock, claude, converting, gemini, kling, openai, openai_compatible, qwen, self_hosted, vertex

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


def build(document: dict[str, Any], path: str, rows: tuple[Row, ...] = ROWS) -> Provider:
    """The provider that a provider object of the configuration describes. Raises `ConfigError`."""
    name = document.get("type")
    if name is None or name == "":
        raise ConfigError(f"{path}.type: is required: which model service this is")
    if not isinstance(name, str):
        raise ConfigError(f"{path}.type: must be a string, got {type_name(name)}")
    candidates = [row for row in rows if row.name == name]
    if not candidates:
        known = ", ".join(sorted({row.name for row in rows}))
        raise ConfigError(f'{path}.type: unknown provider "{name}"; known are: {known}')
    settings = read(candidates[0].settings, document, path)
    row = next(row for row in candidates if row.when is None or getattr(settings, row.when[0]) == row.when[1])
    return Provider.build(row, settings, path)
