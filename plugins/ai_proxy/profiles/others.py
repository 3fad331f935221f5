"""The models of vendors that have a few families each: GLM, DeepSeek, Doubao and Cohere."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from .facts import (
    EFFORTS,
    LISTED,
    TRIED,
    Embedding,
    Profile,
    Reasoning,
    Source,
    Thinking,
    Vendor,
)

_READ: Final = "2026-11-29"

_CLIENT: Final = "https://github.com/pydantic/pydantic-ai/blob/v2.68.0/pydantic_ai_slim/pydantic_ai"
_GLM_THINKING: Final = "https://docs.bigmodel.cn/cn/guide/capabilities/thinking-mode"
_GLM_SDK: Final = "https://github.com/zai-org/z-ai-sdk-python/blob/v0.2.3/src/zai/api_resource/chat/completions.py"
_GLM_TEMPERATURE: Final = Source("most_temperature", _GLM_SDK, _READ)
_GLM_SCHEMAS: Final = Source("structured_outputs", "https://docs.z.ai/guides/capabilities/struct-output", _READ)
_GLM_5_3: Final = Profile(
    family="glm-5.3",
    vendor="glm",
    models="glm-5-[3-9]|glm-[6-9]",
    thinking=Thinking.EFFORT,
    efforts=("low", "high", "max"),
    always_thinks=True,
    thinks_by_default=True,
    most_temperature=1.0,
    structured_outputs=False,
    reasoning=Reasoning.USED,
    sources=(
        Source("thinking efforts always_thinks thinks_by_default", f"{_CLIENT}/profiles/zai.py", _READ, by=TRIED),
        Source("reasoning", f"{_CLIENT}/providers/zai.py", _READ, by=TRIED),
        _GLM_TEMPERATURE,
        _GLM_SCHEMAS,
    ),
)
_GLM_5_2: Final = replace(
    _GLM_5_3,
    family="glm-5.2",
    models="glm-5-2",
    efforts=EFFORTS,
    off="disabled",
    always_thinks=False,
    sources=(
        Source("thinking efforts", _GLM_SDK, _READ),
        Source("off thinks_by_default reasoning", _GLM_THINKING, _READ),
        _GLM_TEMPERATURE,
        _GLM_SCHEMAS,
    ),
)
_GLM_4_5: Final = replace(
    _GLM_5_2,
    family="glm-4.5",
    models="glm-4-[5-9]|glm-5",
    thinking=Thinking.SWITCH,
    efforts=(),
    sources=(
        Source("thinking", "https://docs.z.ai/guides/overview/concept-param", _READ),
        *_GLM_5_2.sources[1:],
    ),
)
_GLM_4: Final = replace(
    _GLM_4_5,
    family="glm-4",
    models="glm-[1-4]|glm-z",
    thinking=Thinking.NONE,
    off="",
    thinks_by_default=False,
    reasoning=Reasoning.UNUSED,
    sources=(
        Source("thinking", "https://docs.z.ai/guides/overview/concept-param", _READ),
        _GLM_TEMPERATURE,
        _GLM_SCHEMAS,
    ),
)

_DEEPSEEK: Final = "https://api-docs.deepseek.com/guides/thinking_mode"
_DEEPSEEK_TRIED: Final = Source(
    "structured_outputs forced_tools_with_thinking", f"{_CLIENT}/providers/deepseek.py", _READ, by=TRIED
)
_V4: Final = Profile(
    family="deepseek-v4",
    vendor="deepseek",
    models="deepseek-(?:v[4-9]|flash|pro)",
    thinking=Thinking.EFFORT,
    efforts=("low", "high", "max"),
    off="disabled",
    thinks_by_default=True,
    structured_outputs=False,
    forced_tools_with_thinking=False,
    reasoning=Reasoning.REQUIRED,
    sources=(
        Source("thinking efforts off thinks_by_default reasoning", _DEEPSEEK, _READ),
        _DEEPSEEK_TRIED,
    ),
)
_R1: Final = replace(
    _V4,
    family="deepseek-reasoner",
    models="deepseek-(?:reasoner|r1)",
    thinking=Thinking.ALWAYS,
    efforts=(),
    off="",
    always_thinks=True,
    reasoning=Reasoning.USED,
    sources=(
        Source("thinking always_thinks thinks_by_default reasoning", _DEEPSEEK, _READ),
        _DEEPSEEK_TRIED,
    ),
)
_V3: Final = replace(
    _R1,
    family="deepseek-v3",
    models="deepseek",
    thinking=Thinking.UNKNOWN,
    always_thinks=False,
    thinks_by_default=False,
    sources=(
        Source("reasoning", _DEEPSEEK, _READ),
        _DEEPSEEK_TRIED,
    ),
)

_ARK: Final = "https://www.volcengine.com/docs/82379/1449737"
_ARK_SDK: Final = (
    "https://github.com/volcengine/volcengine-python-sdk/blob/5.0.54/volcenginesdkarkruntime/types/shared/"
    "reasoning_effort.py"
)
_ARK_THINKING: Final = (
    "https://github.com/volcengine/volcengine-python-sdk/blob/5.0.54/volcenginesdkarkruntime/types/shared/thinking.py"
)
_SEED: Final = Profile(
    family="doubao-seed",
    vendor="doubao",
    models="doubao-seed|seed-[1-9]",
    thinking=Thinking.EFFORT,
    efforts=("minimal", "low", "medium", "high"),
    off="disabled",
    thinks_by_default=True,
    reasoning=Reasoning.USED,
    sources=(
        Source("thinking efforts", _ARK_SDK, _READ),
        Source("off", _ARK_THINKING, _READ),
        Source("thinks_by_default reasoning", _ARK, _READ, LISTED),
    ),
)
_DOUBAO: Final = replace(
    _SEED,
    family="doubao-1.5",
    models="doubao",
    thinking=Thinking.SWITCH,
    efforts=(),
    thinks_by_default=False,
    reasoning=Reasoning.UNUSED,
    sources=(Source("thinking off", _ARK_THINKING, _READ),),
)

_COHERE_SDK: Final = "https://github.com/cohere-ai/cohere-python/blob/7.3.1/src/cohere/types/thinking.py"
_COMMAND_REASONING: Final = Profile(
    family="command-a-reasoning",
    vendor="cohere",
    models="command-a-reasoning|command-a-plus|north",
    thinking=Thinking.BUDGET,
    least_budget=1,
    thinks_by_default=True,
    sources=(Source("thinking least_budget thinks_by_default", _COHERE_SDK, _READ),),
)
_COMMAND: Final = replace(
    _COMMAND_REASONING,
    family="command",
    models="command-(?:a(?!-(?:reasoning|plus))|r|light|nightly|text)|command$|c4ai|aya|translate",
    thinking=Thinking.NONE,
    least_budget=0,
    thinks_by_default=False,
    sources=(Source("thinking", "https://docs.cohere.com/docs/reasoning", _READ),),
)

_EMBED: Final = Profile(
    family="cohere-embed",
    vendor="cohere",
    models="embed-",
    embedding=Embedding.COHERE,
    sources=(
        Source(
            "embedding", "https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-embed-v4.html", _READ
        ),
    ),
)
_EMBED_3: Final = replace(
    _EMBED,
    family="cohere-embed-3",
    models="embed-.*v3",
    embedding=Embedding.COHERE_3,
    sources=(
        Source(
            "embedding", "https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-embed-v3.html", _READ
        ),
    ),
)

VENDORS: Final = (
    Vendor("glm", "GLM (Zhipu AI)", re.compile("glm"), (_GLM_5_3, _GLM_5_2, _GLM_4_5, _GLM_4), _GLM_5_3),
    Vendor("deepseek", "DeepSeek", re.compile("deepseek"), (_V4, _R1, _V3), _V4),
    Vendor("doubao", "Doubao Seed (ByteDance)", re.compile("doubao|seed-"), (_SEED, _DOUBAO), _SEED),
    Vendor(
        "cohere",
        "Command (Cohere)",
        re.compile("command-|c4ai|north-|cohere"),
        (_EMBED_3, _EMBED, _COMMAND, _COMMAND_REASONING),
        _COMMAND_REASONING,
    ),
)
