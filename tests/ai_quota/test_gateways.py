"""Budgets in real gateways, behind key_auth and in front of ai_proxy: with the clients that users have, in both
engines, and for two gateways with one Redis."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import anthropic
import openai
import pytest
from tests.host.gateway.both import Running, running, until
from tests.protection import service as services
from tests.protection.service import Service
from tests.redis_server import redis_server

ALICE, ADMIN = "sk-alice-0123456789", "sk-admin-0123456789"
BUDGET, USED = 70, 30
"""Tokens: of alice, and of an answer of the service."""
ASKED: list[Any] = [{"role": "user", "content": "hello"}]


def content(service: Service, redis: int | None = None) -> dict[str, Any]:
    quota: dict[str, Any] = {"admin_consumer": "admin"}
    upstreams = {"dashscope.aliyuncs.com": f"http://127.0.0.1:{service.server_port}"}
    if redis is not None:
        quota["redis"] = {"service_name": "redis.dns"}
        upstreams["outbound|6379||redis.dns"] = f"http://127.0.0.1:{redis}"
    consumers = [{"name": "alice", "credential": ALICE}, {"name": "admin", "credential": ADMIN}]
    provider = {"type": "qwen", "apiTokens": ["sk-key-of-the-provider"], "modelMapping": {"*": "qwen-plus"}}
    return {
        "plugins": [
            {"name": "key-auth", "source": "key_auth", "config": {"global_auth": True, "consumers": consumers}},
            {"name": "ai-quota", "source": "ai_quota", "config": quota},
            {"name": "ai-proxy", "source": "ai_proxy", "config": {"provider": provider}},
        ],
        "routes": [{"name": "models"}],
        "upstreams": upstreams,
    }


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with services.running() as found:
        yield found


@pytest.fixture(params=["serve", pytest.param("envoy", marks=[pytest.mark.envoy, pytest.mark.exhaustive]), "redis"])
def gateways(request: pytest.FixtureRequest, service: Service, tmp_path: Path) -> Iterator[list[Running]]:
    """One gateway, or two with one Redis."""
    with ExitStack() as stack:
        if request.param == "redis":
            port = stack.enter_context(redis_server(tmp_path)).port
            folders = [tmp_path / name for name in ("first", "second")]
            for folder in folders:
                folder.mkdir()
            yield [stack.enter_context(running("serve", folder, content(service, port))) for folder in folders]
        else:
            yield [stack.enter_context(running(request.param, tmp_path, content(service)))]


def administer(gateway: Running, path: str, form: str = "") -> Any:
    address = f"http://127.0.0.1:{gateway.port}/v1/chat/completions/quota{path}"
    asked = urllib.request.Request(address, form.encode() or None, {"authorization": f"Bearer {ADMIN}"})
    with urllib.request.urlopen(asked, timeout=30) as answer:
        text = answer.read()
    return json.loads(text) if text.startswith(b"{") else text


def test_a_budget_is_spent_by_clients_of_all_protocols_and_given_by_an_administrator(
    gateways: list[Running], service: Service
) -> None:
    first, last = gateways[0], gateways[-1]
    gpt = openai.OpenAI(base_url=f"http://127.0.0.1:{first.port}/v1", api_key=ALICE, max_retries=2)
    claude = anthropic.Anthropic(base_url=f"http://127.0.0.1:{last.port}", api_key=ALICE, max_retries=2)
    service.requests.clear()
    with gpt, claude:
        with pytest.raises(openai.RateLimitError) as nothing:
            gpt.chat.completions.create(model="gpt-4o", messages=ASKED)
        assert nothing.value.code == "insufficient_quota"
        assert service.requests == [], "without a budget nothing is sent, and the client does not try again"

        administer(first, "/refresh", f"consumer=alice&quota={BUDGET}")
        chunks = [*gpt.chat.completions.create(model="gpt-4o", messages=ASKED, stream=True)]
        assert "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices) == "hi"
        # What an answer has used is taken after its end.
        until(lambda: administer(last, "?consumer=alice") == {"quota": BUDGET - USED, "consumer": "alice"})

        assert claude.messages.create(model="m", max_tokens=9, messages=ASKED).content[0].text == "hi"  # type: ignore[union-attr]
        administer(last, "/delta", "consumer=alice&value=-40")
        until(lambda: administer(first, "?consumer=alice")["quota"] == BUDGET - 2 * USED - 40)
        with pytest.raises(anthropic.RateLimitError):
            claude.messages.create(model="m", max_tokens=9, messages=ASKED)
    assert len(service.requests) == 2
    assert not any(ALICE in repr(sent) for sent in service.requests)


def test_clients_may_not_administer(gateways: list[Running]) -> None:
    address = f"http://127.0.0.1:{gateways[0].port}/v1/chat/completions/quota?consumer=alice"
    asked = urllib.request.Request(address, headers={"authorization": f"Bearer {ALICE}"})
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(asked, timeout=30)
    assert refused.value.code == 403
    refused.value.close()
