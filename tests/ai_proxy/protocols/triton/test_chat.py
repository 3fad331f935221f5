"""Triton: requests and answers."""

from __future__ import annotations

from tests.ai_proxy.converting import TALK
from tests.ai_proxy.gateway import CHAT, ask
from tests.ai_proxy.protocols.triton.sample import TRITON


def test_triton_gets_a_transcript_or_the_one_message_as_it_is() -> None:
    assert ask(TRITON, CHAT).sent["text_input"] == "Hi"
    outcome = ask({**TRITON, "tritonModelVersion": "2"}, {**TALK, "model": "a/b", "temperature": 0})
    assert outcome.sent["text_input"].startswith("SYSTEM: \nBe brief.\nUSER: \nWhat")
    assert outcome.sent["parameters"] == {"stream": False, "temperature": 0}
    assert outcome.sent_headers[":path"] == "/v2/models/a%2Fb/versions/2/generate"
    assert outcome.sent_headers["authorization"] == "Bearer t-1"


def test_triton_needs_no_token() -> None:
    outcome = ask({"type": "triton", "tritonDomain": "t.example.com"}, CHAT)
    assert "authorization" not in outcome.sent_headers
