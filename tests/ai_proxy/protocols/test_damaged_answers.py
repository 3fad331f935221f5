"""Whatever a provider's answer has in it, the client gets what its protocol allows, or an error as that tells one."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.ai_proxy.grammar import (
    chat_answer,
    chat_error,
    chat_stream,
    claude_answer,
    claude_error,
    claude_stream,
)
from tests.ai_proxy.mutations import Recorded, Said, damaged, damaged_document, pieces, places, recorded

from ai_proxy.protocols import clients
from ai_proxy.protocols.anthropic import client as anthropic
from ai_proxy.protocols.interface import ClientProtocol
from ai_proxy.wire.errors import ApiError, of_upstream
from ai_proxy.wire.json import NumberError, dump_bytes

STREAMS = recorded(streams=True)
WHOLE = recorded(streams=False)


@pytest.mark.parametrize("codec", STREAMS)
@settings(max_examples=60)
@given(data=st.data(), client=st.sampled_from(clients.CLIENTS))
def test_a_damaged_stream_becomes_a_good_one_or_an_error(
    codec: str, data: st.DataObject, client: ClientProtocol
) -> None:
    one = STREAMS[codec][data.draw(st.sampled_from(list(STREAMS[codec])), label="stream")]
    raw = one.bytes_of(data.draw(damaged(one.events)), done=data.draw(st.booleans()))
    if codec == "openai.service":  # Clients of OpenAI's protocol get that as it is.
        client = anthropic
    events, failed = one.convert(data.draw(pieces(raw)), client)
    if client is anthropic:
        claude_stream([json.loads(event) for event in events], failed=failed)
    else:
        chat_stream(events, failed=failed)


@pytest.mark.parametrize("codec", STREAMS)
@settings(max_examples=15)
@given(data=st.data())
def test_unknown_fields_change_nothing(codec: str, data: st.DataObject) -> None:
    """New fields, comments and fields of events, and borders of chunks."""
    one = STREAMS[codec][data.draw(st.sampled_from(list(STREAMS[codec])), label="stream")]
    events = [Said(name, _with_more(document)) for name, document in one.events]
    raw = one.bytes_of(events)
    if not one.binary:
        raw = raw.replace(b"data: ", b": comment\nid: 7\nretry: 5\nnew: x\ndata: ").replace(b"\n\n", b"\n\n: ping\n\n")
    client = anthropic if codec == "openai.service" else data.draw(st.sampled_from(clients.CLIENTS))
    assert told(one, data.draw(pieces(raw)), client) == told(one, [one.answer], client)


def told(one: Recorded, chunks: list[bytes], client: ClientProtocol) -> object:
    events, failed = one.convert(chunks, client)
    if client is anthropic:
        return claude_stream([json.loads(event) for event in events], failed=failed)
    return chat_stream(events, failed=failed)


def _with_more(document: Any) -> Any:
    document = json.loads(json.dumps(document))
    for path in [(), *places(document)]:
        inner = document
        for key in path:
            inner = inner[key]
        # What is given to the client as it is, arguments of calls for one, would have it too.
        if isinstance(inner, dict) and not {"input", "args", "arguments", "outputs"} & set(path):
            inner["x_new"] = {"choices": "x"}
    return document


@pytest.mark.parametrize("codec", WHOLE)
@settings(max_examples=60)
@given(data=st.data(), client=st.sampled_from(clients.CLIENTS))
def test_a_damaged_answer_becomes_a_good_one_or_an_error(
    codec: str, data: st.DataObject, client: ClientProtocol
) -> None:
    one = WHOLE[codec][data.draw(st.sampled_from(list(WHOLE[codec])), label="answer")]
    call, codec_of = one.call(client)
    try:
        answer = codec_of.response(call, data.draw(damaged_document(json.loads(one.answer))))
        if codec != "openai.service":
            chat_answer(json.loads(dump_bytes(answer)))
        if client is anthropic:
            claude_answer(anthropic.response(call, answer))
    except (ApiError, NumberError) as problem:
        error = of_upstream(problem)
        assert 400 <= error.status < 600  # the only error there may be, and it is well-formed
        chat_error(json.loads(dump_bytes(error.document())))
        claude_error(anthropic.error(error))
