"""What services accept, where it depends on the service and not only on the model."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType
from typing import Final

from .facts import AGENTSCOPE, EARLIER, LISTED, REPORTED, Source

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
    tools_without_thinking: bool = False
    """Chat Completions take no function tools while a model thinks that cannot have both (see profiles)."""
    reasoning_field: str = "reasoning_content"
    """The field of an earlier answer in which reasoning may come back. Empty: in none."""
    prefix_field: str = ""
    """The field that the last message has if it is the beginning of the answer; empty: it needs none."""
    sources: tuple[Source, ...] = field(default=())


def _source(facts: str, url: str, rests_on: str = "") -> tuple[Source, ...]:
    return (Source(facts, url, _READ, rests_on),)


_FOUNDRY: Final = "https://github.com/microsoft/foundry-dev-tools/issues/779"
_OPENROUTER: Final = "https://openrouter.ai/docs/guides/best-practices/reasoning-tokens"
_ARK_THINKING: Final = (
    "https://github.com/volcengine/volcengine-python-sdk/blob/5.0.54/volcenginesdkarkruntime/types/shared/thinking.py"
)

_ROWS: Final = (
    Service(name="azure", tools_without_thinking=True, sources=_source("tools_without_thinking", _FOUNDRY, REPORTED)),
    Service(
        name="cerebras",
        reasoning_field="reasoning",
        sources=_source("reasoning_field", "https://github.com/QwenLM/qwen-code/issues/11045", REPORTED),
    ),
    Service(name="claude", vendor="claude", sources=_source("vendor", "https://platform.claude.com/docs/en/models")),
    Service(name="cohere", vendor="cohere", sources=_source("vendor", "https://docs.cohere.com/docs/models")),
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
        sources=(
            Source("style", _ARK_THINKING, _READ),
            Source("uses_reasoning", "https://www.volcengine.com/docs/82379/1449737", _READ, LISTED),
        ),
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
        sources=(
            Source("style", "https://java.agentscope.io/v2/en/integration/model/minimax", _READ, by=AGENTSCOPE),
            Source("uses_reasoning", "https://platform.minimax.io/docs/api-reference/text-openai-api", _READ),
        ),
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
            "vendor style uses_reasoning", "https://platform.kimi.ai/docs/guide/use-kimi-k2-thinking-model"
        ),
    ),
    Service(
        name="openai",
        tools_without_thinking=True,
        sources=_source("tools_without_thinking", "https://developers.openai.com/api/docs/models/gpt-6-sol"),
    ),
    Service(
        name="openrouter",
        style=Style.REASONING,
        uses_reasoning=True,
        sources=(
            Source("style", _OPENROUTER, _READ),
            Source("uses_reasoning", _OPENROUTER, _READ, EARLIER),
        ),
    ),
    Service(
        name="qwen",
        style=Style.BUDGET,
        uses_reasoning=True,
        sources=(
            Source("style", "https://help.aliyun.com/zh/model-studio/deep-thinking", _READ),
            Source("uses_reasoning", "https://help.aliyun.com/zh/model-studio/deep-thinking", _READ, LISTED),
        ),
    ),
    Service(
        name="zhipuai",
        vendor="glm",
        style=Style.SWITCH,
        uses_reasoning=True,
        thinking_off_by_default=True,
        sources=_source("vendor style uses_reasoning", "https://docs.bigmodel.cn/cn/guide/capabilities/thinking-mode"),
    ),
)

SERVICES: Final = MappingProxyType({row.name: row for row in _ROWS})
ANY: Final = Service(name="")
"""A service without a row: it takes requests as OpenAI does."""


def service_of(name: str) -> Service:
    return SERVICES.get(name, ANY)
