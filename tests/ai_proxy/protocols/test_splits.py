"""Cuts of a stream into chunks make no difference."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.ai_proxy.gateway import NATIVE, SESSION, native_event

from ai_proxy import providers
from ai_proxy.pipeline.checked_stream import CheckedStream
from ai_proxy.pipeline.streams import ConvertedStream
from ai_proxy.protocols import clients
from ai_proxy.protocols.dashscope import chat as qwen
from ai_proxy.wire import apis
from ai_proxy.wire.json import Json
from proxywasm_host.recordings import exchange as recordings
from proxywasm_host.recordings.bodies import join, parse_events
from proxywasm_host.recordings.exchange import Exchange as Recorded
from proxywasm_host.recordings.exchange import Message
from proxywasm_host.recordings.replay import replay

RECORDED = Path(__file__).parents[2] / "conformance"


def recorded_in(folder: str) -> Iterator[Recorded]:
    for file in sorted((RECORDED / folder).glob("*.json")):
        for entry in recordings.load(file):
            response = entry.response
            chat = any(value.endswith("/chat/completions") for _, value in entry.request.headers)
            if (
                response
                and ("content-type", "text/event-stream") in response.headers
                and chat
                and file.stem != "cut-streams"
            ):
                yield entry


STREAMS = list(recorded_in("qwen"))
each = pytest.mark.parametrize("entry", STREAMS, ids=[entry.name for entry in STREAMS])


def events_of(entry: Recorded, chunks: list[bytes]) -> list[tuple[str, str]]:
    assert entry.response is not None
    cut = Recorded("cut", entry.config, entry.request, Message(entry.response.headers, tuple(chunks)))
    body = replay(cut, SESSION)["downstream"]["body"]
    return parse_events(join(body))


@pytest.mark.slow
@each
@pytest.mark.parametrize("thorough", [False, pytest.param(True, marks=pytest.mark.exhaustive)])
def test_every_recorded_stream_split_at_every_byte(entry: Recorded, thorough: bool) -> None:
    assert entry.response is not None
    stream = b"".join(entry.response.body)
    whole = events_of(entry, [stream])
    assert whole
    # The rules of a stream are the same for each cut; to have them all quickly, only the conversion is run again.
    assert events_of(entry, [stream[index : index + 1] for index in range(len(stream))]) == whole
    cuts = set(range(0, len(stream) + 1, 1 if thorough else 7))
    cuts |= {place + near for place, byte in enumerate(stream) if byte == ord("\n") for near in (-1, 0, 1)}
    for index in cuts:
        assert _convert(entry, [stream[:index], stream[index:]]) == whole


@each
@settings(max_examples=20)
@given(st.data())
def test_recorded_streams_in_any_chunks(entry: Recorded, data: st.DataObject) -> None:
    assert entry.response is not None
    stream = b"".join(entry.response.body)
    borders = sorted(data.draw(st.sets(st.integers(0, len(stream)))))
    chunks = [stream[start:end] for start, end in zip([0, *borders], [*borders, len(stream)], strict=True)]
    assert _convert(entry, chunks) == _convert(entry, [stream])


@each
@pytest.mark.parametrize("line_end", [b"\r\n", b"\r"])
def test_line_ends_make_no_difference(entry: Recorded, line_end: bytes) -> None:
    assert entry.response is not None
    stream = b"".join(entry.response.body)
    other = stream.replace(b"\n", line_end)
    assert _convert(entry, [other[index : index + 7] for index in range(0, len(other), 7)]) == _convert(entry, [stream])


@each
def test_the_last_blank_line_may_be_missing(entry: Recorded) -> None:
    assert entry.response is not None
    stream = b"".join(entry.response.body)
    assert _convert(entry, [stream.rstrip(b"\n")]) == _convert(entry, [stream])
    assert _convert(entry, [stream.rstrip(b"\n"), b""]) == _convert(entry, [stream])


def _convert(entry: Recorded, chunks: list[bytes]) -> list[tuple[str, str]]:
    provider = providers.build(json.loads(entry.config)["provider"], "provider")
    path = dict(entry.request.headers)[":path"]
    body: Json = json.loads(b"".join(entry.request.body))
    exchange = clients.new_exchange(provider.settings, apis.classify(path))
    exchange.wants_usage = False  # As in the recordings, whose clients do not ask for it.
    exchange.model = provider.settings.model_mapping.of(body["model"])
    exchange.stream = True
    service = provider.row.dialect.protocols.get(exchange.api)
    stream: ConvertedStream | CheckedStream = CheckedStream(exchange=exchange)
    if service:
        service.request(exchange, body)
        stream = ConvertedStream(exchange, service)
    out = [stream.feed(chunk, last=index == len(chunks) - 1) for index, chunk in enumerate(chunks)]
    return [(_still(data), event) for data, event in parse_events(b"".join(out))]


def _still(data: str) -> str:
    """With the clock that replays have."""
    if not data.startswith("{"):
        return data
    document = json.loads(data)
    if document.get("object") == "chat.completion.chunk" and document["created"] > 1735689600:
        document["created"] = 1735689600
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def test_a_stream_that_never_speaks_of_a_finish_may_lack_its_last_blank_line() -> None:
    event = b'data: {"choices":[{"text":"Hi","index":0}]}'
    for rest in (b"", b"\n", b"\r\n"):
        stream = CheckedStream()
        assert stream.feed(event + rest, last=True).rstrip() == event
        assert stream.failure is None


def test_events_after_the_end_are_ignored() -> None:
    exchange = clients.new_exchange(providers.build(NATIVE, "provider").settings, apis.Route(apis.CHAT))
    exchange.model, exchange.stream = "m", True
    stream = ConvertedStream(exchange, qwen)
    out = stream.feed(native_event("Hi", "stop") + b"data: [DONE]\n\ndata: garbage\n\n", last=True)
    assert out.endswith(b"data: [DONE]\n\n")
    assert stream.failure is None
