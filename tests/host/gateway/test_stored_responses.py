"""The store of responses in a real Redis: two gateways in our host, with OpenAI's client library in front."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import openai
import pytest
from tests.host.gateway.both import running
from tests.host.gateway.live.test_routing import SOURCE, body_of_request, provider
from tests.redis_server import redis_server

from proxywasm_host.testing import chat_stream

HAS_REDIS = {"responses": {"store": "redis", "serviceName": "store.test", "timeout": 2000}}
CLAUDE = {"id": "claude", "type": "claude", "apiTokens": ["k"], "models": ["c"], **HAS_REDIS}


class Model:
    """Answers each chat with the number of its messages, in OpenAI's protocol or in Claude's."""

    def __init__(self) -> None:
        self.port = 0

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        asked = json.loads(await body_of_request(head, reader))
        count = str(len(asked["messages"]))
        answer: dict[str, Any]
        if head.startswith("POST /v1/messages"):
            content = [{"type": "text", "text": count}]
            answer = {"id": "m", "type": "message", "role": "assistant", "model": "c", "content": content}
            answer |= {"stop_reason": "end_turn", "usage": {"input_tokens": 1, "output_tokens": 1}}
        else:
            choice = {"index": 0, "message": {"role": "assistant", "content": count}, "finish_reason": "stop"}
            answer = {"id": "m", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}
        body, kind = json.dumps(answer).encode(), "application/json"
        if asked.get("stream"):
            body, kind = b"".join(chat_stream([count]).body), "text/event-stream"
        line = f"HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\n\r\n"
        writer.write(line.encode() + body)
        await writer.drain()
        writer.close()


@contextmanager
def serving(model: Model) -> Iterator[None]:
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(asyncio.start_server(model.accept, "127.0.0.1", 0))
    model.port = server.sockets[0].getsockname()[1]
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield
    finally:
        loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def test_a_conversation_moves_between_gateways_and_providers(tmp_path: Path) -> None:
    model = Model()
    with redis_server(tmp_path, "secret") as redis, serving(model):
        store = {"responses": {**HAS_REDIS["responses"], "password": "secret"}}
        providers = [
            {**provider("moonshot", ["k"], models=["m"]), "type": "moonshot", "openaiCustomUrl": "", **store},
            {**CLAUDE, **store},
        ]
        address = f"http://127.0.0.1:{model.port}"
        content = {
            "plugins": [{"name": "ai-proxy", "source": str(SOURCE), "config": {"providers": providers}}],
            "routes": [{"name": "all"}],
            "upstreams": {"api.moonshot.cn": address, "api.anthropic.com": address,
                          "outbound|6379||store.test": f"http://127.0.0.1:{redis.port}"},
        }  # fmt: skip
        folders = [tmp_path / name for name in ("one", "two")]
        for folder in folders:
            folder.mkdir()
        with running("serve", folders[0], content) as one, running("serve", folders[1], content) as two:
            clients = [
                openai.OpenAI(base_url=f"http://127.0.0.1:{each.port}/v1", api_key="any", max_retries=0)
                for each in (one, two)
            ]
            try:
                talk(*clients)
                refused_by(clients[0], redis.hanging())
                redis.stop()
                with pytest.raises(openai.InternalServerError) as refused:
                    clients[0].responses.create(model="m", input="x", previous_response_id="resp_1")
                assert refused.value.code == "store_unavailable"
            finally:
                for client in clients:
                    client.close()


def talk(one: openai.OpenAI, two: openai.OpenAI) -> None:
    """A client has a response when Redis has it, so each gateway knows it at once."""
    first = one.responses.create(model="m", input="Hi")
    second = two.responses.create(model="c", input="And?", previous_response_id=first.id)
    third = one.responses.create(model="m", input="Go on", previous_response_id=second.id)
    assert [each.output_text for each in (first, second, third)] == ["1", "3", "5"]
    assert two.responses.retrieve(first.id).output_text == "1"
    assert [item.type for item in two.responses.input_items.list(third.id)] == ["message"] * 5
    one.responses.delete(first.id)
    with pytest.raises(openai.NotFoundError):
        two.responses.retrieve(first.id)
    earlier: str | None = None
    for number, client in enumerate((one, two) * 4):
        earlier = streamed(client, earlier)
        assert client.responses.retrieve(earlier).output_text == str(2 * number + 1)


def streamed(client: openai.OpenAI, earlier: str | None) -> str:
    """The id of a response, taken from its last event."""
    with client.responses.stream(model="m", input="x", previous_response_id=earlier) as stream:
        for event in stream:
            if event.type == "response.completed":
                return str(event.response.id)
    raise AssertionError("the stream has no last event")


def refused_by(client: openai.OpenAI, failing: Any) -> None:
    """A Redis that does not answer costs an answer the time-out and no more, and is not passed over in silence."""
    kept = client.responses.create(model="m", input="Hi")
    with failing:
        with client.responses.stream(model="m", input="x") as stream:
            events = [event.type for event in stream]
            assert stream.get_final_response().to_dict()["store"] is False
        assert events[-1] == "response.completed"
        with pytest.raises(openai.InternalServerError) as error:
            client.responses.delete(kept.id)
        assert error.value.code == "store_unavailable"
    assert client.responses.retrieve(kept.id).id == kept.id
