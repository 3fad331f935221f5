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

SAMPLES: Final = {
    "hunyuan": Sample(
        config=HUNYUAN,
        error=({"Response": {"Error": {"Code": "RequestLimitExceeded", "Message": "slow down"}}}, 429, "slow down"),
        chunks=[
            {**_HEAD, "Choices": [{"Delta": {"Role": "assistant", "Content": "Hi"}, "FinishReason": ""}]},
            {**_HEAD, "Choices": [{"Delta": {"Role": "assistant", "Content": " there"}, "FinishReason": "stop"}]},
        ],
        parameters={
            "temperature": ("Temperature", same), "top_p": ("TopP", same), "seed": ("Seed", same),
            "stop": ("Stop", listed), "enable_enhancement": ("EnableEnhancement", same),
        },
    ),
}  # fmt: skip
