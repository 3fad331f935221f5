"""Whatever a conversation has in it, each service gets what its documentation allows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.ai_proxy.validated import ALL_SERVICES, MODELS, OPENAIS, SERVICES, converted
from tests.import_graph import import_graph, module_files, reachable

from ai_proxy_testing import request_problems
from ai_proxy_testing.conversations import (
    Conversation,
    anthropic_request,
    conversations,
    openai_request,
    responses_request,
)

PLUGINS = Path(__file__).parents[2] / "plugins"
WRITTEN = {"openai": openai_request, "anthropic": anthropic_request, "responses": responses_request}
PASSED_ON = {name for name, (_, _, rules) in ALL_SERVICES.items() if rules in OPENAIS}
ALL_PAIRS = [
    (client, service)
    for client in WRITTEN
    for service in ALL_SERVICES
    if not (client == "openai" and service in PASSED_ON)
]
PAIRS = [pair for pair in ALL_PAIRS if pair[1] in SERVICES]


OPEN = {name for name in PASSED_ON if ALL_SERVICES[name][0]["type"] not in {"openai", "azure", "mistral"}}
"""Services that may have models of any vendor."""


def problems(client: str, service: str, conversation: Conversation, model: str = "") -> list[str]:
    result = converted(service, client, WRITTEN[client](conversation, "m"), model)
    return [] if result is None else request_problems(ALL_SERVICES[service][2], result[1])


@pytest.mark.parametrize(("client", "service"), PAIRS)
@settings(max_examples=6)
@given(conversation=conversations())
def test_a_converted_request_keeps_the_rules_of_its_service(client: str, service: str, conversation: Any) -> None:
    assert problems(client, service, conversation) == []


@pytest.mark.exhaustive
@pytest.mark.parametrize(("client", "service"), ALL_PAIRS)
@settings(max_examples=300)
@given(conversation=conversations())
def test_many_converted_requests_keep_the_rules_of_their_service(client: str, service: str, conversation: Any) -> None:
    assert problems(client, service, conversation) == []


@pytest.mark.exhaustive
@pytest.mark.parametrize(("client", "service"), [pair for pair in ALL_PAIRS if pair[1] in OPEN])
@settings(max_examples=150)
@given(conversation=conversations(), model=st.sampled_from(MODELS))
def test_chats_with_any_model_keep_the_rules_of_their_service(
    client: str, service: str, conversation: Any, model: str
) -> None:
    assert problems(client, service, conversation, model) == []


def test_validators_know_nothing_of_the_plugin_and_it_nothing_of_them() -> None:
    graph = import_graph(module_files(PLUGINS))
    assert reachable(graph, ["ai_proxy_testing.conversations"]) >= {"ai_proxy_testing.problems"}
    assert not {name for name in reachable(graph, ["ai_proxy_testing"]) if name.startswith("ai_proxy.")}
    assert not {name for name in reachable(graph, ["ai_proxy.kit"]) if name.startswith("ai_proxy_testing")}
