"""Anthropic's client library in front of the plugin, with all kinds of services behind it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import anthropic
import httpx2
import pytest
from anthropic import beta_tool
from tests.ai_proxy.gateway import Json
from tests.ai_proxy.protocols.responses.test_client_library import Service
from tests.ai_proxy.responses_services import Said

from proxywasm_host.recordings.exchange import Message

each = pytest.mark.parametrize("service", ["openai-like", "gemini", "bedrock"])
ASKED: dict[str, Any] = {"model": "m", "max_tokens": 4000, "messages": [{"role": "user", "content": "Hi"}]}
SIGNATURE = "c2lnbmF0dXJl"


class ServiceWithoutThreads(Service):
    """The client library tries a thread first, and sends the whole conversation when that is refused."""

    def _answer(self, body: Json) -> Message | None:
        return None if "thread" in body else super()._answer(body)


@pytest.fixture
def behind(service: str) -> Service:
    return ServiceWithoutThreads(service)


@pytest.fixture
def claude(behind: Service) -> Iterator[anthropic.Anthropic]:
    with (
        httpx2.Client(transport=behind) as http,
        anthropic.Anthropic(
            base_url="http://gateway.example.com",
            api_key="any",
            max_retries=0,
            http_client=http,
        ) as client,
    ):
        yield client


@each
@pytest.mark.parametrize("stream", [False, True])
def test_thinking_and_text(behind: Service, claude: anthropic.Anthropic, stream: bool) -> None:
    behind.says = [Said("Hello you", thinking="let me see", signature=SIGNATURE)]
    asked = {**ASKED, "thinking": {"type": "enabled", "budget_tokens": 2048}}
    if stream:
        with claude.messages.stream(**asked) as events:
            kinds = [event.type for event in events]
            answer = events.get_final_message()
        assert kinds[0] == "message_start"
        assert kinds[-1] == "message_stop"
    else:
        answer = claude.messages.create(**asked)
    blocks: dict[str, Any] = {block.type: block for block in answer.content}
    assert blocks["thinking"].thinking == "let me see"
    assert blocks["text"].text == "Hello you"
    assert answer.stop_reason == "end_turn"
    assert answer.usage.output_tokens == 5


@each
def test_the_tool_runner(behind: Service, claude: anthropic.Anthropic) -> None:
    calls: list[str] = []

    def weather(city: str) -> str:
        """The weather in a city."""
        calls.append(city)
        return "rain"

    both = [("weather", {"city": "Oslo"}), ("weather", {"city": "Rome"})]
    behind.says = [Said("Looking.", calls=both), Said("It rains.")]
    runner = claude.beta.messages.tool_runner(**ASKED, tools=[beta_tool(weather)])
    final = runner.until_done()
    assert calls == ["Oslo", "Rome"]
    assert [block.text for block in final.content if block.type == "text"] == ["It rains."]
    assert json.dumps(behind.sent).count("rain") == 2


@each
def test_structured_output(behind: Service, claude: anthropic.Anthropic) -> None:
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
    behind.says = [Said('{"a": 1}')]
    config: Any = {"format": {"type": "json_schema", "schema": schema}}
    answer = claude.messages.create(**ASKED, output_config=config)
    assert [json.loads(block.text) for block in answer.content if block.type == "text"] == [{"a": 1}]


@pytest.mark.parametrize("service", ["openai-like"])
def test_tokens_and_errors(behind: Service, claude: anthropic.Anthropic) -> None:
    assert 3 < claude.messages.count_tokens(model="m", messages=ASKED["messages"]).input_tokens < 20
    with pytest.raises(anthropic.BadRequestError) as refused:
        claude.messages.create(model="m", max_tokens=9, messages=[])
    assert refused.value.type == "invalid_request_error"
    assert behind.outcomes[-1].result["upstream"] is None


@pytest.mark.parametrize("service", ["bedrock"])
def test_models(behind: Service, claude: anthropic.Anthropic) -> None:
    behind.service.config = {**behind.service.config, "modelMapping": {"small": "amazon.nova-lite-v1:0", "large": "x"}}
    try:
        assert [model.id for model in claude.models.list(limit=1)] == ["small", "large"], (
            "the client asks for all pages"
        )
        assert claude.models.retrieve("small").display_name == "small"
        with pytest.raises(anthropic.NotFoundError):
            claude.models.retrieve("other")
    finally:
        del behind.service.config["modelMapping"]
