"""Requests for rerank in Cohere's format to the models of Bedrock."""

from __future__ import annotations

import pytest
from tests.ai_proxy.gateway import Json, answer, ask
from tests.ai_proxy.natives import BEDROCK

RERANK = "/v1/rerank"
COHERE = "cohere.rerank-v3-5:0"
ASKED: Json = {"model": COHERE, "query": "q", "documents": ["a", "b"], "top_n": 1}


def test_a_model_of_cohere_gets_its_version() -> None:
    outcome = ask(BEDROCK, {**ASKED, "max_tokens_per_doc": 9}, path=RERANK)
    assert outcome.sent == {
        "query": "q", "documents": ["a", "b"], "top_n": 1, "api_version": 2, "max_tokens_per_doc": 9,
    }  # fmt: skip
    assert outcome.sent_headers[":path"] == "/model/cohere.rerank-v3-5%3A0/invoke"


def test_amazons_model_gets_no_fields_of_coheres() -> None:
    outcome = ask(BEDROCK, {**ASKED, "model": "amazon.rerank-v1:0", "max_tokens_per_doc": 9}, path=RERANK)
    assert outcome.sent == {"query": "q", "documents": ["a", "b"], "top_n": 1}


def test_documents_that_are_objects_become_texts() -> None:
    outcome = ask(BEDROCK, {**ASKED, "documents": [{"text": "a"}, {"title": "b"}]}, path=RERANK)
    assert outcome.sent["documents"] == ["a", '{"title":"b"}']


@pytest.mark.parametrize("name", ["relevance_score", "relevanceScore"])
def test_the_answer_has_coheres_format(name: str) -> None:
    document = {"results": [{"index": 1, name: 0.75}, {"index": 0, name: 0.25}]}
    found = ask(BEDROCK, ASKED, answer(document, x_amzn_requestid="r-1"), path=RERANK).json
    results = [{"index": 1, "relevance_score": 0.75}, {"index": 0, "relevance_score": 0.25}]
    assert found == {"id": "r-1", "results": results, "meta": {"api_version": {"version": "1"}}}


@pytest.mark.parametrize("document", [{}, {"results": 7}, {"results": [{}]}, {"results": [{"index": 0}]}])
def test_an_answer_without_a_ranking_is_an_error(document: Json) -> None:
    assert ask(BEDROCK, ASKED, answer(document), path=RERANK).status == 502


@pytest.mark.parametrize("wrong", [{"query": ""}, {"query": None}, {"documents": []}, {"documents": [1]}])
def test_requests_without_query_or_documents_are_refused(wrong: Json) -> None:
    assert ask(BEDROCK, {**ASKED, **wrong}, path=RERANK).status == 400


def test_errors_of_the_service_stay_errors() -> None:
    outcome = ask(BEDROCK, ASKED, answer({"message": "no access"}, 403), path=RERANK)
    assert (outcome.status, outcome.json) == (403, {"message": "no access"}), "Cohere's errors have this form, too"
