"""Converts the tools of a request, and which of them the model may call.

Functions and custom tools, also those in namespaces, become functions. Tools that the service itself would run do not
exist behind this protocol.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from proxywasm import log

from ...wire import lenient
from ...wire.errors import ApiError, check_repeated
from ...wire.json import Json
from .custom_input import INPUT
from .remembered import Tool

SEARCH: Final = "tool_search"

_DROPPED: Final = ("web_search", SEARCH)
"""The beginnings of types without which the model answers from what it knows: clients send them with every request. All
tools that are given are there at once, so a service does not have to search for any."""
_CLIENT_TOOLS: Final = frozenset(
    {"apply_patch", "computer", "computer_use", "computer_use_preview", "local_shell", "shell"}
)


class Tools(NamedTuple):
    """The converted tools of one request."""

    functions: list[Json]
    """For the service."""
    kept: list[Json]
    """As the client has sent them, without those that are dropped."""
    by_name: dict[str, Tool]
    """By the names of the functions."""


def converted(given: Any) -> Tools:
    """Raises `ApiError`."""
    if given is None:
        given = []
    if not isinstance(given, list) or not all(isinstance(tool, dict) for tool in given):
        raise ApiError(400, "tools must be an array of objects", param="tools")
    tools = Tools([], [], {})
    for index, tool in enumerate(given):
        where = f"tools[{index}]"
        if _is_kept(tool, where):
            tools.kept.append(tool)
            for function, own in _functions(tool, where):
                name = function["function"]["name"]
                if name not in tools.by_name:  # A search may find a tool again.
                    tools.functions.append(function)
                    tools.by_name[name] = own
    return tools


def found_names(given: Any) -> str:
    """What a search for tools has found, for the model."""
    names = [function["function"]["name"] for function in converted(given).functions]
    return f"Found tools: {', '.join(names)}" if names else "Found no tools."


def service_name(item: Json) -> str:
    """The name under which the service knows the tool of a call, or of a choice."""
    return _qualified(lenient.text(item.get("namespace")), lenient.text(item.get("name")))


def _qualified(namespace: str, name: str) -> str:
    return f"{namespace}__{name}" if namespace else name


def _is_kept(tool: Json, where: str) -> bool:
    kind = lenient.text(tool.get("type"))
    if kind in {"function", "custom", "namespace"} or (kind == SEARCH and tool.get("execution") == "client"):
        return True
    if kind.startswith(_DROPPED):
        log.warn("%s: tool of type %s dropped: the model service behind this route does not have it", where, kind)
        return False
    advice = "declare it as a function" if kind in _CLIENT_TOOLS else "leave it out"
    raise ApiError(
        400,
        f"{where}: the model service behind this route has no tools of type {kind!r}; {advice}",
        param=f"{where}.type",
        code="unsupported_value",
    )


def _functions(tool: Json, where: str) -> Iterator[tuple[Json, Tool]]:
    if tool["type"] != "namespace":
        yield _function(tool, "", where)
        return
    namespace = _name(tool, where)
    inner = tool.get("tools")
    inner = inner if isinstance(inner, list) else []
    check_repeated(len(namespace) * len(inner))
    for index, one in enumerate(inner):
        if not isinstance(one, dict):
            raise ApiError(400, f"{where}.tools must be an array of objects", param=f"{where}.tools")
        yield _function(one, namespace, f"{where}.tools[{index}]")


def _function(tool: Json, namespace: str, where: str) -> tuple[Json, Tool]:
    kind = lenient.text(tool.get("type")) or "function"
    name = SEARCH if kind == SEARCH else _name(tool, where)
    function: Json = {"name": _qualified(namespace, name)}
    if description := _described(tool):
        function["description"] = description
    if kind == "custom":
        function["parameters"] = _ONE_TEXT
    elif tool.get("parameters") is not None:
        function["parameters"] = tool["parameters"]
    if isinstance(tool.get("strict"), bool):
        function["strict"] = tool["strict"]
    return {"type": "function", "function": function}, Tool(name, namespace, kind)


def _name(tool: Json, where: str) -> str:
    name = lenient.text(tool.get("name"))
    if not name:
        raise ApiError(400, f"{where} must have a name", param=f"{where}.name", code="missing_required_parameter")
    return name


_ONE_TEXT: Final[Json] = {
    "type": "object",
    "properties": {INPUT: {"type": "string", "description": "The whole input of the tool, as text."}},
    "required": [INPUT],
    "additionalProperties": False,
}


def _described(tool: Json) -> str:
    """The description, and the grammar of the input: nothing else can tell the model."""
    description = lenient.text(tool.get("description"))
    form = lenient.mapping(tool.get("format"))
    if form.get("type") != "grammar":
        return description
    syntax, definition = lenient.text(form.get("syntax")), lenient.text(form.get("definition"))
    rule = f"The input must match this grammar ({syntax}):\n{definition}"
    return f"{description}\n\n{rule}" if description else rule


def choose(choice: Any, tools: Tools, pivot: Json) -> None:
    """Set `tools` and `tool_choice` of the pivot. Raises `ApiError`."""
    functions = tools.functions
    kind = lenient.text(choice.get("type")) if isinstance(choice, dict) else ""
    if kind == "allowed_tools":
        functions = _allowed(choice, functions)
        choice = choice.get("mode")
    elif kind in {"function", "custom"}:
        name = service_name(choice)
        if name not in tools.by_name:
            raise _unknown(f"the tool {name!r}, which is not among `tools`")
        pivot["tool_choice"] = {"type": "function", "function": {"name": name}}
    elif kind:
        raise _unknown(f"a tool of type {kind!r}, which the model service behind this route does not have")
    if functions:
        pivot["tools"] = functions
    if choice in {"none", "required"} if isinstance(choice, str) else False:
        if choice == "required" and not functions:
            raise _unknown("a call, but there is no tool")
        if functions:
            pivot["tool_choice"] = choice


def _unknown(what: str) -> ApiError:
    return ApiError(400, f"tool_choice asks for {what}", param="tool_choice", code="invalid_value")


def _allowed(choice: Json, functions: list[Json]) -> list[Json]:
    """The functions among the allowed tools: other services have no such choice, so they get no others."""
    names = {service_name(tool) for tool in lenient.objects(choice.get("tools"))}
    return [function for function in functions if function["function"]["name"] in names]
