"""The models of vendors that have a few families each: Kimi, GLM, DeepSeek, Doubao, MiniMax and Cohere."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from .facts import (
    EARLIER,
    EFFORTS,
    LISTED,
    REPORTED,
    TRIED,
    Embedding,
    Profile,
    Reasoning,
    Sampling,
    Source,
    Thinking,
    Vendor,
)

_READ: Final = "2026-11-29"

_CLIENT: Final = "https://github.com/pydantic/pydantic-ai/blob/v2.68.0/pydantic_ai_slim/pydantic_ai"
_KIMI_CLIENT: Final = f"{_CLIENT}/providers/moonshotai.py"
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
    most_temperature=1.0,
    forced_tools=False,
    reasoning=Reasoning.REQUIRED,
    sources=(
        Source("thinking efforts always_thinks thinks_by_default", _KIMI_CLIENT, _READ, by=TRIED),
        _KIMI_FORCED,
        Source("sampling most_temperature", "", _READ, LISTED),
        Source("reasoning", "https://platform.moonshot.ai/docs/guide/use-kimi-k2-thinking-model", _READ, REPORTED),
    ),
)
_K2_7: Final = replace(
    _K3,
    family="kimi-k2.7",
    models="kimi-k2-[7-9]",
    thinking=Thinking.ALWAYS,
    efforts=(),
    sources=(
        Source("thinking always_thinks thinks_by_default", _KIMI_CLIENT, _READ, by=TRIED),
        *_K3.sources[1:],
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
        Source("thinking off thinks_by_default", _KIMI_CLIENT, _READ, by=TRIED),
        *_K3.sources[1:],
    ),
)
_K2_THINKING: Final = replace(_K2_7, family="kimi-k2-thinking", models="kimi-k2-thinking", sampling=Sampling.ALL)
_K2: Final = replace(
    _K3,
    family="kimi-k2",
    models="kimi-(?:k2|latest)|moonshot",
    thinking=Thinking.NONE,
    efforts=(),
    always_thinks=False,
    thinks_by_default=False,
    sampling=Sampling.ALL,
    reasoning=Reasoning.UNUSED,
    sources=(
        Source("thinking", f"{_CLIENT}/profiles/moonshotai.py", _READ, by=TRIED),
        _KIMI_FORCED,
        Source("most_temperature", "", _READ, LISTED),
    ),
)

_GLM_THINKING: Final = "https://docs.bigmodel.cn/cn/guide/capabilities/thinking"
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
        Source("most_temperature structured_outputs", "", _READ, LISTED),
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
        Source("thinking efforts", f"{_CLIENT}/profiles/zai.py", _READ, by=TRIED),
        Source("reasoning", f"{_CLIENT}/providers/zai.py", _READ, by=TRIED),
        Source("off thinks_by_default", _GLM_THINKING, _READ, LISTED),
        Source("most_temperature structured_outputs", "", _READ, LISTED),
    ),
)
_GLM_4_5: Final = replace(_GLM_5_2, family="glm-4.5", models="glm-4-[5-9]|glm-5", thinking=Thinking.SWITCH, efforts=())
_GLM_4: Final = replace(
    _GLM_4_5,
    family="glm-4",
    models="glm-[1-4]|glm-z",
    thinking=Thinking.NONE,
    off="",
    thinks_by_default=False,
    reasoning=Reasoning.UNUSED,
    sources=(
        Source("thinking", f"{_CLIENT}/profiles/zai.py", _READ, by=TRIED),
        Source("most_temperature structured_outputs", "", _READ, LISTED),
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
_SEED: Final = Profile(
    family="doubao-seed",
    vendor="doubao",
    models="doubao-seed|seed-[1-9]",
    thinking=Thinking.EFFORT,
    efforts=("minimal", "low", "medium", "high"),
    off="disabled",
    thinks_by_default=True,
    reasoning=Reasoning.USED,
    sources=(Source("thinking efforts off thinks_by_default reasoning", _ARK, _READ, LISTED),),
)
_DOUBAO: Final = replace(
    _SEED,
    family="doubao-1.5",
    models="doubao",
    thinking=Thinking.SWITCH,
    efforts=(),
    thinks_by_default=False,
    reasoning=Reasoning.UNUSED,
    sources=(Source("thinking off", _ARK, _READ, LISTED),),
)

_M3: Final = Profile(
    family="minimax-m3",
    vendor="minimax",
    models="minimax-m[3-9]",
    thinking=Thinking.SWITCH,
    off="disabled",
    thinks_by_default=True,
    most_temperature=1.0,
    reasoning=Reasoning.USED,
    sources=(
        Source("thinking off thinks_by_default most_temperature", "", _READ, LISTED),
        Source("reasoning", "https://platform.minimax.io/docs/guides/text-m2-function-call", _READ, REPORTED),
    ),
)
_M2: Final = replace(
    _M3,
    family="minimax-m2",
    models="minimax-m2",
    thinking=Thinking.ALWAYS,
    off="",
    always_thinks=True,
    sources=(
        Source("thinking always_thinks thinks_by_default most_temperature", "", _READ, LISTED),
        _M3.sources[1],
    ),
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
    models="command|c4ai|aya",
    thinking=Thinking.NONE,
    least_budget=0,
    thinks_by_default=False,
    sources=(Source("thinking", "https://docs.cohere.com/docs/reasoning", _READ, EARLIER),),
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
    Vendor("kimi", "Kimi (Moonshot AI)", re.compile("kimi|moonshot"), (_K2_THINKING, _K3, _K2_7, _K2_5, _K2), _K3),
    Vendor("glm", "GLM (Zhipu AI)", re.compile("glm"), (_GLM_5_3, _GLM_5_2, _GLM_4_5, _GLM_4), _GLM_5_3),
    Vendor("deepseek", "DeepSeek", re.compile("deepseek"), (_V4, _R1, _V3), _V4),
    Vendor("doubao", "Doubao Seed (ByteDance)", re.compile("doubao|seed-"), (_SEED, _DOUBAO), _SEED),
    Vendor("minimax", "MiniMax", re.compile("minimax-m"), (_M3, _M2), _M3),
    Vendor(
        "cohere",
        "Command (Cohere)",
        re.compile("command-|c4ai|north-|cohere"),
        (_EMBED_3, _EMBED, _COMMAND_REASONING, _COMMAND),
        _COMMAND,
    ),
)
