"""MiniMax "ChatCompletion Pro", in which every speaker has a name.

Source: MiniMax open platform, "ChatCompletion Pro". System prompts are `bot_setting`; events tell what is new, the last
one the whole answer again. Errors are a `base_resp` with a code other than 0 and come with status 200.
"""

from __future__ import annotations

from typing import Any

from proxywasm import Event

from ..call import Call
from ..chat import choice, completion
from ..errors import ApiError, bad_upstream
from ..jsonx import Json
from ..settings import MinimaxSettings
from ..writers import Writer
from ..writers.calls import place
from . import plain

__all__ = ["error", "event", "request", "response"]

_USER, _BOT = "小明", "MM智能助理"
_SETTING = (
    "MM智能助理是一款由MiniMax自研的，没有调用其他产品的接口的大型语言模型。"
    "MiniMax是一家中国科技公司，一直致力于进行大模型相关的研究。"
)
"""The names and the description that MiniMax's documentation uses; the protocol does not do without."""

_PATH = "/v1/text/chatcompletion_pro?GroupId="

# Source: MiniMax open platform, "Error codes".
_STATUS = {
    1000: 500, 1001: 504, 1002: 429, 1004: 401, 1008: 402, 1013: 500, 1024: 500, 1026: 400, 1027: 400, 1033: 500,
    1039: 429, 2013: 400, 2049: 401, 2056: 402,
}  # fmt: skip


def request(call: Call, body: Json) -> Json:
    settings = call.settings
    assert isinstance(settings, MinimaxSettings)
    call.path = _PATH + settings.minimax_group_id
    sent: Json = {"model": call.model}
    if call.stream:
        sent["stream"] = True
    if (limit := plain.max_tokens(body)) is not None:
        sent["tokens_to_generate"] = limit
    sent |= {name: body[name] for name in ("temperature", "top_p") if body.get(name) is not None}
    sent["mask_sensitive_info"] = True
    messages, bots = [], []
    for message in plain.messages(body):
        role, text = message.get("role"), plain.text_of(message.get("content"))
        name = plain.string(message.get("name"))
        if role in ("system", "developer"):
            bots.append({"bot_name": name or _BOT, "content": text})
        elif role == "assistant":
            messages.append({"sender_type": "BOT", "sender_name": name or _BOT, "text": text})
        else:
            messages.append({"sender_type": "USER", "sender_name": name or _USER, "text": text})
    if not bots:
        bots.append({"bot_name": _BOT, "content": _SETTING})
    sent["messages"] = messages
    sent["bot_setting"] = bots
    sent["reply_constraints"] = {"sender_type": "BOT", "sender_name": bots[0]["bot_name"]}
    return sent


def response(call: Call, document: Json) -> Json:
    if (failure := error(200, document)) is not None:
        raise failure
    choices: list[Json] = []
    for item in _choices(document):
        for message in plain.objects(item.get("messages")):
            reason = plain.string(item.get("finish_reason")) or "stop"
            choices.append(choice(len(choices), _message(message), reason))
    answer = completion(
        plain.string(document.get("id")), plain.string(document.get("model")) or call.model, choices, _usage(document)
    )
    if plain.count(document.get("created")):
        answer["created"] = document["created"]
    return answer


def event(call: Call, event: Event, document: Json, writer: Writer) -> None:  # noqa: ARG001
    """`call.state` has the choices of which something has been said."""
    if (failure := error(200, document)) is not None:
        raise failure
    said: set[int] = call.state if isinstance(call.state, set) else set()
    call.state = said
    writer.begin(plain.string(document.get("id")), created=document.get("created"), model=document.get("model"))
    items = _choices(document)
    usage = _usage(document)
    for position, item in enumerate(items):
        index = place(item.get("index"), position)
        reason = plain.string(item.get("finish_reason"))
        if not reason or index not in said:  # The last event of a choice repeats the whole of it.
            for message in plain.objects(item.get("messages")):
                writer.delta(index, _message(message))
                said.add(index)
        if reason:
            writer.finish(index, reason, usage=usage)


def error(status: int, document: Json) -> ApiError | None:
    problem = document.get("base_resp")
    code = problem.get("status_code") if isinstance(problem, dict) else None
    if not isinstance(problem, dict) or not isinstance(code, int) or code == 0:
        return None
    if status < 400:
        status = _STATUS.get(code, 502)
    return ApiError(status, plain.string(problem.get("status_msg")) or f"error {code}", code=str(code))


def _choices(document: Json) -> list[Json]:
    choices = document.get("choices")
    if not isinstance(choices, list) or not all(isinstance(item, dict) for item in choices):
        raise bad_upstream("the upstream's answer has no choices")
    return choices


def _message(message: Json) -> Json:
    result: Json = {"role": "assistant", "content": plain.string(message.get("text"))}
    name = plain.string(message.get("sender_name"))
    return {"name": name, **result} if name else result


def _usage(document: Json) -> Any:
    """MiniMax tells only the sum."""
    usage = document.get("usage")
    return {"total_tokens": plain.count(usage.get("total_tokens"))} if isinstance(usage, dict) else None
