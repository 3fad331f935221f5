"""Fits the tools of a chat to what a service accepts: names, schemas, `tool_choice`."""

from __future__ import annotations

from typing import Any, Final

from proxywasm import log

from ...wire import lenient
from ...wire.json import Json
from .chat_rules import ChatRules
from .identifiers import NameRule, tool_name

FIELDS: Final = frozenset({"tools", "tool_choice", "parallel_tool_calls"})
"""What `fit` looks at. Chats have tools, or none of these."""


class Names:
    """The names of tools in one request, and those that were replaced."""

    def __init__(self, rule: NameRule) -> None:
        self._rule = rule
        self._known: dict[str, str] = {}
        self.originals: dict[str, str] = {}
        """Of each replaced name: the client's, by the service's."""

    @property
    def count(self) -> int:
        """How many different names there are."""
        return len(self._known)

    def fitting(self, name: str) -> str:
        fitting = self._known.get(name)
        if fitting is None:
            fitting = self._known[name] = tool_name(name, self._rule) if name else name
            if fitting != name:
                log.debug("tool %s is %s for the upstream", name, fitting)
                self.originals[fitting] = name
        return fitting


def fit(body: Json, rules: ChatRules, names: Names) -> None:
    """Fit `tools` and `tool_choice`, in place. Anything but a list of objects is left for others to refuse."""
    given = body.get("tools")
    if isinstance(given, list) and all(isinstance(tool, dict) for tool in given):
        given = _allowed(body, given)
        tools = body["tools"] = [_tool(tool, rules, names) for tool in given]
        if names.count < len(tools):
            body["tools"] = _unique(tools)
        if not given:
            del body["tools"]
    elif given is not None:
        return
    _choice(body, names)


def _allowed(body: Json, tools: list[Json]) -> list[Json]:
    """The tools that `tool_choice` allows. Few services know such a list, so the other tools are left out."""
    choice = lenient.mapping(body.get("tool_choice"))
    if choice.get("type") != "allowed_tools":
        return tools
    inner = lenient.mapping(choice.get("allowed_tools")) or choice
    allowed = {_name(tool) for tool in lenient.objects(inner.get("tools"))}
    body["tool_choice"] = "required" if inner.get("mode") == "required" else "auto"
    return [tool for tool in tools if _name(tool) in allowed]


def _unique(tools: list[Json]) -> list[Json]:
    """The tools without those whose name an earlier one has. Source: the error of Anthropic's API, "Tool names must be
    unique".
    """
    named = {name: tool for tool in reversed(tools) if (name := _name(tool))}
    if len(named) == len(tools):
        return tools
    kept = [tool for tool in tools if named.get(_name(tool), tool) is tool]
    if len(kept) < len(tools):
        log.warn("%d of %d tools left out: each name may occur once", len(tools) - len(kept), len(tools))
    return kept


def _name(tool: Json) -> str:
    return lenient.text(lenient.mapping(tool.get("function", tool)).get("name"))


def _tool(tool: Json, rules: ChatRules, names: Names) -> Json:
    if "cache_control" in tool and not rules.cache_control:
        tool = {key: value for key, value in tool.items() if key != "cache_control"}
    function = tool.get("function")
    if not isinstance(function, dict):
        return tool  # One of the service's own tools.
    if "cache_control" in function and not rules.cache_control:
        function = {key: value for key, value in function.items() if key != "cache_control"}
    name = function.get("name")
    if isinstance(name, str) and (fitting := names.fitting(name)) != name:
        function = {**function, "name": fitting}
    parameters = function.get("parameters")
    if isinstance(parameters, dict) and (whole := _object_schema(parameters)) is not parameters:
        function = {**function, "parameters": whole}
    return tool if function is tool["function"] else {**tool, "function": function}


def _object_schema(schema: Json) -> Json:
    """Services demand `type` and `properties`, which clients leave out for a tool without parameters."""
    if schema.get("type") == "object" and isinstance(schema.get("properties"), dict):
        return schema
    if schema.get("type") not in (None, "object") or schema.keys() & {"$ref", "anyOf", "oneOf", "allOf"}:
        return schema
    given = {key: value for key, value in schema.items() if key not in {"type", "properties"}}
    return {"type": "object", "properties": lenient.mapping(schema.get("properties")), **given}


def _choice(body: Json, names: Names) -> None:
    """Without tools there is nothing to choose, and services refuse a tool that is not there."""
    tools = lenient.objects(body.get("tools"))
    if not tools:
        for name in ("tool_choice", "parallel_tool_calls"):
            if name in body:
                log.debug("%s left out: there are no tools", name)
                del body[name]
        return
    choice: Any = body.get("tool_choice")
    if not (isinstance(choice, dict) and (chosen := _name(choice))):
        return
    fitting = names.fitting(chosen)
    if fitting not in {_name(tool) for tool in tools}:
        log.debug("tool_choice left out: there is no tool %s", chosen)
        del body["tool_choice"]
    elif fitting != chosen:
        body["tool_choice"] = {"type": "function", "function": {"name": fitting}}
