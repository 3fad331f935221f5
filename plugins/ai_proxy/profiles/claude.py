"""Anthropic's Claude, on every service that has it."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from .facts import REPORTED, TRIED, Profile, Sampling, Source, Thinking, Vendor

_READ: Final = "2026-11-29"
_ALL_POINTS: Final = frozenset({"system", "messages", "tools"})
_EFFORTS: Final = ("low", "medium", "high", "xhigh", "max")

_MODELS: Final = "https://platform.claude.com/docs/en/models"
_AWS_ADAPTIVE: Final = "https://docs.aws.amazon.com/bedrock/latest/userguide/claude-messages-adaptive-thinking.html"
_CACHE: Final = Source(
    "cache_points", "https://docs.aws.amazon.com/bedrock/latest/userguide/prompt-caching.html", _READ
)
_SDK: Final = "https://github.com/anthropics/anthropic-sdk-python/blob/v2.14.0/src/anthropic"
_CLIENT: Final = (
    "https://github.com/pydantic/pydantic-ai/blob/v2.68.0/pydantic_ai_slim/pydantic_ai/profiles/anthropic.py"
)
_SCHEMA_PAGE: Final = "https://platform.claude.com/docs/en/build-with-claude/structured-outputs"
_SCHEMAS: Final = Source("structured_outputs schemas", _SCHEMA_PAGE, _READ)
_LIMIT: Final = Source("most_output", _CLIENT, _READ, by=TRIED)
_LIST: Final = "https://github.com/BerriAI/litellm/blob/v1.110.2/model_prices_and_context_window.json"
_BY_LIST: Final = "a public list of what models accept"
_PREFILL: Final = Source("prefill", _LIST, _READ, by=_BY_LIST)
_LISTED_LIMIT: Final = Source("most_output", _LIST, _READ, by=_BY_LIST)
_EXTENDED: Final = "https://platform.claude.com/docs/en/build-with-claude/extended-thinking"
_TOOL_TURNS: Final = Source("signed_tool_turns", _EXTENDED, _READ, REPORTED)
# Later versions of the SDK do not describe the parameter: the newest models refuse it.
_TEMPERATURE: Final = Source(
    "most_temperature",
    "https://github.com/anthropics/anthropic-sdk-python/blob/v0.121.0/src/anthropic/types/message_create_params.py",
    _READ,
)
_LEAST_BUDGET: Final = Source("least_budget", f"{_SDK}/types/thinking_config_enabled_param.py", _READ)

_OPUS_5_5: Final = Profile(
    family="claude-opus-5.5",
    vendor="claude",
    models="claude-(?:opus-5-[5-9]|5-[5-9]-opus|(?:fable|mythos)-5-[1-9])",
    thinking=Thinking.ADAPTIVE,
    efforts=_EFFORTS,
    always_thinks=True,
    thinks_by_default=True,
    most_temperature=1.0,
    most_output=128_000,
    sampling=Sampling.REFUSED,
    forced_tools=False,
    prefill=False,
    cache_points=_ALL_POINTS,
    schemas="anthropic",
    sources=(
        Source(
            "thinking efforts always_thinks thinks_by_default sampling most_temperature forced_tools",
            f"{_MODELS}/opus-5-5/overview",
            _READ,
        ),
        Source("always_thinks", _AWS_ADAPTIVE, _READ),
        _LIMIT,
        _PREFILL,
        _SCHEMAS,
        _CACHE,
    ),
)
_FABLE_5: Final = replace(
    _OPUS_5_5,
    family="claude-fable-5",
    models="claude-(?:fable|mythos)-(?:5|preview)",
    forced_tools=True,
    sources=(
        Source("thinking efforts always_thinks thinks_by_default sampling most_output", _CLIENT, _READ, by=TRIED),
        _TEMPERATURE,
        _PREFILL,
        _SCHEMAS,
        _CACHE,
    ),
)
_SONNET_5_5: Final = replace(
    _OPUS_5_5,
    family="claude-sonnet-5.5",
    models="claude-(?:sonnet-5-[5-9]|5-[5-9]-sonnet)",
    off="between_tools",
    always_thinks=False,
    sources=(
        Source(
            "thinking efforts off thinks_by_default sampling most_temperature forced_tools",
            f"{_MODELS}/sonnet-5-5/migration-guide",
            _READ,
        ),
        _LIMIT,
        _PREFILL,
        _SCHEMAS,
        _CACHE,
    ),
)
_HAIKU_5_5: Final = replace(
    _SONNET_5_5,
    family="claude-haiku-5.5",
    models="claude-(?:haiku-5-[5-9]|5-[5-9]-haiku)",
    off="disabled",
    forced_tools=True,
    sources=(
        Source("thinking efforts thinks_by_default sampling most_temperature", f"{_MODELS}/haiku-5-5/overview", _READ),
        Source("off", _CLIENT, _READ, by=TRIED),
        _LIMIT,
        _PREFILL,
        _SCHEMAS,
        _CACHE,
    ),
)
_5: Final = replace(
    _OPUS_5_5,
    family="claude-5",
    models="claude-(?:(?:opus|sonnet|haiku)-5|5-(?:opus|sonnet|haiku))(?!-?[1-9])",
    off="disabled",
    always_thinks=False,
    forced_tools=True,
    sources=(
        Source("thinking efforts thinks_by_default sampling most_temperature", _AWS_ADAPTIVE, _READ),
        Source("off", "https://openrouter.ai/docs/cookbook/evaluate-and-optimize/model-migrations/claude-5-5", _READ),
        _LIMIT,
        _PREFILL,
        _SCHEMAS,
        _CACHE,
    ),
)
_4_7: Final = replace(
    _5,
    family="claude-4.7",
    models="claude-(?:[a-z]+-4-[78]|4-[78])",
    off="",
    thinks_by_default=False,
    sources=(
        Source(
            "thinking efforts sampling most_temperature",
            "https://openrouter.ai/docs/guides/evaluate-and-optimize/model-migrations/claude-4-7",
            _READ,
        ),
        Source("thinking", _AWS_ADAPTIVE, _READ),
        _LIMIT,
        _PREFILL,
        _SCHEMAS,
        _CACHE,
    ),
)
_4_6: Final = replace(
    _4_7,
    family="claude-4.6",
    models="claude-(?:[a-z]+-4-6|4-6)",
    efforts=("low", "medium", "high", "max"),
    least_budget=1024,
    sampling=Sampling.ONE,
    signed_tool_turns=True,
    sources=(
        Source("thinking efforts sampling most_temperature", _AWS_ADAPTIVE, _READ),
        _LIMIT,
        _PREFILL,
        _TOOL_TURNS,
        _LEAST_BUDGET,
        _SCHEMAS,
        _CACHE,
    ),
)
_4_5: Final = replace(
    _4_6,
    family="claude-4.5",
    models="claude-(?:[a-z]+-4-5|4-5)",
    thinking=Thinking.BUDGET,
    efforts=(),
    most_output=64_000,
    prefill=True,
    sources=(
        Source("thinking", _AWS_ADAPTIVE, _READ),
        Source("most_output", f"{_MODELS}/overview", _READ),
        Source("sampling", "https://platform.claude.com/docs/en/about-claude/models/migrating-to-claude-4", _READ),
        _TEMPERATURE,
        _TOOL_TURNS,
        _LEAST_BUDGET,
        _SCHEMAS,
        _CACHE,
    ),
)
_4_1: Final = replace(
    _4_5,
    family="claude-4.1",
    models="claude-(?:[a-z]+-4-1|4-1)",
    most_output=32_000,
    sources=(
        Source("thinking", _AWS_ADAPTIVE, _READ),
        _LISTED_LIMIT,
        Source("sampling", "https://platform.claude.com/docs/en/api/messages", _READ, REPORTED),
        _TEMPERATURE,
        _TOOL_TURNS,
        _LEAST_BUDGET,
        Source("structured_outputs", _CLIENT, _READ, by=TRIED),
        Source("schemas", _SCHEMA_PAGE, _READ),
        _CACHE,
    ),
)
_4: Final = replace(
    _4_1,
    family="claude-4",
    models="claude-(?:(?:opus|haiku)-4|4-opus)(?!-?[1-9])",
    sampling=Sampling.ALL,
    structured_outputs=False,
    sources=(
        Source("thinking", _AWS_ADAPTIVE, _READ),
        _LISTED_LIMIT,
        _TEMPERATURE,
        _TOOL_TURNS,
        _LEAST_BUDGET,
        _SCHEMAS,
        _CACHE,
    ),
)
_SONNET_4: Final = replace(
    _4,
    family="claude-sonnet-4",
    models="claude-(?:sonnet-4|4-sonnet|3-7|[a-z]+-3-7)(?!-?[1-9])",
    most_output=64_000,
)
_3: Final = replace(
    _4,
    family="claude-3",
    models="claude-(?:[a-z]+-)?(?:[123](?!\\d)|instant)",
    thinking=Thinking.NONE,
    least_budget=0,
    most_output=0,
    signed_tool_turns=False,
    sources=(
        Source("thinking", _EXTENDED, _READ),
        _TEMPERATURE,
        _SCHEMAS,
        _CACHE,
    ),
)

VENDOR: Final = Vendor(
    "claude",
    "Claude (Anthropic)",
    re.compile("claude"),
    (_OPUS_5_5, _FABLE_5, _SONNET_5_5, _HAIKU_5_5, _5, _4_7, _4_6, _4_5, _4_1, _4, _SONNET_4, _3),
    _OPUS_5_5,
)


def is_claude(profile: Profile) -> bool:
    return profile.vendor == VENDOR.name
