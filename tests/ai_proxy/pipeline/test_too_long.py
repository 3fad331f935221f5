"""A request that is too long for the model: clients get the words by which they know it, whatever the service says."""

from __future__ import annotations

import pytest
from tests.ai_proxy.converting import sse
from tests.ai_proxy.gateway import NATIVE, Json, answer, ask, events
from tests.ai_proxy.natives import BEDROCK, CLAUDE, GEMINI, OPENAI

HI: list[Json] = [{"role": "user", "content": "Hi"}]
CLIENTS: dict[str, tuple[str, Json]] = {
    "openai": ("/v1/chat/completions", {"model": "m", "messages": HI}),
    "anthropic": ("/v1/messages", {"model": "m", "max_tokens": 9, "messages": HI}),
    "responses": ("/v1/responses", {"model": "m", "input": "Hi"}),
}
GOOGLE = "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576)."
DASHSCOPE = "<400> InternalError.Algo.InvalidParameter: Range of input length should be [1, 129024]"
ANTHROPIC = "prompt is too long: 210000 tokens > 200000 maximum"
CHATS = "This model's maximum context length is 128000 tokens. However, your messages resulted in 200000 tokens."
REFUSALS: list[tuple[Json, Json, str]] = [
    (NATIVE, {"code": "InvalidParameter", "message": DASHSCOPE, "request_id": "r"}, DASHSCOPE),
    (GEMINI, {"error": {"code": 400, "message": GOOGLE, "status": "INVALID_ARGUMENT"}}, GOOGLE),
    (CLAUDE, {"type": "error", "error": {"type": "invalid_request_error", "message": ANTHROPIC}}, ANTHROPIC),
    (BEDROCK, {"message": "Input is too long for requested model."}, "Input is too long for requested model."),
    (OPENAI, {"error": {"message": CHATS, "type": "invalid_request_error", "code": "context_length_exceeded"}}, CHATS),
]

CASES = [
    (client, *refusal)
    for client in CLIENTS
    for refusal in REFUSALS
    if (client, refusal[0]) != ("anthropic", NATIVE)  # DashScope has this API itself.
]


def says(client: str, error: Json, text: str) -> bool:
    if client == "anthropic":
        return bool(error["message"] == (text if text == ANTHROPIC else f"prompt is too long: {text}"))
    return (error["code"], error["message"]) == ("context_length_exceeded", text)


@pytest.mark.parametrize(("client", "provider", "refusal", "text"), CASES)
@pytest.mark.parametrize("stream", [False, True])
def test_the_client_knows_that_the_request_is_too_long(
    client: str, provider: Json, refusal: Json, text: str, stream: bool
) -> None:
    path, body = CLIENTS[client]
    outcome = ask(provider, {**body, "stream": stream}, answer(refusal, 400), path=path)
    assert outcome.status == 400
    assert says(client, outcome.json["error"], text)


@pytest.mark.parametrize("client", ["openai", "responses"])
def test_also_in_place_of_the_first_event(client: str) -> None:
    path, body = CLIENTS[client]
    refused = {"code": "InvalidParameter", "message": DASHSCOPE, "request_id": "r"}
    outcome = ask(NATIVE, {**body, "stream": True}, events(sse(refused)), path=path)
    assert says(client, outcome.json["error"], DASHSCOPE)


@pytest.mark.parametrize(
    "message",
    [
        "Invalid 'messages[1].tool_calls[0].id': string too long. Expected a string with maximum length 40.",
        "Invalid 'input[2].id': string too long. Expected a string with maximum length 64.",
        "The maximum tokens you requested exceeds the model limit of 8192. Try again with a lower value.",
    ],
)
@pytest.mark.parametrize("client", CLIENTS)
def test_a_shorter_conversation_does_not_help_against_other_lengths(client: str, message: str) -> None:
    path, body = CLIENTS[client]
    refusal = {"error": {"message": message, "type": "invalid_request_error", "code": "other"}}
    error = ask(OPENAI, body, answer(refusal, 400), path=path).json["error"]
    assert (error["message"], error.get("code", "other")) == (message, "other")


@pytest.mark.parametrize("status", [401, 429, 500])
def test_other_refusals_keep_their_code(status: int) -> None:
    """A rate of tokens that is exceeded is told in similar words."""
    refusal = {"code": "Throttling", "message": "Requests exceed the limit of input tokens per minute"}
    error = ask(NATIVE, CLIENTS["openai"][1], answer(refusal, status)).error
    assert error["code"] == "Throttling"
