"""Triton for the tests of all services."""

from __future__ import annotations

from typing import Final

from tests.ai_proxy.gateway import Json
from tests.ai_proxy.sample import Sample, listed, same

TRITON: Final[Json] = {"type": "triton", "tritonDomain": "triton.example.com", "apiTokens": ["t-1"]}

_PARAMETERS: Final = ("temperature", "top_p", "top_k", "seed", "presence_penalty", "frequency_penalty")

SAMPLES: Final = {
    "triton": Sample(
        config=TRITON,
        error=({"error": "model is not ready"}, 502, "model is not ready"),
        chunks=[{"id": "t", "text_output": "Hi"}, {"id": "t", "text_output": " there"}],
        parameters={
            **{name: (f"parameters.{name}", same) for name in _PARAMETERS},
            "limit": ("parameters.max_tokens", same),
            "stop": ("parameters.stop", listed),
        },
        instructions=("text_input",),
        transcript="text_input",
        only_chat=True,
    ),
}
