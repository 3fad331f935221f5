"""OpenAI's client library in front of the plugin, with all kinds of services behind it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx2
import openai
import pytest
from openai.types.responses import Response, ResponseInputItemParam
from pydantic import BaseModel
from tests.ai_proxy.gateway import Json, Outcome, ask
from tests.ai_proxy.responses_services import CHATS, SERVICES, SIGNING, Said

from proxywasm_host.recordings.exchange import Message

each = pytest.mark.parametrize("service", SERVICES)


class Service(httpx2.BaseTransport):
    """Takes the requests of a client through the plugin to a service that says what it is told to."""

    def __init__(self, name: str) -> None:
        self.service = SERVICES[name]
        self.says: list[Said] = []
        self.outcomes: list[Outcome] = []

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        body = request.read()
        message = self._answer(json.loads(body)) if body else None
        path = request.url.raw_path.decode()
        outcome = ask(
            self.service.config,
            body or None,
            message,
            path=path,
            method=request.method,
            headers=self.headers_of(request),
        )
        self.outcomes.append(outcome)
        return httpx2.Response(outcome.status, headers=outcome.headers, content=outcome.raw)

    def headers_of(self, request: httpx2.Request) -> list[tuple[str, str]]:
        """The client's headers that matter."""
        return [(name, value) for name, value in request.headers.items() if name == "anthropic-version"]

    def _answer(self, body: Json) -> Message | None:
        if not self.says:
            return None
        said = self.says.pop(0)
        return self.service.stream(said) if body.get("stream") else self.service.whole(said)

    @property
    def sent(self) -> Json:
        """The last request to the service."""
        return self.outcomes[-1].sent


@pytest.fixture
def behind(service: str) -> Service:
    return Service(service)


@pytest.fixture
def gpt(behind: Service) -> Iterator[openai.OpenAI]:
    with (
        httpx2.Client(transport=behind) as http,
        openai.OpenAI(
            base_url="http://gateway.example.com/v1", api_key="any", max_retries=0, http_client=http,
            _strict_response_validation=True,
        ) as client,
    ):  # fmt: skip
        yield client


@each
def test_create(behind: Service, gpt: openai.OpenAI) -> None:
    behind.says = [Said("Hello", thinking="hm", signature="c2ln")]
    response = gpt.responses.create(model="m", input="Hi", instructions="Be brief.", store=False)
    assert response.output_text == "Hello"
    assert response.status == "completed"
    assert response.usage
    assert response.usage.total_tokens == 14


@each
def test_stream(behind: Service, gpt: openai.OpenAI) -> None:
    behind.says = [Said("Hello you", thinking="hm hm", signature="c2ln")]
    pieces, thoughts = [], []
    with gpt.responses.stream(model="m", input="Hi", reasoning={"effort": "high", "summary": "auto"}) as stream:
        for event in stream:
            if event.type == "response.output_text.delta":
                pieces.append(event.delta)
            elif event.type == "response.reasoning_summary_text.delta":
                thoughts.append(event.delta)
        final = stream.get_final_response()
    assert "".join(pieces) == final.output_text == "Hello you"
    assert "".join(thoughts) == "hm hm"


class City(BaseModel):
    name: str
    people: int


@each
def test_parse(behind: Service, gpt: openai.OpenAI) -> None:
    behind.says = [Said('{"name":"Oslo","people":7}')] * 2
    response = gpt.responses.parse(model="m", input="Which city?", text_format=City)
    assert response.output_parsed == City(name="Oslo", people=7)
    assert "people" in json.dumps(behind.sent)
    with gpt.responses.stream(model="m", input="Which city?", text_format=City) as stream:
        assert stream.get_final_response().output_parsed == City(name="Oslo", people=7)


WEATHER: Any = {
    "type": "function",
    "name": "weather",
    "strict": True,
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
        "additionalProperties": False,
    },
}
PATCH: Any = {"type": "custom", "name": "patch", "description": "Edit a file."}


MODELS = {"openai-like": "kimi-k2-thinking", "qwen": "qwen-max", "gemini": "gemini-3-pro-preview"}
"""Others are Claude models."""


def answered(gpt: openai.OpenAI, model: str, given: list[ResponseInputItemParam], *, stream: bool) -> Response:
    asked: Any = {"model": model, "input": given, "tools": [WEATHER, PATCH],
                  "reasoning": {"effort": "high", "summary": "auto"}, "store": False,
                  "include": ["reasoning.encrypted_content"], "max_output_tokens": 9000}  # fmt: skip
    if not stream:
        response: Response = gpt.responses.create(**asked)
        return response
    with gpt.responses.stream(**asked) as events:
        return events.get_final_response()


@each
@pytest.mark.parametrize("stream", [False, True])
def test_a_loop_of_tools(behind: Service, gpt: openai.OpenAI, service: str, stream: bool) -> None:
    """The client runs the tools and sends back all that it got."""
    thinking = {"thinking": "let me look", "signature": "c2lnbmF0dXJl"}
    behind.says = [
        Said("wait", calls=[("weather", {"city": "Oslo"}), ("patch", {"input": "+ a\n"})], **thinking),  # type: ignore[arg-type]
        Said("It rains."),
    ]
    model = MODELS.get(service, "claude-sonnet-4-5")
    given: list[Any] = [{"role": "user", "content": "Oslo?"}]
    response = answered(gpt, model, given, stream=stream)
    given += [item.to_dict() for item in response.output]
    for item in response.output:
        if item.type == "function_call":
            assert json.loads(item.arguments) == {"city": "Oslo"}
            given.append({"type": "function_call_output", "call_id": item.call_id, "output": "rain"})
        elif item.type == "custom_tool_call":
            assert item.input == "+ a\n"
            given.append({"type": "custom_tool_call_output", "call_id": item.call_id, "output": "done"})
    assert answered(gpt, model, given, stream=stream).output_text == "It rains."
    sent = json.dumps(behind.sent)
    for text in ("Oslo?", "wait", "rain", "done", "+ a"):
        assert text in sent
    assert ("c2lnbmF0dXJl" in sent) == (service in {*SIGNING, "gemini"}), "the service gets its signature back"
    assert sent.count("let me look") == (service in {*SIGNING, "openai-like", "qwen"})


@each
def test_errors(behind: Service, gpt: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        gpt.responses.create(model="m", input="Hi", previous_response_id="resp_1")
    assert (refused.value.code, refused.value.param) == ("previous_response_not_found", "previous_response_id")
    with pytest.raises(openai.NotFoundError, match="Response with id 'resp_1' not found"):
        gpt.responses.retrieve("resp_1")
    with pytest.raises(openai.NotFoundError, match="Response with id 'resp_1' not found"):
        gpt.responses.delete("resp_1")
    with pytest.raises(openai.NotFoundError, match="does not have this API"):
        gpt.responses.compact(model="m", input="Hi")


@pytest.mark.parametrize("service", ["openai-like", "qwen"])
def test_tokens_are_counted(gpt: openai.OpenAI) -> None:
    told = gpt.responses.input_tokens.count(model="m", input="Hi", instructions="Be brief.")
    assert (told.object, 4 < told.input_tokens < 20) == ("response.input_tokens", True)


@pytest.mark.parametrize("service", ["openai-like"])
def test_a_stream_that_fails(behind: Service, gpt: openai.OpenAI, service: str) -> None:
    cut = SERVICES[service].stream(Said("Hello"))
    behind.service = CutService(cut)  # type: ignore[assignment]
    behind.says = [Said()]
    events = [*gpt.responses.create(model="m", input="Hi", stream=True)]
    assert events[-1].type == "response.failed"
    assert events[-1].response.error
    assert events[-1].response.error.code == "server_error"


class CutService:
    """Sends the first half of a stream."""

    config = CHATS

    def __init__(self, message: Message) -> None:
        self._message = message

    def stream(self, said: Said) -> Message:
        return Message(self._message.headers, self._message.body[:3])
