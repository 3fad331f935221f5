"""xAI's Grok."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from .facts import TRIED, Profile, Source, Thinking, Vendor

_READ: Final = "2026-11-29"

_PAGE: Final = "https://docs.x.ai/developers/model-capabilities/text/reasoning"
_REFUSED: Final = Source("refused", _PAGE, _READ)
_EARLIER_PAGE: Final = "https://docs.x.ai/docs/guides/reasoning"
_CLIENT: Final = "https://github.com/pydantic/pydantic-ai/blob/v2.68.0/pydantic_ai_slim/pydantic_ai/profiles/grok.py"
_ALWAYS: Final = "thinking efforts always_thinks thinks_by_default"

_4_7: Final = Profile(
    family="grok-4.7",
    vendor="grok",
    models="grok-4-[7-9](?!\\d)|grok-[5-9]",
    thinking=Thinking.EFFORT,
    efforts=("low", "medium", "high", "xhigh"),
    always_thinks=True,
    thinks_by_default=True,
    refused=frozenset({"presence_penalty", "frequency_penalty", "stop"}),
    sources=(Source(_ALWAYS, _CLIENT, _READ, by=TRIED), _REFUSED),
)
_4_5: Final = replace(
    _4_7,
    family="grok-4.5",
    models="grok-4-[56](?!\\d)|grok-build-latest",
    efforts=("low", "medium", "high"),
)
_4_3: Final = replace(
    _4_7,
    family="grok-4.3",
    # xAI answers with this model to the names of some that it has retired.
    models="grok-4-3(?!\\d)|grok-latest|grok-4-0709|grok-4-(?:1-)?fast|grok-3$",
    efforts=("none", "low", "medium", "high"),
    always_thinks=False,
    sources=(Source("thinking efforts thinks_by_default", _PAGE, _READ), _REFUSED),
)
_AGENTS: Final = replace(
    _4_7,
    family="grok-4-multi-agent",
    models="grok-4.*multi-agent",
    sources=(Source(_ALWAYS, _EARLIER_PAGE, _READ), _REFUSED),
)
_3_MINI: Final = replace(
    _4_7,
    family="grok-3-mini",
    models="grok-3-mini",
    efforts=("none", "low", "high"),
    always_thinks=False,
    sources=(Source("thinking efforts thinks_by_default", _CLIENT, _READ, by=TRIED), _REFUSED),
)
_4: Final = replace(
    _4_7,
    family="grok-4",
    models="grok-(?:4(?!.*non-reasoning)|code|build)",
    thinking=Thinking.ALWAYS,
    efforts=(),
    sources=(Source("thinking always_thinks thinks_by_default", _EARLIER_PAGE, _READ), _REFUSED),
)
_3: Final = replace(
    _4,
    family="grok-3",
    models="grok",
    thinking=Thinking.NONE,
    always_thinks=False,
    thinks_by_default=False,
    refused=frozenset(),
    sources=(Source("thinking", _EARLIER_PAGE, _READ),),
)

VENDOR: Final = Vendor("grok", "Grok (xAI)", re.compile("grok"), (_AGENTS, _4_7, _4_5, _4_3, _3_MINI, _4, _3), _4_7)
