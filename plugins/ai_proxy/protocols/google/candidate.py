"""Reads a candidate of Google's answers: its parts, finish reason and log probabilities."""

from __future__ import annotations

from typing import Any, Final

from ...wire import lenient
from ...wire.json import Json
from ..pivot import call_signatures, chat_parts
from ..pivot.finish_reasons import broken, known

_FINISH: Final = {
    "STOP": "stop", "MAX_TOKENS": "length",
    "SAFETY": "content_filter", "RECITATION": "content_filter", "LANGUAGE": "content_filter",
    "BLOCKLIST": "content_filter", "PROHIBITED_CONTENT": "content_filter", "SPII": "content_filter",
    "MODEL_ARMOR": "content_filter", "IMAGE_SAFETY": "content_filter", "IMAGE_PROHIBITED_CONTENT": "content_filter",
    "IMAGE_RECITATION": "content_filter",
}  # fmt: skip
_MALFORMED: Final = frozenset(
    {
        "MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "TOO_MANY_TOOL_CALLS", "MALFORMED_RESPONSE",
        "MISSING_THOUGHT_SIGNATURE",
    }
)  # fmt: skip
"""The model's answer is none: there is nothing in it that a client could use."""
# Source: ai.google.dev/api/generate-content#FinishReason, and Vertex AI's. Others (OTHER, NO_IMAGE) are an end.


class CandidateContent:
    """The content of a candidate's parts."""

    def __init__(self, first_call: int = 0, *, signed_ids: bool = False) -> None:
        """`signed_ids`: the ids of calls carry their signatures."""
        self._signed_ids = signed_ids
        self.first_call = first_call
        self.text = self.reasoning = ""
        self.calls: list[Json] = []

    def add(self, candidate: Json) -> None:
        for part in parts_of(candidate):
            if isinstance(text := part.get("text"), str):
                if part.get("thought") is True:
                    self.reasoning += text
                else:
                    self.text += text
            elif isinstance(function := part.get("functionCall"), dict):
                self._call(function, part)
            elif isinstance(data := part.get("inlineData"), dict):
                # OpenAI's chat has no place for images in answers; its clients can show a data URL.
                self.text += f"data:{data.get('mimeType')};base64,{data.get('data')}"
            elif isinstance(code := part.get("executableCode"), dict):
                self.text += f"```{str(code.get('language') or '').lower()}\n{code.get('code')}\n```\n"
            elif isinstance(outcome := part.get("codeExecutionResult"), dict):
                self.text += f"```\n{outcome.get('output')}\n```\n"

    def _call(self, function: Json, part: Json) -> None:
        call_id, name = lenient.text(function.get("id")), lenient.text(function.get("name"))
        call = chat_parts.tool_call(self.first_call + len(self.calls), call_id, name, function.get("args"))
        if isinstance(signature := part.get("thoughtSignature"), str):
            call |= call_signatures.field(signature)
            if self._signed_ids:
                call["id"] = call_signatures.signed_id(call["id"], signature)
        self.calls.append(call)


def finish_reason(candidate: Json, *, calls: bool) -> str | None:
    """Raises `ApiError` if the model's answer is malformed."""
    reason = candidate.get("finishReason")
    if not isinstance(reason, str) or not reason or reason == "FINISH_REASON_UNSPECIFIED":
        return None
    if reason in _MALFORMED:
        raise broken(reason, lenient.text(candidate.get("finishMessage")) or reason)
    return "tool_calls" if calls and reason == "STOP" else known(reason, _FINISH)


def parts_of(candidate: Json) -> list[Json]:
    inner = candidate.get("content")
    parts = inner.get("parts") if isinstance(inner, dict) else None
    return [part for part in parts if isinstance(part, dict)] if isinstance(parts, list) else []


def logprobs(candidate: Json) -> Json | None:
    result = candidate.get("logprobsResult")
    chosen = result.get("chosenCandidates") if isinstance(result, dict) else None
    if not isinstance(chosen, list):
        return None
    tops: list[Any] = result.get("topCandidates") if isinstance(result, dict) else []  # type: ignore[assignment]
    tops = tops if isinstance(tops, list) else []
    tokens = []
    for position, one in enumerate(chosen):
        others = tops[position].get("candidates") if position < len(tops) and isinstance(tops[position], dict) else []
        entry = _token(one)
        entry["top_logprobs"] = [_token(other) for other in (others if isinstance(others, list) else [])]
        tokens.append(entry)
    return {"content": tokens}


def _token(one: Any) -> Json:
    one = one if isinstance(one, dict) else {}
    token = str(one.get("token") or "")
    return {"token": token, "logprob": one.get("logProbability"), "bytes": list(token.encode(errors="replace"))}


def is_filtered(candidate: Json) -> bool:
    """Whether a content filter has ended a candidate."""
    return _FINISH.get(lenient.text(candidate.get("finishReason"))) == "content_filter"
