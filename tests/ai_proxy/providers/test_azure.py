"""Azure: requests for a model are sent to its deployment, others to the account."""

from __future__ import annotations

import pytest
from tests.ai_proxy.gateway import CHAT, Json, ask

from ai_proxy.wire import multipart

AZURE: Json = {"type": "azure", "apiTokens": ["sk-provider-1"], "modelMapping": {"gpt-4o": "dep"}}
RESOURCE = "https://r.openai.azure.com/?api-version=1"
DEPLOYMENT = "https://r.openai.azure.com/openai/deployments/fixed?api-version=1"
V1 = "https://r.openai.azure.com/openai/v1/?api-version=preview"
ONLY = "https://r.openai.azure.com/my/own/path?api-version=1&x=2"
BODY: Json = {"model": "gpt-4o", "input": "x"}


@pytest.mark.parametrize(
    ("url", "path", "result"),
    [
        (RESOURCE, "/v1/embeddings", "/openai/deployments/dep/embeddings?api-version=1"),
        (RESOURCE, "/v1/responses?y=2", "/openai/responses?y=2&api-version=1"),
        (RESOURCE, "/v1/files/f-1", "/openai/files/f-1?api-version=1"),
        (RESOURCE, "/v1/fine_tuning/jobs/j-1/cancel", "/openai/fine_tuning/jobs/j-1/cancel?api-version=1"),
        (RESOURCE, "/v1/unknown", "/v1/unknown?api-version=1"),
        (DEPLOYMENT, "/v1/embeddings", "/openai/deployments/fixed/embeddings?api-version=1"),
        (DEPLOYMENT, "/v1/batches/b-1/cancel", "/openai/batches/b-1/cancel?api-version=1"),
        (V1, "/v1/embeddings", "/openai/v1/embeddings?api-version=preview"),
        (V1, "/v1/files/f-1", "/openai/v1/files/f-1?api-version=preview"),
        (ONLY, "/v1/embeddings?y=2", "/my/own/path?api-version=1&x=2"),
        (ONLY, "/any/thing", "/my/own/path?api-version=1&x=2"),
    ],
)
def test_paths(url: str, path: str, result: str) -> None:
    assert ask({**AZURE, "azureServiceUrl": url}, BODY, path=path).sent_headers[":path"] == result


def test_the_name_of_a_model_is_one_segment_of_the_path() -> None:
    outcome = ask({**AZURE, "azureServiceUrl": RESOURCE}, {**CHAT, "model": "m/odd:v1 x"})
    assert outcome.sent_headers[":path"].startswith("/openai/deployments/m%2Fodd:v1%20x/chat/completions?")


def test_the_original_protocol_keeps_the_path() -> None:
    config = {**AZURE, "azureServiceUrl": RESOURCE, "protocol": "original"}
    path = "/openai/deployments/d/chat/completions?api-version=3"
    assert ask(config, CHAT, path=path).sent_headers[":path"] == path


def test_the_deployment_of_a_websocket_comes_from_its_query() -> None:
    config = {**AZURE, "azureServiceUrl": RESOURCE}
    headers = [("upgrade", "websocket"), ("connection", "upgrade")]
    sent = ask(config, path="/v1/realtime?model=gpt-4o", method="GET", headers=headers).sent_headers
    assert sent[":path"] == "/openai/deployments/dep/realtime?model=gpt-4o&api-version=1"


def test_without_a_model_there_is_no_deployment() -> None:
    config = {**AZURE, "azureServiceUrl": RESOURCE}
    sent = ask(config, path="/v1/videos/v-1", method="GET").sent_headers
    assert sent[":path"] == "/openai/videos/v-1?api-version=1"


def test_the_deployment_of_an_upload_comes_from_its_form() -> None:
    form = multipart.write([multipart.field("model", "gpt-4o")], b"b")
    headers = [("content-type", "multipart/form-data; boundary=b")]
    outcome = ask({**AZURE, "azureServiceUrl": RESOURCE}, path="/v1/audio/transcriptions", headers=headers, form=form)
    assert outcome.sent_headers[":path"] == "/openai/deployments/dep/audio/transcriptions?api-version=1"
    assert multipart.read(outcome.sent_bytes, b"b")[0].data == b"dep"


def test_the_role_developer_is_a_system_prompt() -> None:
    body = {"model": "gpt-4o", "messages": [{"role": "developer", "content": "x"}]}
    assert ask({**AZURE, "azureServiceUrl": RESOURCE}, body).sent["messages"] == body["messages"]
