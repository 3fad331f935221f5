"""What codecs share that is about conversations in general, not about one protocol."""

from __future__ import annotations

from typing import Any

from ..errors import ApiError
from ..jsonx import Json, dumps


def messages(body: Json) -> list[Json]:
    """The messages of a chat request. Raises `ApiError` for what is none."""
    given = body.get("messages")
    if not isinstance(given, list) or not given:
        raise ApiError(400, "messages must be a non-empty array", param="messages")
    for index, message in enumerate(given):
        if not isinstance(message, dict):
            raise ApiError(400, f"messages[{index}] must be an object", param=f"messages[{index}]")
    return given


def text_of(content: Any) -> str:
    """The text of a message's content: text, or a list of parts of which some are text."""
    if isinstance(content, list):
        return "\n".join(text for part in content if isinstance(part, dict) and (text := string(part.get("text"))))
    return string(content)


def string(value: Any) -> str:
    return value if isinstance(value, str) else ""


def objects(value: Any) -> list[Json]:
    """The objects of a list, whatever it was meant to be."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def count(value: Any) -> int:
    """A number of tokens."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def usage(prompt: Any, completion: Any, total: Any = None) -> Json:
    """Tokens as OpenAI counts them."""
    prompt, completion = count(prompt), count(completion)
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": count(total) or prompt + completion,
    }


def stops(body: Json) -> list[str] | None:
    """`stop` as a list; OpenAI also takes one string."""
    stop = body.get("stop")
    return [stop] if isinstance(stop, str) else stop if isinstance(stop, list) and stop else None


def max_tokens(body: Json) -> Any:
    """`max_completion_tokens` is the newer name of `max_tokens`."""
    value = body.get("max_completion_tokens")
    return body.get("max_tokens") if value is None else value


def compact(value: Any) -> str:
    """A document as text, for protocols that have JSON inside of JSON."""
    return value if isinstance(value, str) else dumps(value)
