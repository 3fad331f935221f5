"""Limits as the clients of OpenAI and Anthropic see them: their exceptions, their headers, their retries."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import anthropic
import openai
import pytest
from tests.host.gateway.both import Running, running
from tests.protection import service as services
from tests.protection.service import Service

ASKED: list[Any] = [{"role": "user", "content": "hello"}]


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with services.running() as found:
        yield found


@pytest.fixture(scope="module")
def gateway(service: Service, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Each key has its own count; one of the keys has a limit that is soon free again."""
    keys = [{"key": "soon", "token_per_second": 100}, {"key": "*", "token_per_day": 100}]
    rules = [{"limit_by_per_header": "x-user", "limit_keys": keys}]
    config = {"rule_name": "clients", "rule_items": rules, "show_limit_quota_header": True}
    content = {
        "plugins": [{"name": "ai-token-ratelimit", "source": "ai_token_ratelimit", "config": config}],
        "routes": [{"name": "all", "upstream": "service"}],
        "upstreams": {"service": f"http://127.0.0.1:{service.server_port}"},
    }
    with running("serve", tmp_path_factory.mktemp("limited"), content) as found:
        yield found


def chat(gateway: Running, user: str, *, retries: int = 0) -> Any:
    url = f"http://127.0.0.1:{gateway.port}/v1"
    with openai.OpenAI(base_url=url, api_key="k", max_retries=retries, default_headers={"x-user": user}) as client:
        return client.chat.completions.with_raw_response.create(model="gpt-4o", messages=ASKED, max_tokens=60)


def message(gateway: Running, user: str, *, retries: int = 0) -> Any:
    url = f"http://127.0.0.1:{gateway.port}"
    headers = {"x-user": user}
    with anthropic.Anthropic(base_url=url, api_key="k", max_retries=retries, default_headers=headers) as client:
        return client.messages.with_raw_response.create(model="c", max_tokens=60, messages=ASKED)


@pytest.mark.parametrize(
    ("ask", "error", "user"),
    [(chat, openai.RateLimitError, "li"), (message, anthropic.RateLimitError, "wang")],
    ids=["openai", "anthropic"],
)
def test_clients_raise_their_exception_for_limits(gateway: Running, ask: Any, error: Any, user: str) -> None:
    assert ask(gateway, user).headers["x-ratelimit-limit-tokens"] == "100"
    with pytest.raises(error) as refused:
        ask(gateway, user)
    headers = refused.value.response.headers
    assert headers["x-ratelimit-remaining-tokens"] == "70"  # 30 were used, and the rest is not enough for 60
    assert int(headers["retry-after"]) > 80_000
    assert "at most 100 tokens in any 86400 seconds" in str(refused.value)


@pytest.mark.parametrize("ask", [chat, message], ids=["openai", "anthropic"])
def test_clients_come_back_when_they_are_told_to(gateway: Running, service: Service, ask: Any) -> None:
    service.requests.clear()
    for _ in range(3):
        ask(gateway, "soon", retries=4)
    assert len(service.requests) == 3
