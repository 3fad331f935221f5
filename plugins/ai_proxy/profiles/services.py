"""What services accept, where it depends on the service and not only on the model."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType
from typing import Final

from .facts import EARLIER, LISTED, REPORTED, Source

_READ: Final = "2026-11-29"


class Style(Enum):
    """How requests in OpenAI's protocol ask for thinking."""

    EFFORT = "`reasoning_effort`"
    SWITCH = "`thinking.type`, and `reasoning_effort` for models with efforts"
    BUDGET = "`enable_thinking` and `thinking_budget`"
    REASONING = "`reasoning.max_tokens`, or `reasoning_effort`"


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """What one service accepts."""

    name: str
    """The `type` of its rows in the table of providers."""
    vendor: str = ""
    """The vendor of all of its models, if there is only one."""
    style: Style = Style.EFFORT
    uses_reasoning: bool = False
    """The reasoning of earlier turns is sent back as `reasoning_content`, whatever the model."""
    thinking_off_by_default: bool = False
    """Without a switch in a request of Anthropic's protocol, thinking is switched off."""
    reasoning_field: str = "reasoning_content"
    """The field of an earlier answer in which reasoning may come back. Empty: the service refuses any."""
    prefix_field: str = ""
    """The field that the last message has if it is the beginning of the answer; empty: it needs none."""
    sources: tuple[Source, ...] = field(default=())


def _source(facts: str, url: str, rests_on: str = "") -> tuple[Source, ...]:
    return (Source(facts, url, _READ, rests_on),)


_ROWS: Final = (
    Service(
        name="cerebras",
        reasoning_field="reasoning",
        sources=_source("reasoning_field", "https://github.com/QwenLM/qwen-code/issues/11045", REPORTED),
    ),
    Service(name="claude", vendor="claude", sources=_source("vendor", "https://platform.claude.com/docs/en/models")),
    Service(name="cohere", vendor="cohere", sources=_source("vendor", "https://docs.cohere.com/docs/models", EARLIER)),
    Service(
        name="deepseek",
        style=Style.SWITCH,
        uses_reasoning=True,
        sources=_source("style uses_reasoning", "https://api-docs.deepseek.com/guides/thinking_mode"),
    ),
    Service(
        name="doubao",
        style=Style.SWITCH,
        uses_reasoning=True,
        sources=_source("style uses_reasoning", "https://www.volcengine.com/docs/82379/1449737", LISTED),
    ),
    Service(
        name="groq",
        reasoning_field="",
        sources=_source("reasoning_field", "https://github.com/janhq/jan/issues/8136", REPORTED),
    ),
    Service(
        name="minimax",
        style=Style.SWITCH,
        uses_reasoning=True,
        sources=_source("uses_reasoning", "https://platform.minimax.io/docs/guides/text-m2-function-call", REPORTED),
    ),
    Service(
        name="mistral",
        prefix_field="prefix",
        reasoning_field="",
        sources=(
            *_source(
                "prefix_field",
                "https://github.com/mistralai/client-python/blob/v3.7.0/src/mistralai/client/models/assistantmessage.py",
            ),
            *_source("reasoning_field", "https://github.com/BerriAI/litellm/issues/30835", REPORTED),
        ),
    ),
    Service(
        name="moonshot",
        vendor="kimi",
        style=Style.SWITCH,
        uses_reasoning=True,
        sources=_source(
            "vendor style uses_reasoning",
            "https://platform.moonshot.ai/docs/guide/use-kimi-k2-thinking-model",
            REPORTED,
        ),
    ),
    Service(
        name="openrouter",
        style=Style.REASONING,
        uses_reasoning=True,
        sources=_source(
            "style uses_reasoning", "https://openrouter.ai/docs/guides/best-practices/reasoning-tokens", EARLIER
        ),
    ),
    Service(
        name="qwen",
        style=Style.BUDGET,
        uses_reasoning=True,
        sources=_source("style uses_reasoning", "https://help.aliyun.com/zh/model-studio/deep-thinking", LISTED),
    ),
    Service(
        name="zhipuai",
        vendor="glm",
        style=Style.SWITCH,
        uses_reasoning=True,
        thinking_off_by_default=True,
        sources=_source(
            "vendor style uses_reasoning", "https://docs.bigmodel.cn/cn/guide/capabilities/thinking", EARLIER
        ),
    ),
)

SERVICES: Final = MappingProxyType({row.name: row for row in _ROWS})
ANY: Final = Service(name="")
"""A service without a row: it takes requests as OpenAI does."""


def service_of(name: str) -> Service:
    return SERVICES.get(name, ANY)
