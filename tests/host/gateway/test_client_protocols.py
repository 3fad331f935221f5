"""Clients of Anthropic's Messages API and of OpenAI's Responses API in both engines, with their own libraries."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anthropic
import openai
import pytest
from tests.host.gateway.both import Engine, running
from tests.host.gateway.live.test_routing import SOURCE
from tests.host.gateway.test_stored_responses import Model, serving

ENVOY = pytest.param("envoy", marks=pytest.mark.exhaustive)
MOONSHOT = {"type": "moonshot", "apiTokens": ["k"], "responses": {"store": "memory"}}


@pytest.mark.parametrize("engine", ["serve", ENVOY])
def test_messages_tokens_and_kept_responses(engine: Engine, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    model = Model()
    source = (
        {"source": str(SOURCE)} if engine == "serve" else {"module": str(request.getfixturevalue("ai_proxy_module"))}
    )
    with serving(model):
        content = {
            "plugins": [{"name": "ai-proxy", **source, "config": {"provider": MOONSHOT}}],
            "routes": [{"name": "all"}],
            "upstreams": {"api.moonshot.cn": f"http://127.0.0.1:{model.port}"},
        }
        with running(engine, tmp_path, content) as gateway:
            address = f"http://127.0.0.1:{gateway.port}"
            with anthropic.Anthropic(base_url=address, api_key="any", max_retries=0) as claude:
                messages(claude)
            with openai.OpenAI(base_url=f"{address}/v1", api_key="any", max_retries=0) as gpt:
                responses(gpt)


def messages(claude: anthropic.Anthropic) -> None:
    asked: Any = {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}
    message = claude.messages.create(max_tokens=9, **asked)
    assert [block.type == "text" and block.text for block in message.content] == ["1"]
    with claude.messages.stream(max_tokens=9, **asked) as stream:
        assert stream.get_final_text() == "1"
    counted = claude.messages.with_raw_response.count_tokens(**asked)
    assert counted.headers["x-proxywasm-token-count"] == "estimated"
    assert 3 < counted.parse().input_tokens < 20
    with pytest.raises(anthropic.BadRequestError):
        claude.messages.create(max_tokens=9, model="m", messages=[])


def responses(gpt: openai.OpenAI) -> None:
    first = gpt.responses.create(model="m", input="Hi")
    with gpt.responses.stream(model="m", input="And?", previous_response_id=first.id) as stream:
        second = stream.get_final_response()
    third = gpt.responses.create(model="m", input="Go on", previous_response_id=second.id)
    assert [each.output_text for each in (first, second, third)] == ["1", "3", "5"]
    assert gpt.responses.retrieve(second.id).output_text == "3"
    assert [item.type for item in gpt.responses.input_items.list(second.id)] == ["message"] * 3
    gpt.responses.delete(second.id)
    with pytest.raises(openai.NotFoundError):
        gpt.responses.retrieve(second.id)
    with pytest.raises(openai.NotFoundError):
        gpt.responses.delete(second.id)
    with pytest.raises(openai.BadRequestError) as refused:
        gpt.responses.create(model="m", input="x", previous_response_id=second.id)
    assert refused.value.code == "previous_response_not_found"
    assert gpt.responses.input_tokens.count(model="m", input="Hi").input_tokens > 0
