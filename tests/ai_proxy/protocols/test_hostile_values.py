"""Extreme numbers and texts raise no exception, and the result is always JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NoReturn

import pytest
from tests.ai_proxy.conversions import PROVIDERS, convert
from tests.ai_proxy.gateway import CHAT, COMPATIBLE, NATIVE, Json, answer, ask, events, gateway_with, refusal, warnings
from tests.ai_proxy.mutations import FOREIGN, recorded
from tests.ai_proxy.natives import BEDROCK, CLAUDE, GEMINI, OPENAI
from tests.ai_proxy.test_weaknesses import recorded_vertex

from ai_proxy import providers
from ai_proxy.credentials.tokens import Tokens
from ai_proxy.pipeline.streams import ConvertedStream
from ai_proxy.protocols import clients
from ai_proxy.protocols.anthropic import client as anthropic
from ai_proxy.protocols.exchange import Exchange
from ai_proxy.protocols.interface import ClientProtocol
from ai_proxy.providers.row import Provider, Row
from ai_proxy.wire import apis
from ai_proxy.wire.errors import ApiError
from ai_proxy.wire.json import NumberError, dump_bytes, dumps, loads
from ai_proxy_docs.examples import settings as settings_of
from proxywasm_host.testing import chat_request, request

both_ways = pytest.mark.usefixtures("both_ways")

BEYOND = ["1e999", "-1e999", "1E+400", "1" + "0" * 400 + ".0"]
"""Numbers in JSON that no float can be."""


def strictly(text: bytes | str) -> Any:
    """Reads JSON without Python's extensions."""

    def no(name: str) -> NoReturn:
        raise AssertionError(f"{name} is not JSON")

    return json.loads(text, parse_constant=no)


# Numbers beyond what can be written.


@pytest.mark.parametrize("number", BEYOND)
def test_a_number_beyond_all_is_never_written(number: str) -> None:
    for document in (loads(number), loads(f'{{"a": [{number}]}}'), [float("nan")]):
        for write in (dumps, dump_bytes):
            with pytest.raises(NumberError):
                write(document)


@both_ways
@pytest.mark.parametrize("number", BEYOND)
@pytest.mark.parametrize("config", [CLAUDE, GEMINI, NATIVE, BEDROCK], ids=lambda config: str(config["type"]))
@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages"])
def test_a_number_out_of_range_in_a_converted_request_is_400(config: Json, number: str, path: str) -> None:
    host = gateway_with(config)
    schema = f'{{"type": "object", "properties": {{"a": {{"maximum": {number}}}}}}}'
    tool = {"name": "f", "input_schema": 0, "function": {"name": "f", "parameters": 0}, "type": "function"}
    if path == "/v1/messages":
        tool = {"name": "f", "input_schema": 0}
    body = json.dumps({**CHAT, "max_tokens": 9, "tools": [tool]}).replace(": 0", f": {schema}")
    stream = host.request(request("POST", path, {"content-type": "application/json"}, body))
    if stream.upstream:  # The service speaks the client's protocol, and gets what the client wrote.
        assert number in stream.upstream.text
        assert "nfinity" not in stream.upstream.text
        return
    assert stream.reply is not None
    assert (stream.reply.status, strictly(stream.reply.body)["error"]["type"]) == (400, "invalid_request_error")


@pytest.mark.parametrize("number", BEYOND)
def test_a_number_out_of_range_in_an_unchanged_body_is_passed_on(number: str) -> None:
    body = json.dumps({**CHAT, "temperature": 0}).replace(": 0", f": {number}").encode()
    assert ask(COMPATIBLE, body, answer(body)).sent_bytes == body
    assert ask(COMPATIBLE, body, answer(body)).raw == body
    mapped = ask({**COMPATIBLE, "modelMapping": {"*": "m"}}, body)
    assert (mapped.status, mapped.error["code"]) == (400, "invalid_json")


@both_ways
@pytest.mark.parametrize("number", BEYOND)
def test_a_number_out_of_range_in_an_answer_is_an_error(number: str) -> None:
    choice = {"index": 0, "message": {"content": "", "reasoning_content": "Hm"}}
    whole = json.dumps({"id": "x", "choices": [choice], "usage": {"x": 0}})
    document = whole.replace('"x": 0', f'"x": {number}').encode()
    outcome = ask({**OPENAI, "promoteThinkingOnEmpty": True}, CHAT, answer(document))
    assert (outcome.status, outcome.error["code"]) == (502, "bad_upstream_response")


@both_ways
def test_a_number_beyond_all_in_a_stream_that_is_edited_ends_it_with_an_error() -> None:
    moonshot = {"type": "moonshot", "apiTokens": ["k"]}
    chunk = {"id": "x", "choices": [{"index": 0, "delta": {"content": "Hi", "x": 0}, "usage": {"total_tokens": 1}}]}
    good = json.dumps(chunk)
    bad = good.replace('"x": 0', '"x": 1e999')
    stream = events(f"data: {good}\n\n".encode(), f"data: {bad}\n\n".encode(), b"data: [DONE]\n\n")
    data = ask(moonshot, {**CHAT, "stream": True}, stream).data
    assert "usage" not in str(strictly(data[0]))
    assert strictly(data[-1])["error"]["code"] == "bad_upstream_response"
    assert len(data) == 2
    first = ask(moonshot, {**CHAT, "stream": True}, events(f"data: {bad}\n\n".encode()))
    assert (first.status, first.error["code"]) == (502, "bad_upstream_response")


@pytest.mark.parametrize(
    "settings",
    [
        {"customSettings": [{"name": "x", "mode": "raw", "value": [1e999]}]},
        {"timeout": 1e999},
    ],
)
def test_a_number_beyond_all_in_a_configuration_is_ignored(settings: Json) -> None:
    provider = {**COMPATIBLE, **settings}
    assert any(line.endswith("out of range; ignored") for line in warnings({"provider": provider}))
    assert "Infinity" not in str(ask(provider, CHAT).result)


def test_a_number_beyond_all_in_a_field_of_ours_is_refused() -> None:
    provider = {"type": "bedrock", "apiTokens": ["k"], "awsRegion": "r", "bedrockAdditionalFields": {"x": 1e999}}
    assert "out of range" in refusal({"provider": provider})


# All numbers of recorded exchanges, one after the other: those that a float or an integer of a usual size cannot be.

HUGE: list[Any] = [float("inf"), float("-inf"), 10**400, -(10**400), 1e308, "9" * 5000, "٣", "²"]


def with_numbers(document: Any) -> Iterator[Any]:
    """The document with each of its numbers, and each text of digits, in turn replaced."""
    for path in _numbers(document):
        for value in HUGE:
            copy = json.loads(json.dumps(document))
            inner = copy
            for key in path[:-1]:
                inner = inner[key]
            inner[path[-1]] = value
            yield copy


def _numbers(document: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    inner = document.items() if isinstance(document, dict) else enumerate(document)
    for key, value in inner:
        if isinstance(value, (dict, list)):
            yield from _numbers(value, (*path, key))
        elif isinstance(value, (int, float)) or (isinstance(value, str) and value.isdecimal()):
            yield (*path, key)


WHOLE = recorded(streams=False)
STREAMS = recorded(streams=True)


@pytest.mark.parametrize("protocol", WHOLE)
@pytest.mark.parametrize("client", clients.CLIENTS)
def test_an_answer_with_impossible_numbers_is_one_or_an_error(protocol: str, client: ClientProtocol) -> None:
    for one in list(WHOLE[protocol].values())[:3]:
        for document in with_numbers(json.loads(one.answer)):
            call, codec_of = one.call(client)
            try:
                result = codec_of.response(call, document)
                result = client.response(call, result)
                strictly(dump_bytes(result))
            except (ApiError, NumberError) as error:
                assert str(error)  # noqa: PT017  # nothing else may be raised


@pytest.mark.parametrize("protocol", STREAMS)
def test_a_stream_with_impossible_numbers_is_one_or_ends_with_an_error(protocol: str) -> None:
    one = next(iter(STREAMS[protocol].values()))
    events = one.events
    for place in {0, len(events) // 2, len(events) - 1}:
        for document in with_numbers(events[place].document):
            changed = [*events[:place], events[place]._replace(document=document), *events[place + 1 :]]
            data, _ = one.convert([one.bytes_of(changed)], anthropic if protocol == "openai.service" else None)
            assert all(data_of == "[DONE]" or strictly(data_of) for data_of in data)


@pytest.mark.parametrize("name", PROVIDERS)
def test_a_request_with_impossible_numbers_is_converted_or_refused(name: str) -> None:
    body = {**CHAT, "temperature": 1, "top_p": 1, "max_tokens": 9, "n": 2, "seed": 5, "top_k": 3, "top_logprobs": 2,
            "presence_penalty": 1, "frequency_penalty": 1, "reasoning_max_tokens": 2000,
            "thinking": {"budget_tokens": 5}, "dimensions": 1, "reasoning_effort": "low"}  # fmt: skip
    for document in with_numbers(body):
        for path in ("/v1/chat/completions", "/v1/messages"):
            try:
                strictly(json.dumps(convert(name, document, path)))
            except (ApiError, NumberError) as error:
                assert str(error)  # noqa: PT017  # nothing else may be raised


# Answers to requests that nobody could read, for one because they are compressed: no protocol has seen them.


def unread(provider: Provider, api: str) -> Exchange:
    return clients.new_exchange(provider.settings, apis.Route(api))


@pytest.mark.parametrize("protocol", WHOLE)
def test_an_answer_to_a_request_that_was_not_read_is_converted_or_an_error(protocol: str) -> None:
    for one in WHOLE[protocol].values():
        try:
            answered = one.call()[1].response(unread(one.provider, apis.CHAT), json.loads(one.answer))
            assert strictly(dump_bytes(answered))
        except ApiError as error:
            assert error.status >= 400  # noqa: PT017  # nothing else may be raised


@pytest.mark.parametrize("protocol", STREAMS)
def test_a_stream_for_a_request_that_was_not_read_is_converted_or_an_error(protocol: str) -> None:
    for one in STREAMS[protocol].values():
        stream = ConvertedStream(unread(one.provider, apis.CHAT), one.call()[1])
        assert stream.feed(one.answer, last=True)


@pytest.mark.parametrize("row", [row for row in providers.ROWS if row.dialect.protocols], ids=lambda row: row.name)
def test_any_document_is_an_answer_or_an_error(row: Row) -> None:
    place = {"task_id": "t", "usage": {}, "data": [{"embedding": [1e999]}], "created": 1e999}
    for api, service in row.dialect.protocols.items():
        for document in (place, {"code": 0, "data": place, "output": place, "Response": place}, *FOREIGN):
            exchange = clients.new_exchange(settings_of(row), apis.Route(api))
            try:
                if isinstance(document, dict):
                    dump_bytes(service.response(exchange, json.loads(json.dumps(document))))
            except (ApiError, NumberError) as error:
                assert str(error)  # noqa: PT017  # nothing else may be raised


# Statuses, headers and credentials.


@both_ways
@pytest.mark.parametrize("config", [COMPATIBLE, NATIVE, GEMINI], ids=lambda config: str(config["type"]))
@pytest.mark.parametrize("status", [600, 999])
def test_an_undefined_status_is_502(config: Json, status: int) -> None:
    for response in (answer({"oops": 1}, status), answer(None, status), answer(b"<p>no</p>", status)):
        outcome = ask(config, CHAT, response)
        assert (outcome.status, outcome.error["type"]) == (502, "server_error")


@both_ways
@pytest.mark.parametrize("wait", ["9" * 5000, "٣", "²", "-1", "1e9", "Wed, 21 Oct 2015 07:28:00 GMT", "0" * 4400 + "1"])
def test_any_time_to_wait_is_understood(wait: str) -> None:
    config = {**OPENAI, "apiTokens": ["k-1", "k-2"]}
    outcome = ask(config, CHAT, answer({"error": {"message": "slow"}}, 429, retry_after=wait))
    assert outcome.status == 429
    retried = {**config, "retryOnFailure": {"enabled": True}}
    host = gateway_with(retried)
    stream = host.request(chat_request("Hi"))
    stream.respond(429, {"content-type": "application/json", "retry-after": wait}, "{}")
    host.next_call().answer(429, headers={"retry-after": wait})
    assert stream.downstream.status == 429


@both_ways
@pytest.mark.parametrize("lifetime", [10**400, 1e999, -1, 0, "3600", 3600.5, True, None, [1]])
def test_a_token_lives_for_any_time_that_the_service_says(lifetime: object) -> None:
    host = gateway_with(recorded_vertex())
    stream = host.request(chat_request("Hi"))
    host.next_call().answer(
        body=json.dumps({"access_token": "t-1", "expires_in": lifetime}).replace("Infinity", "1e999")
    )
    assert stream.upstream.headers["authorization"] == "Bearer t-1"
    assert host.request(chat_request("Hi")).upstream.headers["authorization"] == "Bearer t-1"


@both_ways
@pytest.mark.parametrize("token", ["a\r\nx: y", "a\0", "\ud800", "é", "", 7])
def test_a_token_that_is_no_header_is_a_login_that_failed(token: object) -> None:
    host = gateway_with(recorded_vertex())
    stream = host.request(chat_request("Hi"))
    host.next_call().answer(body=json.dumps({"access_token": token, "expires_in": 9}))
    assert stream.reply is not None
    assert (stream.reply.status, json.loads(stream.reply.body)["error"]["code"]) == (502, "upstream_login_failed")


@both_ways
@pytest.mark.parametrize(
    "url",
    [
        "https://a.example/\ud800",
        "https://a.example/\r\nx: y",
        "https://a.example/\0 \x7f",
        "https://\ud800.example/",
        "https://a.example:99999999999/x",
        "https://[::1/",
    ],
)
def test_an_address_that_is_none_is_fetched_or_refused(url: str) -> None:
    part = {"type": "image_url", "image_url": {"url": url}}
    host = gateway_with(GEMINI)
    body = json.dumps({**CHAT, "messages": [{"role": "user", "content": [part]}]})
    stream = host.request(request("POST", "/v1/chat/completions", {"content-type": "application/json"}, body))
    if stream.reply is not None:
        assert stream.reply.status == 400
    else:
        assert len(host.pending) == 1
        host.next_call().answer(404)
        assert stream.reply is not None
        assert stream.reply.status == 400


def test_a_consumer_of_any_text_has_its_token() -> None:
    assert Tokens(("k-1", "k-2")).pick(apis.FILES, "\udcff") in {"k-1", "k-2"}


def test_a_clients_key_that_is_no_key_is_not_used() -> None:
    keys = [("x-api-key", "\u00e9"), ("authorization", "Bearer sk-client")]
    assert ask({"type": "openai"}, CHAT, headers=keys).sent_headers["authorization"] == "Bearer sk-client"
