"""Google's Gemini and Gemma, on the Gemini API and Vertex AI."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from .facts import LISTED, REPORTED, TRIED, Profile, Sampling, Source, Thinking, Vendor

_READ: Final = "2026-11-29"
_THINKING: Final = "https://ai.google.dev/gemini-api/docs/thinking"
_CLIENT: Final = "https://github.com/pydantic/pydantic-ai/blob/v2.68.0/pydantic_ai_slim/pydantic_ai/profiles/google.py"
_LATEST: Final = Source("sampling prefill", "https://ai.google.dev/gemini-api/docs/latest-model", _READ)
_SIGNATURES: Final = Source(
    "call_signatures",
    "https://docs.cloud.google.com/gemini-enterprise-agent-platform/models/thinking/thought-signatures",
    _READ,
)
_SCHEMAS: Final = Source(
    "schemas", "https://github.com/googleapis/python-genai/blob/v3.6.1/google/genai/types.py", _READ
)

_NEWEST: Final = Profile(
    family="gemini-3.8",
    vendor="gemini",
    models="gemini-3-[7-9]|gemini-[4-9]",
    thinking=Thinking.LEVEL,
    efforts=("low", "medium", "high"),
    always_thinks=True,
    thinks_by_default=True,
    sampling=Sampling.REFUSED,
    prefill=False,
    call_signatures=True,
    schemas="google",
    sources=(
        Source(
            "thinking efforts thinks_by_default",
            "https://docs.cloud.google.com/gemini-enterprise-agent-platform/models/guides/gemini-3-8-flash",
            _READ,
        ),
        Source("always_thinks", _CLIENT, _READ, by=TRIED),
        _LATEST,
        _SIGNATURES,
        _SCHEMAS,
    ),
)
_3_6_FLASH: Final = replace(
    _NEWEST,
    family="gemini-3.6-flash",
    models="gemini-3-6-flash|gemini-3-5-flash-lite",
    efforts=("minimal", "low", "medium", "high"),
    sources=(
        Source("thinking efforts always_thinks thinks_by_default", _THINKING, _READ),
        _LATEST,
        _SIGNATURES,
        _SCHEMAS,
    ),
)
_3_FLASH: Final = replace(
    _3_6_FLASH,
    family="gemini-3-flash",
    models="gemini-3(?:-[1-6])?-flash",
    sampling=Sampling.ALL,
    prefill=True,
    sources=(
        Source("thinking efforts always_thinks thinks_by_default", _THINKING, _READ),
        _SIGNATURES,
        _SCHEMAS,
    ),
)
_3_IMAGE: Final = replace(
    _3_FLASH,
    family="gemini-3-image",
    models="gemini-3(?:-[1-6])?-pro-image",
    thinking=Thinking.ALWAYS,
    efforts=(),
    sources=(
        Source("thinking always_thinks thinks_by_default", "", _READ, LISTED),
        _SIGNATURES,
        _SCHEMAS,
    ),
)
_3_FLASH_IMAGE: Final = replace(
    _3_FLASH,
    family="gemini-3.1-flash-image",
    models="gemini-3-[1-6]-flash(?:-lite)?-image",
    # The Gemini API refuses the levels between; Vertex AI takes all for some of these models.
    efforts=("minimal", "high"),
    sources=(
        Source("thinking efforts always_thinks thinks_by_default", _CLIENT, _READ, by=TRIED),
        _SIGNATURES,
        _SCHEMAS,
    ),
)
_3_1_PRO: Final = replace(
    _3_FLASH, family="gemini-3.1-pro", models="gemini-3-[1-6]-pro", efforts=("low", "medium", "high")
)
_3_PRO: Final = replace(_3_FLASH, family="gemini-3-pro", models="gemini-3-pro", efforts=("low", "high"))
_JSON_OR_TOOLS: Final = Source(
    "structured_outputs_with_tools", "https://github.com/googleapis/python-genai/issues/867", _READ, REPORTED
)
"""The error "Function calling with a response mime type: 'application/json' is unsupported". Gemini 3 takes both."""
_2_5_PRO: Final = replace(
    _NEWEST,
    family="gemini-2.5-pro",
    models="gemini-2-5-pro(?!-preview-tts)",
    thinking=Thinking.BUDGET,
    efforts=(),
    least_budget=128,
    most_budget=32_768,
    sampling=Sampling.ALL,
    prefill=True,
    call_signatures=False,
    structured_outputs_with_tools=False,
    sources=(
        Source("thinking least_budget most_budget always_thinks thinks_by_default", _THINKING, _READ),
        _JSON_OR_TOOLS,
        _SCHEMAS,
    ),
)
_2_5_FLASH: Final = replace(
    _2_5_PRO,
    family="gemini-2.5-flash",
    models="gemini-2-5-flash(?!-lite|-image|-preview-tts)",
    always_thinks=False,
    least_budget=0,
    most_budget=24_576,
)
_2_5_LITE: Final = replace(
    _2_5_FLASH,
    family="gemini-2.5-flash-lite",
    models="gemini-2-5-flash-lite",
    least_budget=512,
    thinks_by_default=False,
)
_2_0: Final = replace(
    _2_5_PRO,
    family="gemini-2.0",
    models="gemini-2-0|gemini-2-5-(?:flash-image|flash-preview-tts|pro-preview-tts)",
    thinking=Thinking.NONE,
    always_thinks=False,
    thinks_by_default=False,
    least_budget=0,
    most_budget=0,
    sources=(Source("thinking", _CLIENT, _READ, by=TRIED), _JSON_OR_TOOLS, _SCHEMAS),
)
_1: Final = replace(_2_0, family="gemini-1", models="gemini-(?:1(?!\\d)|pro|ultra|exp)(?!.*latest)")

_GEMMA_4: Final = replace(
    _2_0,
    family="gemma-4",
    vendor="gemma",
    models="gemma-[4-9]",
    thinking=Thinking.LEVEL,
    efforts=("minimal", "high"),
    sources=(Source("thinking efforts", "", _READ, LISTED), _JSON_OR_TOOLS, _SCHEMAS),
)
_GEMMA_3: Final = replace(_2_0, family="gemma-3", vendor="gemma", models="gemma-?[1-3]")

VENDOR: Final = Vendor(
    "gemini",
    "Gemini (Google)",
    re.compile("gemini"),
    (
        _3_FLASH_IMAGE,
        _3_IMAGE,
        _NEWEST,
        _3_6_FLASH,
        _3_FLASH,
        _3_1_PRO,
        _3_PRO,
        _2_5_LITE,
        _2_5_FLASH,
        _2_5_PRO,
        _2_0,
        _1,
    ),
    _NEWEST,
)
GEMMA: Final = Vendor("gemma", "Gemma (Google)", re.compile("gemma"), (_GEMMA_4, _GEMMA_3), _GEMMA_4)
