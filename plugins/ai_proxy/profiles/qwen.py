"""Alibaba's Qwen, on DashScope and other services that have it."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from .facts import EARLIER, LISTED, TESTED, Profile, Reasoning, Source, Thinking, Vendor

_READ: Final = "2026-11-29"

_QWEN_THINKING: Final = "https://help.aliyun.com/zh/model-studio/deep-thinking"
_VISUAL: Final = "https://help.aliyun.com/en/model-studio/visual-reasoning"
_MULTIMODAL: Final = Source(
    "multimodal_endpoint", "https://help.aliyun.com/zh/model-studio/qwen-api-via-dashscope", _READ
)
_REASONING: Final = Source("reasoning", _QWEN_THINKING, _READ, LISTED)
_QWEN_3: Final = Profile(
    family="qwen3",
    vendor="qwen",
    # A name without a version, such as `qwen-plus` or `qwen-deep-research`, is of a text model.
    models="qwen-?3|qwen(?!-?\\d)",
    thinking=Thinking.BUDGET,
    reasoning=Reasoning.USED,
    sources=(Source("thinking", _QWEN_THINKING, _READ), _REASONING),
)
_QWEN_3_5: Final = replace(
    _QWEN_3,
    family="qwen3.5",
    models="qwen-?3-(?:5|[67]-(?:plus|flash|\\d))",
    thinks_by_default=True,
    multimodal_endpoint=True,
    sources=(
        Source("thinking thinks_by_default", _VISUAL, _READ),
        Source("multimodal_endpoint", _QWEN_THINKING, _READ),
        _REASONING,
    ),
)
_QWEN_3_8: Final = replace(
    _QWEN_3_5,
    family="qwen3.8",
    models="qwen-?3-[89]|qwen-?[4-9]",
    sources=(
        Source(
            "thinking thinks_by_default multimodal_endpoint reasoning",
            "https://docs.apiyi.com/en/api-capabilities/qwen-3-8/overview",
            _READ,
            TESTED,
        ),
    ),
)
_QWEN_THINKER: Final = replace(
    _QWEN_3,
    family="qwq",
    models="qwq|qwen.*-thinking",
    always_thinks=True,
    thinks_by_default=True,
    sources=(Source("thinking always_thinks thinks_by_default reasoning", _QWEN_THINKING, _READ, LISTED),),
)
_QVQ: Final = replace(
    _QWEN_THINKER,
    family="qvq",
    models="qvq",
    multimodal_endpoint=True,
    sources=(Source("thinking always_thinks thinks_by_default", _VISUAL, _READ), _REASONING, _MULTIMODAL),
)
_QWEN_VL: Final = replace(
    _QWEN_3,
    family="qwen-vl",
    models="qwen[\\d-]*-(?:vl|audio|omni)",
    thinking=Thinking.UNKNOWN,
    reasoning=Reasoning.UNUSED,
    multimodal_endpoint=True,
    sources=(_MULTIMODAL,),
)
_QWEN_LONG: Final = replace(
    _QWEN_3,
    family="qwen-long",
    models="qwen-long",
    thinking=Thinking.NONE,
    reasoning=Reasoning.UNUSED,
    reads_files=True,
    sources=(
        Source("thinking", _QWEN_THINKING, _READ, LISTED),
        Source("reads_files", "https://help.aliyun.com/zh/model-studio/long-context-qwen-long", _READ, EARLIER),
    ),
)
_QWEN_2: Final = replace(
    _QWEN_3,
    family="qwen2.5",
    # The models of the first generation have a size and no version: `qwen-7b-chat`.
    models="qwen-?[12]|qwen-\\d+b|qwen-(?:max|coder|math|mt)|qwen.*-(?:instruct|coder)",
    thinking=Thinking.NONE,
    reasoning=Reasoning.UNUSED,
    sources=(Source("thinking", _QWEN_THINKING, _READ, LISTED),),
)

VENDOR: Final = Vendor(
    "qwen",
    "Qwen (Alibaba)",
    re.compile("qwen|qwq|qvq"),
    (_QVQ, _QWEN_VL, _QWEN_LONG, _QWEN_THINKER, _QWEN_2, _QWEN_3_8, _QWEN_3_5, _QWEN_3),
    _QWEN_3_8,
)
