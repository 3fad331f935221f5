"""Parts of responses, for whole answers and streams: the response object, its usage and its errors."""

from __future__ import annotations

import time
from typing import Any, Final

from ...wire import lenient
from ...wire.errors import ApiError
from ...wire.json import Json, dumps, quote
from ..pivot import chat_parts

_INCOMPLETE: Final = {"length": "max_output_tokens", "content_filter": "content_filter"}
"""Why an answer is incomplete, by the finish reason of the chat. All other reasons complete it."""

_CODES: Final = frozenset({"context_length_exceeded", "insufficient_quota", "rate_limit_exceeded", "invalid_prompt"})
"""Codes of services that clients such as Codex act upon; for others the status decides."""


class Head:
    """What is the same in all response objects of one answer."""

    __slots__ = ("_repeated", "_start", "created", "id", "model")

    def __init__(self, answer_id: str, model: str, created: Any, repeated: str) -> None:
        """`repeated`: the fields that repeat the request, as JSON text."""
        self.id = answer_id if answer_id.startswith("resp_") else f"resp_{answer_id}"
        self.model = model
        self.created = created if type(created) is int and created > 0 else int(time.time())
        self._repeated = repeated
        self._start = f'{{"id":{quote(self.id)},"object":"response","created_at":{self.created},"model":{quote(model)},'

    def text(self, state: Json) -> str:
        """A response object in this state (`state_of`), as JSON text."""
        return f"{self._start}{dumps(state)[1:-1]},{self._repeated[1:]}"


def state_of(
    status: str, output: list[Json], *, usage: Json | None = None, reason: str = "", error: Json | None = None
) -> Json:
    """The fields of a response object that change while it grows. `reason`: why it is incomplete."""
    return {
        "status": status,
        "completed_at": int(time.time()) if status == "completed" else None,
        "error": error,
        "incomplete_details": {"reason": reason} if reason else None,
        "output": output,
        "usage": usage_of(usage),
    }


def incomplete_reason(finish_reason: str) -> str:
    return _INCOMPLETE.get(finish_reason, "")


def usage_of(usage: Json | None) -> Json | None:
    if usage is None:
        return None
    details = lenient.mapping(usage.get("prompt_tokens_details"))
    answered = lenient.mapping(usage.get("completion_tokens_details"))
    read, made = lenient.count(usage.get("prompt_tokens")), lenient.count(usage.get("completion_tokens"))
    return {
        "input_tokens": read,
        "input_tokens_details": {
            "cached_tokens": chat_parts.cached_tokens(usage),
            "cache_write_tokens": lenient.count(details.get("cache_creation_tokens")),
        },
        "output_tokens": made,
        "output_tokens_details": {"reasoning_tokens": lenient.count(answered.get("reasoning_tokens"))},
        "total_tokens": lenient.count(usage.get("total_tokens")) or read + made,
    }


def failure(error: ApiError) -> Json:
    """The error in a response object. Its codes are fewer than those of errors that are answers by themselves."""
    code = error.code if error.code in _CODES else None
    if code is None:
        code = (
            "rate_limit_exceeded"
            if error.status == 429
            else "server_error"
            if error.status >= 500
            else "invalid_prompt"
        )
    return {"code": code, "message": error.message, "param": error.param, "type": error.type}


def logprobs_of(given: Any) -> list[Json]:
    """The log probabilities of a piece of text, from those of a choice."""
    content = lenient.objects(lenient.mapping(given).get("content"))
    return [
        {**_token(one), "top_logprobs": [_token(other) for other in lenient.objects(one.get("top_logprobs"))]}
        for one in content
    ]


def _token(given: Json) -> Json:
    token, octets = lenient.text(given.get("token")), given.get("bytes")
    probability = given.get("logprob")
    known = isinstance(octets, list) and all(type(octet) is int for octet in octets)
    return {
        "token": token,
        "bytes": octets if known else list(token.encode(errors="replace")),
        "logprob": probability if lenient.is_number(probability) else 0.0,
    }
