"""Conversations that end with the beginning of the answer, and calls that a model cannot be forced to make."""

from __future__ import annotations

import pytest
from tests.ai_proxy.gateway import Json, answer, ask, events
from tests.ai_proxy.natives import BEDROCK, CLAUDE, GEMINI, VERTEX

MISTRAL: Json = {"type": "mistral", "apiTokens": ["k"]}
OPENROUTER: Json = {"type": "openrouter", "apiTokens": ["k"]}
DEEPSEEK: Json = {"type": "deepseek", "apiTokens": ["k"]}
MOONSHOT: Json = {"type": "moonshot", "apiTokens": ["k"]}

PATHS = {"openai": "/v1/chat/completions", "anthropic": "/v1/messages"}
REFUSING = [
    (CLAUDE, "claude-sonnet-5"), (BEDROCK, "us.anthropic.claude-opus-4-6-v1"), (VERTEX, "claude-opus-4-7"),
    (GEMINI, "gemini-3.6-flash"), (VERTEX, "gemini-3.8-flash"), (OPENROUTER, "anthropic/claude-opus-4.6"),
]  # fmt: skip
CONTINUING = [(CLAUDE, "claude-sonnet-4-5"), (BEDROCK, "us.anthropic.claude-3-haiku-v1:0"), (GEMINI, "gemini-2.5-pro")]
PREFILLED: list[Json] = [{"role": "user", "content": "Write JSON."}, {"role": "assistant", "content": "{"}]


def roles(provider: Json, model: str, client: str, *, stream: bool, messages: list[Json] = PREFILLED) -> list[str]:
    # Bedrock and Vertex AI take Anthropic's own requests as they are, unless they are to be converted.
    config = {**provider, "bedrockMessagesApi": False} if provider is BEDROCK else provider
    body = {"model": model, "messages": messages, "max_tokens": 99, "stream": stream}
    sent = ask(config, body, path=PATHS[client]).sent
    return [one["role"] for one in sent.get("messages") or sent["contents"]]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("provider", "model", "client"),
    [(provider, model, client) for provider, model in REFUSING for client in PATHS
     # Requests in Anthropic's protocol pass unchanged to services that have it.
     if client == "openai" or (provider is not CLAUDE and not (provider is VERTEX and "claude" in model))],
)  # fmt: skip
def test_a_model_that_does_not_continue_its_message_is_asked_to(
    provider: Json, model: str, client: str, stream: bool
) -> None:
    assert roles(provider, model, client, stream=stream)[-1] == "user"


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("client", PATHS)
@pytest.mark.parametrize(("provider", "model"), CONTINUING)
def test_a_model_that_continues_its_message_gets_it_last(provider: Json, model: str, client: str, stream: bool) -> None:
    assert roles(provider, model, client, stream=stream) in (["user", "assistant"], ["user", "model"])


@pytest.mark.parametrize("client", PATHS)
def test_mistral_is_told_that_the_last_message_is_the_beginning_of_the_answer(client: str) -> None:
    body = {"model": "mistral-large-latest", "messages": PREFILLED, "max_tokens": 9}
    assert ask(MISTRAL, body, path=PATHS[client]).sent["messages"][-1] == {
        "role": "assistant", "content": "{", "prefix": True,
    }  # fmt: skip


def test_a_message_with_calls_is_no_beginning_of_an_answer() -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    messages: list[Json] = [PREFILLED[0], {"role": "assistant", "content": None, "tool_calls": [call]}]
    assert roles(MISTRAL, "mistral-large-latest", "openai", stream=False, messages=messages) == ["user", "assistant"]
    assert roles(GEMINI, "gemini-3.8-flash", "openai", stream=False, messages=messages) == ["user", "model"]


TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}
FORCED: Json = {"type": "function", "function": {"name": "f"}}


@pytest.mark.parametrize("choice", ["required", FORCED])
@pytest.mark.parametrize(
    ("provider", "model", "more", "expected"),
    [
        # It thinks unless it is told not to, and cannot be forced to call a tool while it thinks.
        (DEEPSEEK, "deepseek-v4-pro", {}, {"thinking": {"type": "disabled"}}),
        (DEEPSEEK, "deepseek-v4-pro", {"thinking": {"type": "disabled"}}, {"thinking": {"type": "disabled"}}),
        (DEEPSEEK, "deepseek-v4-pro", {"reasoning_effort": "high"}, {"tool_choice": "auto"}),
        (DEEPSEEK, "deepseek-reasoner", {}, {"tool_choice": "auto"}),
        (MOONSHOT, "kimi-k3", {}, {"tool_choice": "auto"}),
        (DEEPSEEK, "deepseek-chat", {}, {}),
    ],
)
def test_forced_calls_and_thinking_exclude_each_other_where_the_service_says_so(
    provider: Json, model: str, more: Json, expected: Json, choice: object
) -> None:
    body = {"model": model, "messages": PREFILLED[:1], "tools": [TOOL], "tool_choice": choice, **more}
    sent = ask(provider, body).sent
    assert {name: sent[name] for name in ("tool_choice", "thinking") if name in sent} == {
        "tool_choice": choice, **{name: more[name] for name in ("thinking",) if name in more}, **expected,
        **({"thinking": {"type": "enabled"}} if "reasoning_effort" in more else {}),
    }  # fmt: skip


@pytest.mark.parametrize("choice", ["auto", "none"])
def test_other_choices_of_tools_stay(choice: str) -> None:
    body = {"model": "deepseek-v4-pro", "messages": PREFILLED[:1], "tools": [TOOL], "tool_choice": choice}
    sent = ask(DEEPSEEK, body).sent
    assert (sent["tool_choice"], "thinking" in sent) == (choice, False)


@pytest.mark.parametrize(
    ("model", "effort", "kept"),
    [("gpt-5.5", None, False), ("gpt-5.5", "none", True), ("gpt-5.4", None, True), ("gpt-6.1-sol", None, False)],
)
def test_sampling_goes_to_models_that_do_not_think(model: str, effort: str | None, kept: bool) -> None:
    body = {"model": model, "messages": PREFILLED[:1], "temperature": 0.2, "reasoning_effort": effort}
    body = {name: value for name, value in body.items() if value is not None}
    assert ("temperature" in ask({"type": "openai", "apiTokens": ["k"]}, body).sent) is kept


@pytest.mark.parametrize("provider", [GEMINI, VERTEX])
def test_the_newest_gemini_models_get_no_sampling(provider: Json) -> None:
    body = {"messages": PREFILLED[:1], "temperature": 0.2, "top_p": 0.5, "max_tokens": 9}
    assert ask(provider, {**body, "model": "gemini-3.8-flash"}).sent["generationConfig"] == {"maxOutputTokens": 9}
    assert ask(provider, {**body, "model": "gemini-2.5-pro"}).sent["generationConfig"]["temperature"] == 0.2


@pytest.mark.parametrize("display", ["omitted", "summarized"])
def test_how_thinking_is_shown_reaches_claude_at_bedrock(display: str) -> None:
    config = {**BEDROCK, "bedrockMessagesApi": False}
    thinking = {"type": "adaptive", "display": display}
    body = {"model": "us.anthropic.claude-opus-4-8", "messages": PREFILLED[:1], "max_tokens": 99, "thinking": thinking}
    for path in PATHS.values():
        assert ask(config, body, path=path).sent["additionalModelRequestFields"]["thinking"] == thinking
    off = {**body, "thinking": {"type": "disabled", "display": display}}
    assert "thinking" not in ask(config, off, path=PATHS["anthropic"]).sent.get("additionalModelRequestFields", {})


FINISHED = 'data: {"choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":"%s"}]}\n\ndata: [DONE]\n\n'


@pytest.mark.parametrize("client", PATHS)
@pytest.mark.parametrize(
    ("name", "word"),
    [("zhipuai", "network_error"), ("deepseek", "insufficient_system_resource"), ("mistral", "error"),
     ("openrouter", "error"), ("vllm", "abort"), ("sglang", "abort")],
)  # fmt: skip
def test_an_answer_that_broke_off_is_an_error(name: str, word: str, client: str) -> None:
    if client == "anthropic" and name in {"deepseek", "vllm"}:
        return  # They have Anthropic's API, too: nothing is converted.
    more = {"serverUrl": "http://models.internal:8000"} if name == "sglang" else {}
    config = {"type": name, "apiTokens": ["k"], **more}
    body = {"model": "m", "messages": PREFILLED[:1], "max_tokens": 9}
    stream = ask(config, {**body, "stream": True}, events((FINISHED % word).encode()), path=PATHS[client])
    shown = stream.raw.decode()
    assert "error" in shown
    assert "[DONE]" not in shown.partition('"error"')[2]
    choice = {"index": 0, "message": {"role": "assistant", "content": "Hi"}, "finish_reason": word}
    whole = ask(config, body, answer({"id": "c", "choices": [choice]}), path=PATHS[client])
    assert whole.status == 502


@pytest.mark.parametrize(
    ("name", "word", "openai", "anthropic"),
    [("zhipuai", "sensitive", "content_filter", "refusal"), ("mistral", "model_length", "length", "max_tokens"),
     ("together-ai", "eos", "stop", "end_turn")],
)  # fmt: skip
def test_finish_reasons_of_services_become_the_clients(name: str, word: str, openai: str, anthropic: str) -> None:
    config = {"type": name, "apiTokens": ["k"]}
    body = {"model": "m", "messages": PREFILLED[:1], "max_tokens": 9}
    for client, expected in (("openai", openai), ("anthropic", anthropic)):
        stream = ask(config, {**body, "stream": True}, events((FINISHED % word).encode()), path=PATHS[client])
        assert f'"{expected}"' in stream.raw.decode()
        choice = {"index": 0, "message": {"role": "assistant", "content": "Hi"}, "finish_reason": word}
        whole = ask(config, body, answer({"id": "c", "choices": [choice]}), path=PATHS[client]).json
        assert expected == (whole["stop_reason"] if client == "anthropic" else whole["choices"][0]["finish_reason"])
