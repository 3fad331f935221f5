"""Google's `generateContent`, of Gemini and Vertex AI. Source: ai.google.dev/api/generate-content."""

from __future__ import annotations

from typing import Any, Final

from .. import schemas
from ..problems import Checker, Json
from .turns import pairs

_FIELDS: Final = {
    "contents", "system_instruction", "systemInstruction", "safetySettings", "generationConfig", "tools", "toolConfig",
}  # fmt: skip
_NAMES: Final = r"[A-Za-z_][A-Za-z0-9_.:-]{0,63}"
_CONFIG: Final = {
    "temperature", "topP", "topK", "candidateCount", "seed", "presencePenalty", "frequencyPenalty", "responseLogprobs",
    "logprobs", "maxOutputTokens", "stopSequences", "responseModalities", "thinkingConfig", "responseMimeType",
    "responseSchema", "responseJsonSchema", "speechConfig", "mediaResolution", "imageConfig",
}  # fmt: skip
_LEVELS: Final = {"minimal", "low", "medium", "high"}
_KINDS: Final = {"text", "inlineData", "fileData", "functionCall", "functionResponse"}
_MEDIA_TYPE: Final = r"[a-z]+/(?!octet-stream|jpg)[a-z0-9.+-]+"


def check_request(check: Checker, body: Json, *, third: bool = False) -> None:
    """`third`: Gemini 3. The first call of each turn needs its signature there, and earlier models take no JSON beside
    tools. Sources: ai.google.dev, "Thought signatures"; the error "Function calling with a response mime type:
    'application/json' is unsupported".
    """
    check.keys(body, "$", _FIELDS, {"contents"})
    for name in ("system_instruction", "systemInstruction"):
        for path, part in check.objects(body[name].get("parts"), f"{name}.parts") if name in body else ():
            check.text(part.get("text"), f"{path}.text")
    _contents(check, body.get("contents"), signed=third)
    config = body.get("generationConfig", {})
    _config(check, config)
    both = "responseMimeType" in config and "tools" in body
    check.need(third or not both, "generationConfig.responseMimeType", "is not allowed beside tools")
    stops = config.get("stopSequences", [])
    check.need(len(stops) <= 5, "generationConfig.stopSequences", "has more than 5")
    if "responseSchema" in config:
        schemas.googles(check, config["responseSchema"], "generationConfig.responseSchema")
    _tools(check, body)


def _config(check: Checker, config: Json) -> None:
    check.keys(config, "generationConfig", _CONFIG)
    for name, least, most in (("temperature", 0, 2), ("topP", 0, 1), ("maxOutputTokens", 1, None), ("topK", 1, None)):
        if name in config:
            check.number(config[name], f"generationConfig.{name}", least, most)
    thinking = config.get("thinkingConfig", {})
    check.keys(thinking, "thinkingConfig", {"includeThoughts", "thinkingBudget", "thinkingLevel"})
    check.need(not thinking.keys() >= {"thinkingBudget", "thinkingLevel"}, "thinkingConfig", "takes one of the two")
    if "thinkingLevel" in thinking:
        check.one_of(thinking["thinkingLevel"], "thinkingConfig.thinkingLevel", _LEVELS)
    both = {"responseSchema", "responseJsonSchema"}
    check.need(not config.keys() >= both, "generationConfig", "takes one schema")
    if config.keys() & both:
        check.need(config.get("responseMimeType") == "application/json", "responseMimeType", "must be JSON")


def _contents(check: Checker, contents: Any, *, signed: bool) -> None:
    waiting: list[str] = []
    first = True
    for path, content in check.objects(contents, "contents"):
        role = content.get("role")
        check.one_of(role, f"{path}.role", {"user", "model"})
        check.need(not first or role == "user", path, "the user begins")
        first = False
        called: list[str] = []
        answered: list[str] = []
        for place, part in check.objects(content.get("parts"), f"{path}.parts"):
            _part(check, part, place)
            if "functionCall" in part:
                check.need(called or not signed or part.get("thoughtSignature"), place, "needs a thoughtSignature")
                called.append(part["functionCall"].get("name"))
            if "functionResponse" in part:
                answered.append(part["functionResponse"].get("name"))
        check.need(
            sorted(answered) == sorted(waiting), path, f"must have results of {waiting}, has those of {answered}"
        )
        check.need(not called or role == "model", path, "only the model calls functions")
        waiting = called
    check.need(not waiting, "contents", f"calls without results: {waiting}")


def _part(check: Checker, part: Json, path: str) -> None:
    kinds = set(part) - {"thoughtSignature", "thought"}
    if not check.need(len(kinds) == 1 and kinds <= _KINDS, path, f"must be one part, is {sorted(part)}"):
        return
    kind = kinds.pop()
    value = part[kind]
    if kind == "text":
        check.text(value, f"{path}.text")
    elif kind in {"inlineData", "fileData"}:
        check.match(value.get("mimeType"), f"{path}.mimeType", _MEDIA_TYPE)
        check.need(value.get("data") or value.get("fileUri"), path, "must have data or an address")
    else:
        check.match(value.get("name"), f"{path}.{kind}.name", _NAMES)
        inner = value.get("args" if kind == "functionCall" else "response")
        check.need(isinstance(inner, dict), f"{path}.{kind}", "must have an object")


def _tools(check: Checker, body: Json) -> None:
    names = []
    for path, tool in check.objects(body["tools"], "tools") if "tools" in body else ():
        given = tool.get("functionDeclarations") or tool.get("function_declarations")
        for place, declaration in check.objects(given, path):
            check.keys(declaration, place, {"description", "parameters", "parametersJsonSchema"}, {"name"})
            names.append(declaration.get("name"))
            check.match(declaration.get("name"), f"{place}.name", _NAMES)
            both = {"parameters", "parametersJsonSchema"} <= set(declaration)
            check.need(not both, place, "must have one schema")
            if "parameters" in declaration:
                schemas.googles(check, declaration["parameters"], f"{place}.parameters")
    pairs(check, names, "tools")
    config = body.get("toolConfig", {}).get("functionCallingConfig", {})
    for name in config.get("allowedFunctionNames", []):
        check.need(name in names, "toolConfig", f"there is no function {name!r:.80}")
        check.need(config.get("mode") == "ANY", "toolConfig", "allowedFunctionNames need the mode ANY")
