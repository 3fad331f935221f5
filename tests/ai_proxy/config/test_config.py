"""A configuration is accepted or refused with the key and the reason."""

from __future__ import annotations

import pytest
from tests.ai_proxy.gateway import CHAT, COMPATIBLE, NATIVE, Json, ask, refusal, start

from ai_proxy import configuration, providers


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"type": None}, "provider.type: is required: which model service this is"),
        ({"type": 7}, "provider.type: must be a string, got number"),
        ({"type": "no-such"}, 'provider.type: unknown provider "no-such"; known are: '),
        ({"type": "Qwne"}, 'provider.type: unknown provider "Qwne"; did you mean qwen? Known are: '),
        ({"apiTokens": []}, "provider.apiTokens: is required: qwen needs at least one token"),
        ({"streamUsage": "never"}, "provider.streamUsage: must be one of asAsked, always, got"),
        ({"forwardHeaders": 7}, "provider.forwardHeaders: must be an array of strings, got 7"),
        (
            {"modelFacts": {"m": {"alwaysThinks": "no"}}},
            "provider.modelFacts.m.alwaysThinks: must be true or false, got",
        ),
        ({"protocol": "grpc"}, 'provider.protocol: must be one of openai, original, got "grpc"'),
        ({"context": {"serviceName": "s", "servicePort": 1}}, "provider.context.fileUrl: is required"),
        ({"context": {"fileUrl": "u", "serviceName": "s", "servicePort": 0}}, "provider.context.servicePort: must be"),
        ({"context": {"fileUrl": "u", "serviceName": "s", "servicePort": 65536}}, "provider.context.servicePort: must"),
        ({"context": {"fileUrl": "u", "serviceName": "", "servicePort": 1}}, "provider.context.serviceName: is requ"),
        ({"failover": {"enabled": True}}, "provider.failover.healthCheckModel: is required"),
        (
            {"qwenFileIds": ["f"], "context": {"fileUrl": "u", "serviceName": "s", "servicePort": 1}},
            "provider.qwenFileIds: cannot be combined with context",
        ),
    ],
)
def test_each_problem_has_its_message(change: Json, reason: str) -> None:
    assert refusal({"provider": {**COMPATIBLE, **change}}).startswith(reason)


@pytest.mark.parametrize(
    ("provider", "reason"),
    [
        (
            {"type": "bedrock", "awsAccessKey": "a", "awsRegion": "r"},
            "provider.awsSecretKey: is required: it belongs to",
        ),
        (
            {"type": "bedrock", "awsSecretKey": "a", "awsRegion": "r"},
            "provider.awsAccessKey: is required: it belongs to",
        ),
        ({"type": "bedrock", "awsRegion": "r"}, "provider.apiTokens: is required, or awsAccessKey and awsSecretKey"),
        ({"type": "bedrock", "apiTokens": ["t"], "awsRegion": " "}, "provider.awsRegion: is required"),
        ({"type": "azure", "apiTokens": ["t"]}, "provider.azureServiceUrl: is required"),
        (
            {"type": "azure", "apiTokens": ["t"], "azureServiceUrl": "https://r/x"},
            "provider.azureServiceUrl: must have",
        ),
        (
            {"type": "azure", "apiTokens": ["t"], "azureServiceUrl": "?api-version=1"},
            "provider.azureServiceUrl: must be",
        ),
        ({"type": "vertex"}, "provider.vertexAuthKey: is required, unless there are apiTokens"),
        (
            {"type": "vertex", "apiTokens": ["t"], "vertexOpenAICompatible": True},
            "provider.vertexOpenAICompatible: cannot be combined with apiTokens",
        ),
        ({"type": "ollama", "ollamaServerHost": "", "ollamaServerPort": 1}, "provider.ollamaServerHost: is required"),
    ],
)
def test_missing_keys_of_a_provider_are_errors(provider: Json, reason: str) -> None:
    assert refusal({"provider": provider}).startswith(reason)


def test_all_problems_are_reported_at_once() -> None:
    wrong = {"protocol": "grpc", "streamUsage": 7, "failover": {"enabled": True}}
    lines = refusal({"provider": {**COMPATIBLE, **wrong}}).splitlines()
    assert {line.partition(":")[0] for line in lines} == {
        "provider.protocol",
        "provider.streamUsage",
        "provider.failover.healthCheckModel",
    }


@pytest.mark.parametrize(
    "provider",
    [
        {**COMPATIBLE, "apiTokens": ["sk-secret\n"], "unknownKey": "sk-secret"},
        {**COMPATIBLE, "apiTokens": {"sk-secret": "sk-secret"}},
        {**COMPATIBLE, "apiTokens": [["sk-secret"]]},
        {**COMPATIBLE, "apiTokens": ["sk-secret", "sk-secret"], "providerDomain": "user:sk-secret@host"},
        {"type": "openai", "openaiCustomUrl": "https://user:sk-secret"},
        {"type": "openai", "context": {"fileUrl": ["sk-secret"]}},
        {"type": "bedrock", "awsAccessKey": "sk-secret", "awsRegion": "r"},
        {"type": "vertex", "vertexAuthKey": "sk-secret"},
        {"type": "vertex", "vertexAuthKey": {"client_email": "a", "private_key": "sk-secret"}},
    ],
)
def test_no_secret_is_printed(provider: Json) -> None:
    result = start({"provider": provider}).result
    assert "sk-secret" not in str({**result, "upstream": None})


def test_no_secret_is_in_a_repr() -> None:
    assert "sk-provider-1" not in repr(providers.build(COMPATIBLE, "provider"))


def test_a_bad_entry_of_the_list_is_named_by_its_place() -> None:
    listed = [{"id": "a", "type": "nonsense"}, {"id": "b", "type": "qwen"}]
    assert refusal({"providers": listed, "activeProviderId": "b"}).startswith("providers[1].apiTokens: is required")


@pytest.mark.parametrize("outer", [{}, {"providers": [COMPATIBLE]}, {"provider": []}, {"activeProviderId": "x"}])
def test_without_an_active_provider_requests_pass(outer: Json) -> None:
    assert configuration.parse(outer).plans is None


def test_values_may_be_given_as_strings() -> None:
    loose = {"apiTokens": "one", "firstByteTimeout": "1500", "qwenEnableCompatible": "FALSE", "timeout": 1e3}
    provider = providers.build({**COMPATIBLE, **loose, "protocol": "OpenAI"}, "provider")
    assert (provider.settings.api_tokens, provider.settings.first_byte_timeout) == (("one",), 1500)
    assert provider.settings.protocol == "openai"
    assert provider.row.dialect.protocols


def test_custom_settings_change_the_body() -> None:
    custom = [
        {"name": "max_tokens", "value": 7},
        {"name": "temperature", "value": 0, "overwrite": False},
        {"name": "top_k", "value": 3},
        {"name": "user", "value": "", "mode": "raw"},
        {"name": "a.b", "value": [1], "mode": "raw"},
        {"name": "messages.0.content", "value": "Ho", "mode": "raw"},
        {"name": "messages.9.content", "value": "no such place", "mode": "raw"},
    ]
    sent = ask({**COMPATIBLE, "customSettings": custom}, {**CHAT, "temperature": 1, "max_tokens": 100}).sent
    messages = [{"role": "user", "content": "Ho"}]
    assert sent == {**CHAT, "messages": messages, "temperature": 1, "max_tokens": 7, "user": "", "a": {"b": [1]}}


def test_a_custom_setting_may_be_null() -> None:
    null = [{"name": "temperature", "value": None}, {"name": "a.b", "value": None, "mode": "raw"}]
    sent = ask({**COMPATIBLE, "customSettings": null}, {**CHAT, "temperature": 1}).sent
    assert (sent["temperature"], sent["a"]) == (None, {"b": None})


def test_the_mode_of_qwen_chooses_the_row() -> None:
    assert ask(COMPATIBLE, CHAT).sent_headers[":path"] == "/compatible-mode/v1/chat/completions"
    assert ask(NATIVE, CHAT).sent_headers[":path"] == "/api/v1/services/aigc/text-generation/generation"
