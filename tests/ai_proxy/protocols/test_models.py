"""`/v1/models`, list and one, in the format of each client's protocol: mapped names, and what the service lists."""

from __future__ import annotations

import pytest
from tests.ai_proxy.gateway import Json, answer, ask
from tests.ai_proxy.natives import BEDROCK, CLAUDE, GEMINI

ANTHROPIC = [("anthropic-version", "2023-06-01")]
NAMES = {"small": "us.amazon.nova-lite-v1:0", "gpt-*": "x", "large": "claude-opus-4-1", "*": "z"}
MAPPED = {**BEDROCK, "modelMapping": NAMES}
GROQ: Json = {"type": "groq", "apiTokens": ["sk-1"]}
COHERE: Json = {"type": "cohere", "apiTokens": ["sk-1"]}
MOONSHOT: Json = {"type": "moonshot", "apiTokens": ["sk-1"]}
LISTED: Json = {
    "object": "list",
    "data": [{"id": "m1", "object": "model", "created": 1759104000, "owned_by": "x", "y": 1}],
}
OWN = {"type": "model", "id": "claude-x", "display_name": "X", "created_at": "2025-09-29T00:00:00Z"}


@pytest.mark.usefixtures("both_ways")
def test_a_mapped_model_is_known_here() -> None:
    one = ask(MAPPED, path="/ai/v1/models/large", method="GET").json
    assert (one["id"], one["object"], one["owned_by"]) == ("large", "model", "bedrock")
    assert one["capabilities"]["thinking"] == "budget"
    assert one["max_output_tokens"] == 32_000
    own = ask(MAPPED, path="/v1/models/large", method="GET", headers=ANTHROPIC).json
    assert (own["id"], own["type"], own["max_tokens"], own["lifecycle"]) == ("large", "model", 32_000, "active")
    assert own["capabilities"]["thinking"]["types"]["enabled"] == {"supported": True}
    assert own["capabilities"]["batch"] == {"supported": False}


def test_a_model_that_nobody_knows_is_not_found() -> None:
    outcome = ask(MAPPED, path="/v1/models/other", method="GET")
    assert (outcome.status, outcome.error["code"]) == (404, "model_not_found")
    own = ask(MAPPED, path="/v1/models/other", method="GET", headers=ANTHROPIC)
    assert (own.status, own.json["error"]["type"]) == (404, "not_found_error")


def test_anthropics_list_has_pages() -> None:
    def page(query: str) -> tuple[list[str], bool]:
        listed = ask(MAPPED, path=f"/v1/models{query}", method="GET", headers=ANTHROPIC)
        assert listed.json["first_id"] == (listed.json["data"] or [{"id": None}])[0]["id"]
        return [one["id"] for one in listed.json["data"]], listed.json["has_more"]

    assert page("") == page("?limit=2") == (["small", "large"], False)
    assert page("?limit=1") == (["small"], True)
    assert page("?limit=1&after_id=small") == (["large"], False)
    assert page("?before_id=large") == (["small"], False)
    assert page("?after_id=large") == ([], False)
    refused = ask(MAPPED, path="/v1/models?limit=0", method="GET", headers=ANTHROPIC)
    assert (refused.status, refused.json["error"]["type"]) == (400, "invalid_request_error")


@pytest.mark.usefixtures("both_ways")
def test_a_list_in_openais_format_is_converted_for_clients_of_anthropics() -> None:
    own = ask(MOONSHOT, None, answer(LISTED), path="/v1/models?limit=5", method="GET", headers=ANTHROPIC)
    assert own.sent_headers[":path"].startswith("/v1/models")
    [model] = own.json["data"]
    assert (model["id"], model["created_at"], model["type"]) == ("m1", "2025-09-29T00:00:00Z", "model")
    assert (own.json["first_id"], own.json["has_more"]) == ("m1", False)
    one = ask(MOONSHOT, None, answer(LISTED["data"][0]), path="/v1/models/m1", method="GET", headers=ANTHROPIC)
    assert one.sent_headers[":path"] == "/v1/models/m1"
    assert one.json == model
    refused = ask(MOONSHOT, None, answer({"error": {"message": "no"}}, 401), path="/v1/models", method="GET",
                  headers=ANTHROPIC)  # fmt: skip
    assert (refused.status, refused.json["error"]["type"]) == (401, "authentication_error")


def test_the_mapped_names_can_be_in_the_list_of_the_service() -> None:
    mapping = {"modelMapping": {"mine": "m1", "m1": ""}}
    same = ask({**MOONSHOT, **mapping}, None, answer(LISTED), path="/v1/models", method="GET")
    assert same.json == LISTED
    both = {**mapping, "listMappedModels": True}
    for provider, listed, others in (
        (MOONSHOT, LISTED, []), (CLAUDE, {"data": [OWN], "has_more": False}, ["claude-x"]),
        (GEMINI, {"models": [{"name": "models/g"}]}, ["g"]), (COHERE, {"models": [{"name": "c"}]}, ["c"]),
    ):  # fmt: skip
        for headers in ([], ANTHROPIC):
            outcome = ask({**provider, **both}, None, answer(listed), path="/v1/models", method="GET", headers=headers)
            assert [one["id"] for one in outcome.json["data"]] == ["mine", "m1", *others]
            assert ("first_id" in outcome.json) == bool(headers)
    mine = ask({**MOONSHOT, **both}, path="/v1/models/mine", method="GET")
    assert (mine.json["id"], mine.result["upstream"]) == ("mine", None)


def test_one_model_of_a_service_with_its_own_format() -> None:
    openais = ask(CLAUDE, None, answer(OWN), path="/v1/models/claude-x", method="GET")
    assert openais.json == {"id": "claude-x", "object": "model", "created": 1759104000, "owned_by": "anthropic"}
    own = ask(CLAUDE, None, answer(OWN), path="/v1/models/claude-x", method="GET", headers=ANTHROPIC)
    assert own.json == OWN
    googles = ask(GEMINI, None, answer({"name": "models/g-1"}), path="/v1/models/g-1", method="GET")
    assert googles.sent_headers[":path"] == "/v1beta/models/g-1"
    assert (googles.json["id"], googles.json["object"]) == ("g-1", "model")
    coheres = ask(COHERE, None, answer({"name": "command-a", "endpoints": ["chat"]}), path="/v1/models/command-a",
                  method="GET")  # fmt: skip
    assert coheres.sent_headers[":path"] == "/v1/models/command-a"
    assert (coheres.json["id"], coheres.json["owned_by"]) == ("command-a", "cohere")


def test_the_list_of_cohere_is_one_page() -> None:
    outcome = ask(COHERE, None, answer({"models": [{"name": "command-a"}]}), path="/v1/models", method="GET")
    assert outcome.sent_headers[":path"] == "/v1/models?page_size=1000"
    assert [one["id"] for one in outcome.json["data"]] == ["command-a"]
    refused = ask(COHERE, None, answer({"message": "no"}, 401), path="/v1/models", method="GET")
    assert (refused.status, refused.error["message"]) == (401, "no")


def test_clients_of_anthropic_get_the_pages_that_they_ask_for() -> None:
    page = answer({"data": [OWN], "has_more": True})
    path = "/v1/models?limit=1&after_id=x"
    own = ask(CLAUDE, None, page, path=path, method="GET", headers=ANTHROPIC)
    assert own.sent_headers[":path"] == path
    assert own.json["has_more"] is True


@pytest.mark.parametrize("path", ["/v1/models/gemini-pro:countTokens", "/v1beta/models/m:embedContent"])
def test_googles_methods_are_not_names_of_models(path: str) -> None:
    provider = {**GEMINI, "protocol": "original"}
    assert ask(provider, {"contents": []}, path=path).sent_headers[":path"] == path
