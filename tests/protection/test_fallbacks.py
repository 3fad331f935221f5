"""Statistics of a gateway whose first provider is busy: another one answers, in both engines."""

from __future__ import annotations

import json
import re
from pathlib import Path

import openai
import pytest
from tests.host.gateway.both import Engine, running, until
from tests.protection import service as services

GATEWAY = {
    "access_log": True,
    "plugins": [
        {"name": "ai-statistics", "source": "ai_statistics"},
        {
            "name": "ai-proxy",
            "source": "ai_proxy",
            "config": {
                "providers": [
                    {"id": "first", "type": "openai", "apiTokens": ["sk-1"], "models": ["m"]},
                    {"id": "second", "type": "mistral", "apiTokens": ["sk-2"], "models": ["m"]},
                ],
                "routing": {"fallback": {}},
            },
        },
    ],
    "routes": [{"name": "models", "match": {"path_prefix": "/v1/"}}],
}
ENGINES = ["serve", pytest.param("envoy", marks=[pytest.mark.envoy, pytest.mark.exhaustive])]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_fallback_is_in_metrics_and_in_the_access_log(engine: Engine, tmp_path: Path) -> None:
    with services.running() as service:
        service.busy = 1
        upstreams = dict.fromkeys(("api.openai.com", "api.mistral.ai"), f"http://127.0.0.1:{service.server_port}")
        with running(engine, tmp_path, {**GATEWAY, "upstreams": upstreams}) as gateway:
            with openai.OpenAI(base_url=f"http://127.0.0.1:{gateway.port}/v1", api_key="k", max_retries=0) as client:
                client.chat.completions.create(model="m", messages=[{"role": "user", "content": "hello"}])
            until(lambda: "ai_fallbacks" in gateway.metrics())
            (line,) = re.findall(r"^.*ai_fallbacks(?:_total)?\{.*$", gateway.metrics(), re.MULTILINE)
            assert 'provider="mistral"' in line
            assert float(line.rpartition(" ")[2]) == 1
            assert "ai_retries" not in gateway.metrics()
            route = "first/m=status, second/m=answered"
            until(lambda: route in gateway.log())
            if engine == "serve":
                (found,) = (json.loads(line) for line in gateway.log().splitlines() if line.startswith('{"time"'))
                assert (found["fallbacks"], found["ai_log"]["fallbacks"], found["ai_log"]["route"]) == (1, 1, route)
