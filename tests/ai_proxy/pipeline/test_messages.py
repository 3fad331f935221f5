"""Settings that change the messages of a chat."""

from __future__ import annotations

from typing import Any

import pytest
from tests.ai_proxy.gateway import CHAT, NATIVE, Json, ask
from tests.ai_proxy.natives import BEDROCK, CLAUDE, GEMINI, VERTEX

OPENAI: Json = {"type": "openai", "apiTokens": ["sk-provider-1"]}


def sent_messages(*messages: Json, **settings: Any) -> list[Json]:
    """The messages that go upstream."""
    sent: list[Json] = ask({**OPENAI, **settings}, {**CHAT, "messages": list(messages)}).sent["messages"]
    return sent


def message(role: str, content: Any, **more: Any) -> Json:
    return {"role": role, "content": content, **more}


def test_a_cleanup_command_deletes_earlier_messages_except_system_messages() -> None:
    conversation = [message("system", "s"), message("user", "a"), message("assistant", "b")]
    parts = [{"type": "text", "text": "/clear"}]
    for command in ("/clear", parts):
        sent = sent_messages(
            *conversation, message("user", command), message("user", "c"), contextCleanupCommands=["/clear"]
        )
        assert sent == [message("system", "s"), message("user", "c")]


def test_a_command_may_be_a_string_in_a_list_of_parts() -> None:
    """Every other reader of contents takes a string for a part of text."""
    sent = sent_messages(
        message("user", "a"), message("user", ["/clear"]), message("user", "b"), contextCleanupCommands=["/clear"]
    )
    assert sent == [message("user", "b")]


@pytest.mark.parametrize("text", ["/clear now", "", [], [{"type": "image_url"}], None])
def test_only_the_command_itself_wipes(text: Any) -> None:
    conversation = [message("user", "a"), message("user", text), message("assistant", "/clear")]
    assert sent_messages(*conversation, contextCleanupCommands=["/clear"]) == conversation


def test_the_last_command_counts() -> None:
    sent = sent_messages(
        message("user", "/a"), message("user", "x"), message("user", "/b"), message("user", "y"),
        contextCleanupCommands=["/a", "/b"],
    )  # fmt: skip
    assert sent == [message("user", "y")]


def test_neighbours_of_one_side_become_one_message() -> None:
    sent = sent_messages(
        message("system", "s"), message("system", "t"), message("user", "a"), message("user", "b"),
        message("assistant", "c"), message("assistant", [{"type": "text", "text": "d"}]), message("user", "e"),
        mergeConsecutiveMessages=True,
    )  # fmt: skip
    assert sent == [
        message("system", "s"), message("system", "t"), message("user", "a\n\nb"),
        message("assistant", [{"type": "text", "text": "c"}, {"type": "text", "text": "d"}]), message("user", "e"),
    ]  # fmt: skip


def test_merging_loses_nothing() -> None:
    sent = sent_messages(
        message("assistant", None, tool_calls=[{"id": "1"}]),
        message("assistant", "b", tool_calls=[{"id": "2"}], reasoning_content="r", other=1),
        message("user", "x", name="ann"),
        message("user", "y", name="bob"),
        hiclawMode=True,
    )
    assert sent == [
        message("assistant", "b", tool_calls=[{"id": "1"}, {"id": "2"}], reasoning_content="r", other=1),
        message("user", "x", name="ann"),
        message("user", "y", name="bob"),
    ]


def test_the_role_developer_becomes_system_and_nothing_else_changes() -> None:
    body = {**CHAT, "temperature": 0, "top_k": 5, "messages": [message("developer", "x", name="n")]}
    assert ask(OPENAI, body).sent == {**body, "messages": [message("system", "x", name="n")]}


def test_service_protocols_see_the_changed_messages() -> None:
    body = {**CHAT, "messages": [message("developer", "x"), message("user", "/clear")]}
    outcome = ask({**NATIVE, "contextCleanupCommands": ["/clear"]}, body)
    assert outcome.sent["input"]["messages"] == [message("system", "x")]
    only = ask({**NATIVE, "contextCleanupCommands": ["/clear"]}, {**CHAT, "messages": [message("user", "/clear")]})
    assert only.error["param"] == "messages"


@pytest.mark.parametrize("provider", [GEMINI, VERTEX])
def test_commands_and_merging_count_for_google_too(provider: Json) -> None:
    settings = {"contextCleanupCommands": ["/clear"], "mergeConsecutiveMessages": True}
    conversation = [message("user", "a"), message("user", "/clear"), message("user", "b"), message("user", "c")]
    sent = ask({**provider, **settings}, {**CHAT, "messages": conversation}).sent
    assert sent["contents"] == [{"role": "user", "parts": [{"text": "b\n\nc"}]}]


@pytest.mark.parametrize(
    ("provider", "name"),
    [
        (CLAUDE, "messages"),
        (BEDROCK, "messages"),
        (GEMINI, "contents"),
    ],
)
def test_an_empty_message_of_the_model_is_not_sent_to_services_that_refuse_it(provider: Json, name: str) -> None:
    conversation = [message("system", ""), message("user", "a"), {"role": "assistant"}, message("user", "b")]
    sent = ask(provider, {**CHAT, "messages": conversation}).sent
    assert {one["role"] for one in sent[name]} == {"user"}
    assert not any(key.startswith("system") for key in sent)
