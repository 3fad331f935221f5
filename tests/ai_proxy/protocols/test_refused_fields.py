"""What models refuse beside sampling: further fields, tools while they think, a switch for thinking, a limit."""

from __future__ import annotations

from typing import Any

import pytest
from tests.ai_proxy.gateway import CHAT, NATIVE, Json, ask
from tests.ai_proxy.natives import BEDROCK

TOOL: Json = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}
AZURE: Json = {"type": "azure", "apiTokens": ["k"], "azureServiceUrl": "https://r.openai.azure.com/?api-version=1"}
PENALTIES: Json = {"presence_penalty": 0.5, "frequency_penalty": 0.5}


def of(kind: str) -> Json:
    return {"type": kind, "apiTokens": ["k"]}


def sent(config: Json, model: str, **fields: Any) -> Json:
    return ask(config, {**CHAT, "model": model, **fields}).sent


def as_anthropic(config: Json, model: str, **fields: Any) -> Json:
    return ask(config, {**CHAT, "model": model, "max_tokens": 9000, **fields}, path="/v1/messages").sent


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("config", [of("openai"), AZURE], ids=["openai", "azure"])
@pytest.mark.parametrize(
    ("model", "asked", "effort"),
    [
        ("gpt-5.6-sol", "high", "none"),  # It takes tools only with the effort none,
        ("gpt-5.6-sol", None, "none"),  # which is not its default.
        ("gpt-6-sol", "max", "none"),
        ("gpt-5.5", None, "none"),
        ("gpt-5.4", "high", "none"),
        ("gpt-5.4", None, None),  # It does not think by default.
        ("gpt-5.2", "high", "high"),
        ("gpt-5", "high", "high"),
        ("gpt-6-astra", "high", "high"),  # It always thinks: the service's error says what to do.
    ],
)
def test_tools_switch_off_thinking_where_a_model_cannot_have_both(
    config: Json, model: str, asked: str | None, effort: str | None, stream: bool
) -> None:
    fields = {"stream": stream} if asked is None else {"stream": stream, "reasoning_effort": asked}
    assert sent(config, model, tools=[TOOL], **fields).get("reasoning_effort") == effort
    assert sent(config, model, **fields).get("reasoning_effort") == asked
    assert sent(config, model, tools=[], **fields).get("reasoning_effort") == asked


@pytest.mark.usefixtures("both_ways")
def test_sampling_is_kept_if_tools_switch_off_thinking() -> None:
    assert sent(of("openai"), "gpt-6-sol", tools=[TOOL], temperature=0.5, **PENALTIES).items() >= {
        "temperature": 0.5, **PENALTIES
    }.items()  # fmt: skip


def test_tools_switch_off_thinking_for_clients_of_anthropics_protocol() -> None:
    thinking = {"type": "enabled", "budget_tokens": 4000}
    tool = {"name": "f", "input_schema": {"type": "object", "properties": {}}}
    assert as_anthropic(of("openai"), "gpt-6-sol", thinking=thinking, tools=[tool])["reasoning_effort"] == "none"
    assert as_anthropic(of("openai"), "gpt-6-sol", thinking=thinking)["reasoning_effort"] != "none"


def test_other_services_and_deployments_that_say_so_have_tools_and_thinking() -> None:
    fields = {"tools": [TOOL], "reasoning_effort": "high"}
    assert sent(of("openrouter"), "openai/gpt-6-sol", **fields)["reasoning_effort"] == "high"
    config = {**AZURE, "modelFacts": {"gpt-6-sol": {"chatToolsWithThinking": True}}}
    assert sent(config, "gpt-6-sol", **fields)["reasoning_effort"] == "high"


@pytest.mark.parametrize(
    ("kind", "model", "fields", "kept"),
    [
        ("grok", "grok-4.7", {**PENALTIES, "stop": ["x"]}, {}),
        ("grok", "grok-4", {"stop": "x"}, {}),
        ("grok", "grok-4.20-non-reasoning", {**PENALTIES, "stop": ["x"]}, {**PENALTIES, "stop": ["x"]}),
        ("openai", "o3", {**PENALTIES, "stop": ["x"], "logprobs": True}, {}),
        ("openai", "gpt-6-astra", {"stop": ["x"], "logit_bias": {"1": 1}}, {}),
        ("openai", "gpt-5.2", PENALTIES, PENALTIES),  # It does not think by default.
        ("openai", "gpt-5.2", {**PENALTIES, "reasoning_effort": "low"}, {}),
        ("openai", "gpt-6-sol", PENALTIES, {}),
        ("openai", "gpt-6-sol", {**PENALTIES, "reasoning_effort": "none"}, PENALTIES),
        ("openai", "gpt-4o", {**PENALTIES, "stop": ["x"]}, {**PENALTIES, "stop": ["x"]}),
        ("openrouter", "openai/gpt-oss-120b", {"stop": ["x"]}, {"stop": ["x"]}),
        ("moonshot", "kimi-k3.1-pro", {**PENALTIES, "top_p": 0.5}, {}),
        ("moonshot", "kimi-k3", {"n": 2}, {"n": 2}),  # Fewer answers than the client wants would not be seen.
        ("moonshot", "kimi-k2-0905", PENALTIES, PENALTIES),
    ],
)
def test_fields_that_a_model_refuses_are_left_out(kind: str, model: str, fields: Json, kept: Json) -> None:
    body = sent(of(kind), model, **fields)
    assert {name: body[name] for name in fields if name in body and name != "reasoning_effort"} == kept


@pytest.mark.parametrize(
    ("kind", "model", "most"),
    [("zhipuai", "glm-5.2", 1), ("mistral", "mistral-large-latest", 1.5), ("minimax", "MiniMax-M3", 1),
     ("openai", "gpt-4o", 2), ("zhipuai", "glm-4.6", 1)],
)  # fmt: skip
def test_a_temperature_is_at_most_what_the_model_takes(kind: str, model: str, most: float) -> None:
    assert sent(of(kind), model, temperature=2)["temperature"] == most
    assert sent(of(kind), model, temperature=0.25)["temperature"] == 0.25
    assert sent(of(kind), model, temperature=None).get("temperature") is None
    assert sent(of(kind), model, temperature="hot")["temperature"] == "hot"  # The service says what is wrong.


def test_minimax_takes_no_temperature_of_zero() -> None:
    assert sent(of("minimax"), "MiniMax-M2.7", temperature=0)["temperature"] == 0.01
    assert sent(of("zhipuai"), "glm-5.2", temperature=0)["temperature"] == 0


@pytest.mark.parametrize("client", [sent, as_anthropic], ids=["openai", "anthropic"])
@pytest.mark.parametrize(
    ("kind", "model"), [("moonshot", "kimi-k3"), ("zhipuai", "glm-5.3"), ("minimax", "MiniMax-M3.1-Flash")]
)
def test_a_model_that_always_thinks_is_asked_for_an_effort_only(kind: str, model: str, client: Any) -> None:
    on: Json = {"thinking": {"type": "enabled", "budget_tokens": 2000}} if client is as_anthropic else {}
    off: Json = {"thinking": {"type": "disabled"}} if client is as_anthropic else {"reasoning_effort": "none"}
    more = client(of(kind), model, **(on or {"reasoning_effort": "max"}))
    assert "thinking" not in more
    assert more["reasoning_effort"] in {"low", "medium", "high", "max"}
    least = client(of(kind), model, **off)
    assert "thinking" not in least
    assert least.get("reasoning_effort") == "low"


def test_minimax_m3_is_switched_on_with_its_own_word() -> None:
    assert sent(of("minimax"), "MiniMax-M3", reasoning_effort="high")["thinking"] == {"type": "adaptive"}
    assert sent(of("minimax"), "MiniMax-M3", reasoning_effort="none")["thinking"] == {"type": "disabled"}


@pytest.mark.usefixtures("both_ways")
@pytest.mark.parametrize(("effort", "config"), [("low", {"maxTokens": 900, "temperature": 0.5}), ("max", {})])
def test_novas_highest_effort_has_no_limit_and_no_sampling(effort: str, config: Json) -> None:
    body = sent(BEDROCK, "us.amazon.nova-2-lite-v1:0", reasoning_effort=effort, max_tokens=900, temperature=0.5)
    assert body["inferenceConfig"] == config


def test_image_models_of_gemini_know_two_levels() -> None:
    gemini = of("gemini")
    for model in ("gemini-3.1-flash-image", "gemini-3.1-flash-lite-image"):
        levels = [
            sent(gemini, model, reasoning_effort=effort)["generationConfig"]["thinkingConfig"]["thinkingLevel"]
            for effort in ("none", "low", "max")
        ]
        assert [level.lower() for level in levels] == ["minimal", "high", "high"]


@pytest.mark.parametrize(
    ("model", "place"),
    [("qwen3.5-plus", "multimodal"), ("qwen3.7-plus", "multimodal"), ("qwen3.8-max", "multimodal"),
     ("qwen3-max", "text"), ("qwen3.7-max", "text"), ("qwen-plus", "text")],
)  # fmt: skip
def test_dashscopes_models_with_eyes_have_an_endpoint_of_their_own(model: str, place: str) -> None:
    outcome = ask(NATIVE, {**CHAT, "model": model})
    assert outcome.sent_headers[":path"] == f"/api/v1/services/aigc/{place}-generation/generation"
