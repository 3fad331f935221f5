"""Any conversation is converted or raises `ApiError`, and its stream follows the grammar of chunks."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.ai_proxy.gateway import NATIVE
from tests.ai_proxy.grammar import chat_stream

from ai_proxy import providers
from ai_proxy.pipeline.checked_stream import CheckedStream
from ai_proxy.pipeline.streams import ConvertedStream
from ai_proxy.protocols import clients
from ai_proxy.protocols.exchange import Exchange
from ai_proxy.wire import apis
from ai_proxy.wire.errors import ApiError, from_anything
from ai_proxy.wire.json import dump_bytes
from proxywasm_host.recordings.bodies import parse_events

PROVIDER = providers.build(NATIVE, "provider")
SERVICES = list(PROVIDER.row.dialect.protocols.items())

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


def loose(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Mostly what is expected at each key, sometimes anything, sometimes nothing."""
    return st.fixed_dictionaries({}, optional={name: value | anything for name, value in fields.items()})


function = loose(name=st.text(), arguments=st.text())
tool_calls = st.lists(
    loose(id=st.text(), index=st.integers(0, 3), type=st.just("function"), function=function), max_size=3
)
parts = st.lists(
    loose(type=st.sampled_from(["text", "image_url", "video_url", "input_audio"]), text=st.text(),
          image_url=loose(url=st.text()), input_audio=loose(data=st.text(), format=st.text())),
    max_size=3,
)  # fmt: skip
content = st.none() | st.text() | parts
role = st.sampled_from(["system", "user", "assistant", "tool", "developer"])
message = loose(role=role, content=content, tool_calls=tool_calls, tool_call_id=st.text(), reasoning_content=st.text())
request = loose(
    temperature=st.floats(0, 2), top_p=st.floats(0, 1), n=st.integers(0, 3), tools=st.lists(loose(function=function)),
    stop=st.text(), max_completion_tokens=st.integers(), input=st.text(),
)  # fmt: skip
finish = st.sampled_from(["null", "stop", "length", "tool_calls", "", None])
answer = loose(
    output=loose(
        choices=st.lists(loose(index=st.integers(0, 2), finish_reason=finish, message=message), max_size=3),
        embeddings=st.lists(loose(text_index=st.integers(), embedding=st.lists(st.floats(allow_nan=False)))),
        text=st.text(),
    ),
    usage=loose(input_tokens=st.integers(), output_tokens=st.integers(), total_tokens=st.integers()),
    code=st.text(), message=st.text(), request_id=st.text(),
)  # fmt: skip
modes = st.sampled_from(["passthrough", "ignore", "concat"])


def call_of(api: str, mode: str, *, stream: bool) -> Exchange:
    provider = providers.build({**NATIVE, "reasoningContentMode": mode, "qwenFileIds": ["f"]}, "provider")
    exchange = clients.new_exchange(provider.settings, apis.Route(api))
    exchange.model, exchange.stream = "qwen-long", stream
    return exchange


@pytest.mark.parametrize(("api", "service"), SERVICES)
@given(body=request, messages=st.lists(message | anything, min_size=1, max_size=4), document=answer, mode=modes)
def test_whole_answers(api: str, service: Any, body: Any, messages: Any, document: Any, mode: str) -> None:
    call = call_of(api, mode, stream=False)
    try:
        sent = service.request(call, {**body, "model": "m", "messages": messages})
        json.dumps(sent)
        json.dumps(service.response(call, document))
    except ApiError as error:
        assert 400 <= error.status < 600  # noqa: PT017  # the only error there may be, and it is well-formed
        json.dumps(error.document())


@pytest.mark.parametrize(("api", "service"), SERVICES[:1])
@given(body=request, documents=st.lists(answer, max_size=6), mode=modes, more=st.booleans())
def test_streams(api: str, service: Any, body: Any, documents: Any, mode: str, more: bool) -> None:
    call = call_of(api, mode, stream=True)
    service.request(call, {**body, "model": "m", "messages": [{"role": "user", "content": "Hi"}]})
    stream = ConvertedStream(call, service)
    chunks = [b"data: " + json.dumps(document).encode() + b"\n\n" for document in documents]
    out = [stream.feed(chunk, last=False) for chunk in chunks]
    out.append(stream.feed(b"data: {" if more else b"", last=True))
    chat_stream([data for data, _ in parse_events(b"".join(out))], failed=stream.failure is not None)


@given(st.lists(st.binary(max_size=20), max_size=5))
def test_bytes_of_any_kind(chunks: list[bytes]) -> None:
    call = call_of(apis.CHAT, "passthrough", stream=True)
    for stream in (ConvertedStream(call, PROVIDER.row.dialect.protocols[apis.CHAT]), CheckedStream()):
        for chunk in chunks:
            stream.feed(chunk, last=False)
        stream.feed(b"", last=True)
        passed_as_it_is = isinstance(stream, CheckedStream) and b"data" in b"".join(chunks)
        assert stream.failure is not None or passed_as_it_is


@given(document=answer | anything, status=st.integers(400, 599))
def test_errors(document: Any, status: int) -> None:
    """Every error body has a message for the client."""
    raw = json.dumps(document).encode()
    error = from_anything(status, raw, document)
    assert error.status == status
    assert json.loads(dump_bytes(error.document()))["error"]["message"]
    for _, service in SERVICES:
        known = service.error(status, document) if isinstance(document, dict) else None
        assert known is None or json.loads(dump_bytes(known.document()))["error"]["message"]
