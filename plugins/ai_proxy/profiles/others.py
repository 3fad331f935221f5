"""The models of other vendors that have more than one generation to tell apart."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from .facts import EARLIER, EFFORTS, LISTED, REPORTED, Embedding, Profile, Reasoning, Sampling, Source, Thinking, Vendor

_READ: Final = "2026-11-29"

_K3: Final = Profile(
    family="kimi-k3",
    vendor="kimi",
    models="kimi-k[3-9]",
    thinking=Thinking.EFFORT,
    efforts=("low", "high", "max"),
    off="disabled",
    thinks_by_default=True,
    sampling=Sampling.REFUSED,
    most_temperature=1.0,
    reasoning=Reasoning.REQUIRED,
    sources=(
        Source("thinking efforts off thinks_by_default sampling most_temperature", "", _READ, LISTED),
        Source("reasoning", "https://platform.moonshot.ai/docs/guide/use-kimi-k2-thinking-model", _READ, REPORTED),
    ),
)
_K2_7: Final = replace(
    _K3,
    family="kimi-k2.7",
    models="kimi-k2-[7-9]",
    thinking=Thinking.ALWAYS,
    efforts=(),
    off="",
    always_thinks=True,
    forced_tools=False,
    sources=(
        Source("thinking always_thinks thinks_by_default sampling most_temperature forced_tools", "", _READ, LISTED),
        _K3.sources[1],
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
        Source("thinking off thinks_by_default sampling most_temperature forced_tools", "", _READ, LISTED),
        _K3.sources[1],
    ),
)
_K2_THINKING: Final = replace(
    _K2_7, family="kimi-k2-thinking", models="kimi-k2-thinking", sampling=Sampling.ALL, forced_tools=True
)
_K2: Final = replace(
    _K3,
    family="kimi-k2",
    models="kimi-(?:k2|latest)|moonshot",
    thinking=Thinking.NONE,
    efforts=(),
    off="",
    thinks_by_default=False,
    sampling=Sampling.ALL,
    reasoning=Reasoning.UNUSED,
    sources=(Source("thinking most_temperature", "", _READ, LISTED),),
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
        Source(
            "thinking efforts always_thinks thinks_by_default most_temperature structured_outputs", "", _READ, LISTED
        ),
        Source("reasoning", _GLM_THINKING, _READ, LISTED),
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
        Source("thinking efforts off thinks_by_default reasoning", _GLM_THINKING, _READ, LISTED),
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
        Source("thinking", _GLM_THINKING, _READ, LISTED),
        Source("most_temperature structured_outputs", "", _READ, LISTED),
    ),
)

_DEEPSEEK: Final = "https://api-docs.deepseek.com/guides/thinking_mode"
_V4: Final = Profile(
    family="deepseek-v4",
    vendor="deepseek",
    models="deepseek-(?:v[4-9]|flash|pro)",
    thinking=Thinking.EFFORT,
    efforts=("low", "high", "max"),
    off="disabled",
    thinks_by_default=True,
    structured_outputs=False,
    reasoning=Reasoning.REQUIRED,
    sources=(
        Source("thinking efforts off thinks_by_default reasoning", _DEEPSEEK, _READ),
        Source("structured_outputs", "https://api-docs.deepseek.com/guides/json_mode", _READ, LISTED),
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
        Source("structured_outputs", "https://api-docs.deepseek.com/guides/json_mode", _READ, LISTED),
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
        Source("structured_outputs", "https://api-docs.deepseek.com/guides/json_mode", _READ, LISTED),
    ),
)

_QWEN_THINKING: Final = "https://help.aliyun.com/zh/model-studio/deep-thinking"
_MULTIMODAL: Final = Source(
    "multimodal_endpoint", "https://help.aliyun.com/zh/model-studio/qwen-api-via-dashscope", _READ, EARLIER
)
_QWEN_3: Final = Profile(
    family="qwen3",
    vendor="qwen",
    models="qwen-?[3-9]|qwen-(?:plus|flash|turbo)",
    thinking=Thinking.BUDGET,
    reasoning=Reasoning.USED,
    sources=(Source("thinking reasoning", _QWEN_THINKING, _READ, LISTED),),
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
    sources=(*_QWEN_THINKER.sources, _MULTIMODAL),
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
    models="qwen-?[12]|qwen-(?:max|coder|math|mt)|qwen.*-(?:instruct|coder)",
    thinking=Thinking.NONE,
    reasoning=Reasoning.UNUSED,
    sources=(Source("thinking", _QWEN_THINKING, _READ, LISTED),),
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

_MISTRAL_PAGE: Final = "https://docs.mistral.ai/capabilities/reasoning"
_MISTRAL_4: Final = Profile(
    family="mistral-4",
    vendor="mistral",
    models="mistral-(?:small-(?:2603|latest|[4-9])|medium-(?:2604|3-5|[4-9]))",
    thinking=Thinking.EFFORT,
    efforts=("none", "high"),
    most_temperature=1.5,
    sources=(Source("thinking efforts most_temperature", _MISTRAL_PAGE, _READ, LISTED),),
)
_MAGISTRAL: Final = replace(
    _MISTRAL_4,
    family="magistral",
    models="magistral",
    thinking=Thinking.ALWAYS,
    efforts=(),
    always_thinks=True,
    thinks_by_default=True,
    sources=(Source("thinking always_thinks thinks_by_default most_temperature", _MISTRAL_PAGE, _READ, LISTED),),
)
_MISTRAL_3: Final = replace(
    _MAGISTRAL,
    family="mistral-3",
    models="mistral|mixtral|ministral|codestral|devstral|pixtral",
    thinking=Thinking.NONE,
    always_thinks=False,
    thinks_by_default=False,
    sources=(Source("thinking most_temperature", _MISTRAL_PAGE, _READ, LISTED),),
)

_COHERE_PAGE: Final = "https://docs.cohere.com/docs/reasoning"
_COMMAND_REASONING: Final = Profile(
    family="command-a-reasoning",
    vendor="cohere",
    models="command-a-reasoning|command-a-plus|north",
    thinking=Thinking.BUDGET,
    least_budget=1,
    thinks_by_default=True,
    sources=(Source("thinking least_budget thinks_by_default", _COHERE_PAGE, _READ, EARLIER),),
)
_COMMAND: Final = replace(
    _COMMAND_REASONING,
    family="command",
    models="command|c4ai|aya",
    thinking=Thinking.NONE,
    least_budget=0,
    thinks_by_default=False,
    sources=(Source("thinking", _COHERE_PAGE, _READ, EARLIER),),
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

_XAI_PAGE: Final = "https://docs.x.ai/docs/guides/reasoning"
_GROK_4_3: Final = Profile(
    family="grok-4.3",
    vendor="grok",
    models="grok-4-[3-9](?!\\d)|grok-[5-9]",
    thinking=Thinking.EFFORT,
    efforts=("none", "low", "medium", "high"),
    sources=(Source("thinking efforts", _XAI_PAGE, _READ, LISTED),),
)
_GROK_4_AGENTS: Final = replace(
    _GROK_4_3,
    family="grok-4-multi-agent",
    models="grok-4.*multi-agent",
    efforts=("low", "medium", "high", "xhigh"),
    always_thinks=True,
    thinks_by_default=True,
    sources=(Source("thinking efforts always_thinks thinks_by_default", "", _READ, LISTED),),
)
_GROK_3_MINI: Final = replace(
    _GROK_4_AGENTS,
    family="grok-3-mini",
    models="grok-3-mini",
    efforts=("low", "high"),
    sources=(Source("thinking efforts always_thinks thinks_by_default", _XAI_PAGE, _READ, LISTED),),
)
_GROK_4: Final = replace(
    _GROK_3_MINI,
    family="grok-4",
    models="grok-(?:4(?!.*non-reasoning)|code|build)",
    thinking=Thinking.ALWAYS,
    efforts=(),
    sources=(Source("thinking always_thinks thinks_by_default", _XAI_PAGE, _READ, LISTED),),
)
_GROK_3: Final = replace(
    _GROK_4,
    family="grok-3",
    models="grok",
    thinking=Thinking.NONE,
    always_thinks=False,
    thinks_by_default=False,
    sources=(Source("thinking", _XAI_PAGE, _READ, LISTED),),
)

_NOVA_PAGE: Final = "https://docs.aws.amazon.com/nova/latest/nova2-userguide/extended-thinking.html"
_NOVA_CACHE: Final = Source(
    "cache_points", "https://docs.aws.amazon.com/bedrock/latest/userguide/prompt-caching.html", _READ, REPORTED
)
_NOVA_2: Final = Profile(
    family="nova-2",
    vendor="nova",
    models="nova-[2-9]",
    thinking=Thinking.EFFORT,
    efforts=("low", "medium", "high"),
    most_temperature=1.0,
    cache_points=frozenset({"system", "messages"}),
    sources=(Source("thinking efforts most_temperature", _NOVA_PAGE, _READ, LISTED), _NOVA_CACHE),
)
_NOVA_1: Final = replace(_NOVA_2, family="nova", models="nova", thinking=Thinking.NONE, efforts=())

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
    Vendor("kimi", "Kimi (Moonshot AI)", re.compile("kimi|moonshot"), (_K2_THINKING, _K3, _K2_7, _K2_5, _K2), _K3),
    Vendor("glm", "GLM (Zhipu AI)", re.compile("glm"), (_GLM_5_3, _GLM_5_2, _GLM_4_5, _GLM_4), _GLM_5_3),
    Vendor("deepseek", "DeepSeek", re.compile("deepseek"), (_V4, _R1, _V3), _V4),
    Vendor(
        "qwen",
        "Qwen (Alibaba)",
        re.compile("qwen|qwq|qvq"),
        (_QVQ, _QWEN_VL, _QWEN_LONG, _QWEN_THINKER, _QWEN_2, _QWEN_3),
        _QWEN_3,
    ),
    Vendor("doubao", "Doubao Seed (ByteDance)", re.compile("doubao|seed-"), (_SEED, _DOUBAO), _SEED),
    Vendor("minimax", "MiniMax", re.compile("minimax-m"), (_M3, _M2), _M3),
    Vendor(
        "mistral",
        "Mistral",
        re.compile("mistral|magistral|mixtral|ministral|codestral|devstral|pixtral"),
        (_MISTRAL_4, _MAGISTRAL, _MISTRAL_3),
        _MISTRAL_4,
    ),
    Vendor(
        "cohere",
        "Command (Cohere)",
        re.compile("command-|c4ai|north-|cohere"),
        (_EMBED_3, _EMBED, _COMMAND_REASONING, _COMMAND),
        _COMMAND,
    ),
    Vendor(
        "grok",
        "Grok (xAI)",
        re.compile("grok"),
        (_GROK_4_AGENTS, _GROK_4_3, _GROK_4, _GROK_3_MINI, _GROK_3),
        _GROK_4_3,
    ),
    Vendor("nova", "Nova (Amazon)", re.compile("nova-"), (_NOVA_EMBED, _NOVA_2, _NOVA_1), _NOVA_2),
    Vendor(
        "titan", "Titan Embeddings (Amazon)", re.compile("titan-embed"), (_TITAN_FIRST, _TITAN_IMAGE, _TITAN), _TITAN
    ),
)
