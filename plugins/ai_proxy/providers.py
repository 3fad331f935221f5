"""The table of providers. A row says how a model service differs from the plain case; what it cannot say is a codec.

To add a provider: add a row. Where several rows have one name, `when` tells which setting selects one.
"""

from __future__ import annotations

from typing import Any, Final

from proxywasm import ConfigError

from . import apis
from .codecs import qwen, qwen_embeddings
from .jsonx import type_name
from .provider import Provider, Row
from .schema import read
from .settings import QwenSettings

# DashScope has its asynchronous services and tasks, and an Anthropic endpoint, beside either of its two chat protocols.
_DASHSCOPE: Final = {
    apis.QWEN_ASYNC: "/api/v1/services/aigc/",
    apis.QWEN_TASKS: "/api/v1/tasks/",
    apis.MESSAGES: "/apps/anthropic/v1/messages",
}

ROWS: Final = (
    Row(
        name="qwen",
        when=("qwen_enable_compatible", True),
        host="dashscope.aliyuncs.com",
        host_setting="qwen_domain",
        settings=QwenSettings,
        # DashScope's OpenAI-compatible endpoints stream by the body's `stream` alone.
        accept_for_streams=False,
        # Clients of the original protocol use many services that are told apart by path only.
        original_keeps_path=True,
        paths={
            apis.CHAT: "/compatible-mode/v1/chat/completions",
            apis.COMPLETIONS: "/compatible-mode/v1/completions",
            apis.EMBEDDINGS: "/compatible-mode/v1/embeddings",
            apis.RESPONSES: "/compatible-mode/v1/responses",
            apis.FILES: "/compatible-mode/v1/files",
            apis.RETRIEVE_FILE: "/compatible-mode/v1/files/{file_id}",
            apis.RETRIEVE_FILE_CONTENT: "/compatible-mode/v1/files/{file_id}/content",
            apis.BATCHES: "/compatible-mode/v1/batches",
            apis.RETRIEVE_BATCH: "/compatible-mode/v1/batches/{batch_id}",
            apis.QWEN_CONVERSATIONS: "/compatible-mode/v1/conversations",
            apis.QWEN_RERANK: "/compatible-api/v1/reranks",
            **_DASHSCOPE,
        },
    ),
    Row(
        name="qwen",
        when=("qwen_enable_compatible", False),
        host="dashscope.aliyuncs.com",
        host_setting="qwen_domain",
        settings=QwenSettings,
        accept_for_streams=False,  # The codec sets it; DashScope wants */* when nothing is streamed.
        original_keeps_path=True,
        paths={
            apis.CHAT: "/api/v1/services/aigc/text-generation/generation",
            apis.EMBEDDINGS: "/api/v1/services/embeddings/text-embedding/text-embedding",
            apis.QWEN_RERANK: "/api/v1/services/rerank/text-rerank/text-rerank",
            **_DASHSCOPE,
        },
        codecs={apis.CHAT: qwen, apis.EMBEDDINGS: qwen_embeddings},
    ),
)


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
