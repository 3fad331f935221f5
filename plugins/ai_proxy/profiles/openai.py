"""OpenAI's models, on OpenAI, Azure and other services that have them."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from .facts import REPORTED, TRIED, Profile, Sampling, Source, Thinking, Vendor

_READ: Final = "2026-11-29"
_CLIENT: Final = "https://github.com/pydantic/pydantic-ai/blob/v2.68.0/pydantic_ai_slim/pydantic_ai/profiles/openai.py"
_AZURE: Final = "https://learn.microsoft.com/en-us/javascript/api/@azure/ai-projects/reasoningeffort"
_SDK: Final = "https://github.com/openai/openai-python/blob/v3.57.0/src/openai/types/chat/completion_create_params.py"
_LIMIT: Final = Source("limit_name", _SDK, _READ)
_SAMPLING: Final = Source("sampling", _CLIENT, _READ, by=TRIED)
_LIVE: Final = "https://github.com/bolna-ai/bolna/pull/1019"
_STOP: Final = Source("refused", "https://github.com/huggingface/smolagents/issues/1671", _READ, REPORTED)
_REFUSED: Final = (Source("refused", _CLIENT, _READ, by=TRIED), _STOP)
"""The client's authors did not try `stop`."""
_TOOLS: Final = Source("chat_tools_with_thinking", _LIVE, _READ, by=TRIED)
_ALWAYS: Final = "thinking efforts always_thinks thinks_by_default"
_MODELS: Final = "https://developers.openai.com/api/docs/models"
_CATALOGUE: Final = "the catalogue in OpenAI's Codex CLI 0.171.0, which leaves out `none`"
_CODEX: Final = "https://github.com/openai/codex"
_WHILE_THINKING: Final = frozenset(
    {"presence_penalty", "frequency_penalty", "logit_bias", "logprobs", "top_logprobs", "stop"}
)
"""What reasoning models refuse beside `temperature` and `top_p`, while they think."""

_6_ASTRA: Final = Profile(
    family="gpt-6-astra",
    vendor="openai",
    models="gpt-[6-9]",
    thinking=Thinking.EFFORT,
    efforts=("low", "medium", "high", "xhigh", "max"),
    always_thinks=True,
    thinks_by_default=True,
    sampling=Sampling.REFUSED,
    refused=_WHILE_THINKING,
    limit_name="max_completion_tokens",
    chat_tools_with_thinking=False,
    sources=(
        Source(_ALWAYS, _CLIENT, _READ, by=TRIED),
        Source("chat_tools_with_thinking refused", _LIVE, _READ, by=TRIED),
        _SAMPLING,
        *_REFUSED,
        _LIMIT,
    ),
)
_6: Final = replace(
    _6_ASTRA,
    family="gpt-6",
    models="gpt-6-(?:sol|luna)(?!-pro)|gpt-6-1-terra(?!-pro)",
    efforts=("none", "low", "medium", "high", "xhigh", "max"),
    always_thinks=False,
    sampling=Sampling.WITHOUT_THINKING,
    sources=(
        Source("thinking thinks_by_default", _CLIENT, _READ, by=TRIED),
        Source("efforts chat_tools_with_thinking", f"{_MODELS}/gpt-6-sol", _READ),
        _SAMPLING,
        *_REFUSED,
        _LIMIT,
    ),
)
_5_6: Final = replace(
    _6,
    family="gpt-5.6",
    models="gpt-5-[6-9]",
    sources=(
        Source("thinking thinks_by_default", _CLIENT, _READ, by=TRIED),
        Source("efforts", _CODEX, _READ, by=_CATALOGUE),
        Source("chat_tools_with_thinking", "https://github.com/BerriAI/litellm/pull/34569", _READ, by=TRIED),
        _SAMPLING,
        *_REFUSED,
        _LIMIT,
    ),
)
_5_5: Final = replace(
    _6,
    family="gpt-5.5",
    models="gpt-5-5",
    efforts=("none", "low", "medium", "high", "xhigh"),
    sources=(
        Source("thinking thinks_by_default", _CLIENT, _READ, by=TRIED),
        Source("efforts", _CODEX, _READ, by=_CATALOGUE),
        _TOOLS,
        _SAMPLING,
        *_REFUSED,
        _LIMIT,
    ),
)
_5_4: Final = replace(
    _5_5,
    family="gpt-5.4",
    models="gpt-5-4",
    thinks_by_default=False,
    sources=(
        Source("thinking efforts", _AZURE, _READ),
        _TOOLS,
        _SAMPLING,
        *_REFUSED,
        _LIMIT,
    ),
)
_5_2: Final = replace(
    _5_4,
    family="gpt-5.2",
    models="gpt-5-[23]",
    chat_tools_with_thinking=True,
    sources=(Source("thinking efforts", _AZURE, _READ), _SAMPLING, *_REFUSED, _LIMIT),
)
_5_2_PRO: Final = replace(
    _5_2,
    family="gpt-5.2-pro",
    models="gpt-5-[2-9]-pro",
    efforts=("medium", "high", "xhigh"),
    always_thinks=True,
    thinks_by_default=True,
    sampling=Sampling.REFUSED,
    sources=(Source(_ALWAYS, _CLIENT, _READ, by=TRIED), _SAMPLING, *_REFUSED, _LIMIT),
)
_5_CODEX_MAX: Final = replace(
    _5_2_PRO,
    family="gpt-5-codex-max",
    models="gpt-5-(?:1-codex-max|2-codex)",
    efforts=("low", "medium", "high", "xhigh"),
    sources=(
        Source("thinking always_thinks thinks_by_default", _CLIENT, _READ, by=TRIED),
        Source("efforts", f"{_CODEX}/pull/7449", _READ),
        _SAMPLING,
        *_REFUSED,
        _LIMIT,
    ),
)
_5_CODEX: Final = replace(
    _5_CODEX_MAX,
    family="gpt-5-codex",
    models="gpt-5-(?:1-)?codex",
    efforts=("low", "medium", "high"),
    sources=(
        Source("thinking always_thinks thinks_by_default", _CLIENT, _READ, by=TRIED),
        Source(
            "efforts",
            f"{_CODEX}/blob/47256ede15002e3fd10f7e7653d37716df25689a/codex-rs/common/src/model_presets.rs",
            _READ,
        ),
        _SAMPLING,
        *_REFUSED,
        _LIMIT,
    ),
)
_5_1: Final = replace(_5_2, family="gpt-5.1", models="gpt-5-1", efforts=("none", "low", "medium", "high"))
_5_PRO: Final = replace(_5_2_PRO, family="gpt-5-pro", models="gpt-5-pro", efforts=("high",))
_5_N_CHAT: Final = replace(_5_2_PRO, family="gpt-5.1-chat", models="gpt-5-[1-9]-chat|^chat-latest", efforts=("medium",))
_5_CHAT: Final = replace(
    _5_2,
    family="gpt-5-chat",
    models="gpt-5-chat",
    thinking=Thinking.NONE,
    efforts=(),
    sampling=Sampling.ALL,
    refused=frozenset(),
    sources=(Source("thinking", _CLIENT, _READ, by=TRIED), _LIMIT),
)
_5: Final = replace(_5_2_PRO, family="gpt-5", models="gpt-5(?!-?\\d)", efforts=("minimal", "low", "medium", "high"))
_O: Final = replace(
    _5,
    family="o-series",
    models="^o[134](?![a-z0-9])",
    efforts=("low", "medium", "high"),
    sources=(*_5.sources, Source("refused", _SDK, _READ)),
)
_O_EARLIER: Final = replace(
    _O,
    family="o3-mini",
    models="^o1(?![a-z0-9])|^o3-mini",
    # OpenAI's reference excludes `stop` for o3 and o4-mini only.
    refused=_WHILE_THINKING - {"stop"},
    sources=tuple(source for source in _O.sources if source is not _STOP),
)
_OSS: Final = replace(
    _5,
    family="gpt-oss",
    models="gpt-oss",
    efforts=("low", "medium", "high"),
    sampling=Sampling.ALL,
    refused=frozenset(),
    limit_name="max_tokens",
    sources=(Source(_ALWAYS, "https://github.com/openai/gpt-oss/blob/7b58334/README.md", _READ),),
)
_4: Final = Profile(
    family="gpt-4",
    vendor="openai",
    models="gpt-?[34]|chatgpt-4",
    thinking=Thinking.NONE,
    sources=(Source("thinking", _CLIENT, _READ, by=TRIED),),
)

VENDOR: Final = Vendor(
    "openai",
    "OpenAI",
    re.compile(r"gpt-?\d|gpt-oss|^chat-latest|^o[1-9](?![a-z0-9])"),
    (
        *(_6, _6_ASTRA, _5_N_CHAT, _5_CHAT, _5_PRO, _5_2_PRO, _5_CODEX_MAX, _5_CODEX),
        *(_5_6, _5_5, _5_4, _5_2, _5_1, _5, _O_EARLIER, _O, _OSS, _4),
    ),
    _6_ASTRA,
)
