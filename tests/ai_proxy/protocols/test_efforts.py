"""The scale of efforts at every service: more never thinks less, and a model without thinking is not asked for any."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from tests.ai_proxy.gateway import CHAT, NATIVE, Json, ask
from tests.ai_proxy.natives import BEDROCK, CLAUDE, GEMINI, VERTEX

from ai_proxy.profiles.facts import EFFORTS

AZURE: Json = {"type": "azure", "apiTokens": ["k"], "azureServiceUrl": "https://r.openai.azure.com/?api-version=1"}
CLAUDES = [
    "claude-opus-5-5",
    "claude-opus-5",
    "claude-opus-4-7",
    "claude-opus-4-6",
    "claude-sonnet-4-5",
    "claude-opus-4-1",
]


def of(kind: str) -> Json:
    return {"type": kind, "apiTokens": ["k"]}


SERVICES: dict[str, tuple[Json, list[str]]] = {
    "claude": (CLAUDE, CLAUDES),
    "bedrock": (
        BEDROCK, [f"us.anthropic.{name}" for name in CLAUDES] + ["us.amazon.nova-2-lite-v1:0", "openai.gpt-oss-20b"]
    ),
    "vertex-claude": (VERTEX, CLAUDES),
    "gemini": (
        GEMINI, ["gemini-3-pro-preview", "gemini-3-flash-preview", "gemini-2.5-pro", "gemini-2.5-flash", "gemini-9"]
    ),
    "vertex": (VERTEX, ["gemini-3.1-pro-preview", "gemini-2.5-flash-lite"]),
    "openai": (of("openai"), ["gpt-5", "gpt-5.1", "gpt-5.2", "gpt-5-pro", "o3", "gpt-9"]),
    "azure": (AZURE, ["gpt-5", "o4-mini"]),
    "openrouter": (of("openrouter"), ["openai/gpt-5", "anthropic/claude-opus-4.7"]),
    "deepseek": (of("deepseek"), ["deepseek-v4-pro"]),
    "moonshot": (of("moonshot"), ["kimi-k2.6", "kimi-k3"]),
    "zhipuai": (of("zhipuai"), ["glm-4.6", "glm-5.2", "glm-5.3"]),
    "doubao": (of("doubao"), ["doubao-seed-1.6"]),
    "mistral": (of("mistral"), ["mistral-small-latest"]),
    "grok": (of("grok"), ["grok-4.3", "grok-3-mini"]),
    "cohere": (of("cohere"), ["command-a-reasoning-08-2025"]),
    "qwen": (of("qwen"), ["qwen-plus"]),
    "qwen-native": (NATIVE, ["qwen-plus"]),
}  # fmt: skip
MODELS = [
    pytest.param(config, model, id=f"{name}-{model}") for name, (config, names) in SERVICES.items() for model in names
]
WITHOUT = [
    (CLAUDE, "claude-3-5-sonnet-20241022"), (BEDROCK, "anthropic.claude-3-haiku-v1:0"), (GEMINI, "gemini-2.0-flash"),
    (VERTEX, "gemini-1.5-pro"), (of("openai"), "gpt-4o"), (AZURE, "gpt-4.1"), (of("moonshot"), "moonshot-v1-8k"),
    (of("zhipuai"), "glm-4-plus"), (of("mistral"), "mistral-large-latest"), (of("grok"), "grok-4"),
    (of("cohere"), "command-r-plus"), (of("minimax"), "MiniMax-M2"), (NATIVE, "qwen-max"),
]  # fmt: skip
WORDS = {"type", "effort", "thinkingLevel", "reasoning_effort", "maxReasoningEffort", "enable_thinking"}
TOKENS = {"budget_tokens", "thinkingBudget", "thinking_budget", "token_budget"}
OFF = {"disabled", "between_tools", False}


def asked(sent: Any) -> dict[str, Any]:
    """All that a request says of thinking, wherever it is."""
    found: dict[str, Any] = {}
    if isinstance(sent, dict):
        for name, value in sent.items():
            if name in TOKENS | (WORDS - {"type"}):
                found[name] = value
            elif name == "thinking" and isinstance(value, dict):
                found |= {"type": value.get("type")} | asked(value)
            elif name != "messages":
                found |= asked(value)
    return found


def amount(sent: Json) -> float:
    said = asked(sent)
    if said.get("type") in OFF or said.get("enable_thinking") in OFF:
        return 0
    tokens = next((said[name] for name in TOKENS if name in said), 0)
    word = next(
        (said[name] for name in ("effort", "thinkingLevel", "reasoning_effort", "maxReasoningEffort") if name in said),
        "",
    )
    return (
        tokens
        + (EFFORTS.index(word) * 100_000 if word else 0)
        + (1 if said.get("type") in {"enabled", "adaptive"} else 0)
    )


@pytest.mark.parametrize(
    "limit", [{}, {"max_tokens": 64_000}, {"max_tokens": 3000}], ids=["no limit", "large", "small"]
)
@pytest.mark.parametrize(("config", "model"), MODELS)
def test_more_effort_never_thinks_less(config: Json, model: str, limit: Json) -> None:
    amounts = [
        amount(ask(config, {**CHAT, "model": model, "reasoning_effort": effort, **limit}).sent) for effort in EFFORTS
    ]
    assert all(lower <= higher for lower, higher in pairwise(amounts)), amounts
    assert amounts[-1] > 0


@pytest.mark.parametrize("effort", ["high", "max"])
@pytest.mark.parametrize(("config", "model"), WITHOUT, ids=[model for _, model in WITHOUT])
def test_a_model_without_thinking_is_not_asked_for_any(config: Json, model: str, effort: str) -> None:
    assert asked(ask(config, {**CHAT, "model": model, "reasoning_effort": effort}).sent) == {}
    body = {**CHAT, "model": model, "max_tokens": 9000, "thinking": {"type": "enabled", "budget_tokens": 2000}}
    if config not in (CLAUDE, BEDROCK, NATIVE):  # These have Anthropic's API themselves.
        assert asked(ask(config, body, path="/v1/messages").sent) == {}


@pytest.mark.parametrize("kind", ["claude", "bedrock", "vertex"])
def test_sampling_of_claude_is_what_the_generation_takes(kind: str) -> None:
    config, prefix = {"claude": (CLAUDE, ""), "bedrock": (BEDROCK, "us.anthropic."), "vertex": (VERTEX, "")}[kind]

    def sampling(model: str, **body: float) -> dict[str, float]:
        sent = ask(config, {**CHAT, "model": prefix + model, **body}).sent
        given = {**sent, **sent.get("inferenceConfig", {})}
        names = {"temperature": "temperature", "top_p": "top_p", "topP": "top_p"}
        return {ours: given[theirs] for theirs, ours in names.items() if theirs in given}

    both = {"temperature": 0.7, "top_p": 0.9}
    assert sampling("claude-opus-4-7", **both) == {}
    assert sampling("claude-opus-4-1-20250805", **both) == {"temperature": 0.7}
    assert sampling("claude-sonnet-4-5", temperature=1, top_p=0.9) == {"top_p": 0.9}
    assert sampling("claude-sonnet-4-20250514", **both) == both
    assert sampling("claude-sonnet-4-5", temperature=2) == {"temperature": 1}


def test_a_model_that_cannot_be_forced_to_call_a_tool_is_not() -> None:
    tool = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}
    body = {**CHAT, "tools": [tool], "tool_choice": "required"}
    assert ask(CLAUDE, {**body, "model": "claude-opus-5-5"}).sent["tool_choice"] == {"type": "auto"}
    assert ask(CLAUDE, {**body, "model": "claude-opus-4-7"}).sent["tool_choice"] == {"type": "any"}
    bedrock = ask(BEDROCK, {**body, "model": "us.anthropic.claude-opus-5-5"}).sent
    assert bedrock["toolConfig"]["toolChoice"] == {"auto": {}}
