"""Moonshot's Kimi."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from .facts import AGENTSCOPE, LISTED, REPORTED, TRIED, Profile, Reasoning, Sampling, Source, Thinking, Vendor

_READ: Final = "2026-11-29"

_CLIENT: Final = "https://github.com/pydantic/pydantic-ai/blob/v2.68.0/pydantic_ai_slim/pydantic_ai"
_KIMI_CLIENT: Final = f"{_CLIENT}/providers/moonshotai.py"
_KIMI_PARAMETERS: Final = "https://platform.kimi.ai/docs/api/models-overview"
_KIMI_THINKING: Final = "https://platform.kimi.ai/docs/guide/use-kimi-k2-thinking-model"
_TENCENT: Final = "https://intl.cloud.tencent.com/document/product/1300/80635"
_KIMI_FORCED: Final = Source(
    "forced_tools", "https://platform.moonshot.ai/docs/guide/migrating-from-openai-to-kimi", _READ, by=TRIED
)

_K3: Final = Profile(
    family="kimi-k3",
    vendor="kimi",
    models="kimi-k[3-9]",
    thinking=Thinking.EFFORT,
    efforts=("low", "high", "max"),
    always_thinks=True,
    thinks_by_default=True,
    sampling=Sampling.REFUSED,
    refused=frozenset({"presence_penalty", "frequency_penalty"}),
    forced_tools=False,
    reasoning=Reasoning.REQUIRED,
    sources=(
        Source("thinking efforts always_thinks thinks_by_default", _KIMI_CLIENT, _READ, by=TRIED),
        _KIMI_FORCED,
        Source("sampling refused", "https://java.agentscope.io/v2/en/integration/model/kimi", _READ, by=AGENTSCOPE),
        Source("reasoning", "https://github.com/earendil-works/pi", _READ, by="the catalogue of a public client"),
    ),
)
_K2_7: Final = replace(
    _K3,
    family="kimi-k2.7",
    models="kimi-k2-[7-9]",
    thinking=Thinking.ALWAYS,
    efforts=(),
    sources=(
        Source("thinking always_thinks thinks_by_default reasoning", _KIMI_THINKING, _READ),
        *_K3.sources[1:3],
    ),
)
_K2_5: Final = replace(
    _K2_7,
    family="kimi-k2.5",
    models="kimi-k2-[56]",
    thinking=Thinking.SWITCH,
    off="disabled",
    always_thinks=False,
    sources=(
        Source("thinking off thinks_by_default", _KIMI_THINKING, _READ),
        Source("sampling refused", _KIMI_PARAMETERS, _READ),
        Source("reasoning", _TENCENT, _READ, by="the page of Tencent Cloud, which serves these models"),
        _KIMI_FORCED,
    ),
)
_K2_THINKING: Final = replace(
    _K2_7,
    family="kimi-k2-thinking",
    models="kimi-k2-thinking",
    sampling=Sampling.ALL,
    most_temperature=1.0,
    refused=frozenset(),
    sources=(
        Source("thinking always_thinks thinks_by_default", _KIMI_THINKING, _READ),
        Source("sampling", _KIMI_PARAMETERS, _READ),
        Source("most_temperature", _KIMI_PARAMETERS, _READ, LISTED),
        Source("reasoning", _KIMI_THINKING, _READ, REPORTED),
        _KIMI_FORCED,
    ),
)
_K2: Final = replace(
    _K3,
    family="kimi-k2",
    models="kimi-(?:k2|latest)|moonshot",
    thinking=Thinking.NONE,
    efforts=(),
    always_thinks=False,
    thinks_by_default=False,
    sampling=Sampling.ALL,
    most_temperature=1.0,
    refused=frozenset(),
    reasoning=Reasoning.UNUSED,
    sources=(
        Source("thinking", f"{_CLIENT}/profiles/moonshotai.py", _READ, by=TRIED),
        _KIMI_FORCED,
        Source("most_temperature", _KIMI_PARAMETERS, _READ, LISTED),
    ),
)

VENDOR: Final = Vendor(
    "kimi", "Kimi (Moonshot AI)", re.compile("kimi|moonshot"), (_K2_THINKING, _K3, _K2_7, _K2_5, _K2), _K3
)
