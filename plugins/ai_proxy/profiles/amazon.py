"""Amazon's models, on AWS Bedrock."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from .facts import Embedding, Profile, Source, Thinking, Vendor

_READ: Final = "2026-11-29"

_NOVA_THINKING: Final = "https://docs.aws.amazon.com/nova/latest/nova2-userguide/reasoning-capabilities.html"
_NOVA_PAGE: Final = "https://docs.aws.amazon.com/nova/latest/nova2-userguide/extended-thinking.html"
_NOVA_CLIENT: Final = (
    "https://github.com/langchain-ai/langchain-aws/blob/langchain-aws%3D%3D1.9.1"
    "/libs/aws/langchain_aws/chat_models/bedrock_converse.py"
)
# The range of the Converse API, whatever the model.
_TEMPERATURE: Final = Source(
    "most_temperature",
    "https://github.com/boto/botocore/blob/1.44.8/botocore/data/bedrock-runtime/2023-09-30/service-2.json",
    _READ,
)
_NOVA_CACHE: Final = Source(
    "cache_points", "https://docs.aws.amazon.com/bedrock/latest/userguide/prompt-caching.html", _READ
)
_NOVA_2: Final = Profile(
    family="nova-2",
    vendor="nova",
    models="nova-[2-9]",
    thinking=Thinking.EFFORT,
    efforts=("low", "medium", "high"),
    unlimited_effort="high",
    most_temperature=1.0,
    cache_points=frozenset({"system", "messages"}),
    sources=(
        Source("thinking", _NOVA_THINKING, _READ),
        Source("efforts", _NOVA_PAGE, _READ),
        Source("unlimited_effort", _NOVA_CLIENT, _READ, by="the code of LangChain's client for AWS"),
        _TEMPERATURE,
        _NOVA_CACHE,
    ),
)
_NOVA_1: Final = replace(
    _NOVA_2,
    family="nova",
    models="nova",
    thinking=Thinking.NONE,
    efforts=(),
    unlimited_effort="",
    sources=(Source("thinking", _NOVA_PAGE, _READ), _TEMPERATURE, _NOVA_CACHE),
)

_NOVA_EMBED: Final = Profile(
    family="nova-embeddings",
    vendor="nova",
    models="nova.*-embeddings",
    embedding=Embedding.NOVA,
    sources=(Source("embedding", "https://docs.aws.amazon.com/nova/latest/userguide/embeddings-schema.html", _READ),),
)

_TITAN_PAGE: Final = "https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-embed-text.html"
_TITAN: Final = Profile(
    family="titan-embed",
    vendor="titan",
    models="titan-embed-text-v[2-9]",
    embedding=Embedding.TITAN,
    sources=(Source("embedding", _TITAN_PAGE, _READ),),
)
_TITAN_FIRST: Final = replace(
    _TITAN, family="titan-embed-g1", models="titan-embed-(?:text-v1|g1)", embedding=Embedding.TITAN_FIRST
)
_TITAN_IMAGE: Final = replace(
    _TITAN,
    family="titan-embed-image",
    models="titan-embed-image",
    embedding=Embedding.TITAN_IMAGE,
    sources=(
        Source(
            "embedding",
            "https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-embed-mm.html",
            _READ,
        ),
    ),
)

VENDORS: Final = (
    Vendor("nova", "Nova (Amazon)", re.compile("nova-"), (_NOVA_EMBED, _NOVA_2, _NOVA_1), _NOVA_2),
    Vendor(
        "titan", "Titan Embeddings (Amazon)", re.compile("titan-embed"), (_TITAN_FIRST, _TITAN_IMAGE, _TITAN), _TITAN
    ),
)
