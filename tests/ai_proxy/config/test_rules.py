"""Several providers, and rules that choose between them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.ai_proxy.gateway import CHAT, SESSION, Json, Outcome

from proxywasm_host.recordings.exchange import Exchange, Message
from proxywasm_host.recordings.replay import replay

PROVIDERS: list[Json] = [
    {"id": "one", "type": "openai", "apiTokens": ["k1"]},
    {"id": "two", "type": "deepseek", "apiTokens": ["k2"]},
]


def host(config: Json, authority: str = "gateway.example.com") -> str:
    """The host of a chat."""
    fields = [(":authority", authority), (":path", "/v1/chat/completions"), (":method", "POST"), (":scheme", "https")]
    request = Message([*fields, ("content-type", "application/json")], (json.dumps(CHAT).encode(),))
    outcome = Outcome(replay(Exchange("test", json.dumps(config), request), SESSION))
    assert outcome.result["start"] == "ok", outcome.result["error"]
    return outcome.sent_headers[":authority"]


def rule(domain: str, **more: Any) -> Json:
    return {"_match_domain_": [domain], **more}


@pytest.mark.parametrize(
    ("authority", "result"),
    [
        ("a.example.com", "api.openai.com"),
        ("b.example.com", "api.deepseek.com"),
        ("c.example.com", "api.groq.com"),
        ("d.example.com", "api.x.ai"),
        ("e.example.com", "e.example.com"),
        ("other.example.com", "api.deepseek.com"),
    ],
)
def test_rules_choose_the_provider(authority: str, result: str) -> None:
    own = {"type": "groq", "apiTokens": ["k3"]}
    config = {
        "providers": PROVIDERS, "activeProviderId": "two",
        "_rules_": [
            rule("a.example.com", activeProviderId="one"), rule("b.example.com", activeProviderId="two"),
            rule("c.example.com", provider=own),
            rule("d.example.com", providers=[{"id": "x", "type": "grok", "apiTokens": ["k4"]}], activeProviderId="x"),
            rule("e.example.com"),
        ],
    }  # fmt: skip
    assert host(config, authority) == result


def test_a_rule_can_go_back_to_the_only_provider() -> None:
    config = {"provider": PROVIDERS[1], "_rules_": [rule("a.example.com", activeProviderId="two")]}
    assert host(config, "a.example.com") == "api.deepseek.com"


def test_the_list_of_providers_is_in_no_repr() -> None:
    from ai_proxy import configuration  # noqa: PLC0415

    assert "k2" not in repr(configuration.parse({"providers": PROVIDERS, "activeProviderId": "two"}))
