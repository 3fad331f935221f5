"""AWS Bedrock's Converse API. Source: docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html."""

from __future__ import annotations

from typing import Any, Final

from .. import schemas
from ..problems import Checker, Json, is_blank
from .turns import Calls, pairs

_FIELDS: Final = {
    "messages", "system", "inferenceConfig", "additionalModelRequestFields", "performanceConfig", "requestMetadata",
    "serviceTier", "guardrailConfig", "additionalModelResponseFieldPaths", "toolConfig", "outputConfig",
}  # fmt: skip
_IDS: Final = r"[A-Za-z0-9_-]{1,64}"
_FORMATS: Final = {
    "image": {"png", "jpeg", "gif", "webp"},
    "video": {"mkv", "mov", "mp4", "webm", "flv", "mpeg", "mpg", "wmv", "three_gp"},
    "document": {"pdf", "csv", "doc", "docx", "xls", "xlsx", "html", "txt", "md"},
}  # fmt: skip
_DOCUMENT: Final = r"(?!.*\s\s)[A-Za-z0-9\s()\[\]-]{1,200}"
_USERS: Final = {"text", "image", "video", "document", "toolResult", "cachePoint"}
_RESULTS: Final = {"text", "image", "video", "document", "json"}
_METADATA: Final = r"[a-zA-Z0-9\s:_@$#=/+,.-]"
_MOST_POINTS: Final = 4
"""Source: docs.aws.amazon.com/bedrock, "Prompt caching", and "Converse", `requestMetadata`."""
_BLOCKS: Final = {"text", "image", "video", "document", "toolUse", "toolResult", "reasoningContent", "cachePoint"}


def check_request(check: Checker, body: Json) -> None:
    check.keys(body, "$", _FIELDS, {"messages"})
    for path, block in check.objects(body["system"], "system") if "system" in body else ():
        if "text" in block:
            check.text(block["text"], f"{path}.text")
        else:
            check.need(set(block) == {"cachePoint"}, path, "must be text or a cache point")
    config = body.get("inferenceConfig", {})
    check.keys(config, "inferenceConfig", {"maxTokens", "temperature", "topP", "stopSequences"})
    for index, stop in enumerate(config.get("stopSequences", [])):
        check.need(stop, f"inferenceConfig.stopSequences[{index}]", "must not be empty")
    for name, least, most in (("maxTokens", 1, None), ("temperature", 0, 1), ("topP", 0, 1)):
        if name in config:
            check.number(config[name], f"inferenceConfig.{name}", least, most)
    _about(check, body)
    called = _messages(check, body.get("messages"))
    _tools(check, body, called=called)


def _about(check: Checker, body: Json) -> None:
    metadata = body.get("requestMetadata", {})
    check.need(len(metadata) <= 16, "requestMetadata", "has over 16 entries")
    for name, value in metadata.items():
        check.match(name, "requestMetadata", _METADATA + "{1,256}")
        check.match(value, f"requestMetadata.{name}", _METADATA + "{0,256}")
    if "serviceTier" in body:
        check.one_of(body["serviceTier"].get("type"), "serviceTier.type", {"priority", "default", "flex", "reserved"})
    messages = body.get("messages")
    blocks = [block for message in messages for block in message.get("content", [])] if messages else []
    blocks += [*body.get("system", []), *body.get("toolConfig", {}).get("tools", [])]
    check.need(sum("cachePoint" in block for block in blocks) <= _MOST_POINTS, "cachePoint", "there are over 4")
    thinking = body.get("additionalModelRequestFields", {}).get("thinking", {})
    if thinking.get("type") in {"enabled", "adaptive"}:
        forced = body.get("toolConfig", {}).get("toolChoice", {}).keys() & {"any", "tool"}
        check.need(not forced, "toolConfig.toolChoice", "a call cannot be forced with thinking")
        check.need("temperature" not in body["inferenceConfig"], "inferenceConfig.temperature", "is 1 with thinking")


def _messages(check: Checker, messages: Any) -> bool:
    """Whether tools were called."""
    calls, documents = Calls(check, unique=True), set[str]()
    last, called = "assistant", False
    for path, message in check.objects(messages, "messages"):
        check.keys(message, path, set(), {"role", "content"})
        role = message.get("role")
        check.one_of(role, f"{path}.role", {"user", "assistant"})
        check.need(role != last, path, "roles must alternate, and the user begins")
        last = str(role)
        kinds: set[str] = set()
        for place, block in check.objects(message.get("content"), f"{path}.content"):
            kind = next(iter(block), "")
            kinds.add(kind)
            allowed = _USERS if role == "user" else _BLOCKS - {"toolResult"}
            if check.need(len(block) == 1 and kind in allowed, place, f"must be one block, is {sorted(block)}"):
                _block(check, kind, block[kind], f"{place}.{kind}", documents)
            if kind == "toolUse":
                called = True
                calls.called(block[kind].get("toolUseId"), place)
            elif kind == "toolResult":
                called = True
                calls.answered(block[kind].get("toolUseId"), place)
        check.need("document" not in kinds or "text" in kinds, path, "a document needs a text beside it")
        if role == "user":
            calls.none_open(path)
    calls.none_open("messages")
    return called


def _block(check: Checker, kind: str, block: Any, path: str, documents: set[str]) -> None:
    if kind == "text":
        check.text(block, path)
    elif kind in _FORMATS:
        block = check.object(block, path)
        check.one_of(block.get("format"), f"{path}.format", _FORMATS[kind])
        if kind == "document":
            check.match(block.get("name"), f"{path}.name", _DOCUMENT)
            check.need(block.get("name") not in documents, f"{path}.name", "must differ from other documents'")
            documents.add(block.get("name", ""))
    elif kind == "toolUse":
        check.keys(check.object(block, path), path, set(), {"toolUseId", "name", "input"})
        check.match(block.get("toolUseId"), f"{path}.toolUseId", _IDS)
        check.match(block.get("name"), f"{path}.name", _IDS)
        check.need(isinstance(block.get("input"), dict), f"{path}.input", "must be an object")
    elif kind == "toolResult":
        check.keys(check.object(block, path), path, {"status"}, {"toolUseId", "content"})
        check.match(block.get("toolUseId"), f"{path}.toolUseId", _IDS)
        check.one_of(block.get("status", "success"), f"{path}.status", {"success", "error"})
        for place, inner in check.objects(block.get("content"), f"{path}.content"):
            check.need(not is_blank(inner.get("text", "x")), place, "must have a visible character")
            if check.need(
                len(inner) == 1 and inner.keys() <= _RESULTS, place, f"must be one block, is {sorted(inner)}"
            ):
                _block(check, next(iter(inner)), next(iter(inner.values())), place, documents)
    elif kind == "reasoningContent":
        text = check.object(block, path).get("reasoningText")
        check.need(text is None or text.get("signature"), path, "thinking needs a signature")


def _tools(check: Checker, body: Json, *, called: bool) -> None:
    config = body.get("toolConfig")
    check.need(config is not None or not called, "toolConfig", "must be defined when tools were called")
    if config is None:
        return
    names = []
    for path, tool in check.objects(config.get("tools"), "toolConfig.tools"):
        if "cachePoint" in tool:
            continue
        spec = check.object(tool.get("toolSpec"), f"{path}.toolSpec")
        check.keys(spec, path, {"description", "strict"}, {"name", "inputSchema"})
        names.append(spec.get("name"))
        check.match(spec.get("name"), f"{path}.name", _IDS)
        if "description" in spec:
            check.text(spec["description"], f"{path}.description")
        schemas.of_tool(check, spec.get("inputSchema", {}).get("json"), f"{path}.inputSchema.json")
    pairs(check, names, "toolConfig.tools")
    choice = config.get("toolChoice", {"auto": {}})
    check.one_of(next(iter(choice), ""), "toolConfig.toolChoice", {"auto", "any", "tool"})
    if "tool" in choice:
        check.need(choice["tool"].get("name") in names, "toolConfig.toolChoice", "names a tool that is not there")
