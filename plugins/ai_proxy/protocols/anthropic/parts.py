"""Parts of Anthropic's messages, for whole answers and streams: blocks, usage, stop reasons, errors."""

from __future__ import annotations

import uuid
from typing import Final

from ...wire.errors import TOO_LONG, ApiError
from ...wire.json import Json
from ...wire.lenient import count
from ..pivot.chat_parts import cached_tokens
from ..pivot.identifiers import escaped_id

STOP_REASONS: Final = {
    "stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use", "function_call": "tool_use",
    "content_filter": "refusal",
}  # fmt: skip
"""By OpenAI's finish reason."""

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


_MOST_UNREAD: Final = 64 * 1024
_SLICE: Final = 64 * 1024


class Brackets:
    """Detects the end of a JSON object that arrives in pieces. Reads each piece once."""

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
    """A content block of a stream and its text that is not written yet."""

    __slots__ = ("_json", "_unread", "_unread_size", "_unwritten", "closed", "data", "id", "kind", "name")

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.id = self.name = self.data = ""
        self.closed = False
        self._unwritten: list[str] = []
        self._unread: list[str] = []
        """Written pieces of a tool's arguments that `Brackets` has not read yet. Most are never needed."""
        self._json = Brackets()
        self._unread_size = 0

    def append(self, text: str) -> None:
        self._unwritten.append(text)

    def take(self) -> str:
        """The text since the last call."""
        if not self._unwritten:
            return ""
        text = "".join(self._unwritten)
        self._unwritten.clear()
        if self.kind == "tool_use":
            self._unread.append(text)
            self._unread_size += len(text)
            if self._unread_size > _MOST_UNREAD:
                self._read_written()
        return text

    @property
    def ready(self) -> bool:
        """The block can begin: a tool's name has to be sent with the beginning."""
        return self.kind != "tool_use" or bool(self.name)

    @property
    def complete(self) -> bool:
        """The block can end."""
        if self.kind != "tool_use":
            return True
        self._read_written()
        return self._json.closed

    def _read_written(self) -> None:
        for text in self._unread:
            self._json.feed(text)
        self._unread.clear()
        self._unread_size = 0

    def content(self) -> Json:
        if self.kind == "text":
            return {"type": "text", "text": ""}
        if self.kind == "thinking":
            return {"type": "thinking", "signature": "", "thinking": ""}
        if self.kind == "redacted_thinking":
            return {"type": "redacted_thinking", "data": self.data}
        call_id = escaped_id(self.id) if self.id else f"toolu_{uuid.uuid4()}"
        return {"type": "tool_use", "id": call_id, "name": self.name, "input": {}}


def usage(usage: Json | None) -> Json:
    """Anthropic's usage. Its input tokens do not include cached tokens, OpenAI's do."""
    usage = usage or {}
    details = usage.get("prompt_tokens_details")
    details = details if isinstance(details, dict) else {}
    cached = cached_tokens(usage)
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


_TOO_LONG: Final = "prompt is too long"
"""Anthropic has no code for it: clients such as Claude Code shorten the conversation when an error has these words."""


def error_document(error: ApiError) -> Json:
    kind = _ERROR_TYPES.get(error.status) or ("invalid_request_error" if error.status < 500 else "api_error")
    details = {} if error.details is None else {"details": error.details}
    message = error.message
    if error.code == TOO_LONG and _TOO_LONG not in message.lower():
        message = f"{_TOO_LONG}: {message}"
    return {"type": "error", "error": {"type": kind, "message": message, **details}}
