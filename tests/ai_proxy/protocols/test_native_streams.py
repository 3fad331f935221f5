"""Claude, Gemini, Vertex AI, Bedrock, and Anthropic's clients: cuts of a stream make no difference,
and any conversation or answer is converted to a well-formed one.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.ai_proxy.gateway import Json
from tests.ai_proxy.grammar import chat_stream, claude_stream
from tests.ai_proxy.natives import ALL, convert, recorded
from tests.ai_proxy.protocols.dashscope.test_conversations import anything, loose, message, tool_calls

from ai_proxy import providers
from ai_proxy.pipeline.streams import ConvertedStream
from ai_proxy.protocols.anthropic import client as anthropic
from ai_proxy.protocols.exchange import Exchange
from ai_proxy.protocols.interface import ClientProtocol, FilesWanted
from ai_proxy.protocols.openai import client as openai
from ai_proxy.wire import apis
from ai_proxy.wire.errors import ApiError
from proxywasm_host.recordings.bodies import parse_events
from proxywasm_host.recordings.exchange import Exchange as Recorded

STREAMS = list(recorded())
names = pytest.mark.parametrize("name", ALL)


@pytest.mark.parametrize("entry", STREAMS, ids=[entry.name for entry in STREAMS])
def test_every_recorded_stream_split_at_every_byte(entry: Recorded) -> None:
    assert entry.response is not None
    stream = b"".join(entry.response.body)
    whole = convert(entry, [stream])
    assert whole
    assert convert(entry, [stream[index : index + 1] for index in range(len(stream))]) == whole
    for index in range(0, len(stream) + 1, 1 if len(stream) < 700 else 13):
        assert convert(entry, [stream[:index], stream[index:], b""]) == whole
    if not stream.startswith(b"\0"):
        other = stream.replace(b"\n", b"\r\n")
        assert convert(entry, [other[index : index + 7] for index in range(0, len(other), 7)]) == whole
        assert convert(entry, [stream.rstrip(b"\n")]) == whole


def call_of(
    name: str, *, stream: bool, client: ClientProtocol = openai, mode: str = "passthrough"
) -> tuple[Exchange, Any]:
    provider, model = ALL[name]
    built = providers.build({**provider, "reasoningContentMode": mode}, "provider")
    exchange = Exchange(built.settings, apis.Route(apis.CHAT), client)
    exchange.model, exchange.stream = model, stream
    return exchange, built.row.dialect.protocols[apis.CHAT]


function = loose(name=st.text(), description=st.text(), parameters=loose(type=st.text(), properties=anything))
request = loose(
    temperature=st.floats(0, 2), top_p=st.floats(0, 1), n=st.integers(0, 3), tools=st.lists(loose(function=function)),
    stop=st.text(), max_tokens=st.integers(), max_completion_tokens=st.floats(allow_nan=False), user=st.text(),
    reasoning_effort=st.sampled_from(["none", "low", "high", "x"]), reasoning_max_tokens=st.integers(),
    thinking=loose(type=st.sampled_from(["enabled", "disabled"])), parallel_tool_calls=st.booleans(),
    tool_choice=st.sampled_from(["none", "auto", "required"]) | loose(type=st.text(), function=function),
    response_format=loose(type=st.sampled_from(["json_schema", "json_object"]), json_schema=loose(schema=anything)),
    prompt_cache_retention=st.sampled_from(["24h", "in-memory"]), modalities=st.lists(st.text()), metadata=anything,
)  # fmt: skip
part = loose(
    type=st.sampled_from(["text", "image_url", "input_audio", "file", "image", "tool_result", "thinking"]),
    text=st.text(), image_url=loose(url=st.sampled_from(["data:image/png;base64,AA==", "data:x", "https://x.y/z"])),
    input_audio=loose(data=st.text(), format=st.text()), cache_control=anything,
    file=loose(file_data=st.sampled_from(["data:text/plain;base64,AA==", "AA=="]), file_id=st.text(),
               filename=st.text()),
)  # fmt: skip
said = loose(
    role=st.sampled_from(["system", "user", "assistant", "tool"]), content=st.text() | st.lists(part, max_size=3),
    tool_calls=tool_calls, tool_call_id=st.text(), reasoning_content=st.text(), reasoning_signature=st.text(),
)  # fmt: skip
conversation = st.lists(said | message | anything, min_size=1, max_size=4)

block = loose(
    type=st.sampled_from(["text", "thinking", "tool_use", "redacted_thinking"]), text=st.text(), thinking=st.text(),
    signature=st.text(), id=st.text(), name=st.text(), input=anything,
    toolUse=loose(toolUseId=st.text(), name=st.text()),
    reasoningContent=loose(text=st.text(), signature=st.text(), reasoningText=loose(text=st.text())),
    functionCall=loose(name=st.text(), args=anything), inlineData=loose(mimeType=st.text(), data=st.text()),
    thought=st.booleans(), thoughtSignature=st.text(),
)  # fmt: skip
counted = loose(
    input_tokens=st.integers(), output_tokens=st.integers(), cache_read_input_tokens=st.integers(),
    promptTokenCount=st.integers(), candidatesTokenCount=st.integers(), thoughtsTokenCount=st.integers(),
    inputTokens=st.integers(), outputTokens=st.integers(), cacheWriteInputTokens=st.integers(),
)  # fmt: skip
reasons = st.sampled_from(["end_turn", "tool_use", "STOP", "MAX_TOKENS", "max_tokens", "", None])
candidate = loose(
    content=loose(parts=st.lists(block, max_size=3), role=st.text()), finishReason=reasons, index=st.integers(0, 1),
    logprobsResult=loose(chosenCandidates=st.lists(loose(token=st.text(), logProbability=st.floats(-9, 0)))),
)  # fmt: skip
document = loose(
    type=st.sampled_from(
        ["message", "message_start", "content_block_start", "content_block_delta", "content_block_stop", "ping",
         "message_delta", "message_stop", "error"]
    ),
    message=loose(id=st.text(), usage=counted, content=st.lists(block)), index=st.integers(0, 2), content_block=block,
    delta=loose(type=st.sampled_from(["text_delta", "thinking_delta", "input_json_delta", "signature_delta"]),
                text=st.text(), thinking=st.text(), partial_json=st.text(), signature=st.text(), stop_reason=reasons,
                toolUse=loose(input=st.text()), reasoningContent=loose(text=st.text())),
    content=st.lists(block, max_size=3), stop_reason=reasons, usage=counted, id=st.text(), error=loose(type=st.text()),
    candidates=st.lists(candidate, max_size=2), usageMetadata=counted, promptFeedback=loose(blockReason=st.text()),
    responseId=st.text(), output=loose(message=loose(content=st.lists(block, max_size=3))), stopReason=reasons,
    start=loose(toolUse=loose(toolUseId=st.text(), name=st.text())), contentBlockIndex=st.integers(0, 2),
    role=st.just("assistant"),
)  # fmt: skip
modes = st.sampled_from(["passthrough", "ignore", "concat"])


wholes = given(body=request, messages=conversation, answer=document, mode=modes, claude=st.booleans())


@pytest.mark.slow
@names
@settings(max_examples=30)
@wholes
def test_whole_answers(name: str, body: Json, messages: Any, answer: Json, mode: str, claude: bool) -> None:
    whole_answer(name, body, messages, answer, mode, claude)


@pytest.mark.exhaustive
@names
@settings(max_examples=500)
@wholes
def test_many_whole_answers(name: str, body: Json, messages: Any, answer: Json, mode: str, claude: bool) -> None:
    whole_answer(name, body, messages, answer, mode, claude)


def whole_answer(name: str, body: Json, messages: Any, answer: Json, mode: str, claude: bool) -> None:
    call, service = call_of(name, stream=False, client=anthropic if claude else openai, mode=mode)
    try:
        json.dumps(service.request(call, {**body, "model": "m", "messages": messages}))
    except FilesWanted as wanted:
        assert wanted.urls  # noqa: PT017  # images to be fetched are as good an answer
    except ApiError as error:
        assert 400 <= error.status < 500  # noqa: PT017  # the client's mistake, and told as one
    try:
        pivot = service.response(call, answer)
        if claude:
            assert anthropic.response(call, pivot)["type"] == "message"
        json.dumps(pivot)
    except ApiError as error:
        json.dumps(error.document())


streams = given(documents=st.lists(document, max_size=6), mode=modes, more=st.booleans())


@pytest.mark.slow
@names
@settings(max_examples=20)
@streams
def test_streams(name: str, documents: list[Any], mode: str, more: bool) -> None:
    any_stream(name, documents, mode, more)


@pytest.mark.exhaustive
@names
@settings(max_examples=500)
@streams
def test_many_streams(name: str, documents: list[Any], mode: str, more: bool) -> None:
    any_stream(name, documents, mode, more)


def any_stream(name: str, documents: list[Any], mode: str, more: bool) -> None:
    for client in (openai, anthropic):
        call, service = call_of(name, stream=True, client=client, mode=mode)
        stream = ConvertedStream(call, service)
        if name == "bedrock":  # Its frames are another test's subject.
            stream._decoder = type(ConvertedStream(*call_of("claude", stream=True))._decoder)()
        chunks = [b"data: " + json.dumps(one).encode() + b"\n\n" for one in documents]
        out = [stream.feed(chunk, last=False) for chunk in chunks]
        out.append(stream.feed(b"data: {" if more else b"", last=True))
        events = [data for data, _ in parse_events(b"".join(out))]
        if client is anthropic:
            claude_stream([json.loads(data) for data in events], failed=stream.failure is not None)
        else:
            chat_stream(events, failed=stream.failure is not None)


claude_block = loose(
    type=st.sampled_from(["text", "image", "document", "tool_use", "tool_result", "thinking", "odd"]), text=st.text(),
    source=loose(type=st.sampled_from(["base64", "url", "text", "file"]), media_type=st.text(), data=st.text(),
                 url=st.text(), file_id=st.text()),
    id=st.text(), name=st.text(), input=anything, tool_use_id=st.text(), content=st.text() | anything,
    thinking=st.text(), signature=st.text(), title=st.text(), cache_control=anything,
)  # fmt: skip
claude_request = loose(
    model=st.just("m"), system=st.text() | st.lists(claude_block), max_tokens=st.integers(), stream=st.booleans(),
    messages=st.lists(
        loose(role=st.sampled_from(["user", "assistant"]), content=st.text() | st.lists(claude_block, max_size=3)),
        max_size=4,
    ),
    tools=st.lists(loose(name=st.text(), input_schema=anything, type=st.text())), stop_sequences=st.lists(st.text()),
    tool_choice=loose(type=st.sampled_from(["auto", "any", "tool", "none"]), name=st.text()),
    thinking=loose(type=st.sampled_from(["enabled", "disabled", "adaptive"]), budget_tokens=st.integers()),
    output_config=loose(effort=st.text(), format=loose(type=st.just("json_schema"), schema=anything)),
)  # fmt: skip


@given(body=claude_request, extensions=st.booleans(), signed=st.booleans())
def test_any_request_of_clients_of_anthropic(body: Json, extensions: bool, signed: bool) -> None:
    call, _ = call_of("gemini", stream=False, client=anthropic)
    call.thinking = anthropic.thinking(body)
    try:
        json.dumps(anthropic.request(call, body, allow_extensions=extensions, accepts_signed_thinking=signed))
    except ApiError as error:
        assert error.status == 400  # noqa: PT017  # the client's mistake, and told as one
        assert anthropic.error(error)["type"] == "error"  # noqa: PT017  # likewise
