"""OpenAI's models, on OpenAI, Azure and other services that have them."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from .facts import EARLIER, LISTED, REPORTED, Profile, Sampling, Source, Thinking, Vendor

_READ: Final = "2026-11-29"
_REASONING: Final = "https://learn.microsoft.com/en-us/javascript/api/@azure/ai-projects/reasoningeffort"
_CHAT: Final = "https://platform.openai.com/docs/api-reference/chat/create"
_LIMIT: Final = Source("limit_name", _CHAT, _READ, EARLIER)
_SAMPLING: Final = Source("sampling", "https://platform.openai.com/docs/guides/latest-model", _READ, REPORTED)

_5_2: Final = Profile(
    family="gpt-5.2",
    vendor="openai",
    models="gpt-5-[2-9]|gpt-[6-9]",
    thinking=Thinking.EFFORT,
    efforts=("none", "low", "medium", "high", "xhigh"),
    sampling=Sampling.WITHOUT_THINKING,
    limit_name="max_completion_tokens",
    sources=(Source("thinking efforts", _REASONING, _READ), _SAMPLING, _LIMIT),
)
_5_2_PRO: Final = replace(
    _5_2,
    family="gpt-5.2-pro",
    models="(?:gpt-5-[2-9]|gpt-[6-9](?:-\\d)?)-pro",
    efforts=("medium", "high", "xhigh"),
    always_thinks=True,
    thinks_by_default=True,
    sampling=Sampling.REFUSED,
    sources=(
        Source(
            "thinking efforts always_thinks thinks_by_default", "https://platform.openai.com/docs/models", _READ, LISTED
        ),
        _SAMPLING,
        _LIMIT,
    ),
)
_5_CODEX_MAX: Final = replace(
    _5_2_PRO,
    family="gpt-5-codex-max",
    models="gpt-5-(?:1-codex-max|[23]-codex)",
    efforts=("low", "medium", "high", "xhigh"),
)
_5_CODEX: Final = replace(
    _5_CODEX_MAX, family="gpt-5-codex", models="gpt-5-(?:1-)?codex", efforts=("low", "medium", "high")
)
_5_1: Final = replace(_5_2, family="gpt-5.1", models="gpt-5-1", efforts=("none", "low", "medium", "high"))
_5_PRO: Final = replace(_5_2_PRO, family="gpt-5-pro", models="gpt-5-pro", efforts=("high",))
_5_N_CHAT: Final = replace(_5_2_PRO, family="gpt-5.1-chat", models="gpt-5-[1-9]-chat", efforts=("medium",))
_5_CHAT: Final = replace(
    _5_2,
    family="gpt-5-chat",
    models="gpt-5-chat",
    thinking=Thinking.NONE,
    efforts=(),
    sampling=Sampling.ALL,
    sources=(Source("thinking", "https://platform.openai.com/docs/models/gpt-5-chat-latest", _READ, LISTED), _LIMIT),
)
_5: Final = replace(
    _5_2_PRO,
    family="gpt-5",
    models="gpt-5(?!-?\\d)",
    efforts=("minimal", "low", "medium", "high"),
    sources=(
        Source("thinking efforts always_thinks thinks_by_default", _REASONING, _READ),
        _SAMPLING,
        _LIMIT,
    ),
)
_O: Final = replace(_5, family="o-series", models="^o[134](?![a-z0-9])", efforts=("low", "medium", "high"))
_OSS: Final = replace(
    _5,
    family="gpt-oss",
    models="gpt-oss",
    efforts=("low", "medium", "high"),
    sampling=Sampling.ALL,
    limit_name="max_tokens",
    sources=(
        Source(
            "thinking efforts always_thinks thinks_by_default",
            "https://cookbook.openai.com/articles/openai-harmony",
            _READ,
            LISTED,
        ),
    ),
)
_4: Final = Profile(
    family="gpt-4",
    vendor="openai",
    models="gpt-?[34]|chatgpt-4",
    thinking=Thinking.NONE,
    sources=(Source("thinking", "https://platform.openai.com/docs/models", _READ, LISTED),),
)

VENDOR: Final = Vendor(
    "openai",
    "OpenAI",
    re.compile(r"gpt-?\d|gpt-oss|^o[1-9](?![a-z0-9])"),
    (_5_N_CHAT, _5_CHAT, _5_PRO, _5_2_PRO, _5_CODEX_MAX, _5_CODEX, _5_2, _5_1, _5, _O, _OSS, _4),
    _5_2,
)
