"""Converts the tools of Anthropic's clients to functions.

Some tools have no schema in the request, because Claude knows them. Those that the client runs (shell, editor, memory)
become functions with their documented input; those that Anthropic's servers run are left out.
Source: platform.claude.com, "Bash tool", "Text editor tool", "Memory tool", "Tool reference".
"""

from __future__ import annotations

from typing import Final

from proxywasm import log

from ...wire import lenient
from ...wire.errors import ApiError
from ...wire.json import Json

_OF_A_TOOL: Final = ("name", "description", "strict")

_TEXT: Final[Json] = {"type": "string"}
_EDITING: Final[Json] = {
    "path": {"type": "string", "description": "Path of the file or directory"},
    "view_range": {"type": "array", "items": {"type": "integer"}, "description": "First and last line to view"},
    "file_text": {"type": "string", "description": "Content of a new file, for create"},
    "old_str": {"type": "string", "description": "Text to replace, for str_replace"},
    "new_str": {"type": "string", "description": "Text in its place, for str_replace"},
    "insert_line": {"type": "integer", "description": "Line after which to insert; 0: at the beginning"},
    "insert_text": {"type": "string", "description": "Text to insert"},
}


def _schema(required: list[str], **properties: Json) -> Json:
    return {"type": "object", "properties": properties, "required": required}


def _commands(*words: str) -> Json:
    return {"type": "string", "enum": list(words)}


_KNOWN: Final = {
    "bash": (
        "Run a command in a shell that keeps its state between calls.",
        _schema([], command=_TEXT, restart={"type": "boolean", "description": "Start the shell again"}),
    ),
    "text_editor": (
        "View, create and edit text files.",
        _schema(["command", "path"], command=_commands("view", "create", "str_replace", "insert"), **_EDITING),
    ),
    "memory": (
        "Read and write files in the directory /memories, which stays from one conversation to the next.",
        _schema(
            ["command"],
            command=_commands("view", "create", "str_replace", "insert", "delete", "rename"),
            **_EDITING,
            old_path=_TEXT,
            new_path=_TEXT,
        ),
    ),
}
"""Tools that the client runs, by their type without its date: description and input."""


def convert(body: Json, pivot: Json, *, allow_extensions: bool) -> None:
    """Write the tools of a request and its choice of them into the pivot's request. Raises `ApiError`."""
    given = body.get("tools")
    if given is not None and (not isinstance(given, list) or not all(isinstance(tool, dict) for tool in given)):
        raise ApiError(400, "tools must be an array of objects", param="tools")
    choice = lenient.mapping(body.get("tool_choice"))
    tools = []
    for tool in given or []:
        function = _function(tool)
        if function is not None:
            marked = {"cache_control": tool["cache_control"]} if allow_extensions and tool.get("cache_control") else {}
            tools.append({"type": "function", "function": function, **marked})
        else:
            log.warn("tool of type %s dropped: only Anthropic has it", tool["type"])
    if tools:
        pivot["tools"] = tools
        if choice:
            _choose(choice, pivot)
    elif given and choice.get("type") in {"any", "tool"}:
        # The client wants what such a tool finds, and nothing else: an answer without it would mislead.
        why = f"only Anthropic's servers run tools of type {given[0]['type']}, and this is another service"
        raise ApiError(400, f"tool_choice: {why}", param="tool_choice")


def _function(tool: Json) -> Json | None:
    """The function for a tool; None if the client does not run it."""
    kind = tool.get("type")
    function: Json = {name: tool[name] for name in _OF_A_TOOL if tool.get(name) is not None}
    if kind is not None and kind != "custom":
        known = _KNOWN.get(lenient.text(kind).rpartition("_")[0])
        if known is None:
            return None
        return {"description": known[0], **function, "parameters": known[1]}
    if tool.get("input_schema") is not None:
        function["parameters"] = tool["input_schema"]
    return function


def _choose(choice: Json, pivot: Json) -> None:
    kind = choice.get("type")
    if kind == "tool" and choice.get("name"):
        pivot["tool_choice"] = {"type": "function", "function": {"name": choice["name"]}}
    else:
        pivot["tool_choice"] = _CHOICES.get(str(kind), "auto")
    pivot["parallel_tool_calls"] = choice.get("disable_parallel_tool_use") is not True


_CHOICES: Final = {"any": "required", "tool": "required", "none": "none"}
