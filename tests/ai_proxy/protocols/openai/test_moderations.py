"""Moderation in OpenAI's protocol, and what Mistral's answers lack."""

from __future__ import annotations

from openai.types import ModerationCreateResponse
from tests.ai_proxy.gateway import Json, answer, ask

PATH = "/v1/moderations"


def test_the_model_of_a_moderation_is_mapped() -> None:
    provider = {"type": "openai", "apiTokens": ["k"], "modelMapping": {"m": "omni-moderation-latest"}}
    given: Json = {
        "id": "1",
        "model": "omni-moderation-latest",
        "results": [{"flagged": True, "categories": {"a": True}}],
    }
    outcome = ask(provider, {"model": "m", "input": ["a"]}, answer(given), path=PATH)
    assert outcome.sent == {"model": "omni-moderation-latest", "input": ["a"]}
    assert outcome.sent_headers[":path"] == PATH
    assert outcome.json == given


def test_mistral_does_not_say_whether_a_text_is_flagged() -> None:
    results: list[Json] = [
        {"categories": {"pii": True, "health": False}, "category_scores": {"pii": 0.9, "health": 0.1}},
        {"categories": {"pii": False, "health": False}, "category_scores": {"pii": 0.1, "health": 0.1}},
    ]
    given = {"id": "1", "model": "mistral-moderation-latest", "results": results}
    body = {"model": "mistral-moderation-latest", "input": ["a", "b"]}
    outcome = ask({"type": "mistral", "apiTokens": ["k"]}, body, answer(given), path=PATH)
    assert outcome.sent == body
    assert [one.flagged for one in ModerationCreateResponse.construct(**outcome.json).results] == [True, False]
    assert outcome.json["results"][0]["category_scores"] == results[0]["category_scores"]
    refused = ask({"type": "mistral", "apiTokens": ["k"]}, body, answer({"message": "no"}, 400), path=PATH)
    assert (refused.status, refused.error["message"]) == (400, "no")


def test_a_service_without_moderation_says_so() -> None:
    outcome = ask({"type": "groq", "apiTokens": ["k"]}, {"input": "a"}, path=PATH)
    assert (outcome.status, outcome.error["code"]) == (404, "unsupported_api")
