"""The table of providers: each row is served at its host and paths, with its credential."""

from __future__ import annotations

import pytest
from tests.ai_proxy.converting import SAMPLES
from tests.ai_proxy.gateway import CHAT, STREAM, Json, answer, ask, refusal, start

from ai_proxy import providers
from ai_proxy.providers.row import Row
from ai_proxy.wire import apis
from ai_proxy_docs import describe
from ai_proxy_docs.examples import example

NEEDED: dict[str, Json] = {
    "azure": {"azureServiceUrl": "https://r.openai.azure.com/?api-version=1"},
    "cloudflare": {"cloudflareAccountId": "acc"},
    "ollama": {"ollamaServerHost": "ollama.internal", "ollamaServerPort": 11434},
    "generic": {"genericHost": "llm.internal"},
    "databricks": {"databricksHost": "w.cloud.databricks.com"},
    **{name: {"serverUrl": "http://models.internal:8000"} for name in ("lmstudio", "sglang", "xinference", "litellm")},
}
"""The required settings of a provider."""

CHATS = [
    ("openai", "api.openai.com", "/v1/chat/completions", "authorization", "Bearer sk-provider-1"),
    ("moonshot", "api.moonshot.cn", "/v1/chat/completions", "authorization", "Bearer sk-provider-1"),
    ("ai360", "api.360.cn", "/v1/chat/completions", "authorization", "sk-provider-1"),
    ("github", "models.inference.ai.azure.com", "/chat/completions", "authorization", "sk-provider-1"),
    ("groq", "api.groq.com", "/openai/v1/chat/completions", "authorization", "Bearer sk-provider-1"),
    ("grok", "api.x.ai", "/v1/chat/completions", "authorization", "Bearer sk-provider-1"),
    ("baichuan", "api.baichuan-ai.com", "/v1/chat/completions", "authorization", "Bearer sk-provider-1"),
    ("yi", "api.lingyiwanwu.com", "/v1/chat/completions", "authorization", "Bearer sk-provider-1"),
    ("deepseek", "api.deepseek.com", "/v1/chat/completions", "authorization", "Bearer sk-provider-1"),
    ("zhipuai", "open.bigmodel.cn", "/api/paas/v4/chat/completions", "authorization", "Bearer sk-provider-1"),
    ("baidu", "qianfan.baidubce.com", "/v2/chat/completions", "authorization", "Bearer sk-provider-1"),
    ("stepfun", "api.stepfun.com", "/v1/chat/completions", "authorization", "Bearer sk-provider-1"),
    ("cloudflare", "api.cloudflare.com", "/client/v4/accounts/acc/ai/v1/chat/completions", "authorization",
     "Bearer sk-provider-1"),
    ("doubao", "ark.cn-beijing.volces.com", "/api/v3/chat/completions", "authorization", "Bearer sk-provider-1"),
    ("mistral", "api.mistral.ai", "/v1/chat/completions", "authorization", "Bearer sk-provider-1"),
    ("together-ai", "api.together.xyz", "/v1/chat/completions", "authorization", "Bearer sk-provider-1"),
    ("openrouter", "openrouter.ai", "/api/v1/chat/completions", "authorization", "Bearer sk-provider-1"),
    ("longcat", "api.longcat.chat", "/v1/chat/completions", "authorization", "Bearer sk-provider-1"),
    ("fireworks", "api.fireworks.ai", "/inference/v1/chat/completions", "authorization", "Bearer sk-provider-1"),
    ("galadriel", "api.galadriel.com", "/v1/chat/completions", "authorization", "Bearer sk-provider-1"),
    ("vllm", "vllm-service.cluster.local", "/v1/chat/completions", "authorization", "Bearer sk-provider-1"),
    ("azure", "r.openai.azure.com", "/openai/deployments/mapped/chat/completions?api-version=1", "api-key",
     "sk-provider-1"),
    ("ollama", "ollama.internal:11434", "/v1/chat/completions", "authorization", "Bearer sk-provider-1"),
    ("cerebras", "api.cerebras.ai", "/v1/chat/completions", "authorization", "Bearer sk-provider-1"),
    ("databricks", "w.cloud.databricks.com", "/serving-endpoints/chat/completions", "authorization",
     "Bearer sk-provider-1"),
    ("deepinfra", "api.deepinfra.com", "/v1/openai/chat/completions", "authorization", "Bearer sk-provider-1"),
    ("huggingface", "router.huggingface.co", "/v1/chat/completions", "authorization", "Bearer sk-provider-1"),
    ("hyperbolic", "api.hyperbolic.xyz", "/v1/chat/completions", "authorization", "Bearer sk-provider-1"),
    ("nebius", "api.tokenfactory.nebius.com", "/v1/chat/completions", "authorization", "Bearer sk-provider-1"),
    ("novita", "api.novita.ai", "/openai/v1/chat/completions", "authorization", "Bearer sk-provider-1"),
    ("nvidia", "integrate.api.nvidia.com", "/v1/chat/completions", "authorization", "Bearer sk-provider-1"),
    ("perplexity", "api.perplexity.ai", "/chat/completions", "authorization", "Bearer sk-provider-1"),
    ("sambanova", "api.sambanova.ai", "/v1/chat/completions", "authorization", "Bearer sk-provider-1"),
    ("siliconflow", "api.siliconflow.cn", "/v1/chat/completions", "authorization", "Bearer sk-provider-1"),
    ("vercel", "ai-gateway.vercel.sh", "/v1/chat/completions", "authorization", "Bearer sk-provider-1"),
    ("lmstudio", "models.internal:8000", "/v1/chat/completions", "authorization", "Bearer sk-provider-1"),
    ("sglang", "models.internal:8000", "/v1/chat/completions", "authorization", "Bearer sk-provider-1"),
    ("xinference", "models.internal:8000", "/v1/chat/completions", "authorization", "Bearer sk-provider-1"),
    ("litellm", "models.internal:8000", "/v1/chat/completions", "authorization", "Bearer sk-provider-1"),
]  # fmt: skip

PLAIN = sorted({name for name, *_ in CHATS})

SERVERS = ["ollama", "vllm", "lmstudio", "sglang", "xinference", "litellm"]
"""The self-hosted servers, which need no token."""


def provider(name: str, **settings: object) -> Json:
    return {
        "type": name,
        "apiTokens": ["sk-provider-1"],
        "modelMapping": {"*": "mapped"},
        **NEEDED.get(name, {}),
        **settings,
    }


@pytest.mark.parametrize(("name", "host", "path", "header", "credential"), CHATS, ids=[name for name, *_ in CHATS])
def test_a_chat_goes_to_its_place(name: str, host: str, path: str, header: str, credential: str) -> None:
    outcome = ask(provider(name), CHAT, headers=[("authorization", "Bearer secret")])
    assert outcome.sent_headers[":authority"] == host
    assert outcome.sent_headers[":path"] == path
    assert outcome.sent_headers.get(header, "") == credential
    assert outcome.sent == {**CHAT, "model": "mapped"}
    assert "secret" not in str(outcome.result["upstream"])


@pytest.mark.parametrize(("name", "path"), [(name, path) for name, _, path, *_ in CHATS])
def test_a_prefix_of_the_gateway_does_not_go_to_the_service(name: str, path: str) -> None:
    assert ask(provider(name), CHAT, path="/ai/v1/chat/completions").sent_headers[":path"] == path


@pytest.mark.parametrize("name", PLAIN)
def test_a_stream_is_requested(name: str) -> None:
    outcome = ask(provider(name), STREAM)
    # Mistral reports its usage without a request, and refuses a request for it.
    assert outcome.sent.get("stream_options") == (None if name == "mistral" else {"include_usage": True})
    assert outcome.sent_headers.get("accept") == "text/event-stream"


@pytest.mark.parametrize("name", [name for name in PLAIN if name not in {"openai", *SERVERS}])
def test_a_token_is_needed(name: str) -> None:
    assert refusal({"provider": {**provider(name), "apiTokens": []}}).startswith("provider.apiTokens: is required")


@pytest.mark.parametrize("name", PLAIN)
def test_original_protocol_leaves_bodies_alone(name: str) -> None:
    body = b'{"model": "x",  "anything": 1}'
    outcome = ask(provider(name, protocol="original"), body, answer({"y": 1}), path="/some/where")
    assert outcome.sent_bytes == body
    assert outcome.sent_headers[":path"] == "/some/where"
    assert outcome.json == {"y": 1}


BODY = b'{"model": "x",  "stream": true}'


@pytest.mark.usefixtures("both_ways")
@pytest.mark.parametrize("name", ["moonshot", "deepseek", "mistral", "longcat", "yi"])
def test_original_protocol_refuses_an_api_that_the_service_does_not_have(name: str) -> None:
    refused = ask(provider(name, protocol="original"), BODY, path="/v1/rerank")
    assert (refused.status, refused.error["code"]) == (404, "unsupported_api")
    # What is not one of the APIs that are known is the service's own.
    assert ask(provider(name, protocol="original"), BODY, path="/own/rerank").sent_bytes == BODY


@pytest.mark.usefixtures("both_ways")
@pytest.mark.parametrize("name", ["claude", "groq", "doubao", "qwen"])
def test_original_protocol_leaves_paths_of_openai_to_services_that_have_others(name: str) -> None:
    for path in ("/v1/chat/completions?x=1", "/v1/rerank"):
        outcome = ask(provider(name, protocol="original"), BODY, path=path)
        assert outcome.sent_headers[":path"] == path
        assert outcome.sent_bytes == BODY


@pytest.mark.usefixtures("both_ways")
@pytest.mark.parametrize(
    ("name", "chat"),
    [("github", "/chat/completions"), ("grok", "/v1/chat/completions"), ("vllm", "/v1/chat/completions"),
     ("together-ai", "/v1/chat/completions"), ("fireworks", "/inference/v1/chat/completions")],
)  # fmt: skip
def test_original_protocol_finds_the_place_of_an_api_and_leaves_all_else(name: str, chat: str) -> None:
    def path(client_path: str) -> str:
        return ask(provider(name, protocol="original"), BODY, path=client_path).sent_headers[":path"]

    assert path("/ai/v1/chat/completions") == chat
    assert path("/v1/conversations") == "/v1/conversations"


@pytest.mark.usefixtures("both_ways")
@pytest.mark.parametrize("client_path", ["messages?beta=true", "messages/count_tokens", "complete", "models"])
def test_original_protocol_finds_anthropics_own_apis_after_a_prefix_of_the_gateway(client_path: str) -> None:
    config = provider("claude", protocol="original")
    outcome = ask(config, BODY, path=f"/ai/v1/{client_path}")
    assert outcome.sent_headers[":path"] == f"/v1/{client_path}"
    assert outcome.sent_bytes == BODY


@pytest.mark.usefixtures("both_ways")
@pytest.mark.parametrize("protocol", ["openai", "original"])
def test_claude_code_mode_adds_beta_to_every_request(protocol: str) -> None:
    config = provider("claude", claudeCodeMode=True, protocol=protocol)
    for path in ("/v1/messages", "/v1/messages?beta=true", "/v1/messages/count_tokens", "/v1/files"):
        assert ask(config, BODY, path=path).sent_headers[":path"] == path.partition("?")[0] + "?beta=true"
    assert ask(config, path="/v1/files?limit=1", method="GET").sent_headers[":path"] == "/v1/files?limit=1&beta=true"


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("cerebras", "/v1/models"),
        ("deepinfra", "/v1/openai/models"),
        ("huggingface", "/v1/models"),
        ("hyperbolic", "/v1/models"),
        ("nebius", "/v1/models"),
        ("novita", "/openai/v1/models"),
        ("nvidia", "/v1/models"),
        ("sambanova", "/v1/models"),
        ("siliconflow", "/v1/models"),
        ("vercel", "/v1/models"),
        ("lmstudio", "/v1/models"),
        ("sglang", "/v1/models"),
        ("xinference", "/v1/models"),
        ("litellm", "/v1/models"),
        ("grok", "/v1/models"),
        ("together-ai", "/v1/models"),
        ("mistral", "/v1/models"),
    ],
)
def test_the_services_list_of_models_is_passed_on(name: str, path: str) -> None:
    listed = {"object": "list", "data": [{"id": "m", "object": "model"}]}
    outcome = ask(provider(name), response=answer(listed), path="/ai/v1/models", method="GET")
    assert outcome.sent_headers[":path"] == path
    assert outcome.sent_headers["authorization"] == "Bearer sk-provider-1"
    assert outcome.json == listed


@pytest.mark.parametrize("name", ["databricks", "perplexity"])
def test_the_mapped_models_are_listed_for_services_without_a_list(name: str) -> None:
    config = provider(name, modelMapping={"fast": "mapped"})
    outcome = ask(config, path="/ai/v1/models", method="GET")
    assert [model["id"] for model in outcome.json["data"]] == ["fast"]


@pytest.mark.parametrize("address", ["http://h:1/x", "http://h:1/x/", "http://h:1/x/v1", "http://user@h:1/x/v1/"])
def test_the_address_of_a_server_may_end_with_the_version(address: str) -> None:
    sent = ask(provider("sglang", serverUrl=address), CHAT).sent_headers
    assert (sent[":authority"], sent[":path"]) == ("h:1", "/x/v1/chat/completions")


@pytest.mark.usefixtures("both_ways")
@pytest.mark.parametrize(
    ("name", "client_path", "path"),
    [
        ("deepseek", "/v1/responses", "/v1/responses"),
        ("perplexity", "/v1/responses", "/v1/responses"),
        ("databricks", "/v1/embeddings", "/serving-endpoints/embeddings"),
        ("novita", "/v1/rerank", "/openai/v1/rerank"),
        ("siliconflow", "/v1/rerank", "/v1/rerank"),
        ("vercel", "/v1/messages", "/v1/messages"),
        ("litellm", "/v1/messages", "/v1/messages"),
        ("xinference", "/v1/images/variations", "/v1/images/variations"),
        ("grok", "/v1/images/generations", "/v1/images/generations"),
        ("together-ai", "/v1/rerank", "/v1/rerank"),
        ("mistral", "/v1/audio/transcriptions", "/v1/audio/transcriptions"),
        ("galadriel", "/ai/v1/models", "/v1/models"),
        ("vllm", "/v1/responses", "/v1/responses"),
        ("vllm", "/v1/audio/transcriptions", "/v1/audio/transcriptions"),
        ("vllm", "/v1/audio/translations", "/v1/audio/translations"),
        ("qwen", "/v1/images/generations", "/compatible-mode/v1/images/generations"),
        ("qwen", "/v1/rerank", "/compatible-api/v1/reranks"),
    ],
)
def test_apis_other_than_chat(name: str, client_path: str, path: str) -> None:
    assert ask(provider(name), {"model": "x"}, path=client_path).sent_headers[":path"] == path


@pytest.mark.usefixtures("both_ways")
@pytest.mark.parametrize(
    ("name", "settings", "place"),
    [
        ("claude", {}, "/v1/messages/count_tokens"),
        ("vllm", {}, "/v1/messages/count_tokens"),
        ("openai", {}, "/v1/messages/count_tokens"),
        ("openai", {"openaiCustomUrl": "https://llm.example.com/x/v1"}, "/x/v1/messages/count_tokens"),
        ("deepseek", {"capabilities": {"anthropic/v1/messages/count_tokens": "/count"}}, "/count"),
    ],
)
def test_tokens_are_counted_for_the_model_that_answers(name: str, settings: Json, place: str) -> None:
    outcome = ask(provider(name, **settings), BODY, path="/ai/v1/messages/count_tokens?beta=true")
    assert outcome.sent_headers[":path"] == f"{place}?beta=true"
    assert outcome.sent == {"model": "mapped", "stream": True}


def test_conditions_select_one_row() -> None:
    keys = [(row.name, row.when) for row in providers.ROWS]
    assert len(set(keys)) == len(keys)
    for name in {row.name for row in providers.ROWS}:
        assert len({row.settings for row in providers.ROWS if row.name == name}) == 1


def test_paths_are_of_known_apis() -> None:
    for row in providers.ROWS:
        assert set(row.addressing.paths) <= apis.ALL
        assert all(path.startswith("/") for path in row.addressing.paths.values()), row.name


def test_openai_has_all_its_apis() -> None:
    row = next(row for row in providers.ROWS if row.name == "openai")
    assert set(row.addressing.paths) == {api for api in apis.ALL if api.startswith("openai/")} | {apis.COUNT_TOKENS}


@pytest.mark.parametrize(
    ("name", "settings", "path"),
    [
        ("zhipuai", {"zhipuCodePlanMode": True}, "/api/coding/paas/v4/chat/completions"),
        ("fireworks", {"providerBasePath": "/inference"}, "/inference/v1/chat/completions"),
        ("vllm", {"vllmCustomUrl": "http://v.example.com:8000/v1"}, "/v1/chat/completions"),
    ],
)
def test_settings_that_change_the_path(name: str, settings: Json, path: str) -> None:
    assert ask(provider(name, **settings), CHAT).sent_headers[":path"] == path


@pytest.mark.parametrize(
    ("name", "settings", "host"),
    [
        ("doubao", {"doubaoDomain": "ark.example.com"}, "ark.example.com"),
        ("zhipuai", {"zhipuDomain": "api.z.ai"}, "api.z.ai"),
        ("vllm", {"vllmServerHost": "vllm.internal:8000"}, "vllm.internal"),
        ("vllm", {"vllmCustomUrl": "http://v.example.com:8000/v1"}, "v.example.com:8000"),
        ("azure", {"providerDomain": "proxy.internal"}, "proxy.internal"),
    ],
)
def test_settings_that_change_the_host(name: str, settings: Json, host: str) -> None:
    assert ask(provider(name, **settings), CHAT).sent_headers[":authority"] == host


@pytest.mark.parametrize("name", [*SERVERS, "generic"])
def test_servers_without_a_token_get_the_clients_credential(name: str) -> None:
    config = {key: value for key, value in provider(name).items() if key != "apiTokens"}
    headers = [("authorization", "Bearer client"), ("x-api-key", "key"), ("x-hi-original-auth", "forged")]
    sent = ask(config, CHAT, headers=headers).sent_headers
    assert (sent["authorization"], sent["x-api-key"]) == ("Bearer client", "key")
    assert "x-hi-original-auth" not in sent


@pytest.mark.parametrize("name", ["generic", "coze"])
def test_a_generic_service_gets_the_clients_request(name: str) -> None:
    body = b'{"model": "x", "stream": true, "messages": []} '
    outcome = ask(provider(name), body, path="/prefix/v1/chat/completions?x=1")
    assert outcome.sent_bytes == body
    assert outcome.sent_headers[":path"] == "/prefix/v1/chat/completions?x=1"
    assert outcome.sent_headers["authorization"] == "Bearer sk-provider-1"


def test_a_service_of_any_kind_gets_custom_settings_in_either_protocol() -> None:
    setting = {"name": "a.b", "value": 1, "mode": "raw"}
    for protocol in ("openai", "original"):
        config = provider("generic", protocol=protocol, customSettings=[setting])
        outcome = ask(config, {"model": "x"}, answer(b"not json"), path="/v1/embeddings")
        assert outcome.sent == {"model": "x", "a": {"b": 1}}
    assert outcome.raw == b"not json"


def test_a_service_of_any_kind_has_the_first_byte_timeout_on_all_requests() -> None:
    sent = ask(provider("generic", firstByteTimeout=2500), CHAT).sent_headers
    assert sent["x-envoy-upstream-rq-first-byte-timeout-ms"] == "2500"


def test_a_service_of_any_kind_may_be_where_the_client_wants() -> None:
    sent = ask({"type": "generic"}, CHAT).sent_headers
    assert sent[":authority"] == "gateway.example.com"
    assert "x-envoy-original-host" not in sent


@pytest.mark.parametrize("name", ["openai", "azure", "ollama", "generic", "coze"])
def test_some_providers_forward_unknown_apis(name: str) -> None:
    outcome = ask(provider(name), {"model": "x"}, path="/v1/rerank")
    assert outcome.result["local_reply"] is None
    assert outcome.sent == {"model": "x"}


@pytest.mark.usefixtures("both_ways")
@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("cloudflare", {}),
        ("vertex", {}),
        ("bedrock", {"awsRegion": "r"}),
        ("qwen", {"qwenEnableCompatible": False}),
        *(
            (one.config["type"], {**one.config, "apiTokens": ["sk-provider-1"]})
            for one in SAMPLES.values()
            if one.only_chat
        ),
    ],
)
def test_unknown_paths_do_not_go_to_the_chat_and_their_answers_pass(name: str, settings: Json) -> None:
    outcome = ask(provider(name, **settings), BODY, answer({"y": 1}), path="/what/ever", method="POST")
    assert outcome.sent_headers[":path"].partition("?")[0] == "/what/ever"
    assert outcome.sent_headers[":authority"] != "gateway.example.com"
    assert "sk-provider-1" in str(outcome.sent_headers)
    assert outcome.json == {"y": 1}
    outcome = ask(provider(name, **settings), path="/gateway/v1/files/f1", method="GET")
    assert (outcome.status, outcome.json["error"]["code"]) == (404, "unsupported_api")


def test_uploads_and_what_names_no_model_are_not_read() -> None:
    body = b'{"model": "x" '
    for path in ("/v1/audio/transcriptions", "/v1/files", "/v1/batches"):
        assert ask(provider("openai"), body, path=path).sent_bytes == body


@pytest.mark.parametrize(
    "config",
    [
        {"type": "azure", "apiTokens": ["x"], "azureServiceUrl": "https://r.openai.azure.com"},
        {"type": "azure", "apiTokens": ["x"], "azureServiceUrl": "https://[x?api-version=1"},
        {"type": "ollama", "ollamaServerHost": "h"},
        {"type": "openai", "openaiCustomUrl": "https:///x"},
        {"type": "moonshot", "apiTokens": ["x"], "moonshotFileId": "f",
         "context": {"fileUrl": "http://f/x", "serviceName": "s", "servicePort": 80}},
    ],
)  # fmt: skip
def test_settings_that_make_no_sense_are_refused(config: Json) -> None:
    assert refusal({"provider": config}).startswith("provider.")


def test_only_the_active_provider_is_checked() -> None:
    config = {"providers": [{"id": "x", "type": "nonsense"}, {"id": "y", "type": "openai"}], "activeProviderId": "y"}
    assert start(config).result["start"] == "ok"


LOCAL = [row for row in providers.ROWS if row.credentials.login is None]
"""The rows that need no login at another service."""


@pytest.mark.parametrize("row", LOCAL, ids=[f"{row.name}-{describe.mode(row)}" for row in LOCAL])
def test_a_clients_query_goes_to_services_that_accept_it(row: Row) -> None:
    config = {**example(row), "modelMapping": {"*": "Pro"}}
    body = {
        "model": "m",
        "messages": CHAT["messages"],
        "input": "x",
        "prompt": "x",
        "image": "https://img.example.com/a.png",
    }
    if row.name == "azure":
        config = provider("azure")
    for path, api in apis.SUFFIXES:
        if api in row.addressing.paths:
            sent = ask(config, body, path=f"{path}?beta=true&version=7&q=%20").sent_headers[":path"]
            kept = {"beta=true", "version=7", "q=%20"} - {row.addressing.query}
            assert kept & {*sent.partition("?")[2].split("&")} == (set() if row.addressing.strict_query else kept)


def test_the_configured_version_is_in_the_query_once() -> None:
    for path in ("/v1/chat/completions", "/v1/unknown"):
        sent = ask(provider("azure"), CHAT, path=f"{path}?api-version=7&q=1").sent_headers[":path"]
        assert sent.partition("?")[2] == "q=1&api-version=1"


def test_mistral_gets_only_fields_that_it_supports() -> None:
    """Its own fields, and the zeros in them, stay as they are."""
    last = {"role": "assistant", "content": "{", "prefix": True}
    own: Json = {"safe_prompt": False, "random_seed": 0, "temperature": 0}
    body = {**STREAM, "messages": [*CHAT["messages"], last], **own, "max_completion_tokens": 9, "seed": 5}
    expected = {**CHAT, "stream": True, "model": "mapped", "messages": body["messages"], **own, "max_tokens": 9}
    assert ask(provider("mistral"), body).sent == expected
    assert ask(provider("mistral"), {**CHAT, "seed": 0}).sent["random_seed"] == 0
