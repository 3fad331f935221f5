"""A configuration is accepted or refused with the key and the reason."""

from __future__ import annotations

import pytest
from tests.ai_proxy.gateway import CHAT, COMPATIBLE, NATIVE, Json, ask, refusal, start

from ai_proxy import config, providers, schema, settings


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"type": None}, "provider.type: is required: which model service this is"),
        ({"type": 7}, "provider.type: must be a string, got number"),
        ({"type": "no-such"}, 'provider.type: unknown provider "no-such"; known are: '),
        ({"apiTokens": []}, "provider.apiTokens: is required: qwen needs at least one token"),
        ({"apiTokens": {"a": "b"}}, "provider.apiTokens: must be an array of strings, got object"),
        ({"apiTokens": ["ok", 7]}, "provider.apiTokens[1]: must be a string, got number"),
        ({"apiTokens": [""]}, "provider.apiTokens[0]: must not be empty"),
        ({"apiTokens": ["sk-secret\n"]}, "provider.apiTokens[0]: must not contain control characters"),
        ({"qwenDomain": 7}, "provider.qwenDomain: must be a string, got number"),
        ({"qwenDomain": "https://x"}, "provider.qwenDomain: must be a host, or host:port, without scheme and path"),
        ({"qwenEnableCompatible": "no"}, "provider.qwenEnableCompatible: must be true or false, got string"),
        ({"protocol": "grpc"}, 'provider.protocol: must be one of openai, original, got "grpc"'),
        ({"reasoningContentMode": "x"}, "provider.reasoningContentMode: must be one of passthrough, ignore, concat"),
        ({"firstByteTimeout": -1}, "provider.firstByteTimeout: must be at least 0, got -1"),
        ({"firstByteTimeout": 1.5}, "provider.firstByteTimeout: must be an integer, got number"),
        ({"modelMapping": "x"}, "provider.modelMapping: must be an object, got string"),
        ({"modelMapping": {"a": 1}}, "provider.modelMapping.a: must be a string, got number"),
        ({"modelMapping": {"~(": "x"}}, "provider.modelMapping.~(: not a regular expression"),
        ({"context": {"serviceName": "s", "servicePort": 1}}, "provider.context.fileUrl: is required"),
        (
            {"context": {"fileUrl": "u", "serviceName": "s", "servicePort": 0}},
            "provider.context.servicePort: must be",
        ),
        ({"customSettings": [{"value": 1}]}, "provider.customSettings[0].name: is required"),
        (
            {"qwenFileIds": ["f"], "context": {"fileUrl": "u", "serviceName": "s", "servicePort": 1}},
            "provider.qwenFileIds: cannot be combined with context",
        ),
    ],
)
def test_what_is_wrong_is_said(change: Json, reason: str) -> None:
    assert refusal({"provider": {**COMPATIBLE, **change}}).startswith(reason)


def test_no_secret_is_told() -> None:
    outcome = start({"provider": {**COMPATIBLE, "apiTokens": ["sk-secret\n"], "unknownKey": "sk-secret"}})
    assert "sk-secret" not in str(outcome.result)
    provider = providers.build(COMPATIBLE, "provider")
    assert "sk-provider-1" not in repr(provider)


def test_a_bad_entry_of_the_list_is_named_by_its_place() -> None:
    listed = [{"id": "a", "type": "nonsense"}, {"id": "b", "type": "qwen"}]
    assert refusal({"providers": listed, "activeProviderId": "b"}).startswith("providers[1].apiTokens: is required")
    assert refusal({"providers": {}}).startswith("providers: must be an array of objects, got object")


@pytest.mark.parametrize("outer", [{}, {"providers": [COMPATIBLE]}, {"provider": []}, {"activeProviderId": "x"}])
def test_without_an_active_provider_requests_pass(outer: Json) -> None:
    assert config.parse(outer).provider is None


def test_values_may_be_given_as_strings() -> None:
    loose = {"apiTokens": "one", "firstByteTimeout": "1500", "qwenEnableCompatible": "FALSE", "timeout": 1e3}
    provider = providers.build({**COMPATIBLE, **loose}, "provider")
    assert (provider.settings.api_tokens, provider.settings.first_byte_timeout) == (("one",), 1500)
    assert provider.row.codecs


def test_unknown_keys_and_apis_are_reported() -> None:
    odd = {"qwenDomian": "x", "capabilities": {"openai/v1/nothing": "/x"}, "_comment": "mine"}
    logs = start({"provider": {**COMPATIBLE, **odd}}).logs
    assert "provider.qwenDomian: unknown key" in logs
    assert "provider.capabilities.openai/v1/nothing: unknown API" in logs
    assert "_comment" not in logs


def test_every_key_has_a_description() -> None:
    keys = schema.keys_of(settings.QwenSettings)
    assert {"apiTokens", "qwenDomain", "basePathHandling"} <= keys.keys()
    assert all(key.doc for key in keys.values())


def test_custom_settings_change_the_body() -> None:
    custom = [
        {"name": "max_tokens", "value": 7},
        {"name": "temperature", "value": 0, "overwrite": False},
        {"name": "top_k", "value": 3},
        {"name": "a.b", "value": [1], "mode": "raw"},
        {"name": "messages.0.content", "value": "Ho", "mode": "raw"},
        {"name": "messages.9.content", "value": "no such place", "mode": "raw"},
    ]
    sent = ask({**COMPATIBLE, "customSettings": custom}, {**CHAT, "temperature": 1, "max_tokens": 100}).sent
    messages = [{"role": "user", "content": "Ho"}]
    assert sent == {**CHAT, "messages": messages, "temperature": 1, "max_tokens": 7, "a": {"b": [1]}}


def test_the_mode_of_qwen_chooses_the_row() -> None:
    assert ask(COMPATIBLE, CHAT).sent_headers[":path"] == "/compatible-mode/v1/chat/completions"
    assert ask(NATIVE, CHAT).sent_headers[":path"] == "/api/v1/services/aigc/text-generation/generation"
