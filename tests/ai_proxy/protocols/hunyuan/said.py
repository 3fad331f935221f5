"""An answer of the service, whole and streamed, as far as its protocol has a place for what is said."""

from __future__ import annotations

import json
from typing import Final

from tests.ai_proxy.gateway import Json
from tests.ai_proxy.service_answers import REASONS, Said, Writer, event_bytes, whole_bytes


def _hunyuan(field: str, reason: str, part: Json) -> Json:
    usage = {"PromptTokens": 1, "CompletionTokens": 2, "TotalTokens": 3}
    return {"Id": "h", "Usage": usage, "Choices": [{field: {"Role": "assistant", **part}, "FinishReason": reason}]}


def _hunyuan_parts(one: Said) -> list[Json]:
    calls = [
        {"Id": call_id, "Type": "function", "Index": index,
         "Function": {"Name": name, "Arguments": json.dumps(arguments)}}
        for index, (call_id, name, arguments) in enumerate(one.calls)
    ]  # fmt: skip
    return [{"ReasoningContent": one.reasoning}, {"Content": one.text}, {"ToolCalls": calls} if calls else {}]


def whole(one: Said) -> bytes:
    message: Json = {}
    for part in _hunyuan_parts(one):
        message |= part
    return whole_bytes({"Response": _hunyuan("Message", REASONS[one.end], message)})


def stream(one: Said) -> bytes:
    parts = [_hunyuan("Delta", "", part) for part in _hunyuan_parts(one)]
    return event_bytes([*parts, _hunyuan("Delta", REASONS[one.end], {})])


WRITERS: Final[dict[str, tuple[Writer, Writer | None]]] = {"hunyuan-native": (whole, stream)}
