"""What Anthropic's messages consist of, whole ones and streamed ones: blocks, counts, stop reasons, errors."""

from __future__ import annotations

import uuid
from typing import Final

from ...wire.errors import ApiError
from ...wire.json import Json
from ...wire.lenient import count

STOP_REASONS: Final = {
    "stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use", "function_call": "tool_use",
    "content_filter": "refusal",
}  # fmt: skip
"""From the finish reasons of OpenAI. Others are told as they are."""

_CACHED: Final = ("cached_tokens", "prompt_cache_hit_tokens")
"""Where Moonshot and DeepSeek have told what OpenAI tells in `prompt_tokens_details`."""

_ERROR_TYPES: Final = {
    400: "invalid_request_error", 401: "authentication_error", 402: "billing_error", 403: "permission_error",
    404: "not_found_error", 413: "request_too_large", 429: "rate_limit_error", 504: "timeout_error",
    529: "overloaded_error",
}  # fmt: skip

DELTAS: Final = {
    "text": ("text_delta", "text"),
    "thinking": ("thinking_delta", "thinking"),
    "tool_use": ("input_json_delta", "partial_json"),
}


_UNSEEN: Final = 64 * 1024
_SLICE: Final = 64 * 1024


class Brackets:
    """Whether a JSON object that comes in pieces has come to its end: each piece is looked at once."""

    __slots__ = ("_begun", "_depth", "_escaped", "_in_string")

    def __init__(self) -> None:
        self._begun = self._escaped = self._in_string = False
        self._depth = 0

    @property
    def closed(self) -> bool:
        return self._begun and self._depth <= 0 and not self._in_string

    def feed(self, text: str) -> None:
        for start in range(0, len(text), _SLICE):
            self._feed(text[start : start + _SLICE])

    def _feed(self, text: str) -> None:
        if self._escaped:
            text = text[1:]
        whole = text.rstrip("\\")
        self._escaped = (len(text) - len(whole)) % 2 == 1
        parts = whole.replace("\\\\", "").replace('\\"', "").split('"')
        outside = "".join(parts[1 if self._in_string else 0 :: 2])
        self._in_string ^= len(parts) % 2 == 0
        opened = outside.count("{") + outside.count("[")
        self._depth += opened - outside.count("}") - outside.count("]")
        self._begun = self._begun or opened > 0


class Block:
    """A block and what is said of it."""

    __slots__ = ("_inside", "_json", "_told", "_untold", "closed", "id", "kind", "name")

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.id = self.name = ""
        self.closed = False
        self._untold: list[str] = []
        self._told: list[str] = []
        """What has gone out of the arguments of a tool, and has not been looked at yet: mostly nobody asks."""
        self._json = Brackets()
        self._inside = 0

    def say(self, text: str) -> None:
        self._untold.append(text)

    def take(self) -> str:
        """What has been said since the last time."""
        if not self._untold:
            return ""
        text = "".join(self._untold)
        self._untold.clear()
        if self.kind == "tool_use":
            self._told.append(text)
            self._inside += len(text)
            if self._inside > _UNSEEN:
                self._look()
        return text

    @property
    def ready(self) -> bool:
        """It can begin: what a tool is called is told at once."""
        return self.kind != "tool_use" or bool(self.name)

    @property
    def complete(self) -> bool:
        """It can end."""
        if self.kind != "tool_use":
            return True
        self._look()
        return self._json.closed

    def _look(self) -> None:
        for text in self._told:
            self._json.feed(text)
        self._told.clear()
        self._inside = 0

    def content(self) -> Json:
        if self.kind == "text":
            return {"type": "text", "text": ""}
        if self.kind == "thinking":
            return {"type": "thinking", "signature": "", "thinking": ""}
        return {"type": "tool_use", "id": self.id or f"toolu_{uuid.uuid4()}", "name": self.name, "input": {}}


def usage(usage: Json | None) -> Json:
    """Anthropic does not count what came from its cache among the input tokens, OpenAI does."""
    usage = usage or {}
    details = usage.get("prompt_tokens_details")
    details = details if isinstance(details, dict) else {}
    cached = next(filter(None, map(count, (details.get("cached_tokens"), *map(usage.get, _CACHED)))), 0)
    written = count(details.get("cache_creation_tokens"))
    result: Json = {
        "input_tokens": max(count(usage.get("prompt_tokens")) - cached - written, 0),
        "output_tokens": count(usage.get("completion_tokens")),
    }
    if cached:
        result["cache_read_input_tokens"] = cached
    if written:
        result["cache_creation_input_tokens"] = written
    return result


def error_document(error: ApiError) -> Json:
    kind = _ERROR_TYPES.get(error.status) or ("invalid_request_error" if error.status < 500 else "api_error")
    return {"type": "error", "error": {"type": kind, "message": error.message}}
