"""Recorded streams of all providers as events, ways to damage them, and their conversion."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from hypothesis import strategies as st
from tests.ai_proxy.gateway import Json
from tests.ai_proxy.natives import RECORDED, steady
from tests.ai_proxy.protocols.bedrock.test_aws_event_stream import frame, header

from ai_proxy import providers
from ai_proxy.pipeline import bodies, client_protocols
from ai_proxy.pipeline.streams import ConvertedStream
from ai_proxy.protocols.bedrock.aws_event_stream import FrameDecoder
from ai_proxy.protocols.exchange import Exchange
from ai_proxy.protocols.interface import AnyServiceProtocol, ClientProtocol
from ai_proxy.protocols.openai import service as openai_chat
from ai_proxy.providers.row import Provider
from ai_proxy.wire import apis
from proxywasm import ConfigError, SSEDecoder
from proxywasm_host.recordings import exchange as recordings
from proxywasm_host.recordings.bodies import parse_events
from proxywasm_host.recordings.exchange import Exchange as Entry


class ServiceEvent(NamedTuple):
    """One event of a provider's stream."""

    name: str
    document: Any


@dataclass(frozen=True)
class Recorded:
    """A recorded request and the provider's answer."""

    name: str
    provider: Provider
    path: str
    body: Json
    answer: bytes

    @property
    def binary(self) -> bool:
        return self.provider.row.name == "bedrock"

    @property
    def events(self) -> list[ServiceEvent]:
        """The events without `[DONE]`."""
        decoder = FrameDecoder() if self.binary else SSEDecoder()
        events = [*decoder.feed(self.answer), *decoder.close()]
        return [ServiceEvent(one.event, json.loads(one.data)) for one in events if one.data != "[DONE]"]

    def bytes_of(self, events: Sequence[ServiceEvent], *, done: bool = True) -> bytes:
        """The bytes of these events in the provider's format."""
        if self.binary:
            return b"".join(
                frame(_text(document, escaped=False).encode(errors="replace"), header(":event-type", name))
                for name, document in events
            )
        text = "".join(f"event: {name}\n" * bool(name) + f"data: {_text(data)}\n\n" for name, data in events)
        return (text + "data: [DONE]\n\n" * (done and b"[DONE]" in self.answer)).encode()

    def call(self, client: ClientProtocol | None = None) -> tuple[Exchange, AnyServiceProtocol]:
        """A new conversion; `client`: the protocol of the client, if it is not that of the recording."""
        exchange = client_protocols.new_exchange(self.provider, apis.classify(self.path))
        body, _ = bodies.prepare(self.provider, exchange, copy.deepcopy(self.body))
        service = self.provider.row.dialect.protocols.get(exchange.api, openai_chat)
        service.request(exchange, body)
        exchange.answer.id = "aws-req-1"
        if client is not None:
            exchange.client = client
        return exchange, service

    def convert(self, chunks: Sequence[bytes], client: ClientProtocol | None = None) -> tuple[list[str], bool]:
        """The data of the events that the client gets, and whether the stream has failed."""
        stream = ConvertedStream(*self.call(client))
        out = [stream.feed(chunk, last=False) for chunk in chunks]
        out.append(stream.feed(b"", last=True))
        return [steady(data) for data, _ in parse_events(b"".join(out))], stream.failure is not None


def _text(document: Any, *, escaped: bool = True) -> str:
    """JSON text. Infinity is written as a number out of range, as services can write it."""
    return json.dumps(document, ensure_ascii=escaped).replace("Infinity", "1e999")


def recorded(*, streams: bool) -> dict[str, dict[str, Recorded]]:
    """Recorded chats that are converted, by service protocol and name."""
    result: dict[str, dict[str, Recorded]] = {}
    for entry in _exchanges():
        one = _recorded(entry)
        if one is None or ("event" in dict(_headers(entry))["content-type"]) is not streams:
            continue
        call, service = one.call()
        name = ".".join(service.__name__.split(".")[2:])  # type: ignore[attr-defined]  # service protocols are modules
        if name == "google.vertex" and call.model.startswith("claude"):
            name = "vertex-claude"
        result.setdefault(name, {})[one.name] = one
    return result


def _exchanges() -> Iterator[Entry]:
    for file in sorted(RECORDED.glob("*/*.json")):
        if file.stem not in {"cut-streams", "errors", "original", "config", "transport", "retry-and-failover"}:
            yield from recordings.load(Path(file))


def _headers(entry: Entry) -> Sequence[tuple[str, str]]:
    assert entry.response is not None
    return entry.response.headers


def _recorded(entry: Entry) -> Recorded | None:
    path = dict(entry.request.headers).get(":path", "")
    if not path.endswith(("/v1/chat/completions", "/v1/messages")) or entry.raw["expect"].get("start") != "ok":
        return None
    config = json.loads(entry.config).get("provider")
    if not isinstance(config, dict) or config.get("protocol") == "original" or "context" in config or entry.callouts:
        return None
    try:
        provider = providers.build(config, "provider")
    except ConfigError:  # Some are refused here that the original takes.
        return None
    service = apis.CHAT in provider.row.dialect.protocols
    if entry.response is None or not (service or path.endswith("/messages")) or apis.CHAT not in provider.paths:
        return None
    body = json.loads(b"".join(entry.request.body))
    exchange = client_protocols.new_exchange(provider, apis.classify(path))
    if exchange.api == apis.CHAT and not exchange.client.is_pivot:
        client_protocols.pivot_request(provider, exchange, copy.deepcopy(body))
    good = dict(entry.response.headers)[":status"] == "200" and not entry.raw["expect"].get("local_reply")
    if exchange.api != apis.CHAT or not good:
        return None
    return Recorded(entry.name, provider, path, body, b"".join(entry.response.body))


# Ways to damage a document or a stream.

CRUEL_TEXT = st.sampled_from(
    ["", " ", "x", "😀", "你好", "\u2028\u2029\u0085", "\ud83d", "\x00\x1b", '"\\', "[DONE]", "data: x\n\n", "</think>"]
)
ODD: st.SearchStrategy[Any] = CRUEL_TEXT | st.sampled_from(
    [None, True, False, 0, -1, 1, 1.5, 1 << 70, 10**400, float("inf"), [], [None], [[]], {}, {"x": None}]
)
FOREIGN: list[Any] = [
    {}, [], None, 5, "text", {"type": "new", "x": {"y": 1}}, {"event": "new"}, {"choices": []}, {"choices": None},
    {"error": None}, {"error": {"message": "no"}}, {"error": "no"}, {"code": "Throttling", "message": "no"},
    {"output": {"choices": []}}, {"candidates": []}, {"usage": {}}, {"usageMetadata": {"promptTokenCount": 1}},
]  # fmt: skip


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths of all values in a document."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*path, key)
        yield from places(inner, (*path, key))


def damage(draw: st.DrawFn, document: Any) -> None:
    """Remove a field or replace its value by an invalid one."""
    paths = list(places(document))
    if not paths:
        return
    *way, last = draw(st.sampled_from(paths))
    for key in way:
        document = document[key]
    if draw(st.booleans()):
        document[last] = copy.deepcopy(draw(ODD))
    else:
        del document[last]


@st.composite
def damaged(draw: st.DrawFn, events: list[ServiceEvent]) -> list[ServiceEvent]:
    """A stream in which some events are missing, doubled, in another order, changed, foreign, or cut off."""
    result = copy.deepcopy(events)
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, max(len(result) - 1, 0)))
        kind = draw(st.sampled_from(["field", "field", "field", "drop", "repeat", "swap", "cut", "foreign"]))
        if kind == "foreign" or not result:
            result.insert(at, ServiceEvent("", copy.deepcopy(draw(st.sampled_from(FOREIGN)))))
        elif kind == "field":
            damage(draw, result[at].document)
        elif kind == "drop":
            del result[at]
        elif kind == "repeat":
            result.insert(at, copy.deepcopy(result[at]))
        elif kind == "swap":
            result[at : at + 2] = reversed(result[at : at + 2])
        else:
            del result[at:]
    return result


@st.composite
def damaged_document(draw: st.DrawFn, document: Json) -> Json:
    result = copy.deepcopy(document)
    for _ in range(draw(st.integers(1, 3))):
        damage(draw, result)
    return result


@st.composite
def pieces(draw: st.DrawFn, data: bytes) -> list[bytes]:
    """The same bytes in chunks."""
    borders = sorted(draw(st.sets(st.integers(0, len(data)), max_size=12)))
    return [data[start:end] for start, end in zip([0, *borders], [*borders, len(data)], strict=True)]
