"""Anthropic's client for Node.js, in front of `proxywasm serve --demo`."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.host.gateway.live.node_client import told_by

pytestmark = pytest.mark.exhaustive


def test_messages_streams_tools_tokens_and_models(tmp_path: Path) -> None:
    told = told_by("anthropic", "messages.mjs", tmp_path)
    assert told.pop("whole").endswith("You said: Oslo")
    assert 3 < told.pop("tokens") < 20
    assert told == {
        "same": True,
        "called": [{"city": "Oslo"}],
        "ran": "The tool says: rain",
        "models": ["gpt-4o", "o4-mini", "claude-sonnet-4-5", "text-embedding-3-small", "gpt-4"],
        "refusal": ["BadRequestError", 400],
    }
