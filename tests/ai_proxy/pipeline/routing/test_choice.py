"""`models`: the name of the model chooses the provider."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.ai_proxy import gateway
from tests.ai_proxy.gateway import Json, refusal, warnings

from ai_proxy import plugin
from ai_proxy.pipeline import documents
from proxywasm_host.recordings.exchange import Message
from proxywasm_host.testing import TestHost, chat_request, chat_response, request, response

pytestmark = pytest.mark.usefixtures("both_ways")

OPENAI: Json = {"id": "openai", "type": "openai", "apiTokens": ["key-openai"], "models": ["gpt-*", "o3"]}
CLAUDE: Json = {
    "id": "anthropic",
    "type": "claude",
    "apiTokens": ["key-claude"],
    "models": ["~^claude-", "gpt-oss-20b"],
}
QWEN: Json = {
    "id": "qwen",
    "type": "qwen",
    "apiTokens": ["key-qwen"],
    "models": ["qwen-max"],
    "modelMapping": {"fast": "qwen-turbo"},
}
CLAUDE_ANSWER: Json = {
    "id": "m",
    "type": "message",
    "role": "assistant",
    "model": "claude-sonnet-4-5",
    "stop_reason": "end_turn",
    "content": [{"type": "text", "text": "Hello"}],
    "usage": {"input_tokens": 1, "output_tokens": 2},
}
PROVIDERS = [OPENAI, CLAUDE, QWEN]
HOSTS = {"openai": "api.openai.com", "anthropic": "api.anthropic.com", "qwen": "dashscope.aliyuncs.com"}


FORM = (
    '--x\r\ncontent-disposition: form-data; name="model"\r\n\r\n{}\r\n'
    '--x\r\ncontent-disposition: form-data; name="prompt"\r\n\r\nHi\r\n--x--\r\n'
)


def host_with(*providers: Json, **config: Any) -> TestHost:
    return TestHost(gateway.RUNNING.source, {"providers": [*(providers or PROVIDERS)], **config})


def asked(host: TestHost, sent: Message) -> str:
    """The provider that gets the request."""
    stream = host.request(sent)
    assert stream.reply is None, stream.reply
    headers = stream.upstream.headers
    return next(name for name, domain in HOSTS.items() if domain == headers[":authority"])


@pytest.mark.parametrize(
    ("model", "provider"),
    [("gpt-5", "openai"), ("o3", "openai"), ("claude-sonnet-4-5", "anthropic"), ("qwen-max", "qwen"),
     ("gpt-oss-20b", "anthropic")],
)  # fmt: skip
def test_names_prefixes_and_expressions_choose_and_the_most_specific_wins(model: str, provider: str) -> None:
    assert asked(host_with(), chat_request("Hi", model=model)) == provider


def test_the_request_is_made_as_for_this_provider_alone() -> None:
    """Address, key and conversion are those of the chosen provider."""
    host = host_with()
    stream = host.request(chat_request("Hi", model="claude-sonnet-4-5", max_tokens=50))
    assert stream.upstream.headers[":path"] == "/v1/messages"
    assert stream.upstream.headers["x-api-key"] == "key-claude"
    body = json.loads(stream.upstream.body)
    assert (body["model"], body["max_tokens"]) == ("claude-sonnet-4-5", 50)
    stream.respond(response(200, json=CLAUDE_ANSWER))
    assert json.loads(stream.downstream.body)["choices"][0]["message"]["content"] == "Hello"


@pytest.mark.parametrize("provider", ["openai", "anthropic", "qwen"])
def test_provider_and_model_name_one_provider(provider: str) -> None:
    host = host_with()
    stream = host.request(chat_request("Hi", model=f"{provider}/new-model"))
    assert stream.upstream.headers[":authority"] == HOSTS[provider]
    assert json.loads(stream.upstream.body)["model"] == "new-model"


def test_an_exact_name_with_a_slash_wins_over_provider_and_model() -> None:
    named = {**QWEN, "models": ["openai/gpt-oss-120b"]}
    stream = host_with(OPENAI, named).request(chat_request("Hi", model="openai/gpt-oss-120b"))
    assert stream.upstream.headers[":authority"] == HOSTS["qwen"]
    assert json.loads(stream.upstream.body)["model"] == "openai/gpt-oss-120b"


def test_model_mapping_applies_after_the_choice() -> None:
    mapped = {**QWEN, "models": ["fast"]}
    stream = host_with(OPENAI, mapped).request(chat_request("Hi", model="fast"))
    assert json.loads(stream.upstream.body)["model"] == "qwen-turbo"


@pytest.mark.parametrize(
    ("path", "kind"), [("/v1/chat/completions", "invalid_request_error"), ("/v1/messages", "not_found_error")]
)
def test_an_unknown_model_is_refused_in_the_clients_protocol(path: str, kind: str) -> None:
    """With what to do instead."""
    body = {"model": "qwen-mix", "max_tokens": 5, "messages": [{"role": "user", "content": "Hi"}]}
    stream = host_with().request(request("POST", path, json=body))
    assert not stream.upstream
    assert stream.reply is not None
    assert stream.reply.status == 404
    error = json.loads(stream.reply.body)["error"]
    assert error["type"] == kind
    for part in ("'qwen-mix'", "did you mean qwen-max", "GET /v1/models"):
        assert part in error["message"]


def test_a_default_provider_gets_other_models() -> None:
    host = host_with(routing={"defaultProvider": "openai"})
    assert asked(host, chat_request("Hi", model="unheard-of")) == "openai"


def test_forms_are_routed_by_their_field() -> None:
    boundary = "x"
    for path, model, provider in (
        ("/v1/audio/transcriptions", "gpt-4o-transcribe", "openai"),
        ("/v1/images/edits", "openai/dall-e-2", "openai"),
    ):
        form = FORM.format(model)
        fields = {"content-type": f"multipart/form-data; boundary={boundary}"}
        assert asked(host_with(), request("POST", path, fields, body=form.encode())) == provider


@pytest.mark.parametrize(("model", "sent"), [("gpt-realtime", "gpt-realtime"), ("openai/rt", "rt")])
def test_websockets_are_routed_by_their_query(model: str, sent: str) -> None:
    fields = {"connection": "upgrade", "upgrade": "websocket"}
    stream = host_with(QWEN, OPENAI).request(request("GET", f"/v1/realtime?model={model}", fields))
    assert stream.upstream.headers[":authority"] == HOSTS["openai"]
    assert stream.upstream.headers[":path"] == f"/v1/realtime?model={sent}"


def test_requests_without_a_model_go_to_the_first_provider_with_the_api() -> None:
    assert asked(host_with(CLAUDE, OPENAI), request("GET", "/v1/fine_tuning/jobs")) == "openai"
    host = host_with(CLAUDE, OPENAI, {**OPENAI, "id": "other"}, routing={"defaultProvider": "openai"})
    assert asked(host, request("GET", "/v1/files/f-1")) == "openai"


both_protocols = pytest.mark.parametrize("fields", [{}, {"anthropic-version": "2023-06-01"}])


def listed(host: TestHost, fields: dict[str, str], **answers: Json) -> list[str]:
    """The names that a client gets, if the services answer this; those without an answer fail."""
    stream = host.request(request("GET", "/v1/models", fields))
    for call in [call for call in host.calls if call.waiting]:
        given = answers.get(next(name for name, domain in HOSTS.items() if domain == call.host))
        call.answer(200, {"content-type": "application/json"}, json.dumps(given)) if given else call.fail()
    assert stream.reply is not None
    document = json.loads(stream.reply.body)
    assert document.get("object", "list") == "list"
    return [one["id"] for one in document["data"]]


def of_openai(*names: str) -> Json:
    return {
        "object": "list",
        "data": [{"id": name, "object": "model", "created": 1, "owned_by": "x"} for name in names],
    }


@both_protocols
def test_the_list_of_models_has_the_names_of_all_providers(fields: dict[str, str]) -> None:
    """Those in the configuration, and for prefixes and expressions what the services list."""
    configured = ["o3", "gpt-oss-20b", "qwen-max"]
    host = host_with()
    assert listed(host, fields) == configured
    asked_for = [(call.host, call.path.partition("?")[0], dict(call.headers)) for call in host.calls]
    assert [(host, path, sent.get("authorization") or sent.get("x-api-key")) for host, path, sent in asked_for] == [
        ("api.openai.com", "/v1/models", "Bearer key-openai"),
        ("api.anthropic.com", "/v1/models", "key-claude"),
    ]
    claude = {"type": "model", "id": "claude-sonnet-4-5", "display_name": "C", "created_at": "2025-09-29T00:00:00Z"}
    found = listed(
        host,
        fields,
        openai=of_openai("gpt-5", "o3", "gpt-oss-20b", "text-embedding-3-small", "claude-of-another"),
        anthropic={"data": [claude], "has_more": False, "first_id": claude["id"], "last_id": claude["id"]},
    )
    assert found == [*configured, "gpt-5", "claude-sonnet-4-5"]


def test_a_list_of_names_asks_no_service() -> None:
    host = host_with(QWEN)
    assert listed(host, {}) == ["qwen-max"]
    assert not host.calls


@both_protocols
def test_a_model_of_a_pattern_is_that_of_its_service(fields: dict[str, str]) -> None:
    host = host_with(OPENAI, {**QWEN, "models": ["qwen-*"]})
    assert asked(host, request("GET", "/v1/models/gpt-5", fields)) == "openai"
    known = host.request(request("GET", "/v1/models/qwen-plus", fields)).reply  # whose service lists none
    assert known is not None
    assert (known.status, json.loads(known.body)["id"]) == (200, "qwen-plus")


@pytest.mark.parametrize("fields", [{}, {"anthropic-version": "2023-06-01"}])
def test_one_model_is_that_of_the_list_or_unknown(fields: dict[str, str]) -> None:
    found = host_with().request(request("GET", "/v1/models/qwen-max", fields)).reply
    assert found is not None
    assert (found.status, json.loads(found.body)["id"]) == (200, "qwen-max")
    missing = host_with().request(request("GET", "/v1/models/qwen-mix", fields)).reply
    assert missing is not None
    assert missing.status == 404
    assert "'qwen-mix' does not exist" in json.loads(missing.body)["error"]["message"]


def test_active_provider_wins_over_models() -> None:
    host = host_with(activeProviderId="qwen")
    assert asked(host, chat_request("Hi", model="gpt-5")) == "qwen"


def test_a_rule_may_choose_one_provider_or_route_on_its_own() -> None:
    rules = [{"_match_domain_": ["one.example.com"], "activeProviderId": "openai"},
             {"_match_domain_": ["two.example.com"], "routing": {"defaultProvider": "qwen"}}]  # fmt: skip
    host = host_with(_rules_=rules)
    assert asked(host, to_domain("one.example.com", "qwen-max")) == "openai"
    assert asked(host, to_domain("two.example.com", "new")) == "qwen"
    assert asked(host, to_domain("three.example.com", "gpt-5")) == "openai"


def to_domain(domain: str, model: str) -> Message:
    sent = chat_request("Hi", model=model)
    return Message([(":authority", domain), *(field for field in sent.headers if field[0] != ":authority")], sent.body)


def test_providers_of_one_model_are_asked_in_the_order_of_the_strategy() -> None:
    one, two = {**OPENAI, "models": ["m"]}, {**QWEN, "models": ["m"]}
    assert asked(host_with(one, two), chat_request("Hi", model="m")) == "openai"
    costs = ({**one, "costs": {"m": 2.5}}, {**two, "costs": {"*": 1}})
    assert asked(host_with(*costs, routing={"strategy": "cost"}), chat_request("Hi", model="m")) == "qwen"
    busy = host_with(one, two, routing={"strategy": "leastBusy"})
    assert [asked(busy, chat_request("Hi", model="m")) for _ in range(4)] == ["openai", "qwen"] * 2
    weighed = host_with({**one, "weight": 0}, two, routing={"strategy": "weight"})
    assert {asked(weighed, chat_request("Hi", model="m")) for _ in range(8)} == {"qwen"}


def test_weights_are_the_parts_of_the_requests() -> None:
    host = host_with(
        {**OPENAI, "models": ["m"], "weight": 3}, {**QWEN, "models": ["m"]}, routing={"strategy": "weight"}
    )
    got = [asked(host, chat_request("Hi", model="m")) for _ in range(200)]
    assert 120 < got.count("openai") < 180


def test_the_fastest_provider_is_asked_when_all_have_been_measured() -> None:
    host = host_with({**OPENAI, "models": ["m"]}, {**QWEN, "models": ["m"]}, routing={"strategy": "latency"})
    for seconds in (2, 1):
        stream = host.request(chat_request("Hi", model="m"))
        host.advance(seconds)
        stream.respond(chat_response("Hello"))
    assert {asked(host, chat_request("Hi", model="m")) for _ in range(3)} == {"qwen"}


def test_a_consumer_keeps_its_provider() -> None:
    host = host_with({**OPENAI, "models": ["m"]}, {**QWEN, "models": ["m"]}, routing={"sticky": "consumer"})
    got = {
        name: {
            asked(host, chat_request(f"Hi {turn}", model="m", headers={"x-mse-consumer": name})) for turn in range(3)
        }
        for name in map(str, range(12))
    }
    assert all(len(providers) == 1 for providers in got.values())
    assert len(set().union(*got.values())) == 2


def test_a_conversation_keeps_its_provider_as_it_grows() -> None:
    host = host_with({**OPENAI, "models": ["m"]}, {**QWEN, "models": ["m"]}, routing={"sticky": "conversation"})
    providers = set()
    for topic in range(12):
        begun = [{"role": "system", "content": "You help."}, {"role": "user", "content": f"About {topic}"}]
        grown = [*begun, {"role": "assistant", "content": "Yes."}, {"role": "user", "content": "More"}]
        first, second = (
            asked(host, request("POST", "/v1/chat/completions", json={"model": "m", "messages": messages}))
            for messages in (begun, grown)
        )
        assert first == second
        providers.add(first)
    assert len(providers) == 2


@pytest.mark.parametrize(
    ("config", "text"),
    [
        ({"providers": [{**OPENAI, "id": ""}]}, "providers[0].id: is required"),
        ({"providers": [{**OPENAI, "models": ["~("]}]}, "providers[0].models[0]: not a regular expression"),
        ({"providers": [OPENAI], "routing": {"defaultProvider": "opnai"}}, 'no provider has the id "opnai"'),
        ({"providers": [OPENAI], "routing": {"strategy": "best"}}, "routing.strategy: "),
        ({"providers": [OPENAI], "routing": {"fallback": {"models": {"*": {"then": ["nobody/x"]}}}}},
         'routing.fallback.models.*.then[0]: no provider has the id "nobody"'),
        ({"routing": {}}, "there are no providers"),
    ],
)  # fmt: skip
def test_mistakes_are_refused_with_their_place(config: Json, text: str) -> None:
    assert text in refusal(config)


def test_routing_beside_an_active_provider_is_a_warning() -> None:
    said = warnings({"providers": [OPENAI], "activeProviderId": "openai", "routing": {}})
    assert [line for line in said if line.startswith("routing: has no effect beside activeProviderId")]


def test_a_body_that_names_no_model_is_refused_before_a_provider_is_chosen() -> None:
    for body in (b"[1]", b"{", b'{"model": 5}'):
        stream = host_with().request(
            request("POST", "/v1/chat/completions", {"content-type": "application/json"}, body=body)
        )
        assert stream.reply is not None
        assert stream.reply.status == 400


@pytest.mark.parametrize("model", ["gpt-5", "anthropic/claude-sonnet-4-5", "fast"])
def test_the_body_is_read_once(model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also if the model is renamed, and by whatever the provider needs of it."""
    read: list[bytes] = []
    real = documents.of_request

    def counted(raw: bytes) -> Json:
        read.append(raw)
        return real(raw)

    monkeypatch.setattr(documents, "of_request", counted)
    host = TestHost(plugin, {"providers": [OPENAI, CLAUDE, {**QWEN, "models": ["fast"]}]})
    assert host.request(chat_request("Hi", model=model)).upstream
    assert len(read) == 1


def test_a_number_that_cannot_be_written_is_the_clients_mistake() -> None:
    body = '{"model":"anthropic/claude-sonnet-4-5","temperature":1e999,"messages":[{"role":"user","content":"Hi"}]}'
    stream = host_with().request(request("POST", "/v1/chat/completions", JSON_TYPE, body))
    assert stream.reply is not None
    assert stream.reply.status == 400


JSON_TYPE = {"content-type": "application/json"}
