"""`modelFamily` and `modelFacts`."""

from __future__ import annotations

import pytest
from tests.ai_proxy.gateway import CHAT, Json, ask

from ai_proxy import providers
from ai_proxy.providers.checking import check
from proxywasm import ConfigError

AZURE: Json = {
    "type": "azure", "apiTokens": ["k"], "azureServiceUrl": "https://r.openai.azure.com/?api-version=2024-10-21",
}  # fmt: skip
BEDROCK: Json = {"type": "bedrock", "apiTokens": ["k"], "awsRegion": "r"}
ARN = "arn:aws:bedrock:r:1:application-inference-profile/abc"


def sent(provider: Json, **body: object) -> Json:
    return ask(provider, {**CHAT, **body}).sent


def test_a_deployment_takes_its_family_from_the_configuration() -> None:
    assert "max_tokens" in sent(AZURE, model="dep", max_tokens=5)
    assert sent({**AZURE, "modelFamily": {"dep": "gpt-5"}}, model="dep", max_tokens=5)["max_completion_tokens"] == 5


@pytest.mark.parametrize("family", ["claude-4.7", "claude-opus-4-7"])
@pytest.mark.parametrize("name", [ARN, "arn:*", "*"])
def test_an_arn_takes_its_family_from_the_configuration(name: str, family: str) -> None:
    provider = {**BEDROCK, "modelFamily": {name: family}}
    more = sent(provider, model=ARN, reasoning_effort="high")["additionalModelRequestFields"]
    assert more == {"thinking": {"type": "adaptive"}, "output_config": {"effort": "high"}}


def test_the_clients_of_anthropic_get_to_an_arn_by_converse() -> None:
    provider = {**BEDROCK, "modelFamily": {ARN: "claude-4.7"}}
    body = {"model": ARN, "max_tokens": 5, "messages": [{"role": "user", "content": "Hi"}]}
    assert ask(provider, body, path="/v1/messages").sent_headers[":path"].endswith("/converse")


def test_single_facts_override_the_family() -> None:
    facts = {"gpt-5": {"efforts": ["low", "max"], "limitName": "max_tokens", "sampling": "both"}}
    body = sent({**AZURE, "modelFacts": facts}, model="gpt-5", max_tokens=5, reasoning_effort="high", temperature=0)
    assert (body["max_tokens"], body["reasoning_effort"], body["temperature"]) == (5, "max", 0)


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        (
            {"modelFamily": {"dep": "cluade-4.7"}},
            'modelFamily.dep: unknown family "cluade-4.7"; did you mean claude-4.7?',
        ),
        ({"modelFacts": {"dep": {"sampling": "bothe"}}}, "must be one of both, one, unlessThinking, none"),
    ],
)
def test_what_is_misspelt_is_refused(settings: Json, text: str) -> None:
    with pytest.raises(ConfigError, match=r".*") as refused:
        providers.build({**AZURE, **settings}, "provider")
    assert text in str(refused.value)


@pytest.mark.parametrize(
    ("facts", "hint"),
    [({"efforts": ["hihg"]}, "did you mean high?"), ({"thinkin": "none"}, "did you mean thinking?")],
)
def test_what_does_not_exist_is_a_warning_with_a_hint(facts: Json, hint: str) -> None:
    (problem,) = check({**AZURE, "modelFacts": {"dep": facts}}, "provider", providers.ROWS).problems
    assert str(problem).endswith(f"ignored; {hint}")
