"""`responses`: kept responses make `previous_response_id` work, and GET, DELETE and input items of a response."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import redis
from tests.ai_proxy.gateway import RUNNING, Json, gateway_with, refusal
from tests.ai_proxy.responses_grammar import response as checked
from tests.ai_proxy.responses_grammar import stream as checked_stream
from tests.redis_server import RedisServer, redis_server

from proxywasm_host.testing import TestHost, TestStream, request
from proxywasm_host.testing.traffic import RedisCallOut

MOONSHOT: Json = {"type": "moonshot", "apiTokens": ["sk-1"]}
MEMORY: Json = {"responses": {"store": "memory"}}
REDIS: Json = {"responses": {"store": "redis", "serviceName": "redis.static"}}
JSON = {"content-type": "application/json"}


def chat(text: str) -> Json:
    message = {"role": "assistant", "content": text}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}


def chunks(text: str) -> bytes:
    delta = {"role": "assistant", "content": text}
    first = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m",
             "choices": [{"index": 0, "delta": delta, "finish_reason": None}]}  # fmt: skip
    last = {**first, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
    return b"".join(b"data: " + json.dumps(one).encode() + b"\n\n" for one in (first, last)) + b"data: [DONE]\n\n"


class Gateway:
    """A gateway with a store. Redis is a dictionary."""

    def __init__(self, kind: str, **more: Any) -> None:
        settings = MEMORY if kind == "memory" else REDIS
        self.host: TestHost = gateway_with({**MOONSHOT, "responses": {**settings["responses"], **more}})
        self.redis: dict[str, str] = {}
        self.expiry: set[Any] = set()
        self.host.answer_redis(self._redis)

    def _redis(self, call: RedisCallOut) -> str | int | None:
        name, key, *rest = map(str, call.command)
        if name == "SET":
            self.redis[key] = rest[0]
            self.expiry.add(tuple(rest[1:]))
            return "OK"
        if name == "DEL":
            return int(self.redis.pop(key, None) is not None)
        return self.redis.get(key)

    def ask(
        self, body: Json, said: str = "Hello", *, host: TestHost | None = None, owner: str = ""
    ) -> tuple[Json, Json]:
        """The request that the service gets, and the response."""
        fields = {**JSON, **({"x-mse-consumer": owner} if owner else {})}
        asked = request("POST", "/v1/responses", fields, json.dumps({"model": "m", **body}))
        stream = (host or self.host).request(asked)
        if stream.reply is not None:
            return {}, json.loads(stream.reply.body)
        assert stream.upstream is not None
        sent = json.loads(stream.upstream.body)
        assert "x-mse-consumer" not in stream.upstream.headers
        if body.get("stream"):
            answered = stream.respond(200, {"content-type": "text/event-stream"}, chunks(said))
            events = [line[6:] for line in answered.body.decode().splitlines() if line.startswith("data: ")]
            document = json.loads(events[-1])["response"]
        else:
            document = json.loads(stream.respond(200, JSON, json.dumps(chat(said))).body)
        stream.finish()
        checked(document)
        return sent, document

    def get(self, path: str, method: str = "GET", owner: str = "") -> tuple[int, Json]:
        fields = {"x-mse-consumer": owner} if owner else {}
        stream = self.host.request(request(method, f"/v1/responses/{path}", fields))
        assert stream.reply is not None
        return stream.reply.status, json.loads(stream.reply.body)


each = pytest.mark.parametrize("kind", ["memory", "redis"])


def texts(sent: Json) -> list[tuple[str, str]]:
    return [(message["role"], message["content"]) for message in sent["messages"]]


@pytest.mark.usefixtures("both_ways")
@each
@pytest.mark.parametrize("stream", [False, True])
def test_a_conversation_goes_on_from_a_response(kind: str, stream: bool) -> None:
    gateway = Gateway(kind)
    _, first = gateway.ask({"input": "Hi", "instructions": "Be brief.", "stream": stream}, "One")
    assert first["store"] is True
    _, second = gateway.ask({"input": "And?", "previous_response_id": first["id"], "stream": stream}, "Two")
    assert second["previous_response_id"] == first["id"]
    sent, third = gateway.ask({"input": [{"role": "user", "content": "Go on"}], "previous_response_id": second["id"]})
    assert texts(sent) == [
        ("user", "Hi"), ("assistant", "One"), ("user", "And?"), ("assistant", "Two"), ("user", "Go on")
    ]  # fmt: skip
    assert len({first["id"], second["id"], third["id"]}) == 3
    sent, _ = gateway.ask({"input": "Other", "previous_response_id": first["id"]})
    assert texts(sent) == [("user", "Hi"), ("assistant", "One"), ("user", "Other")]
    assert gateway.expiry in (set(), {("EX", "86400")})


@pytest.mark.usefixtures("both_ways")
@each
def test_a_response_can_be_read_and_deleted(kind: str) -> None:
    gateway = Gateway(kind)
    _, made = gateway.ask({"input": [{"role": "user", "content": "Hi"}, {"role": "user", "content": "you"}]})
    assert gateway.get(made["id"]) == (200, made)
    status, items = gateway.get(f"{made['id']}/input_items?order=asc&limit=1")
    assert (status, [one["content"] for one in items["data"]], items["has_more"]) == (200, ["Hi"], True)
    _, rest = gateway.get(f"{made['id']}/input_items?order=asc&after={items['last_id']}")
    assert ([one["content"] for one in rest["data"]], rest["has_more"]) == (["you"], False)
    assert gateway.get(f"{made['id']}/input_items")[1]["data"][0]["content"] == "you"
    status, refused = gateway.get(f"{made['id']}/cancel", "POST")
    assert (status, refused["error"]["message"]) == (400, "Cannot cancel a synchronous response.")
    assert gateway.get(made["id"], "DELETE") == (200, {"id": made["id"], "object": "response", "deleted": True})
    assert gateway.get(made["id"])[0] == 404
    sent, refused = gateway.ask({"input": "x", "previous_response_id": made["id"]})
    assert (sent, refused["error"]["code"]) == ({}, "previous_response_not_found")


@each
def test_what_is_not_stored_is_not_found(kind: str) -> None:
    gateway = Gateway(kind)
    _, made = gateway.ask({"input": "Hi", "store": False})
    assert made["store"] is False
    for name in (made["id"], "resp_x", "resp_0123456789abcdef", "x"):
        status, refused = gateway.get(name)
        assert (status, refused["error"]["message"]) == (404, f"Response with id '{name}' not found.")


@each
def test_a_response_belongs_to_its_consumer(kind: str) -> None:
    gateway = Gateway(kind)
    _, made = gateway.ask({"input": "Hi"}, owner="ann")
    assert gateway.get(made["id"], owner="ann")[0] == 200
    for other in ("", "bob"):
        assert gateway.get(made["id"], owner=other)[0] == 404
        assert gateway.get(made["id"], "DELETE", owner=other)[0] == 404
        _, refused = gateway.ask({"input": "x", "previous_response_id": made["id"]}, owner=other)
        assert refused["error"]["code"] == "previous_response_not_found"
    assert gateway.get(made["id"], owner="ann")[0] == 200


@pytest.mark.usefixtures("both_ways")
def test_workers_share_the_memory() -> None:
    gateway = Gateway("memory")
    other = gateway.host.another_instance()
    _, made = gateway.ask({"input": "Hi"}, host=other)
    assert gateway.get(made["id"]) == (200, made)


def test_responses_are_forgotten_after_their_time() -> None:
    gateway = Gateway("memory", ttl=60)
    _, made = gateway.ask({"input": "Hi"})
    gateway.host.advance(59)
    assert gateway.get(made["id"])[0] == 200
    gateway.host.advance(2)
    assert gateway.get(made["id"])[0] == 404


def test_the_memory_is_bounded_and_the_oldest_go_first() -> None:
    gateway = Gateway("memory", maxBytes=65_536)
    made = [gateway.ask({"input": "x" * 900}, "y" * 900)[1]["id"] for _ in range(48)]
    kept = [gateway.get(name)[0] == 200 for name in made]
    assert kept[-1]
    assert 5 < sum(kept) < 36
    assert gateway.ask({"input": "x" * 5000})[1]["store"] is False
    used = sum(len(value) for key, value in stored(gateway) if key.count(".") == 3)
    assert used <= 65_536
    assert {key.split(".")[3] for key, _ in stored(gateway) if key.count(".") == 3} <= set("01234"), (
        "slots are used again"
    )


def stored(gateway: Gateway) -> list[tuple[str, bytes]]:
    shared = gateway.host.services.shared_data
    keys = shared.keys()
    found = [(key, shared.get(key)) for key in keys if key.startswith("ai-proxy.responses")]
    return [(key, one[0]) for key, one in found if one is not None]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_store_that_fails_is_an_error(method: str) -> None:
    host = gateway_with({**MOONSHOT, **REDIS})
    body = json.dumps({"model": "m", "input": "x", "previous_response_id": "resp_1"}) if method == "POST" else None
    path = "/v1/responses" if body else "/v1/responses/resp_1"
    stream = host.request(request(method, path, JSON, body))
    host.next_redis_call("GET").fail()
    assert stream.reply is not None
    assert (stream.reply.status, json.loads(stream.reply.body)["error"]["code"]) == (503, "store_unavailable")


# A client may use a response as soon as it has all of it, also at another gateway.


def asked(host: TestHost, **body: Any) -> TestStream:
    return host.request(request("POST", "/v1/responses", JSON, json.dumps({"model": "m", "input": "x", **body})))


def answered(stream: TestStream) -> Json:
    """The whole answer, or the response in the last event of a stream."""
    message = stream.reply or stream.downstream
    if not message.body.startswith(b"event: "):
        document: Json = json.loads(message.body)
        return document
    document = json.loads(message.body.decode().strip().rpartition("\ndata: ")[2])
    assert document["type"] == "response.completed"
    response: Json = document["response"]
    return response


both = pytest.mark.parametrize("fails", [False, True])


@pytest.mark.usefixtures("both_ways")
@both
def test_an_answer_waits_for_the_store_and_says_whether_it_is_kept(fails: bool) -> None:
    host = gateway_with({**MOONSHOT, **REDIS})
    stream = asked(host)
    stream.respond(200, JSON, json.dumps(chat("Hello")))
    assert not stream.downstream
    settle(host, fails=fails)
    document = answered(stream)
    assert (document["status"], document["store"]) == ("completed", not fails)
    checked(document)


def settle(host: TestHost, *, fails: bool) -> None:
    call = host.next_redis_call("SET")
    if fails:
        call.fail()
    else:
        call.answer("OK")


@pytest.mark.usefixtures("both_ways")
@both
@pytest.mark.parametrize("end", ["with the last event", "before the store", "after the store"])
def test_only_the_last_event_of_a_stream_waits_for_the_store(fails: bool, end: str) -> None:
    host = gateway_with({**MOONSHOT, **REDIS})
    stream = asked(host, stream=True)
    stream.response_headers(200, {"content-type": "text/event-stream"})
    first, rest = chunks("One ").split(b"\n\n", 1)
    assert b"One " in stream.response_body(first + b"\n\n")
    early = stream.response_body(rest, end_of_stream=end == "with the last event")
    assert b"response.output_text.done" in early
    assert b"response.completed" not in early
    if end == "before the store":
        assert not stream.response_body(b"", end_of_stream=True)
    settle(host, fails=fails)
    assert answered(stream)["store"] is not fails
    if end == "after the store":
        stream.response_body(b": comments of a service are not for the client\n\n")
        stream.response_body(b"", end_of_stream=True)
    assert stream.downstream.body.count(b"response.completed") == 2
    assert b"comments" not in stream.downstream.body
    assert stream.downstream.ended
    sent = stream.downstream.json_events()
    sent[-1]["response"]["store"] = True  # only the last event knows better
    checked_stream(sent)


@both
def test_an_answer_of_a_later_call_out_waits_for_the_store(fails: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("proxywasm.core.instance.PluginInstance.sends_again", False)
    for stream in (False, True):
        host = several(REDIS, fallback={"models": {"m": {"then": ["claude/c"]}}})
        one = asked(host, stream=stream)
        one.respond(503)
        if stream:
            host.next_call().answer(200, {"content-type": "text/event-stream"}, CLAUDE_STREAM)
        else:
            host.next_call().answer(200, JSON, json.dumps(ANSWER))
        assert one.reply is None
        settle(host, fails=fails)
        assert answered(one)["store"] is not fails


@both
def test_a_refused_answer_that_no_other_provider_replaces_waits_for_the_store(fails: bool) -> None:
    refused = chat("") | {"choices": [{"index": 0, "message": {"role": "assistant", "content": ""},
                                       "finish_reason": "content_filter"}]}  # fmt: skip
    host = several(REDIS, fallback={"on": ["contentFilter"], "models": {"m": {"then": ["claude/c"]}}})
    stream = asked(host)
    stream.respond(200, JSON, json.dumps(refused))
    assert not host.redis_calls, "another provider is asked"
    stream.respond(200, JSON, json.dumps({**ANSWER, "content": [], "stop_reason": "refusal"}))
    settle(host, fails=fails)
    assert answered(stream)["incomplete_details"] == {"reason": "content_filter"}
    assert answered(stream)["store"] is not fails


@pytest.mark.usefixtures("both_ways")
@both
def test_the_answer_to_a_deletion_says_whether_the_response_is_gone(fails: bool) -> None:
    host, gateway = gateway_with({**MOONSHOT, **REDIS}), Gateway("redis")
    _, made = gateway.ask({"input": "Hi"})
    stream = host.request(request("DELETE", f"/v1/responses/{made['id']}"))
    (record,) = gateway.redis.values()
    host.next_redis_call("GET").answer(record)
    assert not stream.downstream
    call = host.next_redis_call("DEL")
    call.fail() if fails else call.answer(1)
    reply = stream.reply
    assert reply is not None
    document = json.loads(reply.body)
    assert reply.status == (503 if fails else 200)
    assert document.get("error", {}).get("code") == ("store_unavailable" if fails else None)
    assert document.get("deleted", False) is not fails


def test_a_damaged_record_is_not_found() -> None:
    gateway = Gateway("redis")
    gateway.redis["ai-proxy.responses:resp_1"] = "{"
    assert gateway.get("resp_1")[0] == 404


def test_a_store_in_redis_needs_its_service() -> None:
    assert "serviceName" in refusal({"provider": {**MOONSHOT, "responses": {"store": "redis"}}})


# Providers that share a store.

CLAUDE: Json = {"type": "claude", "apiTokens": ["sk-2"]}
ANSWER: Json = {
    "id": "m", "type": "message", "role": "assistant", "model": "c", "stop_reason": "end_turn",
    "content": [{"type": "text", "text": "Two"}], "usage": {"input_tokens": 1, "output_tokens": 2},
}  # fmt: skip
CLAUDE_STREAM: bytes = b"".join(
    f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode()
    for event in (
        {"type": "message_start", "message": {**ANSWER, "content": [], "stop_reason": None}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Two"}},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 2}},
        {"type": "message_stop"},
    )
)
WEATHER: Json = {"type": "function", "name": "weather", "parameters": {"type": "object", "properties": {}}}


def with_calls() -> Json:
    call = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": "{}"}}
    message = {"role": "assistant", "content": None, "tool_calls": [call]}
    return {**chat(""), "choices": [{"index": 0, "message": message, "finish_reason": "tool_calls"}]}


def several(settings: Json, **routing: Any) -> TestHost:
    providers = [
        {**MOONSHOT, **settings, "id": "moonshot", "models": ["m"]},
        {**CLAUDE, **settings, "id": "claude", "models": ["c"]},
    ]
    return TestHost(RUNNING.source, {"providers": providers, "routing": routing})


def asks(host: TestHost, **body: Any) -> Any:
    return host.request(request("POST", "/v1/responses", JSON, json.dumps(body)))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with redis_server(tmp_path_factory.mktemp("redis")) as found:
        yield found


@pytest.fixture
def client(server: RedisServer) -> Iterator[redis.Redis]:
    with server.client() as found:
        found.flushall()
        yield found


def on(client: redis.Redis, host: TestHost) -> TestHost:
    """The real server carries out the commands of the plugin."""
    host.answer_redis(lambda call: client.execute_command(*call.command))  # type: ignore[no-untyped-call]
    return host


@pytest.mark.usefixtures("both_ways")
@pytest.mark.parametrize("settings", [MEMORY, REDIS])
def test_a_conversation_goes_on_at_another_provider(settings: Json, client: redis.Redis) -> None:
    """In its protocol, with the calls of the first one and their results."""
    host = on(client, several(settings))
    stream = asks(host, model="m", input="Hi", tools=[WEATHER])
    first = json.loads(stream.respond(200, JSON, json.dumps(with_calls())).body)
    read = host.request(request("GET", f"/v1/responses/{first['id']}"))
    assert read.reply is not None
    assert json.loads(read.reply.body) == first
    result = {"type": "function_call_output", "call_id": "call_1", "output": "rain"}
    stream = asks(host, model="c", input=[result], tools=[WEATHER], previous_response_id=first["id"])
    assert stream.upstream.host == "api.anthropic.com"
    messages = stream.upstream.json()["messages"]
    assert [message["role"] for message in messages] == ["user", "assistant", "user"]
    (use,), (used,) = messages[1]["content"], messages[2]["content"]
    assert (use["type"], use["name"], used["type"], used["tool_use_id"]) == (
        "tool_use",
        "weather",
        "tool_result",
        use["id"],
    )
    second = json.loads(stream.respond(200, JSON, json.dumps(ANSWER)).body)
    stream = asks(host, model="m", input="And?", tools=[WEATHER], previous_response_id=second["id"])
    roles = [message["role"] for message in stream.upstream.json()["messages"]]
    assert roles == ["user", "assistant", "tool", "assistant", "user"]


@pytest.mark.usefixtures("both_ways")
@pytest.mark.parametrize("settings", [MEMORY, REDIS])
def test_after_a_failure_the_next_provider_gets_the_whole_conversation(settings: Json, client: redis.Redis) -> None:
    host = on(client, several(settings, fallback={"models": {"m": {"then": ["claude/c"]}}}))
    first = json.loads(asks(host, model="m", input="Hi").respond(200, JSON, json.dumps(chat("One"))).body)
    stream = asks(host, model="m", input="And?", previous_response_id=first["id"])
    stream.respond(503)
    assert stream.upstream.host == "api.anthropic.com"
    texts_sent = [part["text"] for message in stream.upstream.json()["messages"] for part in parts_of(message)]
    assert texts_sent == ["Hi", "One", "And?"]
    second = json.loads(stream.respond(200, JSON, json.dumps(ANSWER)).body)
    assert second["previous_response_id"] == first["id"]


def parts_of(message: Json) -> list[Json]:
    content = message["content"]
    return [{"text": content}] if isinstance(content, str) else content


def test_a_real_redis_keeps_responses_for_all_gateways_and_for_their_time(client: redis.Redis) -> None:
    host, other = (on(client, gateway_with({**MOONSHOT, "responses": {**REDIS["responses"], "ttl": 60}})) for _ in "ab")
    stream = asks(host, model="m", input="H\u00e9 \U0001f600")
    first = json.loads(stream.respond(200, JSON, json.dumps(chat("One"))).body)
    (key,) = client.keys("*")
    assert 50 < client.ttl(key) <= 60
    stream = asks(other, model="m", input="And?", previous_response_id=first["id"])
    assert texts(stream.upstream.json())[0] == ("user", "H\u00e9 \U0001f600")
    found = other.request(request("GET", f"/v1/responses/{first['id']}"))
    assert json.loads(found.reply.body) == first if found.reply else False
    other.request(request("DELETE", f"/v1/responses/{first['id']}"))
    assert client.keys("*") == []
    gone = asks(host, model="m", input="And?", previous_response_id=first["id"])
    assert gone.reply is not None
    assert json.loads(gone.reply.body)["error"]["code"] == "previous_response_not_found"


def test_what_another_program_has_written_is_not_a_response(client: redis.Redis) -> None:
    host = on(client, gateway_with({**MOONSHOT, **REDIS}))
    for value in ("", "{", "[]", "null", '{"owner":""}', '{"owner":"","input":1,"response":[]}'):
        client.set("ai-proxy.responses:resp_1", value)
        found = host.request(request("GET", "/v1/responses/resp_1"))
        assert found.reply is not None
        assert found.reply.status == 404
        refused = asks(host, model="m", input="And?", previous_response_id="resp_1")
        assert refused.reply is not None
        assert json.loads(refused.reply.body)["error"]["code"] == "previous_response_not_found"


# Services with the Responses API of their own. docs/responses.md, "Which service knows a response", has the rule.

NATIVE: Json = {"type": "openai", "apiTokens": ["sk-3"]}


def native(*more: Json, settings: Json, **routing: Any) -> TestHost:
    """A provider without the API, and two with it."""
    providers: list[Json] = [
        {**MOONSHOT, **settings, "id": "moonshot", "models": ["m"]},
        {**NATIVE, **settings, "id": "one", "models": ["n", "one"]},
        {**NATIVE, **settings, "id": "two", "models": ["n", "two"], "openaiCustomUrl": "https://two.test/v1"},
    ]
    return TestHost(RUNNING.source, {"providers": [*providers, *more], "routing": routing})


def made_by(service: str, *, stream: bool = False) -> tuple[dict[str, str], bytes]:
    document = {"object": "response", "conversation": {"id": "c"}, "id": f"resp_{service}", "status": "completed",
                "output": []}  # fmt: skip
    if not stream:
        return JSON, json.dumps(document).encode()
    events = [{"type": f"response.{kind}", "response": document} for kind in ("created", "completed")]
    body = b"".join(b"event: %b\ndata: %b\n\n" % (one["type"].encode(), json.dumps(one).encode()) for one in events)  # type: ignore[attr-defined]
    return {"content-type": "text/event-stream"}, body


@pytest.mark.usefixtures("both_ways")
@pytest.mark.parametrize("settings", [MEMORY, REDIS])
def test_a_service_with_the_api_gets_the_conversation_instead_of_an_id_of_ours(
    settings: Json, client: redis.Redis
) -> None:
    """It would not find it. Without ids and reasoning: it has made neither."""
    host = on(client, native(settings=settings))
    stream = asks(host, model="m", input="Hi", tools=[WEATHER])
    thinking = with_calls()
    thinking["choices"][0]["message"]["reasoning_content"] = "Hm"
    first = json.loads(stream.respond(200, JSON, json.dumps(thinking)).body)
    result = {"type": "function_call_output", "call_id": "call_1", "output": "rain"}
    sent = asks(host, model="one", input=[result], previous_response_id=first["id"], store=False).upstream.json()
    assert "previous_response_id" not in sent
    assert [item["type"] for item in sent["input"]] == ["message", "function_call", "function_call_output"]
    assert not any("id" in item for item in sent["input"])
    assert sent["input"][-1] == result
    assert sent["store"] is False


@pytest.mark.parametrize("path", ["", "/input_tokens", "/compact"])
@pytest.mark.parametrize("model", ["m", "one"])
def test_a_request_that_continues_a_response_may_say_nothing_new(path: str, model: str) -> None:
    host = native(settings=MEMORY)
    first = json.loads(asks(host, model="m", input="word " * 400).respond(200, JSON, json.dumps(chat("One"))).body)
    body = json.dumps({"model": model, "previous_response_id": first["id"]})
    stream = host.request(request("POST", f"/v1/responses{path}", JSON, body))
    if model == "one":
        sent = stream.upstream.json()
        assert ([item["role"] for item in sent["input"]], "previous_response_id" in sent) == (
            ["user", "assistant"],
            False,
        )
    elif path == "/compact":
        assert stream.reply is not None
        assert stream.reply.status == 404
    elif path:
        assert stream.reply is not None
        assert 300 < json.loads(stream.reply.body)["input_tokens"] < 600
    else:
        assert [one["role"] for one in stream.upstream.json()["messages"]][:2] == ["user", "assistant"]


def test_an_id_that_is_too_long_to_be_one_is_neither_looked_up_nor_repeated() -> None:
    host = gateway_with({**MOONSHOT, **REDIS})
    stream = asks(host, model="m", input="And?", previous_response_id="resp_gw" + "0" * 100_000)
    assert stream.reply is not None
    assert json.loads(stream.reply.body)["error"]["code"] == "previous_response_not_found"
    assert len(stream.reply.body) < 1000
    assert not host.redis_calls


@pytest.mark.parametrize("settings", [MEMORY, {}])
def test_an_id_of_ours_is_never_sent_to_a_service(settings: Json) -> None:
    host, name = native(settings=settings), f"resp_gw{'0' * 32}"
    stream = asks(host, model="one", input="And?", previous_response_id=name)
    assert stream.reply is not None
    assert json.loads(stream.reply.body)["error"]["code"] == "previous_response_not_found"
    for method, path in (("GET", ""), ("DELETE", ""), ("GET", "/input_items"), ("POST", "/cancel")):
        read = host.request(request(method, f"/v1/responses/{name}{path}"))
        assert read.reply is not None
        assert read.reply.status == 404


def test_a_kept_response_is_found_whichever_provider_is_first() -> None:
    host = native(settings={}, defaultProvider="one")
    stored_at = native({**MOONSHOT, **MEMORY, "id": "keeps", "models": ["k"]}, settings={}, defaultProvider="one")
    stream = asks(stored_at, model="k", input="Hi")
    first = json.loads(stream.respond(200, JSON, json.dumps(chat("Hello"))).body)
    read = stored_at.request(request("GET", f"/v1/responses/{first['id']}"))
    assert read.reply is not None
    assert json.loads(read.reply.body) == first
    assert host.request(request("GET", "/v1/responses/resp_x")).upstream.host == "api.openai.com"


@pytest.mark.usefixtures("both_ways")
@pytest.mark.parametrize("streams", [False, True])
def test_the_service_that_has_made_a_response_continues_it(streams: bool) -> None:
    """Whichever would be first otherwise, also for another worker."""
    host = native(settings=MEMORY, strategy="weight")
    hosts: dict[str, str] = {}
    while len(hosts) < 2:
        stream = asks(host, model="n", input="Hi", stream=streams)
        where = stream.upstream.host
        stream.respond(200, *made_by(where, stream=streams))
        hosts[f"resp_{where}"] = where
        stream.finish()
    for worker in (host, host.another_instance()):
        for response_id, where in [*hosts.items()] * 4:
            asked_for = asks(worker, model="n", input="And?", previous_response_id=response_id)
            assert asked_for.upstream.host == where
            assert asked_for.upstream.json()["previous_response_id"] == response_id
            read = worker.request(request("GET", f"/v1/responses/{response_id}"))
            assert read.upstream.host == where
    maker = hosts["resp_two.test"]
    refused = asks(host, model="one", input="And?", previous_response_id=f"resp_{maker}")
    assert refused.reply is not None
    assert json.loads(refused.reply.body)["error"]["code"] == "previous_response_not_found"


@pytest.mark.parametrize("way", ["sent again", "call-out"])
@pytest.mark.parametrize("bound", [
    {"previous_response_id": "resp_x"}, {"conversation": "conv_1"}, {"conversation": {"id": "conv_1"}},
    {"prompt": {"id": "pmpt_1"}},
])  # fmt: skip
def test_what_one_service_keeps_is_not_asked_of_another(way: str, bound: Json, monkeypatch: pytest.MonkeyPatch) -> None:
    """The client gets the failure of the service that has it."""
    if way == "call-out":
        monkeypatch.setattr("proxywasm.core.instance.PluginInstance.sends_again", False)
    for more, others in ((bound, 0), ({}, 1)):
        host = native(settings=MEMORY, fallback={"models": {"n": {"then": ["moonshot/m"]}}})
        stream = asks(host, model="n", input="Hi", **more)
        stream.respond(503, {"retry-after": "3"})
        assert len(stream.given_up) + len(host.calls) == others
        if more:
            assert (stream.downstream.status, stream.downstream.headers["retry-after"]) == (503, "3")


def test_a_later_attempt_of_ours_goes_to_a_service_with_the_api_as_a_conversation() -> None:
    host = native(settings=MEMORY, fallback={"models": {"m": {"then": ["one/n"]}}})
    first = json.loads(asks(host, model="m", input="Hi").respond(200, JSON, json.dumps(chat("One"))).body)
    stream = asks(host, model="m", input="And?", previous_response_id=first["id"])
    stream.respond(503)
    sent = stream.upstream.json()
    assert (stream.upstream.path, "previous_response_id" in sent, len(sent["input"])) == ("/v1/responses", False, 3)


@pytest.mark.parametrize("settings", [MEMORY, REDIS])
def test_the_tokens_of_a_conversation_that_goes_on_are_counted_with_it(settings: Json, client: redis.Redis) -> None:
    host = on(client, native(settings=settings))
    first = json.loads(asks(host, model="m", input="word " * 400).respond(200, JSON, json.dumps(chat("One"))).body)
    path, more = "/v1/responses/input_tokens", {"input": "And?", "previous_response_id": first["id"]}
    told = host.request(request("POST", path, JSON, json.dumps({"model": "m", **more})))
    assert told.reply is not None
    assert 300 < json.loads(told.reply.body)["input_tokens"] < 600
    sent = host.request(request("POST", path, JSON, json.dumps({"model": "one", **more}))).upstream.json()
    assert (len(sent["input"]), "previous_response_id" in sent) == (3, False)
    gone = host.request(
        request("POST", path, JSON, json.dumps({"model": "m", **more, "previous_response_id": "resp_gw"}))
    )
    assert gone.reply is not None
    assert json.loads(gone.reply.body)["error"]["code"] == "previous_response_not_found"


def test_a_conversation_that_goes_on_by_an_id_keeps_its_provider() -> None:
    """Its prompt is in the cache there."""
    providers = [{**MOONSHOT, **MEMORY, "type": name, "id": name, "models": ["m"]} for name in ("moonshot", "baichuan")]
    host = TestHost(RUNNING.source, {"providers": providers, "routing": {"sticky": "conversation"}})
    found = set()
    for topic in range(8):
        stream = asks(host, model="m", input=f"About {topic}")
        where = stream.upstream.host
        found.add(where)
        for _ in range(3):
            made = json.loads(stream.respond(200, JSON, json.dumps(chat("One"))).body)
            stream = asks(host, model="m", input="And?", previous_response_id=made["id"])
            assert stream.upstream.host == where
    assert len(found) == 2
