"""`functions` and `function_call`, which OpenAI had before `tools`, and some clients still send.

Source: OpenAI API reference, "Create chat completion", deprecated parameters.
"""

from __future__ import annotations

from typing import Any, Final

from ...wire import lenient
from ...wire.json import Json


def translate(body: Json) -> bool:
    """Replace these fields by tools, in place; whether there were any."""
    given = body.pop("functions", None)
    choice = body.pop("function_call", None)
    functions = lenient.objects(given)
    if functions and not body.get("tools"):
        body["tools"] = [{"type": "function", "function": function} for function in functions]
        if choice is not None and body.get("tool_choice") is None:
            name = lenient.text(lenient.mapping(choice).get("name"))
            body["tool_choice"] = {"type": "function", "function": {"name": name}} if name else choice
    return bool(functions)


class History:
    """Translates messages with `function_call`, and those of the role `function`."""

    _number = 0

    def message(self, message: Json) -> Json:
        """The message with `tool_calls`, or of the role `tool`. A result belongs to the last call."""
        if message.get("role") == "function":
            if not self._number:
                return message  # The result of no call; service protocols take it for the user's.
            rest = {name: value for name, value in message.items() if name != "role"}
            return {"role": "tool", "tool_call_id": f"call_{self._number}", **rest}
        self._number += 1
        rest = {name: value for name, value in message.items() if name != "function_call"}
        call = {"id": f"call_{self._number}", "type": "function", "function": lenient.mapping(message["function_call"])}
        return {**rest, "tool_calls": [call]}


def is_legacy(message: Json) -> bool:
    return message.get("role") == "function" or (
        isinstance(message.get("function_call"), dict) and not message.get("tool_calls")
    )


def with_tool_calls(message: Json) -> Json:
    """A message or delta of a service that knows only functions, with its call among `tool_calls`."""
    function = message.get("function_call")
    if not isinstance(function, dict) or message.get("tool_calls"):
        return message
    rest = {name: value for name, value in message.items() if name != "function_call"}
    return {**rest, "tool_calls": [{"index": 0, "type": "function", "function": function}]}


FINISH: Final = {"tool_calls": "function_call"}
"""The finish reason of clients that know only functions."""


def delta(given: Json) -> Json:
    """A message or delta for such clients: the first call as `function_call`."""
    calls = lenient.objects(given.get("tool_calls"))
    rest = {name: value for name, value in given.items() if name != "tool_calls"}
    first: Any = next((call for call in calls if call.get("index", 0) == 0), None)
    return rest if first is None else {**rest, "function_call": lenient.mapping(first.get("function"))}
