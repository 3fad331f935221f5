"""OpenAI, and servers like it."""

from __future__ import annotations

import pytest
from tests.ai_proxy.gateway import CHAT, Json, ask, events

OPENAI: Json = {"type": "openai", "apiTokens": ["sk-provider-1"]}


@pytest.mark.parametrize(
    ("url", "path", "host", "result"),
    [
        ("https://h", "/v1/chat/completions", "h", "/chat/completions"),
        ("https://h/", "/v1/embeddings?x=1", "h", "/embeddings?x=1"),
        ("h:8080/api/v2", "/v1/files/f-1/content", "h:8080", "/api/v2/files/f-1/content"),
        ("http://user:secret@h/api/", "/v1/fine_tuning/jobs/j-1/pause", "h", "/api/fine_tuning/jobs/j-1/pause"),
        ("https://h/x/chat/completions", "/v1/embeddings?x=1", "h", "/x/chat/completions"),
        ("https://h/x/chat/completions", "/any/thing", "h", "/x/chat/completions"),
        ("https://h/x/embeddings?version=2", "/v1/embeddings", "h", "/x/embeddings?version=2"),
    ],
)
def test_a_custom_address(url: str, path: str, host: str, result: str) -> None:
    sent = ask({**OPENAI, "openaiCustomUrl": url}, {"model": "x"}, path=path).sent_headers
    assert (sent[":authority"], sent[":path"]) == (host, result)


@pytest.mark.parametrize(
    ("headers", "credential"),
    [
        ([("authorization", "Bearer a")], "Bearer a"),
        ([("authorization", "bearer a ")], "Bearer a"),
        ([("authorization", "a")], "Bearer a"),
        ([("x-authorization", "Bearer b"), ("authorization", "a")], "Bearer b"),
        ([("x-api-key", "c"), ("x-authorization", "b"), ("authorization", "a")], "Bearer c"),
        ([], None),
    ],
)
def test_without_tokens_a_client_uses_its_own_key(headers: list[tuple[str, str]], credential: str | None) -> None:
    outcome = ask({"type": "openai"}, CHAT, headers=headers)
    assert outcome.sent_headers.get("authorization") == credential
    assert not outcome.sent_headers.keys() & {"x-api-key", "x-authorization", "x-hi-original-auth"}
    assert ("neither a token" in outcome.logs) == (credential is None)


def test_a_response_format_of_the_operators_is_for_chats_only() -> None:
    schema = {"type": "json_schema", "json_schema": {"name": "s"}}
    config = {**OPENAI, "responseJsonSchema": schema}
    assert ask(config, {**CHAT, "response_format": {"type": "text"}}).sent["response_format"] == schema
    assert ask(config, {"model": "x", "input": "y"}, path="/v1/embeddings").sent == {"model": "x", "input": "y"}


@pytest.mark.usefixtures("both_ways")
@pytest.mark.parametrize(
    ("model", "limits", "sent"),
    [
        ("o1", {"max_tokens": 5}, {"max_completion_tokens": 5}),
        ("o3-mini", {"max_tokens": 0}, {"max_completion_tokens": 0}),
        ("O4-mini", {"max_tokens": 5, "max_completion_tokens": 6}, {"max_completion_tokens": 6}),
        ("openai/gpt-5-mini", {"max_tokens": 5, "max_completion_tokens": None}, {"max_completion_tokens": 5}),
        ("o1", {"max_tokens": None}, {}),
        ("o1", {}, {}),
        ("gpt-4o", {"max_tokens": 5}, {"max_tokens": 5}),
        ("gpt-oss", {"max_tokens": 5}, {"max_tokens": 5}),
        ("my-o1", {"max_tokens": 5}, {"max_tokens": 5}),
    ],
)
def test_the_limit_has_the_name_that_models_that_reason_take(model: str, limits: Json, sent: Json) -> None:
    """The name that counts is the one that the model has at the service."""
    config = {**OPENAI, "modelMapping": {"*": model}}
    messages = [{"role": "user", "content": "x"}]
    body = ask(config, {"model": "x", "messages": messages, **limits}).sent
    assert body == {"model": model, "messages": messages, **sent}


def test_the_limit_of_other_apis_keeps_its_name() -> None:
    body = {"model": "o1", "prompt": "x", "max_tokens": 5}
    assert ask(OPENAI, body, path="/v1/completions").sent == body


def test_a_request_without_model_gets_the_one_for_all() -> None:
    config = {**OPENAI, "modelMapping": {"*": "fallback"}}
    assert ask(config, {"messages": []}).sent["model"] == "fallback"
    assert ask(config, {"model": "", "messages": []}).sent["model"] == "fallback"
    assert ask(OPENAI, {"messages": []}).status == 400


def test_a_stream_that_never_speaks_of_a_finish_may_end_without_one() -> None:
    completions = [b'data: {"choices":[{"text":"a","index":0}]}\n\n', b""]
    body = {"model": "x", "prompt": "y", "stream": True}
    outcome = ask(OPENAI, body, events(*completions), path="/v1/completions")
    assert outcome.raw == completions[0]
    cut = ask(
        OPENAI, body, events(b'data: {"choices":[{"text":"a","finish_reason":null}]}\n\n'), path="/v1/completions"
    )
    assert "stream_cut" in cut.data[-1]
