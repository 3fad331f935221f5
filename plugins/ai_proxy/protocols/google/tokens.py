"""Google's APIs that count tokens, of Gemini and of Vertex AI.

Source: ai.google.dev/api/tokens; cloud.google.com/vertex-ai/generative-ai/docs/model-reference/count-tokens, and
".../partner-models/claude/count-tokens".
"""

from __future__ import annotations

from typing import Final

from ...profiles.claude import is_claude
from ...wire.json import Json
from ..anthropic import tokens as claude_tokens
from ..exchange import Exchange
from ..pivot.token_counter import TokenCounter
from . import gemini, vertex

_OF_VERTEX: Final = ("contents", "systemInstruction", "tools")


def _of_gemini(exchange: Exchange, body: Json) -> Json:
    request = gemini.request(exchange, body)
    exchange.path = gemini.path_of(exchange, "countTokens")
    return {"generateContentRequest": {"model": f"models/{exchange.model}", **request}}


def _of_vertex(exchange: Exchange, body: Json) -> Json:
    if is_claude(exchange.profile):
        request = claude_tokens.body_of(exchange, body)
        exchange.path = vertex.path_of(exchange, "anthropic", "rawPredict", model="count-tokens")
        exchange.headers["anthropic-version"] = None
        return request
    given = vertex.request(exchange, body)
    exchange.path = vertex.path_of(exchange, "google", "countTokens")
    return {name: given[name] for name in _OF_VERTEX if name in given}


class _VertexCounter(TokenCounter):
    def response(self, exchange: Exchange, answer: Json) -> Json:
        if "input_tokens" in answer:  # Of a Claude model.
            answer = {"totalTokens": answer["input_tokens"]}
        return super().response(exchange, answer)


GEMINI: Final = TokenCounter(_of_gemini, "totalTokens", gemini.error)
VERTEX: Final = _VertexCounter(_of_vertex, "totalTokens", vertex.error)
