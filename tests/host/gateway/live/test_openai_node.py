"""OpenAI's client for Node.js with the Responses API, in front of `proxywasm serve --demo`."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.host.gateway.live.node_client import told_by

pytestmark = pytest.mark.exhaustive


def test_responses_streams_tools_tokens_and_refusals(tmp_path: Path) -> None:
    told = told_by("openai", "responses.mjs", tmp_path)
    assert told.pop("whole").endswith("You said: Oslo")
    assert 3 < told.pop("tokens") < 20
    assert told == {
        "same": True,
        "done": True,
        "called": {"city": "Oslo"},
        "ran": "The tool says: rain",
        "refusals": [
            ["BadRequestError", 400, "previous_response_not_found"],
            ["BadRequestError", 400, "unsupported_parameter"],
            ["NotFoundError", 404, None],
        ],
    }
