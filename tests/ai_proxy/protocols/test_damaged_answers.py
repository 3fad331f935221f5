"""For any answer of a provider, the client gets a valid answer of its protocol, or an error in its format."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.ai_proxy import responses_grammar
from tests.ai_proxy.grammar import (
    chat_answer,
    chat_error,
    chat_stream,
    claude_answer,
    claude_error,
    claude_stream,
)
from tests.ai_proxy.mutations import Recorded, ServiceEvent, damaged, damaged_document, pieces, places, recorded

from ai_proxy.protocols import clients
from ai_proxy.protocols.anthropic import client as anthropic
from ai_proxy.protocols.interface import ClientProtocol
from ai_proxy.protocols.responses import client as responses
from ai_proxy.wire.errors import ApiError, of_upstream
from ai_proxy.wire.json import NumberError, dump_bytes

STREAMS = recorded(streams=True)
WHOLE = recorded(streams=False)


@pytest.mark.parametrize("protocol", STREAMS)
@settings(max_examples=60)
@given(data=st.data(), client=st.sampled_from(clients.CLIENTS))
def test_a_damaged_stream_becomes_a_good_one_or_an_error(
    protocol: str, data: st.DataObject, client: ClientProtocol
) -> None:
    one = STREAMS[protocol][data.draw(st.sampled_from(list(STREAMS[protocol])), label="stream")]
    raw = one.bytes_of(data.draw(damaged(one.events)), done=data.draw(st.booleans()))
    if protocol == "openai.service" and client.is_pivot:  # Clients of OpenAI's protocol get that as it is.
        client = anthropic
    checked_stream(*one.convert(data.draw(pieces(raw)), client), client)


def checked_stream(events: list[str], failed: bool, client: ClientProtocol) -> object:
    """What a stream says; fails for an invalid one."""
    if client.is_pivot:
        return chat_stream(events, failed=failed)
    documents = [json.loads(event) for event in events]
    if client is anthropic:
        return claude_stream(documents, failed=failed)
    return responses_grammar.simplified(responses_grammar.stream(documents, failed=failed).get("output", []))


@pytest.mark.parametrize("protocol", STREAMS)
@settings(max_examples=15)
@given(data=st.data())
def test_unknown_fields_change_nothing(protocol: str, data: st.DataObject) -> None:
    """New fields, comments and fields of events, and borders of chunks."""
    one = STREAMS[protocol][data.draw(st.sampled_from(list(STREAMS[protocol])), label="stream")]
    events = [ServiceEvent(name, _with_more(document)) for name, document in one.events]
    raw = one.bytes_of(events)
    if not one.binary:
        raw = raw.replace(b"data: ", b": comment\nid: 7\nretry: 5\nnew: x\ndata: ").replace(b"\n\n", b"\n\n: ping\n\n")
    client = data.draw(
        st.sampled_from([one for one in clients.CLIENTS if protocol != "openai.service" or not one.is_pivot])
    )
    assert converted(one, data.draw(pieces(raw)), client) == converted(one, [one.answer], client)


def converted(one: Recorded, chunks: list[bytes], client: ClientProtocol) -> object:
    return checked_stream(*one.convert(chunks, client), client)


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


@pytest.mark.parametrize("protocol", WHOLE)
@settings(max_examples=60)
@given(data=st.data(), client=st.sampled_from(clients.CLIENTS))
def test_a_damaged_answer_becomes_a_good_one_or_an_error(
    protocol: str, data: st.DataObject, client: ClientProtocol
) -> None:
    one = WHOLE[protocol][data.draw(st.sampled_from(list(WHOLE[protocol])), label="answer")]
    call, codec_of = one.call(client)
    try:
        answer = codec_of.response(call, data.draw(damaged_document(json.loads(one.answer))))
        if protocol != "openai.service":
            chat_answer(json.loads(dump_bytes(answer)))
        if client is anthropic:
            claude_answer(anthropic.response(call, answer))
        elif client is responses:
            responses_grammar.response(json.loads(dump_bytes(responses.response(call, answer))))
    except (ApiError, NumberError) as problem:
        error = of_upstream(problem)
        assert 400 <= error.status < 600  # the only error there may be, and it is well-formed
        chat_error(json.loads(dump_bytes(error.document())))
        claude_error(anthropic.error(error))
        responses_grammar.error(responses.error(error))
