"""Requests like the recorded ones that say what no recorded one says: zeros, other names of parameters, texts in parts.

What the original would have sent follows from what it did send, by section 4 of its behaviour: it rebuilds requests for
services with a protocol of their own, and what its records do not know, or is zero, is lost.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, TypeAlias

from tests.variant_tools import more_parameters, schema, tool_turn, tools

from proxywasm_host import bodies

Raw: TypeAlias = dict[str, Any]
Place: TypeAlias = tuple[str, ...]
Change: TypeAlias = Callable[[str, Raw, Raw], bool]
"""Changes a request, and what the original makes of it, for the service of this name; whether there was anything to."""

GOOGLE: Final = {
    "temperature": ("generationConfig", "temperature"),
    "top_p": ("generationConfig", "topP"),
    "max_tokens": ("generationConfig", "maxOutputTokens"),
}
PLACES: Final[Mapping[str, Mapping[str, Place]]] = {
    "claude": {"temperature": ("temperature",), "top_p": ("top_p",)},
    "bedrock": {"temperature": ("inferenceConfig", "temperature"), "top_p": ("inferenceConfig", "topP")},
    "gemini": GOOGLE,
    "vertex": GOOGLE,
    "hunyuan": {"temperature": ("Temperature",), "top_p": ("TopP",)},
    "minimax": {"temperature": ("temperature",), "top_p": ("top_p",), "max_tokens": ("tokens_to_generate",)},
}
"""Where what a zero would be lost from, and the limit that has another name now, stand in the service's request."""

MORE: Final = "Be kind."


def zeros(service: str, asked: Raw, sent: Raw) -> bool:
    found = [name for name in ("temperature", "top_p") if name in asked and name in PLACES.get(service, {})]
    for name in found:
        asked[name] = 0
        _remove(sent, PLACES[service][name])
    return bool(found)


def newer_limit(service: str, asked: Raw, sent: Raw) -> bool:
    """`max_completion_tokens` is known where it is said of Claude and Bedrock only."""
    if "max_tokens" not in asked or "max_completion_tokens" in asked or service not in PLACES:
        return False
    asked["max_completion_tokens"] = asked.pop("max_tokens")
    if "max_tokens" in PLACES[service]:
        _remove(sent, PLACES[service]["max_tokens"])
    return True


def system_in_parts(service: str, asked: Raw, sent: Raw) -> bool:
    """Each part of a text is followed by a line break, the last one, too."""
    first = asked["messages"][0]
    if first["role"] != "system" or not isinstance(first["content"], str):
        return False
    text = first["content"]
    if service not in {"claude", "bedrock", "deepl", "dify", "minimax", "hunyuan"} or text not in str(sent):
        return False
    first["content"] = [{"type": "text", "text": text}, {"type": "text", "text": MORE}]
    sent |= _reworded(sent, text, f"{text}\n{MORE}\n")
    return True


def two_systems(service: str, asked: Raw, sent: Raw) -> bool:
    """The last one replaces the others, where there is place for one only."""
    if service not in {"claude", "deepl", "gemini"} or asked["messages"][0]["role"] != "system":
        return False
    asked["messages"].insert(0, {"role": "system", "content": MORE})
    return True


def same_side_twice(service: str, asked: Raw, sent: Raw) -> bool:
    if service != "bedrock" or asked["messages"][-1]["role"] != "user" or "cachePoint" in str(sent):
        return False
    asked["messages"].append({"role": "user", "content": MORE})
    sent["messages"].append({"role": "user", "content": [{"text": MORE}]})
    return True


def thinking_without_limit(service: str, asked: Raw, sent: Raw) -> bool:
    """The budget has to be less than the limit, which is 4096 where nobody gives one."""
    if service != "claude" or "reasoning_effort" not in asked:
        return False
    del asked["max_tokens"]
    budget = {"low": 1024, "medium": 8192, "high": 16384}[asked["reasoning_effort"]]
    sent |= {"max_tokens": 4096, "thinking": {"type": "enabled", "budget_tokens": min(budget, 4095)}}
    return True


def tool_without_parameters(service: str, asked: Raw, sent: Raw) -> bool:
    if service not in {"claude", "bedrock"} or not asked.get("tools"):
        return False
    del asked["tools"][0]["function"]["parameters"]
    place: Place = ("tools", "0", "input_schema")
    _remove(sent, place if service == "claude" else ("toolConfig", "tools", "0", "toolSpec", "inputSchema", "json"))
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

KINDS: Final = (*CHANGES, "no number of images", "no JSON")


def other_requests(raw: Raw) -> Iterator[tuple[str, Raw]]:
    """Each with what is different in it. `raw` is no known bug."""
    request, upstream = raw["request"], raw["expect"].get("upstream")
    headers = dict(request["headers"])
    if not upstream or raw.keys() & {"before", "callouts"} or not (service := _service(raw)):
        return
    path = headers[":path"].partition("?")[0]
    asked, sent = (_document(message) for message in (request, upstream))
    if path.endswith("/v1/images/generations") and service == "bedrock":
        del asked["n"]
        sent["imageGenerationConfig"]["numberOfImages"] = 0
        yield "no number of images", _with(raw, asked, sent)
    if not path.endswith("/v1/chat/completions") or "messages" not in asked:
        return
    for kind, change in CHANGES.items():
        question, answer = copy.deepcopy((asked, sent))
        if change(service, question, answer):
            yield kind, _with(raw, question, answer)
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
    alone = {"bedrock", "claude", "cohere", "deepl", "dify", "gemini", "triton", "vertex"}
    return name if own.get(name, name in alone) else ""


def _document(message: Raw) -> Raw:
    body = bodies.parse(bodies.join(message.get("body") or []))
    return copy.deepcopy(body.value) if isinstance(body, bodies.JsonBody) and isinstance(body.value, dict) else {}


def _with(raw: Raw, asked: Raw, sent: Raw) -> Raw:
    """Written with other white space than any plugin writes: a signature covers the bytes of a body."""
    upstream = {**raw["expect"]["upstream"], "body": json.dumps(sent)}
    return _only(
        raw, json.dumps(asked), {**raw["expect"], "upstream": upstream, "downstream": None, "local_reply": None}
    )


def _refused(raw: Raw) -> Raw:
    said = "failed to process request body: unable to unmarshal request: unexpected end of JSON input"
    reply = {
        "status": 500,
        "headers": [["content-type", "text/plain"]],
        "body": said,
        "details": "ai-proxy.proc_req_body_failed",
    }
    expect: Raw = {"start": "ok", "upstream": None, "downstream": None, "local_reply": reply, "callouts": []}
    return _only(raw, '{"model": "m", "messages": [', expect)


def _only(raw: Raw, asked: str, expect: Raw) -> Raw:
    """Nothing but the request; what becomes of the answer is not in question."""
    kept: Raw = {key: raw[key] for key in ("name", "config", "properties") if key in raw}
    return {**kept, "request": {**raw["request"], "body": [asked]}, "expect": expect}


def _remove(document: Any, place: Place) -> None:
    *outer, last = place
    for step in outer:
        document = document[int(step)] if isinstance(document, list) else document.get(step, {})
    document.pop(last, None)


def _reworded(value: Any, old: str, new: str) -> Any:
    if isinstance(value, str):
        return value.replace(old, new)
    if isinstance(value, list):
        return [_reworded(item, old, new) for item in value]
    return {key: _reworded(item, old, new) for key, item in value.items()} if isinstance(value, dict) else value
