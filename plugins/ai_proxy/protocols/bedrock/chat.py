"""AWS Bedrock's Converse API for chat.

Source: docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote

from proxywasm import log

from ...profiles import efforts
from ...profiles.claude import is_claude
from ...profiles.facts import Profile, Thinking
from ...wire import lenient
from ...wire.json import Json, dumps
from ...wire.paths import segment
from ..exchange import Exchange
from ..interface import Decoder
from ..pivot import chat_fields, claude, claude_schemas
from ..pivot.sampling import within
from .answer import error, response
from .aws_event_stream import FrameDecoder
from .cache_points import CachePoints
from .messages import messages as converse_messages
from .messages import system_blocks
from .settings import BedrockSettings
from .stream import event, new_state

__all__ = [
    "accepts_signed_thinking", "decoder", "edit_messages", "error", "event", "new_state", "path_of",
    "request", "response",
]  # fmt: skip

accepts_signed_thinking: Final = True

_SAME: Final = {"temperature": "temperature", "top_p": "topP"}
_MOST_SAMPLING: Final = 1
"""Of `temperature` and `topP`, for all models. Source: AWS' SDK, `InferenceConfiguration`."""
_LIMITS: Final = frozenset({"maxTokens", "temperature", "topP"})
_NO_PARAMETERS: Final = {"type": "object", "properties": {}}
_TIERS: Final = frozenset({"default", "flex", "priority"})
_OWN: Final = (
    "guardrailConfig", "performanceConfig", "requestMetadata", "serviceTier", "additionalModelResponseFieldPaths",
)  # fmt: skip

_METADATA: Final = re.compile(r"[a-zA-Z0-9\s:_@$#=/+,.-]*")
_LONGEST_METADATA: Final = 256

_ANTHROPIC_VERSION: Final = "2023-06-01"  # Anthropic's API requires a version.


def request(exchange: Exchange, body: Json) -> Json:
    settings = exchange.settings
    assert isinstance(settings, BedrockSettings)
    exchange.headers["accept"] = "*/*"
    exchange.path = path_of(exchange.model, "converse-stream" if exchange.stream else "converse")
    given = chat_fields.messages(body)
    body = claude.without_forced_tools(exchange.profile, body)
    points = CachePoints(exchange.profile)
    tools = _tools(exchange.profile, body, given, points)
    system = system_blocks(given, points)
    result: Json = {"messages": converse_messages([one for one in given if not chat_fields.is_system(one)], points)}
    if system:
        result["system"] = system
    config: Json = {}
    if (limit := chat_fields.max_tokens(body)) is not None:
        config["maxTokens"] = limit
    config |= {there: within(body[here], _MOST_SAMPLING) for here, there in _SAME.items() if body.get(here) is not None}
    if stops := chat_fields.stops(body):
        config["stopSequences"] = stops
    more = _model_fields(exchange.profile, body, config, limit or 0) | dict(settings.bedrock_additional_fields)
    # AWS' own clients also send an empty object.
    result["inferenceConfig"] = config
    if more:
        result["additionalModelRequestFields"] = more
    result["performanceConfig"] = {"latency": "standard"}
    result |= _about_the_request(body)
    if tools is not None:
        if lenient.text(lenient.mapping(more.get("thinking")).get("type")) in {"adaptive", "enabled"}:
            tools["toolChoice"] = {"auto": {}}  # A model with thinking cannot be forced to call a tool.
        result["toolConfig"] = tools
    if named := chat_fields.schema(body):
        _structured(exchange.profile, named, result)
    points.add_configured(settings, body, result)
    return result


def edit_messages(exchange: Exchange, body: Json) -> bool:
    """An edit for Anthropic's own API, which Bedrock offers on another host."""
    settings = exchange.settings
    assert isinstance(settings, BedrockSettings)
    exchange.host = f"bedrock-mantle.{settings.aws_region}.api.aws"
    exchange.path = "/anthropic/v1/messages"
    exchange.headers |= {"authorization": None, "x-api-key": exchange.secrets.token}
    if not exchange.client_headers.get("anthropic-version"):
        exchange.headers["anthropic-version"] = _ANTHROPIC_VERSION
    if body.get("stream") is True:
        exchange.headers["accept"] = "text/event-stream"
    claude.without_foreign_citations(body)
    return True


def decoder() -> Decoder:
    return FrameDecoder()


def path_of(model: str, action: str) -> str:
    """The path of a model. Its ARN is one segment, with escaped colons and slashes; it may be escaped already."""
    return f"/model/{segment(unquote(model), 'model')}/{action}"


def _model_fields(profile: Profile, body: Json, config: Json, limit: int) -> Json:
    """Parameters of the model, under its own names, beside those that all models have."""
    if is_claude(profile):
        return _of_claude(profile, body, config, limit)
    effort = lenient.text(body.get("reasoning_effort"))
    if not effort or profile.thinking is not Thinking.EFFORT:
        return {}
    if profile.vendor == "nova":
        if effort == "none":
            return {}
        word = profile.effort(effort)
        if word == profile.unlimited_effort:
            _without_limits(config)
        return {"reasoningConfig": {"type": "enabled", "maxReasoningEffort": word}}
    return {"reasoning_effort": profile.effort(effort)}


def _without_limits(config: Json) -> None:
    """Leave out the limit and sampling, which AWS refuses with this effort."""
    if found := _LIMITS & config.keys():
        log.debug("%s left out: the model refuses it with its highest effort", ", ".join(sorted(found)))
    for name in found:
        del config[name]


def _of_claude(profile: Profile, body: Json, config: Json, limit: int) -> Json:
    asked = claude.thinking(profile, body, limit, efforts.SMALLER_BUDGETS)
    kept = claude.sampling(profile, body, thinks=asked.thinks)
    for here, there in _SAME.items():
        config.pop(there, None)
        if here in kept:
            config[there] = kept[here]
    return asked.fields | ({"top_k": kept["top_k"]} if "top_k" in kept else {})


def _about_the_request(body: Json) -> Json:
    """Metadata and service tier, and AWS' own fields, which clients may send under their own names."""
    result: Json = {}
    tier = body.get("service_tier")
    if metadata := _metadata(lenient.mapping(body.get("metadata"))):
        result["requestMetadata"] = metadata
    if tier in _TIERS:
        result["serviceTier"] = {"type": tier}
    return result | {name: body[name] for name in _OWN if body.get(name) is not None}


def _metadata(given: Json) -> Json:
    """The metadata that AWS accepts. Source: AWS, "Converse", `requestMetadata`."""
    kept = {
        name: value
        for name, value in given.items()
        if isinstance(value, str) and name and len(value) <= _LONGEST_METADATA and len(name) <= _LONGEST_METADATA
        and _METADATA.fullmatch(name) and _METADATA.fullmatch(value)
    }  # fmt: skip
    if len(kept) < len(given):
        log.debug("%d of %d metadata left out: AWS refuses them", len(given) - len(kept), len(given))
    return kept


def _structured(profile: Profile, named: Json, result: Json) -> None:
    if not profile.structured_outputs:
        log.debug("the schema for the answer becomes a part of the prompt: the model has no structured outputs")
        result.setdefault("system", []).append({"text": claude_schemas.instruction(named["schema"])})
        return
    if profile.schemas == "anthropic":
        named = {**named, "schema": claude_schemas.strict(named["schema"])}
    result["outputConfig"] = _output(named)


def _output(named: Json) -> Json:
    """The schema for the answer; AWS takes it as a JSON string. Source: AWS, "JsonSchemaDefinition"."""
    schema: Json = {"schema": dumps(named["schema"])}
    schema |= {key: named[key] for key in ("name", "description") if isinstance(named.get(key), str)}
    return {"textFormat": {"type": "json_schema", "structure": {"jsonSchema": schema}}}


def _tools(profile: Profile, body: Json, messages: list[Json], points: CachePoints) -> Json | None:
    tools: list[Json] = []
    for tool, function in zip(body.get("tools") or (), chat_fields.functions(body), strict=True):
        schema = function.get("parameters") or _NO_PARAMETERS
        spec: Json = {"inputSchema": {"json": schema}, "name": function.get("name")}
        if function.get("description"):
            spec["description"] = function["description"]
        if function.get("strict") is True and profile.structured_outputs:
            spec["strict"] = True
            if profile.schemas == "anthropic":
                spec["inputSchema"] = {"json": claude_schemas.strict(schema)}
        tools += [{"toolSpec": spec}, *points.after("tools", {**function, **tool})]
    if not tools:
        # With calls in the conversation AWS demands tools. Source: the error "The toolConfig field must be defined when
        # using toolUse and toolResult content blocks".
        tools = [{"toolSpec": {"inputSchema": {"json": _NO_PARAMETERS}, "name": name}} for name in _called(messages)]
        return {"tools": tools, "toolChoice": {"auto": {}}} if tools else None
    choice = body.get("tool_choice")
    # AWS cannot forbid tools. Leaving them out has the same effect, but is refused if the conversation has calls.
    if choice == "none" and not any(map(_has_calls, messages)):
        return None
    if name := chat_fields.chosen_function(choice):
        wanted: Json = {"tool": {"name": name}}
    else:
        wanted = {"any": {}} if choice in ("required", "any") else {"auto": {}}
    return {"tools": tools, "toolChoice": wanted}


def _called(messages: list[Json]) -> list[str]:
    """The names of the tools that a conversation has called, each once."""
    return list(dict.fromkeys(call.name for message in messages for call in chat_fields.calls(message)))


def _has_calls(message: Json) -> bool:
    return message.get("role") == "tool" or chat_fields.has_calls(message)
