"""MiniMax's models."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from .facts import AGENTSCOPE, Profile, Reasoning, Source, Thinking, Vendor

_READ: Final = "2026-11-29"

_GUIDE: Final = "https://platform.minimax.io/docs/guides/text-generation"
_OPENAI: Final = "https://platform.minimax.io/docs/api-reference/text-openai-api"
_AGENTS: Final = "https://java.agentscope.io/v2/en/integration/model/minimax"
_REASONING: Final = Source("reasoning", _OPENAI, _READ)
_TEMPERATURE: Final = Source("most_temperature least_temperature", _OPENAI, _READ)
_BAILIAN: Final = "https://help.aliyun.com/zh/model-studio/minimax-m3-1-flash"
_M3_1: Final = Profile(
    family="minimax-m3.1",
    vendor="minimax",
    models="minimax-m3-[1-9]|minimax-m[4-9]",
    thinking=Thinking.EFFORT,
    efforts=("low", "medium", "high", "xhigh", "max"),
    always_thinks=True,
    thinks_by_default=True,
    most_temperature=1.0,
    least_temperature=0.01,  # It refuses 0.
    forced_tools=False,
    reasoning=Reasoning.USED,
    sources=(
        Source("thinking efforts thinks_by_default", _GUIDE, _READ),
        Source("always_thinks forced_tools", _BAILIAN, _READ, by="the page of Alibaba Cloud, where MiniMax serves it"),
        _REASONING,
        _TEMPERATURE,
    ),
)
_M3: Final = replace(
    _M3_1,
    family="minimax-m3",
    models="minimax-m3",
    thinking=Thinking.SWITCH,
    efforts=(),
    on="adaptive",
    off="disabled",
    always_thinks=False,
    forced_tools=True,
    sources=(
        Source("thinking on off thinks_by_default", _AGENTS, _READ, by=AGENTSCOPE),
        _REASONING,
        _TEMPERATURE,
    ),
)
_M2: Final = replace(
    _M3,
    family="minimax-m2",
    models="minimax-m2",
    thinking=Thinking.ALWAYS,
    on="enabled",
    off="",
    always_thinks=True,
    sources=(
        Source("thinking always_thinks thinks_by_default", _AGENTS, _READ, by=AGENTSCOPE),
        _REASONING,
        _TEMPERATURE,
    ),
)

VENDOR: Final = Vendor("minimax", "MiniMax", re.compile("minimax-m"), (_M3_1, _M3, _M2), _M3_1)
