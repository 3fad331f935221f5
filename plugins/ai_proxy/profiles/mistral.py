"""Mistral's models."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from .facts import PARAMETERS, TRIED, Profile, Source, Thinking, Vendor

_READ: Final = "2026-11-29"

_CLIENT: Final = "https://github.com/pydantic/pydantic-ai/blob/v2.68.0/pydantic_ai_slim/pydantic_ai"
_DOCS: Final = "https://github.com/mistralai/platform-docs-public/blob/222f4ba9"
_TEMPERATURE: Final = Source("most_temperature", f"{_DOCS}/openapi.yaml", _READ)

_4: Final = Profile(
    family="mistral-4",
    vendor="mistral",
    # The names without a date are those of these models. Source: the list of models of Mistral's API, by the client.
    models=(
        "mistral-(?:small-(?:2603|latest|[4-9](?!\\d))|medium(?:-(?:2604|3-5|3|latest|[4-9](?!\\d)))?$)"
        "|magistral-(?:medium|small)-latest"
    ),
    thinking=Thinking.EFFORT,
    efforts=("none", "high"),
    most_temperature=1.5,
    sources=(
        Source("thinking efforts", f"{_DOCS}/public/studio-api/conversations/reasoning.md", _READ),
        _TEMPERATURE,
    ),
)
_LARGE_4: Final = replace(
    _4,
    family="mistral-large-4",
    models="mistral-large-[4-9](?!\\d)",
    efforts=("high",),
    always_thinks=True,
    thinks_by_default=True,
    sources=(
        Source("thinking", f"{_CLIENT}/providers/mistral.py", _READ, by=TRIED),
        Source("efforts always_thinks thinks_by_default", f"{_CLIENT}/providers/openrouter.py", _READ, by=TRIED),
        _TEMPERATURE,
    ),
)
_DEVSTRAL: Final = replace(
    _4,
    family="devstral",
    models="devstral-(?:medium-|small-)?latest",
    sources=(Source("thinking efforts", "", _READ, PARAMETERS), _TEMPERATURE),
)
_MAGISTRAL: Final = replace(
    _4,
    family="magistral",
    models="magistral",
    thinking=Thinking.ALWAYS,
    efforts=(),
    always_thinks=True,
    thinks_by_default=True,
    sources=(
        Source("thinking always_thinks thinks_by_default", f"{_CLIENT}/profiles/mistral.py", _READ, by=TRIED),
        _TEMPERATURE,
    ),
)
_3: Final = replace(
    _MAGISTRAL,
    family="mistral-3",
    models="mistral|mixtral|ministral|codestral|devstral|pixtral",
    thinking=Thinking.NONE,
    always_thinks=False,
    thinks_by_default=False,
    sources=(Source("thinking", f"{_CLIENT}/providers/mistral.py", _READ, by=TRIED), _TEMPERATURE),
)

VENDOR: Final = Vendor(
    "mistral",
    "Mistral",
    re.compile("mistral|magistral|mixtral|ministral|codestral|devstral|pixtral"),
    (_LARGE_4, _4, _DEVSTRAL, _MAGISTRAL, _3),
    _4,
)
