"""Headers that identify a client are not sent upstream, except those in `forwardHeaders`."""

from __future__ import annotations

import pytest
from tests.ai_proxy.gateway import CHAT, Json, ask, warnings
from tests.ai_proxy.natives import GEMINI, VERTEX
from tests.ai_proxy.pipeline.test_names_in_paths import started
from tests.ai_proxy.providers.test_rows import provider

from ai_proxy import providers
from ai_proxy.providers.row import Row
from ai_proxy.wire.client_headers import CREDENTIALS, OF_SERVICES
from ai_proxy_docs import describe
from proxywasm.core.client_credentials import mask
from proxywasm_host.testing import chat_request, request

# Those that the issue of this rule names, whatever the list in the plugin says.
NAMED = [
    "cookie", "x-auth-token", "apikey", "ocp-apim-subscription-key", "x-amz-security-token", "x-mse-consumer",
    "proxy-authorization", "authorization", "api-key", "x-api-key", "x-goog-api-key",
]  # fmt: skip
SECRET = "of-the-client"
HEADERS = [(name, SECRET) for name in sorted({*NAMED, *CREDENTIALS})]


@pytest.mark.parametrize("row", providers.ROWS, ids=lambda row: f"{row.name}-{describe.mode(row)}")
def test_no_service_learns_who_the_client_is(row: Row) -> None:
    host = started(row)
    served = 0
    for path in ("/v1/chat/completions", "/v1/messages", "/v1/videos", "/v1/unknown"):
        chat = chat_request("Hi", model="Pro")
        own = {name: value for name, value in chat.headers if name[:1] != ":"}
        fields = {**own, **dict(HEADERS), "cookie": f"a={SECRET}; b=1"}
        stream = host.request(request("POST", path, fields, chat.body))
        if stream.upstream:
            served += 1
            assert [name for name, value in stream.upstream.headers.items() if SECRET in value] == [], path
    assert served


@pytest.mark.usefixtures("both_ways")
@pytest.mark.parametrize("name", ["cookie", "x-mse-consumer", "x-api-key"])
def test_an_operator_can_have_one_forwarded(name: str) -> None:
    sent = ask(provider("qwen", forwardHeaders=[name]), CHAT, headers=HEADERS).sent_headers
    assert {one for one, value in sent.items() if value == SECRET} == {name}
    assert sent["authorization"] == "Bearer sk-provider-1"


def test_several_values_of_a_header_go_together() -> None:
    cookies = [("cookie", "a=1"), ("accept", "x"), ("cookie", "b=2")]
    assert "cookie" not in ask(provider("qwen"), CHAT, headers=cookies).sent_headers


def test_a_self_hosted_server_gets_only_the_clients_key() -> None:
    config = {key: value for key, value in provider("vllm").items() if key != "apiTokens"}
    sent = ask(config, CHAT, headers=HEADERS).sent_headers
    assert {name for name, value in sent.items() if value == SECRET} == OF_SERVICES


def test_the_key_among_the_protocols_of_a_websocket_is_removed() -> None:
    def protocols(*given: str, **settings: object) -> str | None:
        config = {key: value for key, value in provider("openai", **settings).items() if value is not None}
        headers = [("sec-websocket-protocol", one) for one in given]
        return ask(config, path="/v1/realtime?model=m", method="GET", headers=headers).sent_headers.get(
            "sec-websocket-protocol"
        )

    key = f"openai-insecure-api-key.{SECRET}"
    assert protocols(f"realtime, {key}", "openai-beta.realtime-v1") == "realtime, openai-beta.realtime-v1"
    assert protocols(key) is None
    assert protocols("realtime,x") == "realtime,x"
    assert protocols(key, apiTokens=None) == key, "without a token of the gateway's it is the client's key for OpenAI"


@pytest.mark.parametrize("config", [GEMINI, {**GEMINI, "protocol": "original"}, {**VERTEX, "protocol": "original"}])
def test_a_key_in_the_query_of_googles_clients_is_removed(config: Json) -> None:
    path = "/v1beta/models/m:generateContent"
    for query in (f"key={SECRET}&alt=sse", f"alt=sse&k%65y={SECRET}"):
        sent = ask(config, {"contents": []}, path=f"{path}?{query}").sent_headers[":path"]
        assert SECRET not in sent
        assert "alt=sse" in sent


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["Cookie"], "forwardHeaders[0]: understood; write it as cookie"),
        (["cokie"], "forwardHeaders[0]: unknown name, ignored; did you mean cookie?"),
        (["authorization"], "forwardHeaders: has no effect: authorization carries the token of the configuration"),
    ],
)
def test_problems_of_the_list_are_warnings(names: list[str], expected: str) -> None:
    config: Json = {"provider": provider("qwen", forwardHeaders=names)}
    assert any(expected in warning for warning in warnings(config))


@pytest.mark.parametrize("config", [GEMINI, VERTEX], ids=lambda config: str(config["type"]))
def test_the_key_in_a_clients_query_goes_nowhere(config: Json) -> None:
    """Neither in the path nor in a header that says what the path was."""
    sent = ask(config, CHAT, path=f"/v1/chat/completions?key={SECRET}&a=b").sent_headers
    assert [name for name, value in sent.items() if SECRET in value] == []
    assert sent["x-envoy-original-path"] == "/v1/chat/completions?a=b"


def test_the_log_has_no_query() -> None:
    outcome = ask(provider("openai"), CHAT, path=f"/unknown/?key={SECRET}")
    assert SECRET not in outcome.logs
    assert "unknown path /unknown/?...: passed on" in outcome.logs
    part = {"type": "image_url", "image_url": {"url": f"https://a.example/x?signature={SECRET}"}}
    outcome = ask(GEMINI, {**CHAT, "messages": [{"role": "user", "content": [part]}]})
    assert outcome.status == 400
    assert SECRET not in outcome.logs


@pytest.mark.parametrize("row", providers.ROWS, ids=lambda row: f"{row.name}-{describe.mode(row)}")
@pytest.mark.parametrize("original", [False, True], ids=["openai", "original"])
def test_no_service_is_asked_for_a_compressed_answer(row: Row, original: bool) -> None:
    """Compressed answers cannot be searched for credentials."""
    forwarded = {"forwardHeaders": ["accept-encoding"]}
    host = started(row, **forwarded, **({"protocol": "original"} if original else {}))
    chat = chat_request("Hi", model="Pro").body
    upload = {"content-type": "multipart/form-data; boundary=b"}
    websocket = {"connection": "upgrade", "upgrade": "websocket"}
    served = 0
    for method, path, fields, body in (
        ("POST", "/v1/chat/completions", {"content-type": "application/json"}, chat),
        ("POST", "/v1/messages", {"content-type": "application/json"}, chat),
        ("POST", "/v1/files", upload, b"--b--"),
        ("GET", "/v1/models", {}, b""),
        ("GET", "/v1/realtime?model=m", websocket, b""),
        ("GET", "/v1/unknown", {}, b""),
    ):
        stream = host.request(request(method, path, {**fields, "accept-encoding": "gzip, br"}, body))
        if stream.upstream:
            served += 1
            assert "accept-encoding" not in stream.upstream.headers, path
    assert served


def test_a_clients_credentials_are_masked_in_tracebacks_too() -> None:
    """The SDK masks at least the credentials that ai-proxy removes."""
    for name in CREDENTIALS - {"cf-access-client-id"}:
        assert mask(f"it says {SECRET}", [(name, SECRET)]) == "it says ***", name
