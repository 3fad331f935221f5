"""The clients that users have, in front of `proxywasm serve`: what they make of its answers, streams and errors."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import anthropic
import openai
import pytest
from tests.host.serve_process import ROOT, free_port, serving

QUESTION = "Who are you?"
REPLY = f"I am qwen-max, a fake model that comes with proxywasm. You said: {QUESTION}"
CITY: dict[str, Any] = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
IN_WASM = pytest.param("wasm", marks=pytest.mark.exhaustive)


@pytest.fixture(scope="module", params=["native", IN_WASM])
def demo(request: pytest.FixtureRequest) -> Iterator[str]:
    """Where the demo listens."""
    if request.param == "wasm":
        request.getfixturevalue("ai_proxy_component")
    words = ["--native"] if request.param == "native" else []
    with serving("--demo", "--port", str(free_port()), *words) as (_, address):
        yield address


@pytest.fixture
def gpt(demo: str) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"http://{demo}/v1", api_key="any", max_retries=0) as client:
        yield client


@pytest.fixture
def claude(demo: str) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(base_url=f"http://{demo}", api_key="any", max_retries=0) as client:
        yield client


def test_openai_chat(gpt: openai.OpenAI) -> None:
    answer = gpt.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": QUESTION}])
    assert answer.choices[0].message.content == REPLY
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens > 0


def test_openai_stream(gpt: openai.OpenAI) -> None:
    chunks = [
        *gpt.chat.completions.create(
            model="gpt-4o",
            messages=[{"role": "user", "content": QUESTION}],
            stream=True,
            stream_options={"include_usage": True},
        )
    ]
    choices = [choice for chunk in chunks for choice in chunk.choices]
    pieces = [choice.delta.content for choice in choices if choice.delta.content]
    assert "".join(pieces) == REPLY
    assert len(pieces) == len(REPLY.split())
    assert [choice.finish_reason for choice in choices if choice.finish_reason] == ["stop"]
    assert chunks[-1].usage
    assert chunks[-1].usage.completion_tokens == len(pieces)


def test_openai_tools(gpt: openai.OpenAI) -> None:
    messages: list[Any] = [{"role": "user", "content": "Oslo"}]
    tools: list[Any] = [{"type": "function", "function": {"name": "weather", "parameters": CITY}}]
    asked = gpt.chat.completions.create(model="gpt-4o", messages=messages, tools=tools).choices[0]
    assert asked.finish_reason == "tool_calls"
    assert asked.message.tool_calls
    call = asked.message.tool_calls[0]
    assert call.type == "function"
    assert (call.function.name, json.loads(call.function.arguments)) == ("weather", {"city": "Oslo"})
    messages += [asked.message, {"role": "tool", "tool_call_id": call.id, "content": "rain"}]
    answer = gpt.chat.completions.create(model="gpt-4o", messages=messages, tools=tools).choices[0]
    assert answer.message.content == "The tool says: rain"


def test_openai_tools_are_called_only_if_they_may_be(gpt: openai.OpenAI) -> None:
    """The first of many tools, such as those of coding agents, might run the question as a command."""

    def called(count: int, choice: Any) -> list[str]:
        tools: list[Any] = [
            {"type": "function", "function": {"name": f"tool_{number}", "parameters": CITY}} for number in range(count)
        ]
        messages: list[Any] = [{"role": "user", "content": "Oslo"}]
        answer = gpt.chat.completions.create(model="gpt-4", messages=messages, tools=tools, tool_choice=choice)
        return [call.function.name for call in answer.choices[0].message.tool_calls or [] if call.type == "function"]

    named = {"type": "function", "function": {"name": "tool_8"}}
    assert [called(1, "none"), called(4, "auto"), called(9, "auto"), called(9, "required"), called(9, named)] == [
        [], ["tool_0"], [], ["tool_0"], ["tool_8"],
    ]  # fmt: skip


def test_openai_tools_in_a_stream(gpt: openai.OpenAI) -> None:
    tools: list[Any] = [{"type": "function", "function": {"name": "weather", "parameters": CITY}}]
    with gpt.chat.completions.stream(
        model="gpt-4o", messages=[{"role": "user", "content": "Oslo"}], tools=tools
    ) as stream:
        stream.until_done()
        message = stream.get_final_completion().choices[0].message
    assert message.tool_calls
    assert json.loads(message.tool_calls[0].function.arguments) == {"city": "Oslo"}


def test_openai_embeddings(gpt: openai.OpenAI) -> None:
    both = gpt.embeddings.create(model="text-embedding-3-small", input=["one", "two"]).data
    alone = gpt.embeddings.create(model="text-embedding-3-small", input="two").data
    assert [entry.index for entry in both] == [0, 1]
    assert both[1].embedding == alone[0].embedding != both[0].embedding


def test_openai_models(gpt: openai.OpenAI) -> None:
    assert [model.id for model in gpt.models.list()] == [
        "gpt-4o",
        "o4-mini",
        "claude-sonnet-4-5",
        "text-embedding-3-small",
        "gpt-4",
    ]


@pytest.mark.parametrize("stream", [False, True])
def test_the_model_chooses_the_service_and_its_protocol(gpt: openai.OpenAI, *, stream: bool) -> None:
    for name, service_name in (("gpt-4o", "qwen-max"), ("gpt-4", "gpt-4-0613")):
        asked: dict[str, Any] = {"model": name, "messages": [{"role": "user", "content": QUESTION}], "stream": stream}
        answer = gpt.chat.completions.create(**asked)
        models = {chunk.model for chunk in answer} if stream else {answer.model}
        assert models == {service_name}


def test_openai_errors_of_the_plugin(gpt: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="must be a non-empty array"):
        gpt.chat.completions.create(model="gpt-4o", messages=[])
    with pytest.raises(openai.NotFoundError, match="does not have this API"):
        gpt.audio.speech.create(model="gpt-4o", input=QUESTION, voice="alloy")


def test_anthropic_message(claude: anthropic.Anthropic) -> None:
    answer = claude.messages.create(
        model="claude-sonnet-5", max_tokens=100, system="Be brief.", messages=[{"role": "user", "content": QUESTION}]
    )
    assert [block.text for block in answer.content if block.type == "text"] == [REPLY]
    assert answer.stop_reason == "end_turn"
    assert answer.usage.input_tokens > 0
    assert answer.usage.output_tokens == len(REPLY.split())


def test_anthropic_the_model_chooses_the_service(claude: anthropic.Anthropic) -> None:
    asked: dict[str, Any] = {"max_tokens": 100, "messages": [{"role": "user", "content": QUESTION}]}
    names = ("gpt-4", "gpt-4o", "claude-sonnet-5")
    assert [claude.messages.create(model=name, **asked).model for name in names] == [
        "gpt-4-0613",
        "qwen-max",
        "qwen-max",
    ]


def test_anthropic_stream(claude: anthropic.Anthropic) -> None:
    with claude.messages.stream(
        model="claude-sonnet-5", max_tokens=100, messages=[{"role": "user", "content": QUESTION}]
    ) as stream:
        pieces = [*stream.text_stream]
        answer = stream.get_final_message()
    assert "".join(pieces) == REPLY
    assert len(pieces) == len(REPLY.split())
    assert answer.stop_reason == "end_turn"
    assert answer.usage.output_tokens == len(pieces)


def test_anthropic_tools(claude: anthropic.Anthropic) -> None:
    messages: list[Any] = [{"role": "user", "content": "Oslo"}]
    tools: list[Any] = [{"name": "weather", "input_schema": CITY}]
    asked = claude.messages.create(model="claude-sonnet-5", max_tokens=100, messages=messages, tools=tools)
    assert asked.stop_reason == "tool_use"
    [call] = [block for block in asked.content if block.type == "tool_use"]
    assert (call.name, call.input) == ("weather", {"city": "Oslo"})
    result = {"type": "tool_result", "tool_use_id": call.id, "content": "rain"}
    messages += [{"role": "assistant", "content": asked.content}, {"role": "user", "content": [result]}]
    answer = claude.messages.create(model="claude-sonnet-5", max_tokens=100, messages=messages, tools=tools)
    assert [block.text for block in answer.content if block.type == "text"] == ["The tool says: rain"]


def test_anthropic_errors_of_the_plugin(claude: anthropic.Anthropic) -> None:
    with pytest.raises(anthropic.BadRequestError) as refused:
        claude.messages.create(model="claude-sonnet-5", max_tokens=100, messages=[])
    assert refused.value.type == "invalid_request_error"


def test_anthropic_tokens_are_counted(claude: anthropic.Anthropic) -> None:
    asked: Any = {"model": "claude-sonnet-5", "messages": [{"role": "user", "content": QUESTION}]}
    told = claude.messages.with_raw_response.count_tokens(**asked)
    assert told.headers["x-proxywasm-token-count"] == "estimated"
    assert 3 < told.parse().input_tokens < 20


def test_anthropic_models(claude: anthropic.Anthropic) -> None:
    assert [model.id for model in claude.models.list()] == [
        "gpt-4o",
        "o4-mini",
        "claude-sonnet-4-5",
        "text-embedding-3-small",
        "gpt-4",
    ]
    assert claude.models.retrieve("gpt-4o").type == "model"


class Refusing(BaseHTTPRequestHandler):
    """A service that answers with the status that is the model's name."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        error = {"message": "the service says no", "type": "refusal", "param": None, "code": "no"}
        body = json.dumps({"error": error}).encode()
        self.send_response(int(asked["model"]))
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture(scope="module")
def refusing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where a gateway listens whose model service is `Refusing`."""
    service = ThreadingHTTPServer(("127.0.0.1", 0), Refusing)
    thread = threading.Thread(target=service.serve_forever)
    thread.start()
    file = tmp_path_factory.mktemp("refusing") / "gateway.yaml"
    provider = {"type": "openai", "apiTokens": ["sk-0123456789abcdef"], "openaiCustomUrl": "https://model.test/v1"}
    plugin = {"name": "ai-proxy", "source": str(ROOT / "plugins" / "ai_proxy"), "config": {"provider": provider}}
    document = {
        "listen": f"127.0.0.1:{free_port()}",
        "plugins": [plugin],
        "routes": [{"name": "models"}],
        "upstreams": {"model.test": f"http://127.0.0.1:{service.server_port}"},
    }
    file.write_text(json.dumps(document))  # which is YAML, too
    try:
        with serving(file, "--native") as (_, address):
            yield address
    finally:
        service.shutdown()
        thread.join()
        service.server_close()


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("status", "name", "kind"),
    [
        (400, "BadRequestError", "invalid_request_error"),
        (401, "AuthenticationError", "authentication_error"),
        (403, "PermissionDeniedError", "permission_error"),
        (404, "NotFoundError", "not_found_error"),
        (429, "RateLimitError", "rate_limit_error"),
        (500, "InternalServerError", "api_error"),
    ],
)
def test_a_refusal_of_the_service_is_the_error_of_the_client(
    refusing: str, status: int, name: str, kind: str, stream: bool
) -> None:
    messages: list[Any] = [{"role": "user", "content": QUESTION}]
    with openai.OpenAI(base_url=f"http://{refusing}/v1", api_key="any", max_retries=0) as gpt:
        with pytest.raises(openai.APIStatusError, match="the service says no") as told:
            gpt.chat.completions.create(model=str(status), messages=messages, stream=stream)
        assert type(told.value) is getattr(openai, name)
    with anthropic.Anthropic(base_url=f"http://{refusing}", api_key="any", max_retries=0) as claude:
        with pytest.raises(anthropic.APIStatusError, match="the service says no") as told_claude:
            claude.messages.create(model=str(status), max_tokens=9, messages=messages, stream=stream)
        assert type(told_claude.value) is getattr(anthropic, name)
        assert told_claude.value.type == kind
