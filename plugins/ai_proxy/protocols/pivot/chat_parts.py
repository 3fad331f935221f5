"""What answers have in common: tool calls and counts of tokens as OpenAI tells them."""

from __future__ import annotations

import uuid
from typing import Any

from ...wire.json import Json, dumps
from ...wire.lenient import count


def tool_call(index: int, call_id: str, name: str, value: Any) -> Json:
    """A whole tool call of an answer; an id is made up where there is none."""
    text = value if isinstance(value, str) else dumps(value if value is not None else {})
    call_id = call_id or f"call_{uuid.uuid4()}"
    return {"index": index, "id": call_id, "type": "function", "function": {"name": name, "arguments": text}}


def usage(prompt: Any, completion: Any, total: Any = None, *, cached: Any = None, reasoning: Any = None) -> Json:
    """Tokens used. `cached` are some of those of the prompt, `reasoning` some of those of the answer."""
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


def usage_beside_cache(counted: Json, *, given: str, answered: str, read: str, written: str) -> Json:
    """The usage of a service that counts what came from a cache or went into one beside the input tokens.

    OpenAI counts it among those of the prompt. The arguments are the service's names for the four counts.
    """
    from_cache, into_cache = count(counted.get(read)), count(counted.get(written))
    result = usage(count(counted.get(given)) + from_cache + into_cache, counted.get(answered))
    if from_cache or into_cache:
        result["prompt_tokens_details"] = {"cached_tokens": from_cache}
    if into_cache:
        result["prompt_tokens_details"]["cache_creation_tokens"] = into_cache
    return result
