"""One configuration of ai-proxy for all tests of it in Envoy: a rule for each domain."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.ai_proxy.natives import BEDROCK, CLAUDE, GEMINI, OPENAI

from proxywasm_host.recordings.exchange import load

_QWEN = Path(__file__).parents[1] / "conformance" / "qwen"
_NAMES = ["qwen-chat-b", "qwen-stream-a", "qwen-native-chat-a", "qwen-native-stream-a", "qwen-native-stream-b"]
_ALL = [exchange for file in ("chat", "native-chat", "native-stream") for exchange in load(_QWEN / f"{file}.json")]
CHOSEN = [exchange for exchange in _ALL if exchange.name in _NAMES]
"""Each is the rule for the domain of its name."""

_PROVIDERS = [
    GEMINI,
    BEDROCK,
    {**CLAUDE, "modelMapping": {"*": "claude-3"}},
    {**OPENAI, "modelMapping": {"*": "gpt-5"}},
]


def rules() -> list[dict[str, Any]]:
    recorded = [{"_match_domain_": [f"{each.name}.test"], **json.loads(each.config)} for each in CHOSEN]
    return recorded + [{"_match_domain_": [f"{each['type']}.test"], "provider": each} for each in _PROVIDERS]
