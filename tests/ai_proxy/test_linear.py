"""The work for input of clients and services is proportional to its size.

Instructions are counted, so that the machine does not matter. Regular expressions and the JSON decoder count, too: the
counter is Wasmtime's.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from tests.ai_proxy.conversions import PROVIDERS
from tests.ai_proxy.gateway import Json
from tests.ai_proxy.mutations import Recorded, ServiceEvent, recorded
from tests.ai_proxy.natives import RECORDED

from benchmarks.lowering.counting import CountingGateway
from proxywasm.wire import Fields
from proxywasm_host.recordings.exchange import load

pytestmark = [pytest.mark.slow, pytest.mark.envoy]

FEW, MANY = 100, 1000
MOST = 2 * MANY / FEW
"""Times the work: twice as much as in proportion, since the garbage collector begins with more than a few objects. What
grows with the square takes a hundred times as much."""
IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}
TEXT = {"type": "text", "text": "a"}
ASKS = {"role": "user", "content": "hi"}


def calls(numbers: range) -> Json:
    functions = [{"name": f"f{number}", "arguments": "{}"} for number in numbers]
    tool_calls = [
        {"id": f"c{number}", "type": "function", "function": function}
        for number, function in zip(numbers, functions, strict=True)
    ]
    return {"role": "assistant", "content": None, "tool_calls": tool_calls}


def result(number: int, content: object = "r") -> Json:
    return {"role": "tool", "tool_call_id": f"c{number}", "content": content}


def conversations(n: int) -> Iterator[tuple[str, list[Json]]]:
    """With `n` of something."""
    yield "messages of users", [ASKS] * n
    yield "system prompts", [*[{"role": "system", "content": "s"}] * n, ASKS]
    yield "messages of the assistant", [ASKS, *[{"role": "assistant", "content": "s"}] * n, ASKS]
    yield "turns", [ASKS, {"role": "assistant", "content": "s"}] * (n // 2)
    yield "calls at once", [ASKS, calls(range(n)), *map(result, range(n))]
    yield "calls after each other", [
        ASKS, *(each for number in range(n // 2) for each in (calls(range(number, number + 1)), result(number)))
    ]  # fmt: skip
    yield "results without calls", [ASKS, *map(result, range(n))]
    yield "results with images", [ASKS, calls(range(n)), *(result(number, [TEXT, IMAGE]) for number in range(n))]
    yield "texts in a message", [{"role": "user", "content": [TEXT] * n}]
    yield "texts in a result", [ASKS, calls(range(1)), result(0, [TEXT] * n)]
    yield "images in a message", [{"role": "user", "content": [IMAGE] * n}]


def anthropic_conversations(n: int) -> Iterator[tuple[str, list[Json]]]:
    """The same from clients of Anthropic's protocol."""
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AA=="}}
    uses = [{"type": "tool_use", "id": f"c{number}", "name": f"f{number}", "input": {}} for number in range(n)]
    results = [{"type": "tool_result", "tool_use_id": f"c{number}", "content": [TEXT, image]} for number in range(n)]
    yield "turns", [ASKS, {"role": "assistant", "content": "s"}] * (n // 2)
    yield "texts in a message", [{"role": "user", "content": [TEXT] * n}]
    yield "images in a message", [{"role": "user", "content": [image] * n}]
    yield "calls at once", [ASKS, {"role": "assistant", "content": uses}, {"role": "user", "content": results}]
    yield "results without calls", [ASKS, {"role": "user", "content": results}]


def responses_conversations(n: int) -> Iterator[tuple[str, list[Json]]]:
    """The same from clients of the Responses API."""
    text, picture = (
        {"type": "input_text", "text": "a"},
        {"type": "input_image", "image_url": "data:image/png;base64,AA=="},
    )
    called = [{"type": "function_call", "call_id": f"c{number}", "name": "f", "arguments": "{}"} for number in range(n)]
    results = [
        {"type": "function_call_output", "call_id": f"c{number}", "output": [text, picture]} for number in range(n)
    ]
    thought = {"type": "reasoning", "summary": [{"type": "summary_text", "text": "t"}], "encrypted_content": "[]"}
    yield "system prompts", [*[{"role": "developer", "content": "s"}] * n, ASKS]
    yield "turns", [ASKS, {"role": "assistant", "content": "s"}] * (n // 2)
    yield "messages of the assistant", [ASKS, *[{"role": "assistant", "content": "s"}] * n, ASKS]
    yield "texts in a message", [{"role": "user", "content": [text] * n}]
    yield "thoughts", [ASKS, *[thought] * n, {"role": "assistant", "content": "s"}, ASKS]
    yield "calls at once", [ASKS, *called, *results]
    yield "calls after each other", [ASKS, *(item for pair in zip(called, results, strict=True) for item in pair)]


def pages(n: int) -> Iterator[tuple[str, bytes]]:
    """Possible answers of a broken service."""
    yield "brackets", b"<" * n * 20
    yield "titles", b"<title" * n * 5
    yield "titles without an end", b"<title>" * n * 5
    yield "text", b"busy " * n * 5
    yield "JSON", json.dumps({"error": {"message": "busy " * n}}).encode()


def request(path: str) -> Fields:
    return [
        (":scheme", "http"), (":method", "POST"), (":path", path), (":authority", "a"),
        ("content-type", "application/json"),
    ]  # fmt: skip


@cache
def gateway(module: Path, name: str) -> tuple[CountingGateway, str]:
    config, model = PROVIDERS[name]
    return CountingGateway(module, json.dumps({"provider": {**config, "modelMapping": {"*": model}}})), model


def work(
    module: Path,
    name: str,
    messages: list[Json],
    status: str = "200",
    answer: bytes = b"{}",
    path: str = "/v1/chat/completions",
) -> int:
    """Instructions of an exchange."""
    counting, model = gateway(module, name)
    name_of_messages = "input" if path == "/v1/responses" else "messages"
    body = json.dumps({"model": model, name_of_messages: messages, "max_tokens": 9}).encode()
    before = counting.executed
    counting.exchange(request(path), body, [(":status", status), ("content-type", "text/html")], [answer])
    return counting.executed - before


Conversations = Callable[[int], Iterator[tuple[str, list[Json]]]]


def clients_and_services() -> Iterator[object]:
    """Each service with the clients of OpenAI, one of three with the others; all others on request."""
    for client, path, given in [
        ("openai", "/v1/chat/completions", conversations),
        ("anthropic", "/v1/messages", anthropic_conversations),
        ("responses", "/v1/responses", responses_conversations),
    ]:
        for number, name in enumerate(PROVIDERS):
            marks = [] if client == "openai" or number % 3 == 0 else [pytest.mark.exhaustive]
            yield pytest.param(name, path, given, id=f"{name}-{client}", marks=marks)


@pytest.mark.parametrize(("name", "path", "given"), list(clients_and_services()))
def test_a_conversation_is_converted_in_proportion_to_its_size(
    name: str, path: str, given: Conversations, ai_proxy_module: Path
) -> None:
    work(ai_proxy_module, name, [ASKS], path=path)
    found = {}
    for (what, few), (_, many) in zip(given(FEW), given(MANY), strict=True):
        found[what] = work(ai_proxy_module, name, many, path=path) / work(ai_proxy_module, name, few, path=path)
    assert {what: ratio for what, ratio in found.items() if ratio > MOST} == {}


@pytest.mark.parametrize("name", PROVIDERS)
def test_an_error_page_takes_work_in_proportion_to_its_size(name: str, ai_proxy_module: Path) -> None:
    work(ai_proxy_module, name, [ASKS], "503", b"busy")
    found = {}
    for (what, few), (_, many) in zip(pages(FEW), pages(MANY), strict=True):
        found[what] = work(ai_proxy_module, name, [ASKS], "503", many) / work(ai_proxy_module, name, [ASKS], "503", few)
    assert {what: ratio for what, ratio in found.items() if ratio > MOST} == {}


# Answers: one of each service protocol, with everything in its lists, or one of its events, many times.

CONFIGURATIONS = {one.name: one.config for file in sorted(RECORDED.glob("*/*.json")) for one in load(file)}
WHOLE, STREAMED = (
    {protocol: next(iter(found.values())) for protocol, found in recorded(streams=streams).items()}
    for streams in (False, True)
)


def multiplied(value: Any, times: int) -> Any:
    """The document with everything in its lists so many times."""
    if isinstance(value, dict):
        return {key: multiplied(inner, times) for key, inner in value.items()}
    return [multiplied(inner, 1) for inner in value] * times if isinstance(value, list) else value


class Client:
    """Asks as it was recorded, and is answered otherwise."""

    def __init__(self, module: Path, one: Recorded) -> None:
        self._gateway = CountingGateway(module, CONFIGURATIONS[one.name])
        self._request = request(one.path)
        self._body = json.dumps(one.body).encode()
        self._stream = bool(one.body.get("stream"))
        kind = "application/json"
        if self._stream:
            kind = "application/vnd.amazon.eventstream" if one.binary else "text/event-stream"
        self._response: Fields = [(":status", "200"), ("content-type", kind)]

    def work(self, *chunks: bytes) -> int:
        """Instructions of an exchange with this answer."""
        before = self._gateway.executed
        _, received = self._gateway.exchange(self._request, self._body, self._response, list(chunks))
        assert b"data:" in received if self._stream else b'"error":{' not in received
        return self._gateway.executed - before


@pytest.mark.parametrize("protocol", WHOLE)
def test_an_answer_is_converted_in_proportion_to_its_size(protocol: str, ai_proxy_module: Path) -> None:
    one = WHOLE[protocol]
    client, document = Client(ai_proxy_module, one), json.loads(one.answer)
    few, many = (json.dumps(multiplied(document, times)).encode() for times in (FEW, MANY))
    client.work(few)
    assert client.work(many) <= MOST * client.work(few)


@pytest.mark.parametrize("at_once", [True, False])
@pytest.mark.parametrize("protocol", STREAMED)
def test_a_stream_is_converted_in_proportion_to_its_size(protocol: str, at_once: bool, ai_proxy_module: Path) -> None:
    one = STREAMED[protocol]
    client, events = Client(ai_proxy_module, one), one.events
    place = len(events) // 2

    def work(times: int) -> int:
        more = [*events[:place], *events[place : place + 1] * times, *events[place + 1 :]]
        pieces = [more] if at_once else [more[index : index + 1] for index in range(len(more))]
        ends = [False] * (len(pieces) - 1) + [True]
        return client.work(*(one.bytes_of(piece, done=end) for piece, end in zip(pieces, ends, strict=True)))

    work(FEW)
    assert work(MANY) <= MOST * work(FEW)


@pytest.mark.parametrize("protocol", STREAMED)
def test_an_event_in_small_pieces_takes_work_in_proportion_to_its_size(protocol: str, ai_proxy_module: Path) -> None:
    one = STREAMED[protocol]
    client, events = Client(ai_proxy_module, one), one.events
    head = one.bytes_of(events[:1], done=False)

    def work(times: int) -> int:
        name, document = events[1]
        event = one.bytes_of([ServiceEvent(name, {**document, "x_new": "x" * 20 * times})], done=False)
        return client.work(head, *(event[at : at + 20] for at in range(0, len(event), 20)), one.bytes_of(events[2:]))

    work(FEW)
    assert work(MANY) <= MOST * work(FEW)
