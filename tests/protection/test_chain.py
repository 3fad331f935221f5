"""The documented chain, examples/protection.yaml, in both engines, with the clients that users have."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import Any

import anthropic
import openai
import pytest
import yaml
from tests.host.gateway.both import Engine, Running, running
from tests.host.serve_process import ROOT
from tests.protection import service as services
from tests.protection.service import Service

ALICE, BOB, PROVIDER = "an-example-of-a-key", "key-of-bob-0123456789", "sk-key-of-the-provider"
FEW_REQUESTS, FEW_TOKENS = "has-few-requests", "has-few-tokens"
EXAMPLE = ROOT / "examples" / "protection.yaml"
ASKED: list[Any] = [{"role": "user", "content": "hello"}]
ENGINES = [
    "serve",
    pytest.param("serve in Wasm", marks=pytest.mark.exhaustive),
    pytest.param("envoy", marks=[pytest.mark.envoy, pytest.mark.exhaustive]),
]


def example(port: int) -> dict[str, Any]:
    """The example, with its service on this port."""
    text = EXAMPLE.read_text(encoding="utf-8")
    text = text.replace("${ENV:KEY_OF_BOB}", BOB).replace("${ENV:DASHSCOPE_API_KEY}", PROVIDER)
    content: dict[str, Any] = yaml.safe_load(text)
    del content["listen"], content["admin"]
    configs = {plugin["name"]: plugin.get("config", {}) for plugin in content["plugins"]}
    # Two more clients, who soon reach a limit.
    configs["key-auth"]["consumers"] += [{"name": name, "credential": name} for name in (FEW_REQUESTS, FEW_TOKENS)]
    (requests,), (tokens,) = (configs[name]["rule_items"] for name in ("request-ratelimit", "ai-token-ratelimit"))
    requests["limit_keys"].insert(0, {"key": FEW_REQUESTS, "query_per_hour": 2})
    tokens["limit_keys"].insert(0, {"key": FEW_TOKENS, "token_per_hour": 40})
    return {**content, "upstreams": {"dashscope.aliyuncs.com": f"http://127.0.0.1:{port}"}}


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with services.running() as found:
        yield found


@pytest.fixture(scope="module", params=ENGINES)
def gateway(
    request: pytest.FixtureRequest, service: Service, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Running]:
    engine: Engine = "envoy" if request.param == "envoy" else "serve"
    folder, native = tmp_path_factory.mktemp("protection"), request.param == "serve"
    with running(engine, folder, example(service.server_port), native=native) as found:
        yield found


def gpt(gateway: Running, key: str, retries: int = 0) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"http://127.0.0.1:{gateway.port}/v1", api_key=key, max_retries=retries)


def claude(gateway: Running, key: str, retries: int = 0) -> anthropic.Anthropic:
    return anthropic.Anthropic(base_url=f"http://127.0.0.1:{gateway.port}", api_key=key, max_retries=retries)


def chat(gateway: Running, key: str, **more: Any) -> Any:
    with gpt(gateway, key, more.pop("retries", 0)) as client:
        return client.chat.completions.create(model="gpt-4o", messages=ASKED, **more)


def message(gateway: Running, key: str, **more: Any) -> Any:
    with claude(gateway, key, more.pop("retries", 0)) as client:
        return client.messages.create(model="claude-4", max_tokens=100, messages=ASKED, **more)


def test_the_hash_in_the_example_is_that_of_the_key_that_it_names() -> None:
    assert hashlib.sha256(ALICE.encode()).hexdigest() in EXAMPLE.read_text(encoding="utf-8")


@pytest.mark.parametrize("key", [ALICE, BOB])
def test_a_key_is_let_in_and_does_not_reach_the_service(gateway: Running, service: Service, key: str) -> None:
    service.requests.clear()
    assert chat(gateway, key).choices[0].message.content == "hi"
    assert message(gateway, key).content[0].text == "hi"
    assert len(service.requests) == 2
    for headers, body in service.requests:
        assert key not in repr(headers) + body
        assert PROVIDER in headers["authorization"] + headers.get("x-api-key", "")
        assert "x-mse-consumer" not in headers


def test_a_stream_passes_the_chain(gateway: Running) -> None:
    with gpt(gateway, ALICE) as client:
        chunks = [*client.chat.completions.create(model="gpt-4o", messages=ASKED, stream=True)]
    assert "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices) == "hi"


def test_tokens_are_metrics_with_labels(gateway: Running) -> None:
    with gpt(gateway, BOB) as client:
        client.chat.completions.create(model="gpt-4o", messages=ASKED)
    lines = [line for line in gateway.metrics().splitlines() if re.search(r"ai_output_tokens(_total)?\{", line)]
    (line,) = (line for line in lines if 'consumer="bob"' in line)
    assert 'model="qwen-plus"' in line
    assert 'provider="qwen"' in line


def test_clients_raise_their_exceptions_for_keys(gateway: Running, service: Service) -> None:
    service.requests.clear()
    with pytest.raises(openai.AuthenticationError) as unknown:
        chat(gateway, "sk-of-nobody", retries=2)
    assert unknown.value.code == "invalid_api_key"
    assert unknown.value.response.headers["www-authenticate"] == 'Bearer realm="gateway"'
    with pytest.raises(anthropic.AuthenticationError) as unknown_of_claude:
        message(gateway, "sk-of-nobody", retries=2)
    assert unknown_of_claude.value.type == "authentication_error"
    with pytest.raises(openai.PermissionDeniedError), gpt(gateway, BOB, 2) as client:
        client.embeddings.create(model="text-embedding-3-small", input="a")
    assert service.requests == []


def test_clients_raise_their_exceptions_for_limits_of_the_service(gateway: Running, service: Service) -> None:
    service.busy = 1
    with pytest.raises(openai.RateLimitError):
        chat(gateway, ALICE)
    service.busy = 1
    with pytest.raises(anthropic.RateLimitError):
        message(gateway, ALICE)


def test_clients_try_again_after_a_limit(gateway: Running, service: Service) -> None:
    for ask in (chat, message):
        service.requests.clear()
        service.busy = 1
        ask(gateway, ALICE, retries=2)
        assert len(service.requests) == 2


def test_clients_raise_their_exceptions_for_limits_of_the_gateway(gateway: Running, service: Service) -> None:
    service.requests.clear()
    chat(gateway, FEW_REQUESTS)
    message(gateway, FEW_REQUESTS)
    with pytest.raises(openai.RateLimitError) as limited:
        chat(gateway, FEW_REQUESTS)
    assert limited.value.code == "rate_limit_exceeded"
    assert int(limited.value.response.headers["retry-after"]) > 60
    assert limited.value.response.headers["x-ratelimit-limit-requests"] == "2"
    with pytest.raises(anthropic.RateLimitError) as limited_of_claude:
        message(gateway, FEW_REQUESTS)
    assert limited_of_claude.value.type == "rate_limit_error"
    assert len(service.requests) == 2


def test_tokens_are_counted_in_every_protocol_and_shown(gateway: Running) -> None:
    with gpt(gateway, ALICE) as client:
        raw = client.chat.completions.with_raw_response.create(model="gpt-4o", messages=ASKED)
    assert int(raw.headers["x-ratelimit-limit-tokens"]) == 200_000
    message(gateway, FEW_TOKENS, retries=0)  # 30 of its 40 tokens
    with pytest.raises(openai.RateLimitError) as limited:
        chat(gateway, FEW_TOKENS)
    assert limited.value.type == "tokens"
