"""Converts the parameters of a request to those of Google's `generateContent`, for Gemini and Vertex AI.

Source: ai.google.dev/api/generate-content.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from proxywasm import log

from ...profiles import efforts
from ...profiles.facts import Profile, Sampling, Thinking
from ...wire import lenient
from ...wire.errors import ApiError
from ...wire.json import Json
from ..exchange import Exchange
from ..pivot import chat_fields, claude_schemas
from . import schemas

_SAME: Final = {
    "temperature": "temperature",
    "top_p": "topP",
    "top_k": "topK",
    "n": "candidateCount",
    "seed": "seed",
    "presence_penalty": "presencePenalty",
    "frequency_penalty": "frequencyPenalty",
    "logprobs": "responseLogprobs",
    "top_logprobs": "logprobs",
}


_JSON: Final = "Answer only with a JSON object, without any other text."
_SAMPLING: Final = ("temperature", "topP", "topK")


def generation_config(profile: Profile, body: Json) -> Json:
    config = {there: body[here] for here, there in _SAME.items() if body.get(here) is not None}
    if profile.sampling is Sampling.REFUSED and (refused := [name for name in _SAMPLING if name in config]):
        log.debug("%s left out: the model has no sampling parameters", ", ".join(refused))
        config = {name: value for name, value in config.items() if name not in refused}
    if (limit := chat_fields.max_tokens(body)) is not None:
        config["maxOutputTokens"] = limit
    if stops := chat_fields.stops(body):
        config["stopSequences"] = stops
    if isinstance(modalities := body.get("modalities"), list) and modalities != ["text"]:
        config["responseModalities"] = [str(one).upper() for one in modalities]
    return config


def thinking_config(profile: Profile, body: Json) -> Json | None:
    """Google's equivalent of `reasoning_effort`, as far as the model has one."""
    effort = lenient.text(body.get("reasoning_effort"))
    budget = lenient.count(body.get("reasoning_max_tokens"))
    if not effort and not budget:
        return None
    if not profile.thinks:
        log.debug("reasoning_effort left out: the model has no setting for it")
        return None
    shown = budget > 0 or effort != "none"
    if profile.thinking is Thinking.LEVEL:
        return {"includeThoughts": shown, "thinkingLevel": profile.effort(effort or efforts.effort_of(budget))}
    tokens = efforts.within(profile, budget or efforts.budget_of(effort, efforts.SMALLER_BUDGETS))
    return {"includeThoughts": shown, "thinkingBudget": tokens}


def structured(profile: Profile, body: Json, config: Json, *, nullable: bool = False) -> str:
    """Add `response_format`, which may also be a bare schema; returns what the prompt has to say of it for a model that
    takes no format beside tools. Raises `ApiError`.

    `nullable`: an `Optional` becomes `nullable`.
    """
    wanted = body.get("response_format")
    if not isinstance(wanted, dict):
        return ""
    kind = str(wanted.get("type"))
    schema: Any = None
    if kind == "json_schema":
        named = wanted.get("json_schema")
        inner = named.get("schema") if isinstance(named, dict) else None
        schema = inner if isinstance(inner, dict) else named if _is_schema(named) else None
        if schema is None:
            raise ApiError(400, "response_format.json_schema has no schema", param="response_format")
    elif kind not in {"json_object", "text"} and _is_schema(wanted):
        schema = wanted
    if schema is None and kind != "json_object":
        return ""
    if body.get("tools") and not profile.structured_outputs_with_tools:
        log.debug("the format of the answer becomes a part of the prompt: the model takes none beside tools")
        return claude_schemas.instruction(schema) if schema is not None else _JSON
    config["responseMimeType"] = "application/json"
    if schema is not None:
        config |= _placed(schema, "responseSchema", "responseJsonSchema", nullable=nullable)
    return ""


def _placed(schema: Json, own: str, standard: str, *, nullable: bool) -> Json:
    """The parameter for a schema in Google's dialect, or the one for JSON Schema."""
    googles = schemas.with_nullable(schema) if nullable else schema
    return {own: googles} if schemas.is_googles(googles) else {standard: schema}


_HINTS: Final = schemas.KEYS - {"type", "title", "example", "default", "pattern"}


def _is_schema(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    return str(value.get("type")).lower() in schemas.TYPES or any(key in _HINTS for key in value if key != "schema")


def functions(body: Json, *, nullable: bool = False) -> list[Json]:
    """The declarations of functions. `nullable`: as `structured` has it."""
    declarations = []
    for function in chat_fields.functions(body):
        declaration = {name: function[name] for name in ("name", "description") if function.get(name)}
        schema = function.get("parameters")
        # Google refuses objects without properties in its dialect; a function without parameters needs no schema.
        if isinstance(schema, dict) and schema.get("properties"):
            declaration |= _placed(schema, "parameters", "parametersJsonSchema", nullable=nullable)
        declarations.append(declaration)
    return declarations


def search(exchange: Exchange, body: Json, *, beside_functions: bool) -> list[Json]:
    """Google's tool for `web_search_options`. It has no options of OpenAI's."""
    if not isinstance(body.get("web_search_options"), dict):
        return []
    if beside_functions:
        log.warn("web_search_options dropped: most models of Google refuse a search beside functions")
        return []
    exchange.expected.searches_web = True
    return [{"googleSearch": {}}]


def function_calling(body: Json) -> Json | None:
    """Google's equivalent of `tool_choice`. There is none for `parallel_tool_calls`."""
    choice = body.get("tool_choice")
    if name := chat_fields.chosen_function(choice):
        return {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": [name]}}
    mode = {"required": "ANY", "any": "ANY", "none": "NONE"}.get(str(choice))
    return {"functionCallingConfig": {"mode": mode}} if mode else None


def safety(settings: Mapping[str, Any]) -> list[Json]:
    return [{"category": category, "threshold": threshold} for category, threshold in settings.items()]
