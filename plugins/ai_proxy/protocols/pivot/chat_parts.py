"""Parts of answers for all service protocols: tool calls and usage in OpenAI's format."""

from __future__ import annotations

import uuid
from typing import Any, Final

from ...wire.json import Json, dumps
from ...wire.lenient import count
from .tool_calls import NO_ARGUMENTS


def tool_call(index: int, call_id: str, name: str, value: Any) -> Json:
    """A whole tool call of an answer. Generates an id if there is none."""
    text = value if isinstance(value, str) else dumps(value if value is not None else {})
    text = text if text.strip() else NO_ARGUMENTS
    call_id = call_id or f"call_{uuid.uuid4()}"
    return {"index": index, "id": call_id, "type": "function", "function": {"name": name, "arguments": text}}


def usage(prompt: Any, completion: Any, total: Any = None, *, cached: Any = None, reasoning: Any = None) -> Json:
    """The usage. `cached` tokens are a part of the prompt's, `reasoning` tokens a part of the answer's."""
    prompt, completion = count(prompt), count(completion)
    result: Json = {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": count(total) or prompt + completion,
    }
    if cached is not None and (cached := count(cached)):
        result["prompt_tokens_details"] = {"cached_tokens": cached}
    if reasoning is not None and (reasoning := count(reasoning)):
        result["completion_tokens_details"] = {"reasoning_tokens": reasoning}
    return result


_CACHED: Final = ("cached_tokens", "prompt_cache_hit_tokens")
"""Names of Moonshot and DeepSeek for the cached tokens of OpenAI's `prompt_tokens_details`."""


def cached_tokens(usage: Json) -> int:
    """The tokens of the prompt that were read from a cache, under any service's name."""
    details = usage.get("prompt_tokens_details")
    details = details if isinstance(details, dict) else {}
    return next(filter(None, map(count, (details.get("cached_tokens"), *map(usage.get, _CACHED)))), 0)


def usage_beside_cache(counted: Json, *, given: str, answered: str, read: str, written: str) -> Json:
    """The usage of a service whose input tokens do not include tokens read from or written to a cache.

    OpenAI's prompt tokens include them. The arguments are the service's names for the four counts.
    """
    from_cache, into_cache = count(counted.get(read)), count(counted.get(written))
    result = usage(count(counted.get(given)) + from_cache + into_cache, counted.get(answered))
    if from_cache or into_cache:
        result["prompt_tokens_details"] = {"cached_tokens": from_cache}
    if into_cache:
        result["prompt_tokens_details"]["cache_creation_tokens"] = into_cache
    return result
