"""`response_format`: a schema reaches every service that supports one, in its own format."""

from __future__ import annotations

import json

import pytest
from tests.ai_proxy.gateway import CHAT, COMPATIBLE, NATIVE, Json, ask
from tests.ai_proxy.natives import BEDROCK, CLAUDE, GEMINI, VERTEX

SCHEMA: Json = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
NAMED: Json = {"type": "json_schema", "json_schema": {"name": "place", "strict": True, "schema": SCHEMA}}
OLLAMA: Json = {"type": "ollama", "ollamaServerHost": "h", "ollamaServerPort": 1}


@pytest.mark.usefixtures("both_ways")
def test_a_schema_reaches_each_service_in_its_own_terms() -> None:
    body = {**CHAT, "response_format": NAMED}
    assert ask(CLAUDE, body).sent["output_config"] == {"format": {"type": "json_schema", "schema": SCHEMA}}
    for config in (GEMINI, VERTEX):
        wanted = ask(config, body).sent["generationConfig"]
        assert wanted == {"responseMimeType": "application/json", "responseJsonSchema": SCHEMA}
    text_format = ask(BEDROCK, body).sent["outputConfig"]["textFormat"]
    structure = text_format["structure"]["jsonSchema"]
    assert (text_format["type"], structure["name"]) == ("json_schema", "place")
    assert json.loads(structure["schema"]) == SCHEMA
    assert ask(NATIVE, body).sent["parameters"]["response_format"] == NAMED


@pytest.mark.parametrize("config", [COMPATIBLE, OLLAMA], ids=["qwen", "ollama"])
@pytest.mark.parametrize("form", [NAMED, {"type": "json_object"}], ids=["schema", "any object"])
def test_services_with_openais_protocol_get_it_as_it_is(config: Json, form: Json) -> None:
    assert ask(config, {**CHAT, "response_format": form}).sent["response_format"] == form


def test_json_mode_reaches_services_that_support_it() -> None:
    body = {**CHAT, "response_format": {"type": "json_object"}}
    for config in (GEMINI, VERTEX):
        assert ask(config, body).sent["generationConfig"] == {"responseMimeType": "application/json"}
    # There is only the prompt to say it in, where OpenAI wants it said anyway.
    assert "output_config" not in ask(CLAUDE, body).sent
    assert "outputConfig" not in ask(BEDROCK, body).sent


@pytest.mark.parametrize("config", [CLAUDE, BEDROCK], ids=["claude", "bedrock"])
@pytest.mark.parametrize("form", [{"type": "text"}, {"type": "json_schema"}, {"type": "json_schema", "json_schema": 1}])
def test_a_request_without_a_schema_gets_none(config: Json, form: Json) -> None:
    sent = ask(config, {**CHAT, "response_format": form}).sent
    assert "schema" not in json.dumps({name: value for name, value in sent.items() if name != "response_format"})
