"""Requests for embeddings to services with their own protocol, and their answers in OpenAI's."""

from __future__ import annotations

import base64
import struct

import pytest
from tests.ai_proxy.gateway import Json, answer, ask
from tests.ai_proxy.natives import BEDROCK

EMBEDDINGS = "/v1/embeddings"
COHERE: Json = {"type": "cohere", "apiTokens": ["co-1"]}
SIGNED: Json = {"type": "bedrock", "awsAccessKey": "AKIA1", "awsSecretKey": "s", "awsRegion": "us-east-1"}
VECTOR = [0.5, -0.25]

TITAN_ANSWER = {"embedding": VECTOR, "embeddingsByType": {"float": VECTOR}, "inputTextTokenCount": 3}
COHERE_ANSWER = {"id": "e-1", "texts": ["Hi"], "embeddings": {"float": [VECTOR, VECTOR]}, "response_type": "by_type"}
NOVA_TEXT = {"truncationMode": "NONE", "value": "Hi"}


def nova(size: int) -> Json:
    single = {"embeddingPurpose": "GENERIC_INDEX", "embeddingDimension": size, "text": NOVA_TEXT}
    return {
        "schemaVersion": "nova-multimodal-embed-v1", "taskType": "SINGLE_EMBEDDING", "singleEmbeddingParams": single,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("model", "more", "sent"),
    [
        ("amazon.titan-embed-text-v1", {"dimensions": 256}, {"inputText": "Hi"}),
        ("amazon.titan-embed-text-v2:0", {"dimensions": 256}, {"inputText": "Hi", "dimensions": 256}),
        ("us.amazon.titan-embed-text-v2:0", {}, {"inputText": "Hi"}),
        ("amazon.titan-embed-image-v1", {"dimensions": 256},
         {"inputText": "Hi", "embeddingConfig": {"outputEmbeddingLength": 256}}),
        ("cohere.embed-english-v3", {"dimensions": 256}, {"texts": ["Hi"], "input_type": "search_document"}),
        ("cohere.embed-v4:0", {"dimensions": 256, "input_type": "search_query"},
         {"texts": ["Hi"], "input_type": "search_query", "embedding_types": ["float"], "output_dimension": 256}),
        ("amazon.nova-2-multimodal-embeddings-v1:0", {}, nova(3072)),
        ("amazon.nova-2-multimodal-embeddings-v1:0", {"dimensions": 384}, nova(384)),
    ],
)  # fmt: skip
@pytest.mark.parametrize("text", ["Hi", ["Hi"]])
def test_each_embedding_model_of_bedrock_gets_its_own_form(model: str, more: Json, sent: Json, text: object) -> None:
    outcome = ask(BEDROCK, {"model": model, "input": text, **more}, path=EMBEDDINGS)
    assert outcome.sent == sent
    assert outcome.sent_headers[":path"] == f"/model/{model.replace(':', '%3A')}/invoke"
    assert outcome.sent_headers["authorization"] == "Bearer bedrock-1"


def test_signed_requests_for_embeddings_are_converted_too() -> None:
    outcome = ask(SIGNED, {"model": "amazon.titan-embed-text-v2:0", "input": "Hi"}, path=EMBEDDINGS)
    assert outcome.sent == {"inputText": "Hi"}
    assert outcome.sent_headers["authorization"].startswith("AWS4-HMAC-SHA256 ")


def test_an_arn_gets_its_form_from_the_configuration() -> None:
    arn = "arn:aws:bedrock:us-east-1:1:application-inference-profile/abc"
    config = {**BEDROCK, "modelFamily": {arn: "cohere-embed"}}
    assert ask(config, {"model": arn, "input": ["a", "b"]}, path=EMBEDDINGS).sent["texts"] == ["a", "b"]
    refused = ask(BEDROCK, {"model": arn, "input": "a"}, path=EMBEDDINGS)
    assert refused.status == 400
    assert "modelFamily" in refused.error["message"]


@pytest.mark.parametrize("given", [[1, 2], [[1, 2]], [], None, {"a": 1}])
@pytest.mark.parametrize("config", [COHERE, BEDROCK])
def test_anything_but_texts_is_refused(config: Json, given: object) -> None:
    outcome = ask(config, {"model": "cohere.embed-v4:0", "input": given}, path=EMBEDDINGS)
    assert (outcome.status, outcome.error["param"]) == (400, "input")


@pytest.mark.parametrize(
    ("model", "document", "vectors", "tokens"),
    [
        ("amazon.titan-embed-text-v2:0", TITAN_ANSWER, 1, 3),
        ("cohere.embed-v4:0", COHERE_ANSWER, 2, 7),
        ("cohere.embed-english-v3", {**COHERE_ANSWER, "embeddings": [VECTOR, VECTOR]}, 2, 7),
        ("amazon.nova-2-multimodal-embeddings-v1:0",
         {"embeddings": [{"embeddingType": "TEXT", "embedding": VECTOR}]}, 1, 7),
    ],
)  # fmt: skip
@pytest.mark.parametrize("form", ["float", "base64"])
def test_answers_of_bedrock_get_openais_form(model: str, document: Json, vectors: int, tokens: int, form: str) -> None:
    asked = {"model": model, "input": "Hi", "encoding_format": form}
    outcome = ask(BEDROCK, asked, answer(document, x_amzn_bedrock_input_token_count="7"), path=EMBEDDINGS)
    _check(outcome.json, model, vectors, tokens, form)


@pytest.mark.parametrize("form", ["float", "base64"])
def test_cohere_gets_its_own_form_and_answers_in_openais(form: str) -> None:
    asked = {"model": "embed-v4.0", "input": ["a", "b"], "dimensions": 256, "encoding_format": form}
    document = {**COHERE_ANSWER, "meta": {"api_version": {"version": "2"}, "billed_units": {"input_tokens": 4}}}
    outcome = ask(COHERE, asked, answer(document), path=EMBEDDINGS)
    assert outcome.sent == {
        "model": "embed-v4.0", "texts": ["a", "b"], "input_type": "search_document", "embedding_types": ["float"],
        "output_dimension": 256,
    }  # fmt: skip
    assert outcome.sent_headers[":path"] == "/v2/embed"
    _check(outcome.json, "embed-v4.0", 2, 4, form)


def _check(found: Json, model: str, vectors: int, tokens: int, form: str) -> None:
    expected = base64.b64encode(struct.pack("<2f", *VECTOR)).decode() if form == "base64" else VECTOR
    data = [{"object": "embedding", "index": index, "embedding": expected} for index in range(vectors)]
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    assert found == {"object": "list", "data": data, "model": model, "usage": usage}


@pytest.mark.parametrize("document", [{}, {"embeddings": {}}, {"embeddings": "x"}, {"embeddings": [7]}])
@pytest.mark.parametrize(("config", "model"), [(COHERE, "embed-v4.0"), (BEDROCK, "cohere.embed-v4:0")])
def test_answers_without_vectors_are_errors(config: Json, model: str, document: Json) -> None:
    outcome = ask(config, {"model": model, "input": "Hi"}, answer(document), path=EMBEDDINGS)
    assert (outcome.status, outcome.error["code"]) == (502, "bad_upstream_response")


@pytest.mark.parametrize(("config", "model"), [(COHERE, "embed-v4.0"), (BEDROCK, "cohere.embed-v4:0")])
def test_errors_of_the_service_stay_errors(config: Json, model: str) -> None:
    outcome = ask(config, {"model": model, "input": "Hi"}, answer({"message": "too long"}, 400), path=EMBEDDINGS)
    assert (outcome.status, outcome.error["message"]) == (400, "too long")
