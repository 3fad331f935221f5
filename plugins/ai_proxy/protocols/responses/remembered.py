"""What an answer needs of its request: the fields that it repeats, and the client's tools."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from ...wire import lenient, limits
from ...wire.json import Json, dumps
from ..exchange import Exchange
from .stored import Keeping

LOGPROBS: Final = "message.output_text.logprobs"


class Tool(NamedTuple):
    """A tool of the client. The service knows it as a function, with a name that includes the namespace."""

    name: str
    namespace: str = ""
    kind: str = "function"
    """The type of the tool: `function`; `custom`, whose input is a text; `tool_search`, run by the client."""


_NO_TOOLS: Final[Mapping[str, Tool]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Remembered:
    """What is kept of one request until its answer is complete."""

    repeated: str
    """The fields that each response object repeats, as JSON text."""
    tools: Mapping[str, Tool] = field(default_factory=lambda: _NO_TOOLS)
    """By the names that the service knows."""
    keeping: Keeping | None = None
    """How the response is kept; None: it is not."""
    summarizes: bool = False
    """The client has asked for summaries of the reasoning, so it gets the reasoning in that place."""


def of(exchange: Exchange) -> Remembered:
    kept = exchange.client_state
    return kept if isinstance(kept, Remembered) else Remembered(_repeated({}, []))


def remember(
    body: Json, kept_tools: list[Json], tools: Mapping[str, Tool], keeping: Keeping | None = None
) -> Remembered:
    """`kept_tools`: those of the request that the model can call."""
    reasoning = lenient.mapping(body.get("reasoning"))
    summary = reasoning.get("summary") or reasoning.get("generate_summary")
    repeated = _repeated(body, kept_tools, stored=keeping is not None)
    return Remembered(repeated, tools, keeping, summarizes=bool(summary))


def _repeated(body: Json, tools: list[Json], *, stored: bool = False) -> str:
    """Long instructions and tools are left out, and so are all fields of the client's if the others are long, too: they
    would be in three events, and in memory meanwhile.
    """
    instructions = lenient.text(body.get("instructions")) or None
    whole = {**_fields(body), "store": stored, "instructions": instructions, "tools": tools}
    without: Json = {"store": stored, "instructions": None, "tools": []}
    return _short(whole) or _short({**whole, **without}) or dumps({**_fields({}), **without})


def _short(fields: Json) -> str:
    """The fields as JSON text; empty if that is too long."""
    text = "" if _is_long(fields) else dumps(fields)
    return text if len(text) <= limits.REPEATED_REQUEST else ""


def _is_long(fields: Json) -> bool:
    """Whether the JSON text would certainly be too long. Writing it takes seconds for a schema at the limits."""
    left = limits.REPEATED_REQUEST
    waiting: list[Any] = [fields]
    while waiting:
        container = waiting.pop()
        left -= 2 * len(container)  # Each value takes a character and a separator.
        if left < 0:
            return True
        for value in container.values() if isinstance(container, dict) else container:
            if isinstance(value, str):
                left -= len(value)
            elif isinstance(value, (dict, list)):
                waiting.append(value)
    return left < 0


def _fields(body: Json) -> Json:
    text = lenient.mapping(body.get("text"))
    reasoning = lenient.mapping(body.get("reasoning"))
    choice = body.get("tool_choice")
    return {
        "background": False,
        "max_output_tokens": _number(body.get("max_output_tokens")),
        "max_tool_calls": _number(body.get("max_tool_calls")),
        "metadata": _texts(body.get("metadata")),
        "parallel_tool_calls": body.get("parallel_tool_calls") is not False,
        "previous_response_id": lenient.text(body.get("previous_response_id")) or None,
        "prompt_cache_key": lenient.text(body.get("prompt_cache_key")) or None,
        "reasoning": {name: lenient.text(reasoning.get(name)) or None for name in ("effort", "summary")},
        "safety_identifier": lenient.text(body.get("safety_identifier")) or None,
        "service_tier": None,
        "temperature": _number(body.get("temperature")),
        "text": {**text, "format": lenient.mapping(text.get("format")) or {"type": "text"}},
        "tool_choice": choice if isinstance(choice, dict) else lenient.text(choice) or "auto",
        "top_logprobs": _number(body.get("top_logprobs")),
        "top_p": _number(body.get("top_p")),
        "truncation": "disabled",
        "user": lenient.text(body.get("user")) or None,
    }


def _number(value: Any) -> int | float | None:
    return value if lenient.is_number(value) else None


def _texts(value: Any) -> Json:
    return {name: text for name, text in lenient.mapping(value).items() if isinstance(text, str)}
