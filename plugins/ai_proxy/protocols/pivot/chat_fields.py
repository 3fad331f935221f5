"""Reads fields of chat requests, for all service protocols."""

from __future__ import annotations

from typing import Any, NamedTuple

from proxywasm import JsonTooComplexError

from ...wire import lenient
from ...wire.errors import ApiError, request_too_complex
from ...wire.json import Json, check_together, dumps
from .tool_calls import arguments_of, parse_arguments


def messages(body: Json) -> list[Json]:
    """The messages of a request. Raises `ApiError` unless they are a non-empty list of objects."""
    given = body.get("messages")
    if not isinstance(given, list) or not given:
        raise ApiError(400, "messages must be a non-empty array", param="messages")
    arguments: list[str] = []
    for index, message in enumerate(given):
        if not isinstance(message, dict) or not isinstance(message.get("role", ""), str):
            raise ApiError(400, f"messages[{index}] must be an object with a role", param=f"messages[{index}]")
        if "tool_calls" in message:
            arguments += arguments_of(message["tool_calls"])
    try:
        check_together(arguments)
    except JsonTooComplexError as error:
        raise request_too_complex(error) from None
    return list(given)


def is_system(message: Json) -> bool:
    """Whether a message is a system prompt; OpenAI's newer models call the role `developer`."""
    return message.get("role") in {"system", "developer"}


def has_calls(message: Json) -> bool:
    """Whether a message has tool calls."""
    return isinstance(message.get("tool_calls"), list) and bool(message["tool_calls"])


class ToolCall(NamedTuple):
    """A tool call in a message; `raw` is the whole call. Arguments that are not a JSON object are left out."""

    id: str
    name: str
    arguments: Json
    raw: Json

    @property
    def text(self) -> str:
        """The arguments as JSON text, unchanged if they are valid. Never empty, because services refuse that."""
        given = self.raw["function"].get("arguments")
        return given if isinstance(given, str) and self.arguments else dumps(self.arguments)


def calls(message: Json) -> list[ToolCall]:
    """The tool calls in a message. Raises `ApiError`."""
    given = message.get("tool_calls")
    result = []
    for call in given if isinstance(given, list) else []:
        function = call.get("function") if isinstance(call, dict) else None
        if not isinstance(function, dict):
            raise ApiError(400, "a tool call must have a function", param="messages")
        call_id, name = str(call.get("id") or ""), str(function.get("name") or "")
        result.append(ToolCall(call_id, name, parse_arguments(name, function.get("arguments")), call))
    return result


def functions(body: Json) -> list[Json]:
    """The functions among the tools. Raises `ApiError`."""
    given = body.get("tools")
    if given is None:
        return []
    if not isinstance(given, list):
        raise ApiError(400, "tools must be an array", param="tools")
    result = []
    for index, tool in enumerate(given):
        function = tool.get("function") if isinstance(tool, dict) else None
        if not isinstance(function, dict):
            raise ApiError(400, f"tools[{index}] must be a function", param=f"tools[{index}]")
        result.append(function)
    return result


def chosen_function(choice: Any) -> str:
    """The function that a `tool_choice` names; empty if it names none."""
    given = lenient.mapping(choice)
    return lenient.text(lenient.mapping(given.get("function", given)).get("name"))


def max_tokens(body: Json) -> int | None:
    """`max_completion_tokens` or `max_tokens`. Raises `ApiError` unless it is a number."""
    name = "max_tokens" if body.get("max_completion_tokens") is None else "max_completion_tokens"
    value = body.get(name)
    if value is None:
        return None
    # In some languages all numbers are floats.
    if not lenient.is_number(value):
        raise ApiError(400, f"{name} must be an integer", param=name)
    return int(value)


def stops(body: Json) -> list[Any]:
    """`stop` as a list; OpenAI accepts a text, too. Empty texts are left out, because services refuse them."""
    stop = body.get("stop")
    return [one for one in (stop if isinstance(stop, list) else [stop]) if one not in ("", None)]


def schema(body: Json) -> Json:
    """`response_format.json_schema`, an object with name and `schema`; empty if the request has none."""
    wanted = lenient.mapping(body.get("response_format"))
    named = lenient.mapping(wanted.get("json_schema")) if wanted.get("type") == "json_schema" else {}
    return named if isinstance(named.get("schema"), dict) else {}


def prompt(body: Json, otherwise: str = "") -> str:
    """The prompt of an image. Raises `ApiError` if there is none and no default (`otherwise`)."""
    given = body.get("prompt") or otherwise
    if not isinstance(given, str) or not given:
        raise ApiError(400, "prompt is missing", param="prompt")
    return given
