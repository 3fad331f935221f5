"""Services that offer the models of others with OpenAI's protocol, and gateways to such services."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ..config.settings import DatabricksSettings
from ..wire import apis
from .openai import PATHS
from .row import Addressing, Original, Row


def _below(base: str, *names: str) -> Mapping[str, str]:
    """OpenAI's paths with another beginning than `/v1`."""
    return {api: base + PATHS[api].removeprefix("/v1") for api in names}


_RERANK: Final = {apis.COHERE_RERANK: "/v1/rerank"}

ROWS: Final = (
    # Source: inference-docs.cerebras.ai, "API Reference".
    Row(
        name="cerebras",
        title="Cerebras",
        addressing=Addressing(
            host="api.cerebras.ai",
            paths=_below("/v1", apis.CHAT, apis.COMPLETIONS, apis.MODELS),
            original=Original.KNOWN_APIS,
        ),
    ),
    # Source: docs.databricks.com, "Foundation model REST API reference", "Query with the OpenAI Responses API". Its
    # list of endpoints is not OpenAI's list of models, so the models of `modelMapping` are listed.
    Row(
        name="databricks",
        title="Databricks Model Serving",
        settings=DatabricksSettings,
        addressing=Addressing(
            host="",
            host_setting="databricks_host",
            paths=_below("/serving-endpoints", apis.CHAT, apis.COMPLETIONS, apis.EMBEDDINGS, apis.RESPONSES),
            original=Original.KEPT,
        ),
    ),
    # Source: deepinfra.com/docs, "OpenAI API". Unverified: models, images and audio, which rest on clients of the
    # service in public repositories.
    Row(
        name="deepinfra",
        title="DeepInfra",
        addressing=Addressing(
            host="api.deepinfra.com",
            paths=_below(
                "/v1/openai", apis.CHAT, apis.COMPLETIONS, apis.EMBEDDINGS, apis.MODELS, apis.IMAGE_GENERATION,
                apis.AUDIO_SPEECH, apis.AUDIO_TRANSCRIPTION,
            ),
            original=Original.KEPT,
        ),
    ),
    # Source: huggingface.co/docs/inference-providers, "Chat Completion", "Responses API (beta)". Unverified: models,
    # which rests on clients of the service in public repositories.
    Row(
        name="huggingface",
        title="Hugging Face Inference Providers",
        addressing=Addressing(
            host="router.huggingface.co",
            paths=_below("/v1", apis.CHAT, apis.RESPONSES, apis.MODELS),
            original=Original.KNOWN_APIS,
        ),
    ),
    # Source: docs.hyperbolic.ai, "Text Generation APIs". Images and audio have a protocol of their own. Unverified:
    # completions and models, which rest on descriptions by others.
    Row(
        name="hyperbolic",
        title="Hyperbolic",
        addressing=Addressing(
            host="api.hyperbolic.xyz",
            paths=_below("/v1", apis.CHAT, apis.COMPLETIONS, apis.MODELS),
            original=Original.KNOWN_APIS,
        ),
    ),
    # Source: docs.tokenfactory.nebius.com, "API reference". Unverified: models and images, which rest on clients of
    # the service in public repositories.
    Row(
        name="nebius",
        title="Nebius Token Factory",
        addressing=Addressing(
            host="api.tokenfactory.nebius.com",
            paths=_below(
                "/v1", apis.CHAT, apis.COMPLETIONS, apis.EMBEDDINGS, apis.MODELS, apis.IMAGE_GENERATION
            ),
            original=Original.KNOWN_APIS,
        ),
    ),
    # Source: novita.ai/docs, "LLM API", "Create rerank".
    Row(
        name="novita",
        title="Novita AI",
        addressing=Addressing(
            host="api.novita.ai",
            paths={
                **_below("/openai/v1", apis.CHAT, apis.COMPLETIONS, apis.EMBEDDINGS, apis.MODELS),
                apis.COHERE_RERANK: "/openai/v1/rerank",
            },
            original=Original.KEPT,
        ),
    ),
    # Source: build.nvidia.com, "Authenticate and connect to NVIDIA NIM APIs"; docs.nvidia.com, "NIM LLM API Reference",
    # which also describes one's own NIM, with `providerDomain`. Reranking has another host and protocol.
    Row(
        name="nvidia",
        title="NVIDIA NIM",
        addressing=Addressing(
            host="integrate.api.nvidia.com",
            paths=_below("/v1", apis.CHAT, apis.COMPLETIONS, apis.EMBEDDINGS, apis.MODELS),
            original=Original.KNOWN_APIS,
        ),
    ),
    # Source: docs.perplexity.ai, "OpenAI Compatibility" of Sonar (chats have no version in their path) and of the Agent
    # API. Unverified: embeddings, which rest on clients of the service.
    Row(
        name="perplexity",
        title="Perplexity",
        addressing=Addressing(
            host="api.perplexity.ai",
            paths={**_below("/v1", apis.RESPONSES, apis.EMBEDDINGS), apis.CHAT: "/chat/completions"},
            original=Original.KEPT,
        ),
    ),
    # Source: docs.sambanova.ai, "API Reference", "OpenAI compatibility". Unverified: translations, which rest on the
    # service's Python SDK.
    Row(
        name="sambanova",
        title="SambaNova",
        addressing=Addressing(
            host="api.sambanova.ai",
            paths=_below(
                "/v1", apis.CHAT, apis.COMPLETIONS, apis.EMBEDDINGS, apis.RESPONSES, apis.AUDIO_TRANSCRIPTION,
                apis.AUDIO_TRANSLATION, apis.MODELS,
            ),
            original=Original.KNOWN_APIS,
        ),
    ),
    # Source: docs.siliconflow.cn, "API reference" (audio, files, batches). Unverified: the other APIs, which rest on
    # clients and descriptions by others. The international site is api.siliconflow.com, for `providerDomain`.
    Row(
        name="siliconflow",
        title="SiliconFlow",
        addressing=Addressing(
            host="api.siliconflow.cn",
            paths={
                **_below(
                    "/v1", apis.CHAT, apis.EMBEDDINGS, apis.IMAGE_GENERATION, apis.AUDIO_SPEECH,
                    apis.AUDIO_TRANSCRIPTION, apis.FILES, apis.BATCHES, apis.RETRIEVE_BATCH, apis.CANCEL_BATCH,
                    apis.MODELS,
                ),
                **_RERANK,
            },
            original=Original.KNOWN_APIS,
        ),
    ),
    # Source: vercel.com/docs/ai-gateway, "OpenAI Chat Completions API", "OpenAI Responses API". With its own Anthropic
    # endpoint nothing is converted, and the same credential is accepted ("Anthropic Messages API").
    Row(
        name="vercel",
        title="Vercel AI Gateway",
        addressing=Addressing(
            host="ai-gateway.vercel.sh",
            paths={
                **_below("/v1", apis.CHAT, apis.EMBEDDINGS, apis.RESPONSES, apis.MODELS),
                apis.MESSAGES: "/v1/messages",
            },
            original=Original.KNOWN_APIS,
        ),
    ),
)  # fmt: skip
