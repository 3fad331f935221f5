"""Configurations that the original starts with start here. What has another meaning or none is a warning."""

from __future__ import annotations

from typing import Any

import pytest
from tests.ai_proxy.gateway import CHAT, COMPATIBLE, NATIVE, Json, ask, refusal, start, warnings

from ai_proxy import configuration, providers
from ai_proxy.config.settings.texts import HOST, url
from ai_proxy.providers.checking import check
from ai_proxy_docs.examples import example
from proxywasm.config import json_name, keys_of

CONTEXT: Json = {"fileUrl": "http://h/f", "serviceName": "s", "servicePort": 80}


@pytest.mark.parametrize(
    ("given", "field", "value", "warning"),
    [
        # Strings: numbers and documents are their JSON.
        ({"basePath": 7}, "base_path", "7", "basePath: must be a string, got 7; understood as \"7\""),
        ({"apiTokens": ["ok", 7]}, "api_tokens", ("ok", "7"), "apiTokens[1]: must be a string, got number; und"),
        ({"apiTokens": 7}, "api_tokens", ("7",), "apiTokens: must be an array of strings, got number; understood"),
        ({"apiTokens": {"a": 1}}, "api_tokens", ('{"a":1}',), "apiTokens: must be an array of strings, got obj"),
        ({"modelMapping": {"a": 1}}, "model_mapping.of:a", "1", "modelMapping.a: must be a string, got 1; understood"),
        # Tokens and hosts that no header can carry.
        ({"apiTokens": ["k\n"]}, "api_tokens", ("k",), "apiTokens[0]: must not contain control characters; und"),
        ({"apiTokens": ["", "k"]}, "api_tokens", ("k",), "apiTokens[0]: must not be empty; ignored"),
        ({"qwenDomain": "https://u:p@h:8/x"}, "qwen_domain", "h:8", "qwenDomain: must be a host, or host:port, with"),
        # Switches: any text but true is false, any number but 0 is true.
        ({"hiclawMode": "no"}, "hiclaw_mode", False, 'hiclawMode: must be true or false, got "no"; understood as fa'),
        ({"hiclawMode": "T"}, "hiclaw_mode", True, 'hiclawMode: must be true or false, got "T"; understood as tr'),
        ({"hiclawMode": 2}, "hiclaw_mode", True, "hiclawMode: must be true or false, got 2; understood as true"),
        ({"hiclawMode": [1]}, "hiclaw_mode", False, "hiclawMode: must be true or false, got array; understood as f"),
        # Numbers: fractions are cut off, and what is no number or out of range is the default.
        ({"timeout": 1.5}, "timeout", 1, "timeout: must be an integer, got 1.5; understood as 1"),
        ({"timeout": True}, "timeout", 1, "timeout: must be an integer, got true; understood as 1"),
        ({"timeout": "1e3"}, "timeout", 120_000, 'timeout: must be an integer, got "1e3"; ignored'),
        ({"timeout": -1}, "timeout", 120_000, "timeout: must be at least 0, got -1; ignored"),
        ({"timeout": 1e300}, "timeout", 120_000, "timeout: must be at most 4294967295, got"),
        # Arrays and objects: one value is an array, and what is no object is an empty one.
        ({"contextCleanupCommands": 7}, "context_cleanup_commands", ("7",), "contextCleanupCommands: must be an array"),
        ({"modelMapping": "x"}, "model_mapping.of:a", "a", 'modelMapping: must be an object, got "x"; ignored'),
        ({"failover": "x"}, "failover", None, 'failover: must be an object, got "x"; ignored'),
        ({"capabilities": []}, "capabilities", {}, "capabilities: must be an object, got array; ignored"),
        # Items and entries that cannot be used do not hinder the others.
        ({"modelMapping": {"~(": "x", "a": "b"}}, "model_mapping.of:a", "b", "modelMapping.~(: not a regular expressi"),
        ({"capabilities": {"openai/v1/files": "files", "openai/v1/models": "/m"}}, "capabilities",
         {"openai/v1/models": "/m"}, "capabilities.openai/v1/files: must begin with /, as the path that it is; ign"),
        ({"customSettings": [{"value": 1}]}, "custom_settings", (), "customSettings[0].name: is required: name of the"),
        ({"customSettings": [{"name": "", "value": 1}]}, "custom_settings", (), "customSettings[0].name: is required"),
        ({"customSettings": [{"name": "seed"}]}, "custom_settings", (), "customSettings[0].value: is required: value"),
        ({"customSettings": ["x"]}, "custom_settings", (), 'customSettings[0]: must be an object, got "x"; ignored'),
        # Words that the original does not know.
        ({"reasoningContentMode": "x"}, "reasoning_content_mode", "passthrough", "reasoningContentMode: must be"),
        ({"basePath": "/x", "basePathHandling": "x"}, "base_path", "", "basePathHandling: must be one of removePrefix"),
    ],
)  # fmt: skip
def test_a_value_is_read_as_by_the_original(given: Json, field: str, value: object, warning: str) -> None:
    document = {**NATIVE, **given}
    found = providers.build(document, "provider").settings
    name, _, argument = field.partition(":")
    result: Any = found
    for part in name.split("."):
        result = getattr(result, part)
    assert (result(argument) if argument else result) == value
    assert warnings({"provider": document})[0].startswith(f"provider.{warning}")


def test_values_inside_of_objects_are_read_alike() -> None:
    custom = [{"name": 7, "value": 1, "mode": "raw"}, {"name": "seed", "value": 1, "mode": "x", "overwrite": "no"}]
    failover = {"enabled": "1", "failureThreshold": 0, "failoverOnStatus": [429, "("], "healthCheckModel": 7}
    document = {**COMPATIBLE, "apiTokens": ["a", "b"], "customSettings": custom, "failover": failover}
    found = providers.build(document, "provider").settings
    assert [(one.name, one.mode, one.overwrite) for one in found.custom_settings] == [
        ("7", "raw", True), ("seed", "auto", False),
    ]  # fmt: skip
    assert found.failover is not None
    assert (found.failover.enabled, found.failover.failure_threshold, found.failover.health_check_model) == (
        True,
        3,
        "7",
    )
    assert (429 in found.failover.failover_on_status, 500 in found.failover.failover_on_status) == (True, False)
    paths = sorted(line.partition(":")[0].removeprefix("provider.") for line in warnings({"provider": document}))
    assert paths == [
        "customSettings[0].name", "customSettings[1].mode", "customSettings[1].overwrite", "failover.enabled",
        "failover.failoverOnStatus[0]", "failover.failoverOnStatus[1]", "failover.failureThreshold",
        "failover.healthCheckModel",
    ]  # fmt: skip


def test_an_entry_without_a_name_does_not_hinder_the_next() -> None:
    custom = [{"value": 9}, {"name": "max_tokens", "value": 7}]
    assert ask({**COMPATIBLE, "customSettings": custom}, CHAT).sent["max_tokens"] == 7


def test_the_mode_of_qwen_is_that_of_the_original() -> None:
    sent = ask({**COMPATIBLE, "qwenEnableCompatible": "no"}, CHAT).sent_headers
    assert sent[":path"] == "/api/v1/services/aigc/text-generation/generation"


@pytest.mark.parametrize("name", ["qwen", "groq", "openai", "claude"])
@pytest.mark.parametrize("tokens", [[""], [" "], [None], "", ["\n"]])
def test_tokens_that_cannot_be_used_are_none(name: str, tokens: Any) -> None:
    document = {"type": name, "apiTokens": tokens}
    reason = "provider.apiTokens: has no effect: no token in it can be used, and requests have no credential of it"
    assert reason in warnings({"provider": document})
    sent = ask(document, CHAT).sent_headers
    assert not {"authorization", "x-api-key"} & set(sent)


@pytest.mark.parametrize("tokens", [None, []])
def test_no_tokens_are_refused_as_by_the_original(tokens: Any) -> None:
    assert refusal({"provider": {**COMPATIBLE, "apiTokens": tokens}}).startswith("provider.apiTokens: is required")


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"protocol": 7}, "provider.protocol: must be a string, got 7"),
        ({"context": {**CONTEXT, "fileUrl": ""}}, "provider.context.fileUrl: is required"),
        ({"failover": {"enabled": "yes"}}, None),
        ({"failover": {"enabled": 1}}, "provider.failover.healthCheckModel: is required"),
    ],
)
def test_what_the_original_refuses_is_refused(given: Json, reason: str | None) -> None:
    document = {"provider": {**COMPATIBLE, **given}}
    if reason is None:
        assert start(document).result["start"] == "ok"
    else:
        assert refusal(document).startswith(reason)


@pytest.mark.parametrize("key", ["{}", {}, "no json", {"client_email": "a", "private_key": "sk-secret"}, 7])
def test_requests_with_an_unusable_account_fail(key: object) -> None:
    account = {"vertexRegion": "r", "vertexProjectId": "p", "vertexAuthServiceName": "s", "vertexAuthKey": key}
    document = {"type": "vertex", **account}
    (warning,) = (line for line in warnings({"provider": document}) if "has no effect" in line)
    assert warning.startswith("provider.vertexAuthKey: has no effect: ")
    assert warning.endswith("; requests fail until it is corrected")
    outcome = ask(document, CHAT)
    assert (outcome.status, outcome.error["code"]) == (502, "upstream_login_failed")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"type": "qwen", "qwenDomain": "a b"}, "provider.qwenDomain: must be a host, or host:port, without"),
        ({"type": "qwen", "providerDomain": "https://"}, "provider.providerDomain: must be a host, or host:port"),
        ({"type": "openai", "providerDomain": []}, "provider.providerDomain: must be a string, got array"),
        ({"type": "openai", "openaiCustomUrl": "https:///v1"}, "provider.openaiCustomUrl: must be an address such"),
        ({"type": "openai", "openaiCustomUrl": 7}, "provider.openaiCustomUrl: must be a string"),
    ],
)
def test_no_credential_goes_elsewhere_because_an_address_is_ignored(given: Json, expected: str) -> None:
    assert refusal({"provider": {"apiTokens": ["k"], **given}}).startswith(expected)


def test_triton_without_a_host_is_where_the_client_asks_for_it() -> None:
    assert ask({"type": "triton"}, CHAT).sent_headers[":authority"] == "gateway.example.com"


def test_the_document_around_the_providers() -> None:
    config = {"providers": {**COMPATIBLE, "id": 7}, "activeProviderId": 7}
    assert configuration.parse(config).plans is not None
    paths = [line.partition(":")[0] for line in warnings(config)]
    assert paths == ["providers", "activeProviderId", "providers[0].id"]
    assert configuration.parse({"providers": "x"}).plans is None


ODD: list[Any] = [True, 7, 1.5, -1, "", "x", [], [7], [{}], {}, {"a": 7}]
"""Values that are of the wrong type for most keys."""

UNUSABLE = {
    "context", "protocol", "hunyuanAuthId", "hunyuanAuthKey", "awsRegion", "targetLang", "azureServiceUrl",
    "ollamaServerHost", "ollamaServerPort",
}  # fmt: skip
"""Keys whose wrong values the original refuses, too, or without which a request has no address."""

OURS = {
    "modelFamily",
    "modelFacts",
    "listMappedModels",
    "responses",
    "streamUsage",
    "forwardHeaders",
    "bedrockMessagesApi",
    "serverUrl",
    "databricksHost",
    "models",
    "weight",
    "costs",
    "cluster",
}
"""Keys that the original does not have."""


FAMILIES = list({row.name: row for row in providers.ROWS if row.credentials.login is None}.values())
"""A row of each service. The example of one with a login has no key file that can be read."""


def test_no_key_of_the_original_refuses_a_value_by_its_type() -> None:
    for row in FAMILIES:
        minimal = example(row)
        for field in keys_of(row.settings):
            name = json_name(row.settings, field)
            entry = keys_of(row.settings)[field]
            if name in UNUSABLE | OURS | {"type"} | set(minimal) or entry.patterns is HOST or entry.convert is url:
                continue
            for odd in ODD:
                problems = check({**minimal, name: odd}, "provider", providers.ROWS).problems
                refusals = [one.text for one in problems if one.refuses and one.path.startswith(f"provider.{name}")]
                assert [text for text in refusals if "cannot be combined" not in text] == [], (row.name, name, odd)
