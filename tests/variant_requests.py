"""Requests like the recorded ones that say what no recorded one says: zeros, other names of parameters, texts in parts.

What has to go upstream follows from what goes there for the recorded request: each variant says how the two differ.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Final, TypeAlias

from tests.variant_chats import TRANSCRIPTS, Chat, Place, Raw
from tests.variant_tools import more_parameters, schema, tool_turn, tools

from ai_proxy.profiles.facts import Sampling, Thinking
from proxywasm_host.recordings import bodies

Change: TypeAlias = Callable[[Chat], bool]
"""Changes what is asked and what is sent; whether there was anything to change."""

GOOGLE: Final = {"temperature": ("generationConfig", "temperature"), "top_p": ("generationConfig", "topP")}
PLACES: Final[Mapping[str, Mapping[str, Place]]] = {
    "claude": {"temperature": ("temperature",), "top_p": ("top_p",)},
    "bedrock": {"temperature": ("inferenceConfig", "temperature"), "top_p": ("inferenceConfig", "topP")},
    "gemini": GOOGLE,
    "vertex": GOOGLE,
    "hunyuan": {"temperature": ("Temperature",), "top_p": ("TopP",)},
    "minimax": {"temperature": ("temperature",), "top_p": ("top_p",)},
}
"""Where these parameters stand in the service's request."""

LEAST: Final = {"minimax": 0.01}
"""The least value of these parameters, for services that refuse zeros."""

MORE: Final = "Be kind."


def zeros(chat: Chat) -> bool:
    """A zero is a value, or the least one that the service takes."""
    found = [
        name
        for name in PLACES.get(chat.service, {})
        if name in chat.asked and chat.profile.sampling is not Sampling.REFUSED
    ]
    for name in found:
        chat.asked[name] = 0
        chat.set(PLACES[chat.service][name], LEAST.get(chat.service, 0))
    return bool(found)


def newer_limit(chat: Chat) -> bool:
    """`max_completion_tokens` is the newer name of `max_tokens`."""
    if "max_tokens" not in chat.asked or "max_completion_tokens" in chat.asked or chat.service not in PLACES:
        return False
    chat.asked["max_completion_tokens"] = chat.asked.pop("max_tokens")
    return True


def system_in_parts(chat: Chat) -> bool:
    """A line break stands between the parts of a text, and none follows the last."""
    first = chat.asked["messages"][0]
    if first["role"] != "system" or not isinstance(first["content"], str):
        return False
    text = first["content"]
    services = {"claude", "bedrock", "deepl", "minimax", "hunyuan", *TRANSCRIPTS}
    if chat.service not in services or not chat.sends_text(text):
        return False
    first["content"] = [{"type": "text", "text": text}, {"type": "text", "text": MORE}]
    chat.replace_text(text, f"{text}\n{MORE}")
    return True


def two_systems(chat: Chat) -> bool:
    """All system messages count, in their order."""
    first = chat.asked["messages"][0]
    if chat.service not in {"claude", "deepl", "gemini"} or first["role"] != "system":
        return False
    if chat.service == "gemini":
        chat.sent["system_instruction"]["parts"].insert(0, {"text": MORE})
    else:
        chat.replace_text(first["content"], f"{MORE}\n{first['content']}")
    chat.asked["messages"].insert(0, {"role": "system", "content": MORE})
    return True


def same_side_twice(chat: Chat) -> bool:
    """Messages of one side are one message for Bedrock."""
    if chat.service != "bedrock" or chat.asked["messages"][-1]["role"] != "user" or "cachePoint" in str(chat.sent):
        return False
    chat.asked["messages"].append({"role": "user", "content": MORE})
    chat.sent["messages"][-1]["content"].append({"text": MORE})
    return True


def thinking_without_limit(chat: Chat) -> bool:
    """The budget comes on top of 4096 tokens for the answer; a model that thinks has its own sampling."""
    if chat.service != "claude" or "reasoning_effort" not in chat.asked or chat.profile.thinking is not Thinking.BUDGET:
        return False
    del chat.asked["max_tokens"]
    budget = {"low": 1024, "medium": 8192, "high": 16384}[chat.asked["reasoning_effort"]]
    for name in ("temperature", "top_p"):
        chat.sent.pop(name, None)
    chat.sent.update(max_tokens=4096 + budget, thinking={"type": "enabled", "budget_tokens": budget})
    return True


def tool_without_parameters(chat: Chat) -> bool:
    """A tool that takes nothing has a schema that says so."""
    if chat.service not in {"claude", "bedrock"} or not chat.asked.get("tools"):
        return False
    del chat.asked["tools"][0]["function"]["parameters"]
    claude: Place = ("tools", "0", "input_schema")
    bedrock: Place = ("toolConfig", "tools", "0", "toolSpec", "inputSchema", "json")
    chat.set(claude if chat.service == "claude" else bedrock, {"type": "object", "properties": {}})
    return True


CHANGES: Final[Mapping[str, Change]] = {
    "zeros": zeros,
    "newer limit": newer_limit,
    "system in parts": system_in_parts,
    "two systems": two_systems,
    "same side twice": same_side_twice,
    "thinking without limit": thinking_without_limit,
    "tool without parameters": tool_without_parameters,
    "tool turn": tool_turn,
    "tools": tools,
    "schema": schema,
    "more parameters": more_parameters,
}


def other_requests(raw: Raw) -> Iterator[tuple[str, Raw]]:
    """Each with what is different in it. `raw` expects our answer."""
    request, upstream = raw["request"], raw["expect"].get("upstream")
    headers = dict(request["headers"])
    if not upstream or raw.keys() & {"before", "callouts"} or not (service := _service(raw)):
        return
    path = headers[":path"].partition("?")[0]
    upstream_path = dict(upstream["headers"])[":path"]
    chat = Chat(service, upstream_path, *(_document(message) for message in (request, upstream)))
    if path.endswith("/v1/images/generations") and service == "bedrock":
        del chat.asked["n"]
        chat.sent["imageGenerationConfig"]["numberOfImages"] = 1
        yield "no number of images", _with(raw, chat)
    if not path.endswith("/v1/chat/completions") or "messages" not in chat.asked:
        return
    for kind, change in CHANGES.items():
        variant = copy.deepcopy(chat)
        if change(variant):
            yield kind, _with(raw, variant)
    if "vertexAuthKey" not in str(raw["config"]):
        yield "no JSON", _refused(raw)


def _service(raw: Raw) -> str:
    """Empty: requests are passed on, but for small edits."""
    provider = raw["config"].get("provider") if isinstance(raw["config"], dict) else None
    if not isinstance(provider, dict) or provider.keys() & {"protocol", "customSettings"}:
        return ""
    name = str(provider.get("type"))
    if name == "vertex" and "/publishers/google/" not in dict(raw["expect"]["upstream"]["headers"])[":path"]:
        return ""
    own = {"minimax": provider.get("minimaxApiType") == "pro", "hunyuan": "hunyuanAuthId" in provider}
    alone = {"bedrock", "claude", "cohere", "deepl", "gemini", "vertex", *TRANSCRIPTS}
    return name if own.get(name, name in alone) else ""


def _document(message: Raw) -> Raw:
    body = bodies.parse(bodies.join(message.get("body") or []))
    return copy.deepcopy(body.value) if isinstance(body, bodies.JsonBody) and isinstance(body.value, dict) else {}


def _with(raw: Raw, chat: Chat) -> Raw:
    """Written with other white space than any plugin writes: a signature covers the bytes of a body."""
    upstream = {**raw["expect"]["upstream"], "body": json.dumps(chat.sent)}
    return _only(
        raw, json.dumps(chat.asked), {**raw["expect"], "upstream": upstream, "downstream": None, "local_reply": None}
    )


def _refused(raw: Raw) -> Raw:
    error = {"message": "the request body is not valid JSON", "type": "invalid_request_error"}
    reply = {
        "status": 400,
        "headers": [["content-type", "application/json"]],
        "body": json.dumps({"error": {**error, "param": None, "code": "invalid_json"}}),
        "details": "ai-proxy.proc_req_body_failed",
    }
    expect: Raw = {"start": "ok", "upstream": None, "downstream": None, "local_reply": reply, "callouts": []}
    return _only(raw, '{"model": "m", "messages": [', expect)


def _only(raw: Raw, asked: str, expect: Raw) -> Raw:
    """Nothing but the request; what becomes of the answer is not in question."""
    kept: Raw = {key: raw[key] for key in ("name", "config", "properties") if key in raw}
    return {**kept, "request": {**raw["request"], "body": [asked]}, "expect": expect}
