"""What the contents of messages have in common, whatever a provider makes of them."""

from __future__ import annotations

import base64
import binascii
import uuid
from typing import Any, NamedTuple
from urllib.parse import unquote_to_bytes

from ..errors import ApiError
from ..jsonx import Json, dumps, loads


class Data(NamedTuple):
    """A file in base64 and what it is."""

    media_type: str
    base64: str


def messages(body: Json) -> list[Json]:
    """The messages of a request. Raises `ApiError` if one is no object."""
    given = body["messages"]
    for index, message in enumerate(given):
        if not isinstance(message, dict) or not isinstance(message.get("role", ""), str):
            raise ApiError(400, f"messages[{index}] must be an object with a role", param=f"messages[{index}]")
    return list(given)


def is_system(message: Json) -> bool:
    """OpenAI has renamed the role for its newer models."""
    return message.get("role") in {"system", "developer"}


def parts(content: Any) -> list[Json]:
    """A content as a list of parts; a text is one part. Raises `ApiError`."""
    if isinstance(content, str):
        return [{"type": "text", "text": content}] if content else []
    if isinstance(content, list):
        result = [{"type": "text", "text": part} if isinstance(part, str) else part for part in content if part]
        if not all(isinstance(part, dict) and isinstance(part.get("type", ""), str) for part in result):
            raise ApiError(400, "the parts of a content must be objects with a type", param="messages")
        return result
    return []


def text(content: Any, separator: str = "\n") -> str:
    """The text in a content."""
    if isinstance(content, str):
        return content
    texts = (part.get("text") for part in parts(content) if isinstance(part, dict))
    return separator.join(one for one in texts if isinstance(one, str))


def url_of(part: Json) -> str:
    """The address in a part of type `image_url` (or any other `*_url`); some clients leave out the object around it."""
    value = part.get(str(part.get("type")))
    url = value.get("url") if isinstance(value, dict) else value
    if not isinstance(url, str) or not url:
        raise ApiError(400, f"a content part of type {part.get('type')} must have a url", param="messages")
    return url


def data_url(url: str) -> Data | None:
    """The file in a `data:` URL (RFC 2397), None if it is another kind of address. Raises `ApiError`."""
    if url[:5].lower() != "data:":
        return None
    head, comma, data = url[5:].partition(",")
    media_type, *parameters = head.split(";")
    if not comma or "/" not in media_type:
        raise ApiError(400, "a data URL must have a media type and data", param="messages")
    if "base64" not in parameters:
        return Data(media_type, base64.b64encode(unquote_to_bytes(data)).decode())
    return Data(media_type, data)


def decoded(data: str) -> bytes:
    """The bytes of base64. Raises `ApiError`."""
    try:
        return base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        raise ApiError(400, "a file in a message is not base64", param="messages") from None


class ToolCall(NamedTuple):
    """A call in a message; `raw` is all of it. Arguments that are no JSON object have been cut, and are left out."""

    id: str
    name: str
    arguments: Json
    raw: Json


def calls(message: Json) -> list[ToolCall]:
    """The tool calls in a message. Raises `ApiError`."""
    given = message.get("tool_calls")
    result = []
    for call in given if isinstance(given, list) else []:
        function = call.get("function") if isinstance(call, dict) else None
        if not isinstance(function, dict):
            raise ApiError(400, "a tool call must have a function", param="messages")
        call_id, name = str(call.get("id") or ""), str(function.get("name") or "")
        result.append(ToolCall(call_id, name, arguments(function.get("arguments")), call))
    return result


def arguments(value: Any) -> Json:
    if isinstance(value, str):
        try:
            value = loads(value)
        except ValueError:
            value = None
    return value if isinstance(value, dict) else {}


def tools(body: Json) -> list[Json]:
    """The functions among the tools. Raises `ApiError`."""
    given = body.get("tools")
    if given is None:
        return []
    if not isinstance(given, list):
        raise ApiError(400, "tools must be an array", param="tools")
    functions = []
    for index, tool in enumerate(given):
        function = tool.get("function") if isinstance(tool, dict) else None
        if not isinstance(function, dict):
            raise ApiError(400, f"tools[{index}] must be a function", param=f"tools[{index}]")
        functions.append(function)
    return functions


def chosen(choice: Any) -> str:
    """The function that a `tool_choice` names, empty if it names none."""
    function = choice.get("function") if isinstance(choice, dict) else None
    function = function if isinstance(function, dict) else choice if isinstance(choice, dict) else {}
    return str(function.get("name") or "")


def positive(value: Any) -> int:
    """A number of tokens, 0 if there is none. Floats count: some languages have no other numbers."""
    number = isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 1 << 53
    return int(value) if number else 0


def max_tokens(body: Json) -> int:
    return positive(body.get("max_completion_tokens")) or positive(body.get("max_tokens"))


def prompt(body: Json, otherwise: str = "") -> str:
    """What an image is to show. Raises `ApiError` if that is not said."""
    given = body.get("prompt") or otherwise
    if not isinstance(given, str) or not given:
        raise ApiError(400, "prompt is missing", param="prompt")
    return given


def stops(body: Json) -> list[Any]:
    stop = body.get("stop")
    return [stop] if isinstance(stop, str) else stop if isinstance(stop, list) else []


def tool_call(index: int, call_id: str, name: str, value: Any) -> Json:
    """A whole tool call of an answer; an id is made up where there is none."""
    text = value if isinstance(value, str) else dumps(value if value is not None else {})
    call_id = call_id or f"call_{uuid.uuid4()}"
    return {"index": index, "id": call_id, "type": "function", "function": {"name": name, "arguments": text}}


def usage(counted: Json, *, given: str, answered: str, read: str, written: str) -> Json:
    """The usage of a service that counts what came from a cache or went into one beside the input tokens.

    OpenAI counts it among those of the prompt. The arguments are the service's names for the four counts.
    """
    from_cache, into_cache = positive(counted.get(read)), positive(counted.get(written))
    prompt, completion = positive(counted.get(given)) + from_cache + into_cache, positive(counted.get(answered))
    result: Json = {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}
    if from_cache or into_cache:
        result["prompt_tokens_details"] = {"cached_tokens": from_cache}
    if into_cache:
        result["prompt_tokens_details"]["cache_creation_tokens"] = into_cache
    return result
