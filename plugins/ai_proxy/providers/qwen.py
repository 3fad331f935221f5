"""Qwen (Alibaba Cloud Model Studio, DashScope)."""

from __future__ import annotations

from typing import Final

from proxywasm.config import Not

from ..protocols.dashscope import chat as qwen
from ..protocols.dashscope import dropped as qwen_dropped
from ..protocols.dashscope import embeddings as qwen_embeddings
from ..protocols.dashscope.settings import COMPATIBLE, QwenSettings
from ..protocols.pivot import chat_rules
from ..wire import apis
from .openai import responses
from .row import Addressing, Dialect, Original, Row, of_all_models

# DashScope has asynchronous services and tasks, and an Anthropic endpoint, with both of its chat protocols.
_DASHSCOPE: Final = {
    apis.QWEN_ASYNC: "/api/v1/services/aigc/",
    apis.QWEN_TASKS: "/api/v1/tasks/",
    apis.MESSAGES: "/apps/anthropic/v1/messages",
}

ROWS: Final = (
    Row(
        name="qwen",
        title="Qwen (Alibaba Cloud Model Studio, DashScope)",
        when=COMPATIBLE,
        settings=QwenSettings,
        addressing=Addressing(
            host="dashscope.aliyuncs.com",
            host_setting="qwen_domain",
            # Clients of the original protocol use many services that only their paths distinguish.
            original=Original.KEPT,
            paths={
                apis.CHAT: "/compatible-mode/v1/chat/completions",
                apis.COMPLETIONS: "/compatible-mode/v1/completions",
                apis.EMBEDDINGS: "/compatible-mode/v1/embeddings",
                **responses("/compatible-mode/v1/responses"),
                apis.FILES: "/compatible-mode/v1/files",
                apis.RETRIEVE_FILE: "/compatible-mode/v1/files/{file_id}",
                apis.RETRIEVE_FILE_CONTENT: "/compatible-mode/v1/files/{file_id}/content",
                apis.BATCHES: "/compatible-mode/v1/batches",
                apis.RETRIEVE_BATCH: "/compatible-mode/v1/batches/{batch_id}",
                apis.QWEN_CONVERSATIONS: "/compatible-mode/v1/conversations",
                apis.IMAGE_GENERATION: "/compatible-mode/v1/images/generations",
                apis.QWEN_RERANK: "/compatible-api/v1/reranks",
                apis.COHERE_RERANK: "/compatible-api/v1/reranks",  # The same API under Cohere's name.
                **_DASHSCOPE,
            },
        ),
        dialect=Dialect(
            rules=of_all_models(chat_rules.READS_CACHE_CONTROL),
            # For DashScope's OpenAI-compatible endpoints only the field `stream` selects streaming.
            accept_for_streams=False,
        ),
    ),
    Row(
        name="qwen",
        when=Not(COMPATIBLE),
        settings=QwenSettings,
        addressing=Addressing(
            host="dashscope.aliyuncs.com",
            host_setting="qwen_domain",
            original=Original.KEPT,
            paths={
                apis.CHAT: "/api/v1/services/aigc/text-generation/generation",
                apis.EMBEDDINGS: "/api/v1/services/embeddings/text-embedding/text-embedding",
                apis.QWEN_RERANK: "/api/v1/services/rerank/text-rerank/text-rerank",
                **_DASHSCOPE,
            },
        ),
        dialect=Dialect(
            rules=of_all_models(chat_rules.READS_CACHE_CONTROL),
            accept_for_streams=False,  # The protocol sets `accept`; DashScope requires */* without streaming.
            protocols={apis.CHAT: qwen, apis.EMBEDDINGS: qwen_embeddings},
            dropped={apis.CHAT: qwen_dropped.CHAT, apis.EMBEDDINGS: qwen_dropped.EMBEDDINGS},
            reasoning_modes=True,
        ),
    ),
)
