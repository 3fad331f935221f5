"""Hunyuan for the tests of all services."""

from __future__ import annotations

from typing import Final

from tests.ai_proxy.gateway import Json
from tests.ai_proxy.sample import Sample, listed, same

HUNYUAN: Final[Json] = {
    "type": "hunyuan",
    "hunyuanAuthId": "AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE",
    "hunyuanAuthKey": "Gu5t9xGARNpq86cd98joQYCN3EXAMPLE",
}

_HEAD: Final = {"Id": "h", "Usage": {"PromptTokens": 1, "CompletionTokens": 2, "TotalTokens": 3}}

_COUNTED: Final = {
    "PromptTokens": 10, "CompletionTokens": 7, "TotalTokens": 17, "PromptTokensDetails": {"CachedTokens": "6"},
}  # fmt: skip


def _counted(field: str) -> Json:
    choice = {"FinishReason": "stop", field: {"Role": "assistant", "Content": "Hi"}}
    return {"Id": "h", "Choices": [choice], "Usage": _COUNTED}


SAMPLES: Final = {
    "hunyuan": Sample(
        config=HUNYUAN,
        error=({"Response": {"Error": {"Code": "RequestLimitExceeded", "Message": "slow down"}}}, 429, "slow down"),
        chunks=[
            {**_HEAD, "Choices": [{"Delta": {"Role": "assistant", "Content": "Hi"}, "FinishReason": ""}]},
            {**_HEAD, "Choices": [{"Delta": {"Role": "assistant", "Content": " there"}, "FinishReason": "stop"}]},
        ],
        usage=({"Response": _counted("Message")}, [_counted("Delta")]),
        tool_turn=("Messages", [
            {"Role": "user", "Content": "What is there?"},
            {"Role": "assistant", "Content": "I look.", "ToolCalls": [
                {"Id": "c1", "Type": "function", "Function": {"Name": "look", "Arguments": '{"at": "it"}'}},
                {"Id": "c2", "Type": "function", "Function": {"Name": "listen", "Arguments": "{}"}}]},
            {"Role": "tool", "Content": "a purr", "ToolCallId": "c2"},
            {"Role": "tool", "Content": "a cat", "ToolCallId": "c1"},
            {"Role": "user", "Content": "So?"},
        ]),
        parameters={
            "temperature": ("Temperature", same), "top_p": ("TopP", same), "seed": ("Seed", same),
            "stop": ("Stop", listed), "enable_enhancement": ("EnableEnhancement", same),
        },
    ),
}  # fmt: skip
