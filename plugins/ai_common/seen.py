"""What an answer has used: as the service says, or, of an answer that was cut, as far as it was seen."""

from __future__ import annotations

import json
import re
from typing import Any, Final

from .usage import UsageReader

_KEPT: Final = 16 * 1024
"""Bytes from the beginning of an answer. If it was cut, they say which part of its bytes is text."""
_TEXT: Final = re.compile(
    rb'"(?:content|text|delta|thinking|reasoning_content|reasoning|partial_json|arguments|refusal)"'
    rb'\s*:\s*"((?:[^"\\]|\\.)*)'
)
_MODEL: Final = re.compile(rb'"model(?:Version)?"\s*:\s*"((?:[^"\\]|\\.){1,200})"')
_DELTAS: Final = re.compile(rb"(?:\A|\n)data: ?\{")


class Used(tuple[int, int, int]):
    """Input, output, and the part of the input that was in a cache."""

    __slots__ = ()


class Seen:
    """The answer to a request, as far as it has passed."""

    __slots__ = ("_kept", "_reader", "_size", "complete", "status")

    def __init__(self, status: int) -> None:
        self.status = status
        self.complete = False
        self._reader = UsageReader()
        self._kept: list[bytes] = []
        self._size = 0

    def feed(self, chunk: bytes) -> None:
        if self._size < _KEPT:
            self._kept.append(chunk)
        self._size += len(chunk)
        self._reader.feed(chunk)

    def used(self, expected_input: int, bytes_per_token: int) -> Used:
        """Tokens, estimated where the service has not said them."""
        usage = self._reader.usage()
        if usage is not None and self.complete:
            return Used((usage.input, usage.output, usage.cached))
        if self.status >= 400:
            return Used((0, 0, 0))
        # Anthropic's streams begin with a usage: what went in, and a first token or so of output.
        output = self._seen_output(bytes_per_token)
        if usage is None:
            return Used((expected_input, output, 0))
        return Used((usage.input or expected_input, max(usage.output, output), usage.cached))

    def model(self) -> str:
        """The model that the service has written into its answer; empty: none."""
        return model_in(b"".join(self._kept))

    def _seen_output(self, bytes_per_token: int) -> int:
        """An event has at least a token; and so many bytes of text are one."""
        kept = b"".join(self._kept)
        if not kept:
            return 0
        text = sum(len(found[1]) for found in _TEXT.finditer(kept))
        tokens = max(-(-text // bytes_per_token), len(_DELTAS.findall(kept)) if text else 0)
        return tokens * max(self._size, len(kept)) // len(kept)


def model_in(beginning: bytes) -> str:
    """The model that the beginning of an answer names; empty: none."""
    found = _MODEL.search(beginning)
    if found is None:
        return ""
    try:
        return str(json.loads(b'"' + found[1] + b'"'))
    except ValueError:
        return ""


def read_log(value: bytes | None) -> Used | None:
    """What ai_proxy behind this plugin says in `ai_proxy_log`: it asks each service for the usage, whether the client
    has asked or not. None: it says nothing of tokens.
    """
    if not value or b'"input_token"' not in value:
        return None
    try:
        document: Any = json.loads(value)
        numbers = [document[name] for name in ("input_token", "output_token", "cached_tokens")]
    except (ValueError, KeyError, TypeError):
        return None
    if any(type(number) is not int or number < 0 for number in numbers):
        return None
    return Used(numbers)
