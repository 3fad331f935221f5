"""Loading a configuration logs a warning for each setting that has no effect, and does not refuse it."""

from __future__ import annotations

import pytest
from tests.ai_proxy.gateway import CHAT, COMPATIBLE, NATIVE, Json, ask, warnings

OPENAI: Json = {"type": "openai", "apiTokens": ["k1", "k2"]}
AZURE: Json = {"type": "azure", "apiTokens": ["k"], "azureServiceUrl": "https://r/?api-version=1"}
CONTEXT: Json = {"fileUrl": "https://h/f", "serviceName": "s", "servicePort": 80}


@pytest.mark.parametrize(
    ("provider", "warning"),
    [
        # Keys that nobody knows, or that others know.
        ({**COMPATIBLE, "qwenDomian": "x"}, "provider.qwenDomian: unknown key, ignored; did you mean qwenDomain?"),
        ({**COMPATIBLE, "apitokens": ["x"]}, "provider.apitokens: unknown key, ignored; did you mean apiTokens?"),
        ({**COMPATIBLE, "zzz": 1}, "provider.zzz: unknown key, ignored"),
        ({**OPENAI, "qwenDomain": "x"}, "provider.qwenDomain: ignored: it is for qwen, not for openai"),
        ({**OPENAI, "geminiSafetySetting": {}}, "provider.geminiSafetySetting: ignored: it is for gemini and vertex,"),
        ({**OPENAI, "subPath": "/x"}, "provider.subPath: ignored, as in the original; the key that"),
        ({**OPENAI, "retryOnFailure": {"enabled": False, "retries": 1}}, "provider.retryOnFailure.retries: unknown"),
        ({**OPENAI, "capabilities": {"openai/v1/file": "/x"}}, "provider.capabilities.openai/v1/file: unknown name,"),
        # Other spellings.
        ({**OPENAI, "timeout": "1500"}, "provider.timeout: understood; write 1500 without quotes"),
        ({**OPENAI, "hiclawMode": "True"}, "provider.hiclawMode: understood; write true without quotes"),
        ({**COMPATIBLE, "apiTokens": "k"}, "provider.apiTokens: understood; write it as an array with one string"),
        ({**OPENAI, "protocol": "OpenAI"}, "provider.protocol: understood; write it as openai"),
        (
            {"type": "gemini", "apiTokens": ["k"], "vertexGeminiSafetySetting": {"a": "b"}},
            "provider.vertexGeminiSafetySetting: understood; it is called geminiSafetySetting",
        ),
        (
            {"type": "claude", "apiTokens": ["k"], "claudeVersion": "1", "apiVersion": "2"},
            "provider.apiVersion: has no effect beside claudeVersion",
        ),
        (
            {"type": "bedrock", "apiTokens": ["k"], "awsRegion": "r",
             "bedrockPromptCachePointPositions": {"last_message": True}},
            "provider.bedrockPromptCachePointPositions.last_message: understood; write it as lastMessage",
        ),
        # What contradicts something else.
        (
            {**OPENAI, "apiTokens": ["k"], "failover": {"enabled": True, "healthCheckModel": "m"}},
            "provider.failover: has no effect: there is no other token to change to (1 in apiTokens)",
        ),
        (
            {**OPENAI, "apiTokens": ["k"], "retryOnFailure": {"enabled": True}},
            "provider.retryOnFailure: has no effect: no token is tried twice, and there is no other (1 in apiTokens)",
        ),
        (
            {**OPENAI, "retryOnFailure": {"enabled": True, "maxRetries": 0}},
            "provider.retryOnFailure.maxRetries: has no effect: 0 retries are none",
        ),
        ({**OPENAI, "apiTokens": ["k", "l", "k"]}, "provider.apiTokens[2]: has no effect: is the same as apiTokens[0]"),
        ({**OPENAI, "failover": {"healthCheckModel": "m"}}, "provider.failover.enabled: is missing: it is off"),
        ({**OPENAI, "basePathHandling": "prepend"}, "provider.basePathHandling: has no effect: there is no basePath"),
        (
            {**OPENAI, "hiclawMode": True, "mergeConsecutiveMessages": False},
            "provider.mergeConsecutiveMessages: has no effect: hiclawMode switches it on",
        ),
        (
            {**OPENAI, "protocol": "original", "context": CONTEXT},
            "provider.context: has no effect: with protocol original bodies pass as they are",
        ),
        (
            {**OPENAI, "reasoningContentMode": "concat"},
            "provider.reasoningContentMode: has no effect: reasoning stays where openai puts it",
        ),
        (
            {**OPENAI, "customSettings": [{"name": "top_k", "value": 1}]},
            "provider.customSettings[0].name: has no effect: mode auto knows max_tokens, temperature, top_p, seed only",
        ),
        (
            {**OPENAI, "customSettings": [{"name": "seed", "value": 1}, {"name": "seed", "value": 2}]},
            "provider.customSettings[0]: has no effect: customSettings[1] overwrites it",
        ),
        (
            {**OPENAI, "openaiCustomUrl": "https://h/v1/embeddings", "capabilities": {"openai/v1/files": "/f"}},
            "provider.capabilities: has no effect: the address is that of one API",
        ),
        (
            {"type": "gemini", "apiTokens": ["k"], "capabilities": {"openai/v1/chatcompletions": "/f"}},
            "provider.capabilities.openai/v1/chatcompletions: has no effect: with gemini the path is made of the model",
        ),
        ({**COMPATIBLE, "qwenEnableSearch": True}, "provider.qwenEnableSearch: has no effect: only the native"),
        (
            {"type": "bedrock", "apiTokens": ["k"], "awsRegion": "r", "awsAccessKey": "a"},
            "provider.awsAccessKey: has no effect: there are apiTokens, with which requests are not signed",
        ),
        (
            {"type": "vertex", "apiTokens": ["k"], "vertexProjectId": "p"},
            "provider.vertexProjectId: has no effect: there are apiTokens, with which no project and no service",
        ),
        (
            {"type": "vllm", "vllmCustomUrl": "http://h/", "vllmServerHost": "g"},
            "provider.vllmServerHost: has no effect: vllmCustomUrl has the host as well",
        ),
        ({"type": "generic", "modelMapping": {"*": "x"}}, "provider.modelMapping: has no effect: generic gets"),
        ({"type": "cloudflare", "apiTokens": ["k"]}, "provider.cloudflareAccountId: is missing: without it no path"),
        (
            {"type": "moonshot", "apiTokens": ["k"], "moonshotFileId": "f"},
            "provider.moonshotFileId: has no effect: it never had one",
        ),
    ],
)  # fmt: skip
def test_a_setting_without_effect_is_a_warning(provider: Json, warning: str) -> None:
    (logged,) = warnings({"provider": provider})
    assert logged.startswith(warning)


@pytest.mark.parametrize(
    "provider",
    [
        COMPATIBLE,
        {**NATIVE, "qwenEnableSearch": True, "reasoningContentMode": "ignore"},
        {**COMPATIBLE, "qwenEnableSearch": False, "context": None},
        {**OPENAI, "_comment": "mine", "failover": {"enabled": False, "healthCheckModel": "m"}},
        {**OPENAI, "failover": {"enabled": True, "healthCheckModel": "m"}, "retryOnFailure": {"enabled": True}},
        # What Higress' console writes for itself.
        {**OPENAI, "openaiExtraCustomUrls": [], "openaiCustomServiceName": "s", "openaiCustomServicePort": 443},
        AZURE,
    ],
)
def test_a_good_configuration_has_no_warnings(provider: Json) -> None:
    assert warnings({"provider": provider, "$schema": "ai-proxy.schema.json", "_comment": 1}) == []


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (
            {"provider": OPENAI, "activeProviderId": "x"},
            ["activeProviderId: has no effect beside provider; remove one"],
        ),
        ({"provider": []}, ["provider: must be an object, got array; ignored"]),
        ({"activeProvider": "x"}, ["activeProvider: unknown key, ignored; did you mean activeProviderId?"]),
        ({"apiTokens": ["x"]}, ["apiTokens: ignored: it belongs into a provider object"]),
        (
            {"providers": [{**OPENAI, "id": "one"}], "activeProviderId": "on"},
            ['activeProviderId: no provider has the id "on", and requests pass as they are; known are: one; did'],
        ),
        (
            {"activeProviderId": "on"},
            ['activeProviderId: no provider has the id "on", and requests pass as they are; there are no providers'],
        ),
        (
            {"providers": [{**OPENAI, "id": "a"}, {**COMPATIBLE, "id": "a"}, AZURE], "activeProviderId": "a"},
            [
                'providers[1].id: providers[0] has the id "a" as well, and is the one that is used; rename one',
                "providers[2].id: is missing: without it nothing can choose this provider; give it one, or remove it",
            ],
        ),
        (
            {"providers": [{"id": "a", "type": "no"}, 7, {**OPENAI, "id": "b", "x": 1}], "activeProviderId": "b"},
            [
                'providers[0].type: unknown provider "no"; known are: ',
                "providers[1]: must be an object, got number; ignored",
                "providers[2].x: unknown key, ignored",
            ],
        ),
    ],
)
def test_problems_of_the_document_are_warnings(config: Json, expected: list[str]) -> None:
    found = warnings(config)
    assert len(found) == len(expected)
    assert all(line.startswith(start) for line, start in zip(found, expected, strict=True))


def test_problems_of_an_inactive_provider_are_warnings() -> None:
    config = {"providers": [{"id": "a", "type": "qwen"}, {**OPENAI, "id": "b"}], "activeProviderId": "b"}
    (logged,) = warnings(config)
    assert logged.endswith("; it is not the active provider, so the gateway starts")


def test_rules_that_choose_from_the_list_do_not_repeat_its_warnings() -> None:
    rules = [{"_match_route_": [name], "activeProviderId": "b"} for name in ("r1", "r2")]
    config = {"providers": [{**OPENAI, "id": "b", "x": 1}], "_rules_": rules}
    assert warnings(config) == ["providers[0].x: unknown key, ignored"]


def test_an_alias_has_the_effect_of_its_key() -> None:
    aliased = {"type": "claude", "apiTokens": ["k"], "apiVersion": "2099-01-01"}
    assert ask(aliased, CHAT).sent_headers["anthropic-version"] == "2099-01-01"
