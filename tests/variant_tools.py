"""Chats like the recorded ones with what few recorded ones have: tools and their results, schemas, more parameters."""

from __future__ import annotations

import json
from typing import Any, Final

from tests.variant_chats import TRANSCRIPTS, Chat, Raw

from ai_proxy.profiles.facts import Sampling

PARAMETERS: Final[Raw] = {"type": "object", "properties": {"at": {}}}
FUNCTION: Final[Raw] = {"name": "look", "description": "Looks.", "parameters": PARAMETERS}
SCHEMA: Final[Raw] = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
_IN_WORDS: Final = "Answer only with JSON that matches this JSON Schema, without any other text: "
ARGUMENTS: Final = {"c1": '{"at":"it"}', "c2": "{}"}
"""Of each call, by its id; the client sends those of the second as an empty text."""
RESULTS: Final = {"c2": "nothing", "c1": "a cat"}
"""By the id of the call, in the order in which the client sends them."""


def tool_turn(chat: Chat) -> bool:
    """Two calls at once and their results, in the other order, before the last thing that the user says."""
    last = chat.asked["messages"][-1]
    if last["role"] != "user" or not isinstance(last["content"], str):
        return False
    match chat.service:
        case service if service in TRANSCRIPTS:
            said = f"USER: \n{last['content']}\n"
            if not chat.sends_text(said):
                return False
            lines = {call: f"look({arguments})\n" for call, arguments in ARGUMENTS.items()}
            told = [f"TOOL: \n{lines[call]}{text}\n" for call, text in RESULTS.items()]
            chat.replace_text(said, "".join(["ASSISTANT: \n", *lines.values(), *told, said]))
        case "minimax":  # One call in a message, and its result after it.
            bot = {"sender_type": "BOT", "sender_name": "MM智能助理", "text": ""}
            for call, arguments in ARGUMENTS.items():
                chat.sent["messages"][-1:-1] = [
                    {**bot, "function_call": {"name": "look", "arguments": arguments}},
                    {"sender_type": "FUNCTION", "sender_name": "look", "text": RESULTS[call]},
                ]
        case "hunyuan":
            calls: list[Raw] = [
                {"Id": call, "Type": "function", "Function": {"Name": "look", "Arguments": arguments}}
                for call, arguments in ARGUMENTS.items()
            ]
            results = [{"Role": "tool", "Content": text, "ToolCallId": call} for call, text in RESULTS.items()]
            chat.sent["Messages"][-1:-1] = [{"Role": "assistant", "Content": "", "ToolCalls": calls}, *results]
        case "cohere":
            if len(chat.asked["messages"]) < 2:
                return False
            results = [{"role": "tool", "tool_call_id": call, "content": text} for call, text in RESULTS.items()]
            calls = [_call(call, arguments) for call, arguments in ARGUMENTS.items()]
            chat.sent["messages"][-1:-1] = [{"role": "assistant", "tool_calls": calls}, *results]
        case _:
            return False
    chat.asked["messages"][-1:-1] = [
        {"role": "assistant", "content": None, "tool_calls": [_call("c1", ARGUMENTS["c1"]), _call("c2", "")]},
        {"role": "tool", "tool_call_id": "c2", "content": RESULTS["c2"]},
        {"role": "tool", "tool_call_id": "c1", "content": [{"type": "text", "text": RESULTS["c1"]}]},
    ]
    return True


def _call(call_id: str, arguments: str) -> Raw:
    return {"id": call_id, "type": "function", "function": {"name": "look", "arguments": arguments}}


def tools(chat: Chat) -> bool:
    """One tool, which the model has to call."""
    match chat.service:
        case service if service in TRANSCRIPTS:
            pass  # They have no tools.
        case "minimax":
            chat.sent.update(functions=[FUNCTION], function_call={"type": "specific", "name": "look"})
        case "hunyuan":
            function = {"Name": "look", "Description": "Looks.", "Parameters": _compact(PARAMETERS)}
            tool = {"Type": "function", "Function": function}
            chat.sent.update(Tools=[tool], ToolChoice="custom", CustomTool=tool)
        case "cohere":
            chat.sent.update(tools=[{"type": "function", "function": FUNCTION}], tool_choice="REQUIRED")
        case _:
            return False
    chat.asked["tools"] = [{"type": "function", "function": FUNCTION}]
    chat.asked["tool_choice"] = {"type": "function", "function": {"name": "look"}}
    return True


def schema(chat: Chat) -> bool:
    """A schema for the answer, if the model has structured outputs; beside tools some models get it as a text."""
    if not chat.profile.structured_outputs:
        return False
    match chat.service:
        case "bedrock":
            structure = {"jsonSchema": {"schema": _compact(SCHEMA), "name": "place"}}
            chat.sent["outputConfig"] = {"textFormat": {"type": "json_schema", "structure": structure}}
        case "claude":
            chat.sent["output_config"] = {
                "format": {"type": "json_schema", "schema": {**SCHEMA, "additionalProperties": False}}
            }
        case "cohere":
            chat.sent["response_format"] = {"type": "json_object", "json_schema": SCHEMA}
        case "gemini" if chat.sent.get("tools") and not chat.profile.structured_outputs_with_tools:
            chat.sent["system_instruction"]["parts"].append({"text": _IN_WORDS + _compact(SCHEMA)})
        case "gemini":
            chat.sent["generationConfig"] |= {"responseMimeType": "application/json", "responseSchema": SCHEMA}
        case _:
            return False
    chat.asked["response_format"] = {"type": "json_schema", "json_schema": {"name": "place", "schema": SCHEMA}}
    return True


def more_parameters(chat: Chat) -> bool:
    """Each service gets those that it has."""
    if chat.profile.sampling is Sampling.REFUSED:
        return False
    match chat.service:
        case "bedrock":
            if "anthropic" in chat.path:
                configured = chat.sent.get("additionalModelRequestFields", {})
                chat.sent["additionalModelRequestFields"] = {"top_k": 5, **configured}
            chat.sent.update(requestMetadata={"team": "a"}, serviceTier={"type": "default"})
        case "claude":
            chat.sent.update(top_k=5, metadata={"user_id": "u-1"}, service_tier="standard_only")
        case "gemini" | "vertex":
            chat.sent["generationConfig"] |= {"topK": 5, "presencePenalty": 0.5, "frequencyPenalty": 0.5}
        case "hunyuan" | "minimax":
            pass
        case _:
            return False
    chat.asked.update(top_k=5, presence_penalty=0.5, frequency_penalty=0.5, service_tier="default", user="u-1")
    chat.asked["metadata"] = {"team": "a"}
    return True


def _compact(document: Any) -> str:
    return json.dumps(document, separators=(",", ":"))
