"""What services offer beyond the APIs of their rows, for docs/providers.md. The plugin does not need it."""

from __future__ import annotations

from typing import Final, NamedTuple


class Lacking(NamedTuple):
    """APIs of a service that ai-proxy does not have."""

    what: str
    why: str
    source: str
    """Where they are documented; read in November 2026."""


_OWN: Final = "it has a protocol of its own, which nothing is converted to yet"
_NO_PATH: Final = "OpenAI's API has no such path; `capabilities` cannot add it"
_SDK: Final = "https://github.com"

LACKING: Final[dict[str, tuple[Lacking, ...]]] = {
    "bedrock": (
        Lacking("embeddings of images, audio and video", "OpenAI's API has embeddings of texts only",
                "https://docs.aws.amazon.com/nova/latest/userguide/embeddings-schema.html"),
        Lacking("counting tokens, guardrails, asynchronous calls", _NO_PATH,
                f"{_SDK}/boto/botocore/blob/1.44.8/botocore/data/bedrock-runtime/2023-09-30/service-2.json.gz"),
    ),
    "claude": (
        Lacking("batches of messages", _OWN, f"{_SDK}/anthropics/anthropic-sdk-python/blob/v2.14.0/api.md"),
    ),
    "cohere": (
        Lacking("version 2 of rerank", "version 1 takes the same requests",
                f"{_SDK}/cohere-ai/cohere-python/blob/7.3.1/src/cohere/v2"),
        Lacking("tokenizing, classifying, data sets, jobs for embeddings", _NO_PATH,
                f"{_SDK}/cohere-ai/cohere-python/blob/7.3.1/src/cohere/base_client.py"),
    ),
    "fireworks": (
        Lacking("rerank, images, transcription", "their paths are unverified; `capabilities` can add them",
                f"{_SDK}/BerriAI/litellm/blob/v1.110.2/provider_endpoints_support.json"),
    ),
    "gemini": (
        Lacking("files, batches, cached contents, interactions, live sessions", _OWN,
                f"{_SDK}/googleapis/python-genai/tree/v3.6.1/google/genai"),
    ),
    "grok": (
        Lacking("files, collections, batches", "its protocol for them is gRPC", f"{_SDK}/xai-org/xai-sdk-python"),
    ),
    "minimax": (
        Lacking("speech and videos", _OWN, f"{_SDK}/BerriAI/litellm/blob/v1.110.2/provider_endpoints_support.json"),
    ),
    "mistral": (
        Lacking("speech, voices", "its path is OpenAI's, but answers are JSON with the audio in base64",
                f"{_SDK}/mistralai/client-python/blob/v3.7.0/src/mistralai/client/speech.py"),
        Lacking("OCR, batches, completions in the middle, agents", _NO_PATH,
                f"{_SDK}/mistralai/client-python/tree/v3.7.0"),
    ),
    "openrouter": (
        Lacking("speech, transcription, images and videos", "their documents are not OpenAI's",
                f"{_SDK}/OpenRouterTeam/python-sdk"),
    ),
    "qwen": (
        Lacking("speech, images and videos", "clients reach them with DashScope's own paths only",
                f"{_SDK}/dashscope/dashscope-sdk-python"),
    ),
    "together-ai": (
        Lacking("speech", "refused as in the original; `capabilities` can add it",
                f"{_SDK}/togethercomputer/together-py/blob/v3.1.1/api.md"),
        Lacking("files, fine-tuning, batches, videos", "their paths are not OpenAI's",
                f"{_SDK}/togethercomputer/together-py/blob/v3.1.1/api.md"),
    ),
    "zhipuai": (
        Lacking("single files and batches, videos, voices, moderation, parsing of documents", _OWN,
                f"{_SDK}/zai-org/z-ai-sdk-python/tree/v0.2.3/src/zai/api_resource"),
    ),
}  # fmt: skip
"""By `type`."""
