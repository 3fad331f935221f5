"""DashScope's own protocol for chat.

Source: DashScope API reference, "Qwen API (native)". Requests have `input.messages` and `parameters`, answers
`output.choices`. Each event of a stream repeats the whole answer so far, or has only the new part
(`incremental_output`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from proxywasm import Event, log

from ...wire import lenient, limits
from ...wire.errors import ApiError, bad_upstream
from ...wire.json import Json
from ..exchange import Exchange
from ..interface import StreamWriter
from ..interface import sse_decoder as decoder
from ..pivot import chat_fields, message_content, model_rules, reasoning
from ..pivot.chat import choice, completion
from ..pivot.sampling import within
from ..pivot.tool_calls import place
from . import answer
from .answer import error
from .delta import Progress
from .settings import QwenSettings

__all__ = [
    "accepts_signed_thinking", "decoder", "error", "event", "new_state", "request", "response",
]  # fmt: skip

accepts_signed_thinking: Final = False

_MULTIMODAL_PATH = "/api/v1/services/aigc/multimodal-generation/generation"

# Fields that are not generation parameters: they have another place, or concern OpenAI's platform only.
_NOT_PARAMETERS = frozenset(
    {
        "model", "messages", "stream", "stream_options", "max_completion_tokens", "user", "metadata", "store",
        "service_tier", "prompt_cache_key", "prompt_cache_retention", "safety_identifier", "reasoning_max_tokens",
    }
)  # fmt: skip

_PARTS = {"image_url": "image", "video_url": "video"}

# DashScope refuses 0 and 1, which OpenAI allows.
_LEAST_TOP_P, _MOST_TOP_P = 0.000001, 0.999999


@dataclass(slots=True)
class State:
    """The state of one stream: what has been sent of each choice."""

    cumulative: bool
    progress: dict[int, Progress] = field(default_factory=dict)
    held: int = 0
    """Characters in `progress`, of all choices together."""


def request(exchange: Exchange, body: Json) -> Json:
    settings = exchange.settings
    assert isinstance(settings, QwenSettings)
    model_rules.apply(exchange, body)
    if exchange.profile.multimodal_endpoint:
        exchange.path = _MULTIMODAL_PATH
    exchange.headers["accept"] = "text/event-stream" if exchange.stream else "*/*"
    exchange.headers["x-dashscope-sse"] = "enable" if exchange.stream else None
    parameters: Json = {
        name: value for name, value in body.items() if value is not None and name not in _NOT_PARAMETERS
    }
    parameters["result_format"] = "message"
    if body.get("max_completion_tokens") is not None:
        parameters["max_tokens"] = body["max_completion_tokens"]
    if "tool_choice" in parameters:
        parameters["tool_choice"] = _tool_choice(body)
    if "top_p" in parameters:
        parameters["top_p"] = within(parameters["top_p"], _MOST_TOP_P, _LEAST_TOP_P)
    # Differs from OpenAI's usage chunk; clients of the original ai-proxy expect it.
    exchange.expected.usage_choice = True
    if exchange.stream:
        if not body.get("tools"):  # Some models cannot send tool calls incrementally.
            parameters.setdefault("incremental_output", True)
        exchange.expected.cumulative = parameters.get("incremental_output") is not True
    if settings.qwen_enable_search:
        parameters["enable_search"] = True
    messages = [_message(message, index) for index, message in enumerate(body["messages"])]
    if settings.qwen_file_ids and exchange.profile.reads_files:
        messages = _with_files(messages, settings.qwen_file_ids)
    return {"model": exchange.model, "input": {"messages": messages}, "parameters": parameters}


def _tool_choice(body: Json) -> Any:
    """DashScope can name a function, but not require any of several."""
    choice = body["tool_choice"]
    if choice not in ("required", "any"):
        return choice
    names = [function.get("name") for function in chat_fields.functions(body)]
    if len(names) == 1:
        return {"type": "function", "function": {"name": names[0]}}
    log.debug("tool_choice becomes auto: DashScope cannot require one of several tools")
    return "auto"


def response(exchange: Exchange, document: Json) -> Json:
    if (failure := error(200, document)) is not None:
        raise failure
    choices = []
    for index, (message, item) in enumerate(answer.choices(document)):
        delta = reasoning.whole(message, exchange.settings.reasoning_content_mode)
        if calls := message.get("tool_calls"):
            delta["tool_calls"] = [{"index": position, **one} for position, one in enumerate(calls)]
        choices.append(choice(index, delta, answer.finish_reason(item), item.get("logprobs")))
    return completion(lenient.text(document.get("request_id")), exchange.model, choices, answer.usage(document))


def new_state(exchange: Exchange) -> State:
    return State(exchange.expected.cumulative)


def event(exchange: Exchange, state: State, event: Event, document: Json, writer: StreamWriter) -> None:  # noqa: ARG001
    if (failure := error(200, document)) is not None:
        raise failure
    if not writer.begun:
        writer.begin(lenient.text(document.get("request_id")))
    finished = True
    for position, (message, item) in enumerate(answer.choices(document)):
        index = place(item.get("index"), position)
        progress = state.progress.get(index)
        if progress is None:
            progress = state.progress[index] = Progress(state.cumulative, exchange.settings.reasoning_content_mode)
        reason = answer.finish_reason(item)
        finished = reason is not None
        before = progress.size if state.cumulative else 0
        for delta in progress.deltas(message, finished=finished):
            writer.delta(index, delta, logprobs=item.get("logprobs"))
        if state.cumulative:
            state.held += progress.size - before
            if state.held > limits.HELD_TEXT:
                raise bad_upstream("the upstream repeats more in each event than can be kept")
        if reason is not None:
            writer.finish(index, reason)
    # Every event has the usage so far; that of the last one counts.
    if finished and (usage := answer.usage(document)):
        writer.usage(usage)


def _message(given: Any, index: int) -> Json:
    if not isinstance(given, dict):
        raise ApiError(400, f"messages[{index}] must be an object", param=f"messages[{index}]")
    message: Json = {"content": None, **given}
    if isinstance(message["content"], list):
        message["content"] = [_part(part) for part in message["content"]]
    if isinstance(calls := message.get("tool_calls"), list):
        message["tool_calls"] = [
            {"index": position, **one} if isinstance(one, dict) else one for position, one in enumerate(calls)
        ]
    return message


def _part(part: Any) -> Any:
    """Converts a part: `{"type": "image_url", "image_url": {"url": ...}}` becomes `{"image": ...}`."""
    if not isinstance(part, dict):
        return part
    kind = part.get("type")
    if kind == "text":
        return {name: value for name, value in part.items() if name != "type"}
    if isinstance(kind, str) and kind in _PARTS:
        value = part.get(kind)
        return {_PARTS[kind]: value.get("url") if isinstance(value, dict) else value}
    if kind == "input_audio" and isinstance(audio := part.get("input_audio"), dict):
        data = str(audio.get("data", ""))
        is_url = data.startswith(("data:", "http://", "https://"))
        return {"audio": data if is_url else f"data:audio/{audio.get('format', 'wav')};base64,{data}"}
    return part


def _with_files(messages: list[Json], files: tuple[str, ...]) -> list[Json]:
    """`qwen-long` needs exactly two system messages in front: the system prompt and the ids of the files."""
    first = next((index for index, message in enumerate(messages) if message.get("role") != "system"), len(messages))
    system = "\n".join(filter(None, [message_content.text(message["content"]) for message in messages[:first]]))
    system = system or "You are a helpful assistant."
    file_list = ",".join(f"fileid://{file}" for file in files)
    return [{"role": "system", "content": system}, {"role": "system", "content": file_list}, *messages[first:]]
