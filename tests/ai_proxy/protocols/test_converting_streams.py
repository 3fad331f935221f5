"""Converting providers: cuts of a stream make no difference, and no conversation or answer raises an exception."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.ai_proxy.converting import ALL, SAMPLES, STREAMING
from tests.ai_proxy.grammar import chat_stream
from tests.ai_proxy.protocols.dashscope.test_conversations import anything, loose, message, tool_calls
from tests.ai_proxy.protocols.test_splits import _convert, events_of
from tests.ai_proxy.protocols.test_splits import recorded_in as recorded

from ai_proxy import providers
from ai_proxy.pipeline.streams import ConvertedStream
from ai_proxy.protocols import clients
from ai_proxy.protocols.exchange import Exchange
from ai_proxy.wire import apis
from ai_proxy.wire.errors import ApiError
from ai_proxy.wire.json import dump_bytes
from proxywasm_host.recordings.bodies import parse_events
from proxywasm_host.recordings.exchange import Exchange as Recorded

STREAMS = [entry for name in STREAMING for entry in recorded(name)]
names = pytest.mark.parametrize("name", ALL)


@pytest.mark.parametrize("entry", STREAMS, ids=[entry.name for entry in STREAMS])
def test_every_recorded_stream_split_at_every_byte(entry: Recorded) -> None:
    assert entry.response is not None
    stream = b"".join(entry.response.body)
    whole = same(events_of(entry, [stream]))
    assert whole
    assert same(events_of(entry, [stream[index : index + 1] for index in range(len(stream))])) == whole
    # In two pieces at every fifth byte here, at every byte in `test_every_recorded_stream_in_two_pieces`.
    for index in range(0, len(stream) + 1, 9):
        assert same(_convert(entry, [stream[:index], stream[index:]])) == whole
    other = stream.replace(b"\n", b"\r\n")
    assert same(_convert(entry, [other[index : index + 7] for index in range(0, len(other), 7)])) == whole
    assert same(_convert(entry, [stream.rstrip(b"\n"), b""])) == whole


@pytest.mark.exhaustive
@pytest.mark.parametrize("entry", STREAMS, ids=[entry.name for entry in STREAMS])
def test_every_recorded_stream_in_two_pieces(entry: Recorded) -> None:
    assert entry.response is not None
    stream = b"".join(entry.response.body)
    whole = same(events_of(entry, [stream]))
    for index in range(len(stream) + 1):
        assert same(_convert(entry, [stream[:index], stream[index:]])) == whole


def same(events: list[tuple[str, str]]) -> list[str]:
    """Without generated ids."""
    return [re.sub("chatcmpl-[0-9a-f-]{36}", "chatcmpl", data) for data, _ in events]


def call_of(name: str, *, stream: bool) -> tuple[Exchange, Any]:
    provider = providers.build(ALL[name], "provider")
    exchange = clients.new_exchange(provider.settings, apis.Route(apis.CHAT))
    exchange.wants_usage = False  # As in the recordings, whose clients do not ask for it.
    exchange.model, exchange.stream = "Pro", stream
    return exchange, provider.row.dialect.protocols[apis.CHAT]


words = st.sampled_from(["stop", "length", "sensitive", "COMPLETE", "TOOL_CALL", "ERROR", "", None])
part = loose(
    Role=st.text(), Content=st.text(), ReasoningContent=st.text(), content=st.text() | st.lists(loose(text=st.text())),
    role=st.text(), text=st.text(), sender_name=st.text(), tool_calls=tool_calls, tool_plan=st.text(),
    ToolCalls=st.lists(
        loose(Id=st.text(), Index=st.integers(), Function=loose(Name=st.text(), Arguments=st.text())), max_size=2
    ),
)  # fmt: skip
choices = st.lists(
    loose(FinishReason=words, finish_reason=words, Message=part, Delta=part, message=part, delta=part,
          messages=st.lists(part, max_size=2), index=st.integers(), Index=st.integers()),
    max_size=2,
)  # fmt: skip
usage = loose(
    PromptTokens=st.integers(), CompletionTokens=st.integers(), total_tokens=st.integers(),
    prompt_tokens=st.integers(), tokens=loose(input_tokens=st.integers(), output_tokens=st.integers()),
)  # fmt: skip
inner = loose(
    Id=st.text(), Choices=choices, Usage=usage, workflow_id=st.text(), status=st.sampled_from(["succeeded", "failed"]),
    outputs=loose(out=anything), text=st.text(), created_at=st.integers(), total_tokens=st.integers(),
    message=part, finish_reason=words, usage=usage,
)  # fmt: skip
kinds = st.sampled_from(
    ["message", "message_end", "workflow_finished", "text_chunk", "error", "ping", "message-start", "content-delta",
     "tool-call-start", "tool-call-delta", "message-end", "stream-end", "text-generation"]
)  # fmt: skip
document = loose(
    Response=inner, Choices=choices, Usage=usage, Id=st.text(), choices=choices, usage=usage, id=st.text(),
    sid=st.text(),
    code=st.integers(0, 1), base_resp=loose(status_code=st.integers(0, 1), status_msg=st.text()), answer=st.text(),
    conversation_id=st.text(), metadata=loose(usage=usage), data=inner, event=kinds, type=kinds, event_type=kinds,
    delta=inner, message=part, index=st.integers(0, 2), response=inner, text=st.text(), text_output=st.text(),
    error=st.text(), translations=st.lists(loose(text=st.text(), detected_source_language=st.text()), max_size=2),
    created=st.integers(), model=st.text(), finish_reason=words, ErrorMsg=loose(Msg=st.text(), Code=anything),
)  # fmt: skip
request = loose(
    temperature=st.floats(0, 2), stop=st.text() | st.lists(st.text()), max_tokens=st.integers(), user=st.text(),
    tools=st.lists(loose(function=loose(name=st.text(), parameters=anything)), max_size=2),
    tool_choice=st.sampled_from(["auto", "none", "required"]) | loose(function=loose(name=st.text())),
)  # fmt: skip


wholes = given(body=request, messages=st.lists(message | anything, min_size=1, max_size=4), answer=document)


@pytest.mark.slow
@names
@settings(max_examples=15)
@wholes
def test_whole_answers(name: str, body: Any, messages: Any, answer: Any) -> None:
    whole_answer(name, body, messages, answer)


@pytest.mark.exhaustive
@names
@settings(max_examples=500)
@wholes
def test_many_whole_answers(name: str, body: Any, messages: Any, answer: Any) -> None:
    whole_answer(name, body, messages, answer)


def whole_answer(name: str, body: Any, messages: Any, answer: Any) -> None:
    call, service = call_of(name, stream=False)
    try:
        json.dumps(service.request(call, {**body, "model": "m", "messages": messages}))
        json.dumps(service.response(call, answer))
    except ApiError as error:
        assert 400 <= error.status < 600  # noqa: PT017  # the only error there may be, and it is well-formed
        json.dumps(error.document())


streams = given(documents=st.lists(document, max_size=5), good=st.integers(0, 6), more=st.booleans())


@pytest.mark.slow
@names
@settings(max_examples=15)
@streams
def test_streams(name: str, documents: Any, good: int, more: bool) -> None:
    any_stream(name, documents, good, more)


@pytest.mark.exhaustive
@names
@settings(max_examples=500)
@streams
def test_many_streams(name: str, documents: Any, good: int, more: bool) -> None:
    any_stream(name, documents, good, more)


def any_stream(name: str, documents: Any, good: int, more: bool) -> None:
    call, service = call_of(name, stream=True)
    service.request(call, {"model": "m", "messages": [{"role": "user", "content": "Hi"}]})
    stream = ConvertedStream(call, service)
    if name in STREAMING:
        documents = [*SAMPLES[name].chunks[:good], *documents]
    out = [stream.feed(b"data: " + json.dumps(item).encode() + b"\n\n", last=False) for item in documents]
    out.append(stream.feed(b"data: [DON" if more else b"", last=True))
    chat_stream([data for data, _ in parse_events(b"".join(out))], failed=stream.failure is not None)


@names
@settings(max_examples=40)
@given(given_document=document | anything, status=st.sampled_from([200, 400, 503]))
def test_errors(name: str, given_document: Any, status: int) -> None:
    if isinstance(given_document, dict):
        _, service = call_of(name, stream=False)
        error = service.error(status, given_document)
        assert error is None or (
            400 <= error.status < 600 and json.loads(dump_bytes(error.document()))["error"]["message"]
        )
