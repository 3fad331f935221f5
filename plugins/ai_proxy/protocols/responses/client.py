"""OpenAI's Responses API for clients such as Codex, converted for providers that have only chats.

Unless the configuration has a store (`stored`), the client keeps the conversation, as with `store: false`.
Source: OpenAI API reference, "Responses".
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from proxywasm import log

from ...profiles.facts import Reasoning
from ...wire import apis as api_names
from ...wire import lenient
from ...wire.apis import Route
from ...wire.errors import ApiError, unsupported_api
from ...wire.json import Json
from ..exchange import Exchange, Thinking
from ..interface import StreamWriter
from ..pivot import listed_models
from . import remembered, stored, tools
from .answer import response
from .counting import COUNTING
from .dropped import CHAT
from .input_items import Kept, messages
from .input_parts import PartRules
from .stream_writer import ResponsesWriter

__all__ = [
    "apis", "chat_api", "counting", "dropped", "dropped_query", "error", "has_openai_errors", "is_pivot",
    "keeps_signatures", "models", "new_writer", "paths", "request", "request_id_header", "response", "thinking",
    "unsupported",
]  # fmt: skip

chat_api: Final = api_names.RESPONSES
apis: Final = frozenset({api_names.RESPONSES, *api_names.OF_RESPONSES})
paths: Final[Mapping[str, str]] = MappingProxyType({})
is_pivot: Final = False
has_openai_errors: Final = True
keeps_signatures: Final = True
request_id_header: Final = "x-request-id"
dropped_query: Final[frozenset[str]] = frozenset()
counting: Final = COUNTING
dropped: Final = CHAT
models: Final = listed_models.OPENAI

_SAME: Final = ("model", "stream", "temperature", "top_p", "user")

_UNSUPPORTED: Final = {
    "conversation": "send the whole conversation in `input`",
    "background": "leave it out, and set `stream` to get the answer as it is made",
    "prompt": "send its text as `instructions` and `input`",
    "moderation": "moderate input and answer with requests of their own",
}
"""Parameters that need something that only OpenAI has, and what a client can do instead."""


def thinking(body: Json) -> Thinking | None:  # noqa: ARG001
    """None: `reasoning.effort` is an amount, not a switch."""
    return None


def request(exchange: Exchange, body: Json, *, allow_extensions: bool, accepts_signed_thinking: bool) -> Json:
    _check_supported(body)
    pivot: Json = {name: body[name] for name in _SAME if body.get(name) is not None}
    items = stored.conversation(exchange, body, stored.items(body))
    instructions = body.get("instructions")
    if instructions is not None and not isinstance(instructions, str):
        raise ApiError(400, "instructions must be a string", param="instructions", code="invalid_type")
    profile = exchange.profile
    kept = Kept(
        signed=accepts_signed_thinking,
        reasoning=exchange.service.uses_reasoning or profile.reasoning is not Reasoning.UNUSED,
        call_signatures=profile.call_signatures,
        parts=PartRules(cache_points=allow_extensions, files=None if allow_extensions else exchange.files),
    )
    pivot["messages"] = messages(items, instructions or "", kept)
    given = tools.converted(_all_tools(body.get("tools"), items))
    tools.choose(body.get("tool_choice"), given, pivot)
    if "tools" in pivot and body.get("parallel_tool_calls") is False:
        pivot["parallel_tool_calls"] = False
    if body.get("max_output_tokens") is not None:
        pivot["max_tokens"] = body["max_output_tokens"]
    effort = lenient.mapping(body.get("reasoning")).get("effort")
    if isinstance(effort, str) and effort:
        pivot["reasoning_effort"] = effort
    _text(body.get("text"), pivot)
    _logprobs(body, pivot)
    exchange.client_state = remembered.remember(body, given.kept, given.by_name, stored.keeping(exchange, body, items))
    return pivot


def new_writer(exchange: Exchange) -> StreamWriter:
    return ResponsesWriter(exchange.model, remembered.of(exchange))


def error(error: ApiError) -> Json:
    return error.document()


def unsupported(route: Route) -> ApiError:
    """No response is kept, so none is found; the other APIs do not exist."""
    response_id = route.parameters.get("response_id")
    if response_id is None:
        return unsupported_api()
    return ApiError(404, f"Response with id '{response_id}' not found.")


def _check_supported(body: Json) -> None:
    for name, instead in _UNSUPPORTED.items():
        if body.get(name):
            why = f"{name!r} is not supported by the model service behind this route; {instead}"
            raise ApiError(400, why, param=name, code="unsupported_parameter")


_ADDING: Final = ("additional_tools", "tool_search_output")


def _all_tools(given: Any, items: list[Any]) -> Any:
    """The tools of the request, and those that items add or that a search has found."""
    added = [item["tools"] for item in lenient.objects(items) if item.get("type") in _ADDING and "tools" in item]
    if not added or not isinstance(given, (list, type(None))):
        return given
    return [*(given or []), *(tool for more in added if isinstance(more, list) for tool in more)]


def _text(given: Any, pivot: Json) -> None:
    """`text.format`. How verbose an answer is can only be asked of OpenAI's models."""
    text = lenient.mapping(given)
    if lenient.text(text.get("verbosity")) not in {"", "medium"}:
        log.debug("text.verbosity left out: the service has no setting for it")
    form = lenient.mapping(text.get("format"))
    if form.get("type") == "json_object":
        pivot["response_format"] = {"type": "json_object"}
    elif form.get("type") == "json_schema":
        schema = {
            name: form[name] for name in ("name", "description", "schema", "strict") if form.get(name) is not None
        }
        pivot["response_format"] = {"type": "json_schema", "json_schema": schema}


def _logprobs(body: Json, pivot: Json) -> None:
    include, most = body.get("include"), body.get("top_logprobs")
    if most is None and not (isinstance(include, list) and remembered.LOGPROBS in include):
        return
    pivot["logprobs"] = True
    if most is not None:
        pivot["top_logprobs"] = most
