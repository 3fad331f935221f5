"""OpenAI's client library in front of `proxywasm serve`, with the Responses API."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Literal

import openai
import pytest
from pydantic import BaseModel
from tests.host.serve_process import free_port, serving

QUESTION = "Who are you?"
REPLY = f"I am qwen-max, a fake model that comes with proxywasm. You said: {QUESTION}"
CITY: dict[str, Any] = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
WEATHER: Any = {"type": "function", "name": "weather", "parameters": CITY, "strict": False}
IN_WASM = pytest.param("wasm", marks=pytest.mark.exhaustive)


@pytest.fixture(scope="module", params=["native", IN_WASM])
def gpt(request: pytest.FixtureRequest) -> Iterator[openai.OpenAI]:
    if request.param == "wasm":
        request.getfixturevalue("ai_proxy_component")
    words = ["--native"] if request.param == "native" else []
    with (
        serving("--demo", "--port", str(free_port()), *words) as (_, address),
        openai.OpenAI(base_url=f"http://{address}/v1", api_key="any", max_retries=0) as client,
    ):
        yield client


def test_a_response(gpt: openai.OpenAI) -> None:
    response = gpt.responses.create(model="gpt-4o", input=QUESTION, instructions="Be brief.", store=False)
    assert response.output_text == REPLY
    assert response.status == "completed"
    assert response.usage
    assert response.usage.output_tokens == len(REPLY.split())


@pytest.mark.parametrize("model", ["gpt-4", "gpt-4o", "o4-mini", "claude-sonnet-4-5"])
def test_every_chat_model_of_the_demo_answers(gpt: openai.OpenAI, model: str) -> None:
    first, second = (gpt.responses.create(model=model, input=QUESTION) for _ in range(2))
    assert first.output_text.endswith(QUESTION)
    assert first.id != second.id


class City(BaseModel):
    name: str
    size: Literal["small", "large"]
    rivers: list[str]


def test_a_parsed_answer(gpt: openai.OpenAI) -> None:
    assert gpt.responses.parse(model="gpt-4o", input="Oslo", text_format=City).output_parsed == City(
        name="Oslo", size="small", rivers=[]
    )


def test_a_stream(gpt: openai.OpenAI) -> None:
    with gpt.responses.stream(model="gpt-4o", input=QUESTION) as stream:
        pieces = [event.delta for event in stream if event.type == "response.output_text.delta"]
        final = stream.get_final_response()
    assert "".join(pieces) == final.output_text == REPLY
    assert len(pieces) == len(REPLY.split())


@pytest.mark.parametrize("streams", [False, True])
def test_a_loop_of_tools(gpt: openai.OpenAI, streams: bool) -> None:
    given: list[Any] = [{"role": "user", "content": "Oslo"}]

    def answered() -> Any:
        if not streams:
            return gpt.responses.create(model="gpt-4o", input=given, tools=[WEATHER])
        with gpt.responses.stream(model="gpt-4o", input=given, tools=[WEATHER]) as stream:
            return stream.get_final_response()

    (call,) = answered().output
    assert (call.type, call.name, json.loads(call.arguments)) == ("function_call", "weather", {"city": "Oslo"})
    given += [call.to_dict(), {"type": "function_call_output", "call_id": call.call_id, "output": "rain"}]
    assert answered().output_text == "The tool says: rain"


def test_errors(gpt: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        gpt.responses.create(model="gpt-4o", input=QUESTION, previous_response_id="resp_1")
    assert refused.value.code == "previous_response_not_found"
    with pytest.raises(openai.NotFoundError, match="not found"):
        gpt.responses.retrieve("resp_1")
