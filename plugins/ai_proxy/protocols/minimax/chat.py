"""MiniMax "ChatCompletion Pro", in which every speaker has a name.

Source: MiniMax open platform, "ChatCompletion Pro". System prompts are `bot_setting`. Events have the new text, the
last one the whole answer again. Errors are a `base_resp` with a code other than 0, and status 200.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Final

from proxywasm import Event

from ...wire import lenient
from ...wire.errors import ApiError, bad_upstream
from ...wire.json import Json
from ..exchange import Exchange
from ..interface import StreamWriter
from ..interface import sse_decoder as decoder
from ..pivot import chat_fields, chat_parts, message_content
from ..pivot.chat import choice, completion
from ..pivot.finish_reasons import known
from ..pivot.sampling import within
from ..pivot.tool_calls import place
from .settings import MinimaxSettings

__all__ = [
    "accepts_signed_thinking", "decoder", "error", "event", "new_state", "request", "response",
]  # fmt: skip

accepts_signed_thinking: Final = False

_USER, _BOT = "小明", "MM智能助理"
_SETTING = (
    "MM智能助理是一款由MiniMax自研的，没有调用其他产品的接口的大型语言模型。"
    "MiniMax是一家中国科技公司，一直致力于进行大模型相关的研究。"
)
"""The names and the description in MiniMax's documentation; the protocol requires them."""

_OF_A_FUNCTION = ("name", "description", "parameters")
_FINISH = {"max_output": "length", "function_call": "tool_calls"}

_LEAST: Final = 0.01
"""`temperature` and `top_p` are above 0 and at most 1. Source: MiniMax open platform, "ChatCompletion Pro"."""

_PATH = "/v1/text/chatcompletion_pro?GroupId="

# Source: MiniMax open platform, "Error codes".
_STATUS = {
    1000: 500, 1001: 504, 1002: 429, 1004: 401, 1008: 402, 1013: 500, 1024: 500, 1026: 400, 1027: 400, 1033: 500,
    1039: 429, 2013: 400, 2049: 401, 2056: 402,
}  # fmt: skip


def request(exchange: Exchange, body: Json) -> Json:
    settings = exchange.settings
    assert isinstance(settings, MinimaxSettings)
    exchange.path = _PATH + settings.minimax_group_id
    sent: Json = {"model": exchange.model}
    if exchange.stream:
        sent["stream"] = True
    if (limit := chat_fields.max_tokens(body)) is not None:
        sent["tokens_to_generate"] = limit
    sent |= {name: within(body[name], 1, _LEAST) for name in ("temperature", "top_p") if body.get(name) is not None}
    if exchange.choices > 1:
        sent["beam_width"] = exchange.choices
    sent["mask_sensitive_info"] = True
    given = chat_fields.messages(body)
    bots = [
        {"bot_name": lenient.text(one.get("name")) or _BOT, "content": _text(one)}
        for one in given
        if chat_fields.is_system(one)
    ] or [{"bot_name": _BOT, "content": _SETTING}]
    sent["messages"] = _conversation([one for one in given if not chat_fields.is_system(one)])
    sent["bot_setting"] = bots
    sent["reply_constraints"] = {"sender_type": "BOT", "sender_name": bots[0]["bot_name"]}
    if functions := chat_fields.functions(body):
        sent["functions"] = [{key: one[key] for key in _OF_A_FUNCTION if key in one} for one in functions]
        choice = body.get("tool_choice")
        if name := chat_fields.chosen_function(choice):
            sent["function_call"] = {"type": "specific", "name": name}
        elif choice in ("none", "auto"):
            sent["function_call"] = {"type": choice}
    return sent


def _conversation(given: list[Json]) -> list[Json]:
    """Converts the messages. A message has at most one call, and its result, with the function's name, follows."""
    results: dict[str, deque[Json]] = {}  # By the id of the call: results without a place.
    for message in given:
        if message.get("role") == "tool" and isinstance(call_id := message.get("tool_call_id"), str):
            results.setdefault(call_id, deque()).append(message)
    placed: set[int] = set()
    messages: list[Json] = []
    for message in given:
        name = lenient.text(message.get("name"))
        if message.get("role") == "assistant":
            entry: Json = {"sender_type": "BOT", "sender_name": name or _BOT, "text": _text(message)}
            calls = chat_fields.calls(message)
            if not calls:
                messages.append(entry)
            for position, call in enumerate(calls):
                function: Json = {"function_call": {"name": call.name, "arguments": call.text}}
                messages.append({**(entry if position == 0 else {**entry, "text": ""}), **function})
                if waiting := results.get(call.id):
                    result = waiting.popleft()
                    placed.add(id(result))
                    messages.append(_result(result, call.name))
        elif message.get("role") != "tool":
            messages.append({"sender_type": "USER", "sender_name": name or _USER, "text": _text(message)})
        elif id(message) not in placed:  # The result of a call that is not in the conversation.
            messages.append(_result(message, name))
    return messages


def _result(message: Json, name: str) -> Json:
    return {"sender_type": "FUNCTION", "sender_name": name or _BOT, "text": _text(message)}


def _text(message: Json) -> str:
    return message_content.text_only(message.get("content"), "MiniMax Pro")


def response(exchange: Exchange, document: Json) -> Json:
    if (failure := error(200, document)) is not None:
        raise failure
    choices: list[Json] = []
    for item in _choices(document):
        for message in lenient.objects(item.get("messages")):
            converted = _message(message)
            reason = _finish_reason(item, calls="tool_calls" in converted) or "stop"
            choices.append(choice(len(choices), converted, reason))
    answer = completion(
        lenient.text(document.get("id")),
        lenient.text(document.get("model")) or exchange.model,
        choices,
        _usage(document),
    )
    if lenient.count(document.get("created")):
        answer["created"] = lenient.count(document["created"])
    return answer


@dataclass(slots=True)
class State:
    """The state of one stream: which choices have sent text, and which have called a tool."""

    has_text: set[int] = field(default_factory=set)
    called: set[int] = field(default_factory=set)


def new_state(exchange: Exchange) -> State:  # noqa: ARG001
    return State()


def event(exchange: Exchange, state: State, event: Event, document: Json, writer: StreamWriter) -> None:  # noqa: ARG001
    if (failure := error(200, document)) is not None:
        raise failure
    writer.begin(lenient.text(document.get("id")), created=document.get("created"), model=document.get("model"))
    usage = _usage(document)
    for position, item in enumerate(_choices(document)):
        index = place(item.get("index"), position)
        ends = _finish_reason(item, calls=False) is not None
        for message in lenient.objects(item.get("messages")):
            delta = _message(message)
            calls = delta.get("tool_calls")
            if ends and index in state.has_text:
                # The last event of a choice repeats all of it.
                delta = {"tool_calls": calls} if calls and index not in state.called else {}
            if delta:
                writer.delta(index, delta)
                state.has_text.add(index)
            if calls:
                state.called.add(index)
        if (reason := _finish_reason(item, calls=index in state.called)) is not None:
            writer.finish(index, reason, usage=usage)


def error(status: int, document: Json) -> ApiError | None:
    problem = document.get("base_resp")
    code = problem.get("status_code") if isinstance(problem, dict) else None
    if not isinstance(problem, dict) or not isinstance(code, int) or code == 0:
        return None
    if status < 400:
        status = _STATUS.get(code, 502)
    return ApiError(status, lenient.text(problem.get("status_msg")) or f"error {code}", code=str(code))


def _choices(document: Json) -> list[Json]:
    choices = document.get("choices")
    if not isinstance(choices, list) or not all(isinstance(item, dict) for item in choices):
        raise bad_upstream("the upstream's answer has no choices")
    return choices


def _message(message: Json) -> Json:
    result: Json = {"role": "assistant", "content": lenient.text(message.get("text"))}
    if name := lenient.text(message.get("sender_name")):
        result = {"name": name, **result}
    if isinstance(function := message.get("function_call"), dict):
        made = chat_parts.tool_call(0, "", lenient.text(function.get("name")), function.get("arguments"))
        result["tool_calls"] = [made]
    return result


def _finish_reason(item: Json, *, calls: bool) -> str | None:
    reason = lenient.text(item.get("finish_reason"))
    if not reason:
        return None
    return "tool_calls" if calls and reason == "stop" else known(reason, _FINISH)


def _usage(document: Json) -> Json | None:
    """The usage; older models give only the total."""
    usage = document.get("usage")
    if not isinstance(usage, dict):
        return None
    if "prompt_tokens" in usage or "completion_tokens" in usage:
        return chat_parts.usage(usage.get("prompt_tokens"), usage.get("completion_tokens"), usage.get("total_tokens"))
    return chat_parts.usage(0, 0, usage.get("total_tokens"))
