"""Converts input items to the messages of a chat.

A chat has one message for a turn of the model: its reasoning, text and calls. Here these are items of their own.
Source: OpenAI API reference, "Create a model response", `input`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple, TypeAlias

from proxywasm import log

from ...wire import lenient
from ...wire.errors import ApiError
from ...wire.json import Json
from ..interface import FilesWanted
from ..pivot import call_signatures, thinking_blocks
from . import custom_input, encrypted
from .input_parts import PartRules, addresses, content, simplified
from .tools import SEARCH, found_names, service_name


class Kept(NamedTuple):
    """What the service takes besides text and calls."""

    signed: bool = False
    """Thinking with its signatures; services that do not know signatures refuse them."""
    reasoning: bool = False
    """Thinking as `reasoning_content`."""
    call_signatures: bool = False
    """Google's signatures of tool calls."""
    parts: PartRules = PartRules()


def messages(given: list[Any], instructions: str, kept: Kept) -> list[Json]:
    """Raises `ApiError`, and `FilesWanted` for files that the service does not fetch itself."""
    items = [_item(item, f"input[{index}]") for index, item in enumerate(given)]
    encrypted.check(items)
    files = kept.parts.files
    if files is not None and (wanted := [url for url in addresses(items) if url not in files]):
        raise FilesWanted(wanted)
    conversation = _Conversation(kept)
    if instructions:
        conversation.instruct(instructions)
    for index, item in enumerate(items):
        conversation.add(item, f"input[{index}]")
    return conversation.finish()


def _item(item: Any, where: str) -> Json:
    if not isinstance(item, dict):
        raise ApiError(400, f"{where} must be an object", param=where, code="invalid_type")
    kind = item.get("type")
    if kind is None:
        kind = "message" if "role" in item else "item_reference" if "id" in item else ""
    return {**item, "type": kind}


_Handler: TypeAlias = "Callable[[_Conversation, Json, str], None]"


class _Conversation:
    """Collects the messages."""

    def __init__(self, kept: Kept) -> None:
        self.messages: list[Json] = []
        self._kept = kept
        self._instructions: list[Json] = []
        self._said: list[Json] = []
        """The contents of the model's turn."""
        self._calls: list[Json] = []
        self._blocks: list[Json] = []
        self._reasoning: list[str] = []
        self._call_signature = ""
        self._pictures: list[Json] = []
        """Images and files of tool results. Results of chats are texts, so these are the user's next message."""

    def add(self, item: Json, where: str) -> None:
        kind = lenient.text(item["type"])
        if handle := _ITEMS.get(kind):
            handle(self, item, where)
        elif kind in _OF_OTHER_SERVICES:
            log.warn("%s: item of type %s dropped: it belongs to a tool of another service", where, kind)
        else:
            raise _unreadable(kind, item, where)

    def finish(self) -> list[Json]:
        self.end_one_message()
        self._end_results()
        if self._instructions:
            self.messages.insert(0, {"role": "system", "content": _one_message(self._instructions)})
        return self.messages

    def instruct(self, said: Any) -> None:
        """Instructions at the beginning are one message: many models accept no second system message."""
        self._instructions += [{"type": "text", "text": said}] if isinstance(said, str) else said

    def say(self, role: str, said: Any) -> None:
        """A message of someone other than the model."""
        self.end_one_message()
        self._end_results()
        if role in _INSTRUCTING and not self.messages:
            self.instruct(said)
        else:
            self.messages.append({"role": role, "content": said})

    def end_one_message(self) -> None:
        """The model's message, if it has begun one."""
        message: Json = {"role": "assistant"}
        if self._said:
            message["content"] = _one_message(self._said)
        if self._calls:
            message.setdefault("content", None)
            message["tool_calls"] = self._calls
        if self._kept.signed:
            message |= thinking_blocks.fields(thinking_blocks.signed({"thinking_blocks": self._blocks}))
        if self._kept.reasoning and (text := "".join(self._reasoning)):
            message.setdefault("reasoning_content", text)
        if len(message) > 1:
            self._end_results()
            self.messages.append(message)
        self._said, self._calls, self._blocks, self._reasoning = [], [], [], []
        self._call_signature = ""

    def _end_results(self) -> None:
        if self._pictures:
            self.messages.append({"role": "user", "content": self._pictures})
            self._pictures = []

    # Items.

    def message(self, item: Json, where: str) -> None:
        role = item.get("role")
        if role not in _ROLES:
            raise ApiError(
                400, f"{where}.role must be one of {', '.join(_ROLES)}", param=f"{where}.role", code="invalid_value"
            )
        said = content(item.get("content"), f"{where}.content", self._kept.parts)
        if role != "assistant":
            self.say(str(role), simplified(said))
            return
        self._end_results()
        self._said += [{"type": "text", "text": said}] if isinstance(said, str) else said

    def reasoning(self, item: Json, where: str) -> None:  # noqa: ARG002
        self._end_results()
        blocks = encrypted.blocks(item)
        for block in blocks:
            self._call_signature = call_signatures.in_block(block) or self._call_signature
        self._blocks += blocks
        parts = [*lenient.objects(item.get("content"))] or lenient.objects(item.get("summary"))
        text = "\n".join(filter(None, (lenient.text(part.get("text")) for part in parts)))
        self._reasoning.append(text or "".join(lenient.text(block.get("thinking")) for block in blocks))

    def function_call(self, item: Json, where: str) -> None:
        self._call(item, service_name(item), lenient.json_text(item.get("arguments") or {}), where)

    def custom_call(self, item: Json, where: str) -> None:
        self._call(item, service_name(item), custom_input.arguments(item.get("input") or ""), where)

    def search_call(self, item: Json, where: str) -> None:
        if item.get("call_id"):  # Those without one the service has run.
            self._call(item, SEARCH, lenient.json_text(item.get("arguments") or {}), where)

    def search_output(self, item: Json, where: str) -> None:
        """The tools themselves are among the tools of the request."""
        if item.get("call_id"):
            found = found_names(item.get("tools"))
            self.output({"call_id": item["call_id"], "output": found}, where)

    def client_call(self, item: Json, where: str) -> None:
        """A call of a tool that only OpenAI's models know and that the client has run."""
        name = str(item["type"]).removesuffix("_call")
        done = item.get("action") or item.get("actions") or item.get("operation") or {}
        self._call(item, name, lenient.json_text(done), where)

    def screenshot(self, item: Json, where: str) -> None:
        self.output({**item, "output": [{**lenient.mapping(item.get("output")), "type": "input_image"}]}, where)

    def _call(self, item: Json, name: str, arguments: str, where: str) -> None:
        call_id = lenient.text(item.get("call_id"))
        if not call_id or not name:
            missing = "name" if call_id else "call_id"
            why = f"{where} must have a {missing}"
            raise ApiError(400, why, param=f"{where}.{missing}", code="missing_required_parameter")
        self._end_results()
        call: Json = {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}
        if self._call_signature and self._kept.call_signatures:
            call |= call_signatures.field(self._call_signature)
        self._call_signature = ""
        self._calls.append(call)

    def output(self, item: Json, where: str) -> None:
        self.end_one_message()
        call_id = lenient.text(item.get("call_id")) or lenient.text(item.get("id"))
        if not call_id:
            raise ApiError(
                400, f"{where} must have a call_id", param=f"{where}.call_id", code="missing_required_parameter"
            )
        given = item.get("output")
        if isinstance(given, (str, type(None))) or not _is_parts(given):
            text = lenient.json_text(given) if given is not None else ""
        else:
            parts = content(given, f"{where}.output", self._kept.parts._replace(cache_points=False))
            text = "\n".join(part["text"] for part in parts if part["type"] == "text")
            self._pictures += [part for part in parts if part["type"] != "text"]
        self.messages.append({"role": "tool", "tool_call_id": call_id, "content": text})


def _is_parts(output: Any) -> bool:
    return isinstance(output, list) and all(
        isinstance(part, dict) and str(part.get("type")).startswith(("input_", "output_text")) for part in output
    )


def _one_message(parts: list[Json]) -> Any:
    """The content of one message: a text, unless it has more than texts."""
    if all(part.keys() == {"type", "text"} for part in parts):
        return "\n\n".join(part["text"] for part in parts)
    return parts


_ROLES: Final = ("user", "assistant", "system", "developer")
_INSTRUCTING: Final = frozenset({"system", "developer"})

_ITEMS: Final[dict[str, _Handler]] = {
    "message": _Conversation.message,
    "reasoning": _Conversation.reasoning,
    "function_call": _Conversation.function_call,
    "function_call_output": _Conversation.output,
    "custom_tool_call": _Conversation.custom_call,
    "custom_tool_call_output": _Conversation.output,
    "computer_call": _Conversation.client_call,
    "computer_call_output": _Conversation.screenshot,
    "local_shell_call": _Conversation.client_call,
    "local_shell_call_output": _Conversation.output,
    "shell_call": _Conversation.client_call,
    "shell_call_output": _Conversation.output,
    "apply_patch_call": _Conversation.client_call,
    "apply_patch_call_output": _Conversation.output,
    "tool_search_call": _Conversation.search_call,
    "tool_search_output": _Conversation.search_output,
}

_OF_OTHER_SERVICES: Final = frozenset(
    {
        "web_search_call", "file_search_call", "code_interpreter_call", "image_generation_call",
        "mcp_list_tools", "mcp_call", "mcp_approval_request", "mcp_approval_response",
        "program", "program_output", "configuration_update",
        "additional_tools",
    }
)  # fmt: skip
"""What a service has done itself; its answer says what came of it. `additional_tools` are read with the other tools."""

_COMPACTED: Final = frozenset({"compaction", "compaction_summary", "compaction_trigger", "context_compaction"})


def _unreadable(kind: str, item: Json, where: str) -> ApiError:
    if kind == "item_reference":
        item_id = lenient.text(item.get("id"))
        why = (
            f"Item with id '{item_id}' not found: items are not kept behind this route; send the item itself in "
            "`input` (many clients do if `store` is set to false)"
        )
        return ApiError(404, why, param="input")
    if kind in _COMPACTED:
        why = f"{where} is of type {kind!r}: only the service that has compacted a conversation can read it; "
        return ApiError(400, f"{why}send the conversation itself", param=where, code="unsupported_value")
    if not kind:
        return ApiError(400, f"{where} must have a type", param=f"{where}.type", code="missing_required_parameter")
    known = ", ".join(sorted(_ITEMS))
    return ApiError(
        400, f"{where}.type must be one of {known}, got {kind!r}", param=f"{where}.type", code="invalid_value"
    )
