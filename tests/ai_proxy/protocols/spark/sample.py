"""Spark for the tests of all services."""

from __future__ import annotations

from typing import Final

from tests.ai_proxy.gateway import Json
from tests.ai_proxy.sample import Sample, same

SPARK: Final[Json] = {"type": "spark", "apiTokens": ["k:s"]}

_HEAD: Final = {"code": 0, "sid": "s"}
_PARAMETERS: Final = (
    "temperature", "top_p", "top_k", "n", "seed", "presence_penalty", "frequency_penalty", "max_tokens",
    "max_completion_tokens", "logprobs", "top_logprobs", "stop", "user", "metadata", "service_tier", "logit_bias",
    "parallel_tool_calls", "enable_enhancement", "source_lang",
)  # fmt: skip
"""It speaks OpenAI's protocol, so all of them pass."""

SAMPLES: Final = {
    "spark": Sample(
        config=SPARK,
        error=({"code": 10013, "message": "input is not allowed", "sid": "s"}, 400, "input is not allowed"),
        chunks=[
            {**_HEAD, "choices": [{"index": 0, "delta": {"role": "assistant", "content": "Hi"}}]},
            {**_HEAD, "choices": [{"index": 0, "delta": {"content": " there"}}], "usage": {"total_tokens": 3}},
        ],
        ends_with_done=True,
        usage=(
            {
                "code": 0,
                "choices": [{"message": {"content": "Hi"}}],
                "usage": {"prompt_tokens": 10, "completion_tokens": 7, "total_tokens": 17},
            },
            (),
        ),
        cached=None,
        keeps_fields=True,
        parameters={name: (name, same) for name in _PARAMETERS},
    ),
}
