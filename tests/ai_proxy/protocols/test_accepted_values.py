"""Values that clients may send and a service or model refuses: the nearest that it accepts, or none."""

from __future__ import annotations

from typing import Any

import pytest
from tests.ai_proxy.converting import ALL
from tests.ai_proxy.gateway import CHAT, Json, answer, ask
from tests.ai_proxy.natives import BEDROCK, CLAUDE, GEMINI, VERTEX

from ai_proxy_testing.conversations import PNG

TOOL: Json = {"type": "function", "function": {"name": "f"}}
SCHEMA: Json = {"type": "object", "properties": {"wanted": {"type": "string"}}}
WITH_SCHEMA: Json = {"type": "json_schema", "json_schema": {"name": "answer", "schema": SCHEMA}}


def sent(provider: Json, **body: Any) -> Json:
    return ask(provider, {**CHAT, **body}).sent


def served(kind: str) -> Json:
    return {"type": kind, "apiTokens": ["k"]}


@pytest.mark.parametrize("model", ["meta.llama4-maverick-17b-instruct-v1:0", "amazon.nova-pro-v1:0"])
def test_aws_gets_temperatures_up_to_one_for_any_model(model: str) -> None:
    config = sent(BEDROCK, model=model, temperature=1.6, top_p=0.5)
    assert config["inferenceConfig"] == {"temperature": 1, "topP": 0.5}


def test_aws_gets_the_metadata_that_it_accepts() -> None:
    metadata = {"trace": "a-1", "who": '{"id":"1"}', "long": "v" * 300, "": "x", "number": 5}
    assert sent(BEDROCK, metadata=metadata)["requestMetadata"] == {"trace": "a-1"}
    assert "requestMetadata" not in sent(BEDROCK, metadata={"who": "é"})


@pytest.mark.parametrize(("name", "given", "right"), [("top_p", 1, 0.99), ("top_p", 0, 0.01), ("top_p", 0.5, 0.5)])
def test_cohere_gets_a_p_between_its_bounds(name: str, given: float, right: float) -> None:
    assert sent(ALL["cohere"], **{name: given})["p"] == right


def test_cohere_gets_no_negative_penalty() -> None:
    body = sent(ALL["cohere"], presence_penalty=-2, frequency_penalty=2)
    assert (body["presence_penalty"], body["frequency_penalty"]) == (0, 1)


def test_minimax_pro_gets_a_temperature_above_zero() -> None:
    assert sent(ALL["minimax"], temperature=0)["temperature"] == 0.01


@pytest.mark.parametrize(
    ("provider", "model"), [(GEMINI, "gemini-2.5-flash"), (VERTEX, "gemini-2.5-flash"), (GEMINI, "gemini-1.5-pro")]
)
def test_gemini_takes_no_format_beside_tools_so_the_prompt_has_it(provider: Json, model: str) -> None:
    body = sent(provider, model=model, tools=[TOOL], response_format=WITH_SCHEMA)
    system = str(body.get("system_instruction") or body.get("systemInstruction"))
    assert "responseMimeType" not in body["generationConfig"]
    assert '"wanted"' in system
    body = sent(provider, model=model, tools=[TOOL], response_format={"type": "json_object"})
    assert "responseMimeType" not in body["generationConfig"]
    assert "JSON" in str(body.get("system_instruction") or body.get("systemInstruction"))
    alone = sent(provider, model=model, response_format=WITH_SCHEMA)["generationConfig"]
    assert (alone["responseMimeType"], alone["responseSchema"]) == ("application/json", SCHEMA)


def test_gemini_3_takes_both() -> None:
    body = sent(GEMINI, model="gemini-3-pro-preview", tools=[TOOL], response_format=WITH_SCHEMA)
    assert body["generationConfig"]["responseSchema"] == SCHEMA
    assert body["tools"]


def test_media_types_are_written_as_they_are_registered() -> None:
    image = {"type": "image_url", "image_url": {"url": f"data:IMAGE/PNG;base64,{PNG}"}}
    document = {"type": "image", "source": {"type": "base64", "media_type": "IMAGE/PNG", "data": PNG}}
    claude = sent(CLAUDE, messages=[{"role": "user", "content": [image]}])["messages"][0]["content"][0]
    assert claude["source"]["media_type"] == "image/png"
    body = {**CHAT, "max_tokens": 9, "messages": [{"role": "user", "content": [document]}]}
    openai = ask(served("openai"), body, path="/v1/messages").sent["messages"][0]["content"][0]
    assert openai["image_url"]["url"] == f"data:image/png;base64,{PNG}"
    body = {"model": "m", "input": [{"role": "user", "content": [
        {"type": "input_image", "image_url": f"data:Image/JPG;base64,{PNG}"}]}]}  # fmt: skip
    passed = ask(served("mistral"), body, path="/v1/responses").sent
    assert f"data:image/jpeg;base64,{PNG}" in str(passed)


@pytest.mark.parametrize("kind", ["text/csv", "text/markdown", "application/json"])
def test_claude_reads_files_of_text_as_texts(kind: str) -> None:
    file = {"type": "file", "file": {"filename": "a.csv", "file_data": f"data:{kind};base64,YSxiCg=="}}
    (block,) = sent(CLAUDE, messages=[{"role": "user", "content": [file]}])["messages"][0]["content"]
    assert block["source"] == {"type": "text", "media_type": "text/plain", "data": "a,b\n"}


def test_aws_reads_unknown_files_of_text_as_texts() -> None:
    file = {"type": "file", "file": {"filename": "a.json", "file_data": "data:application/json;base64,e30="}}
    blocks = sent(BEDROCK, messages=[{"role": "user", "content": [file]}])["messages"][0]["content"]
    assert blocks[0]["document"]["format"] == "txt"


@pytest.mark.parametrize("provider", [CLAUDE, GEMINI, BEDROCK])
def test_the_name_of_a_tool_occurs_once(provider: Json) -> None:
    tools = [TOOL, {"type": "function", "function": {"name": "g"}}, {"type": "function", "function": {"name": "f"}}]
    assert str(sent(provider, tools=tools)).count("'name': 'f'") == 1


@pytest.mark.parametrize("reason", ["end_turn", "tool_use"])
def test_an_answer_with_calls_ends_with_calls_whatever_the_service_says(reason: str) -> None:
    use = {"toolUse": {"toolUseId": "t", "name": "f", "input": {}}}
    document = {"output": {"message": {"role": "assistant", "content": [use]}}, "stopReason": reason}
    assert ask(BEDROCK, {**CHAT, "tools": [TOOL]}, answer(document)).json["choices"][0]["finish_reason"] == "tool_calls"
