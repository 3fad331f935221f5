"""Triton: requests and answers."""

from __future__ import annotations

from tests.ai_proxy.converting import TALK
from tests.ai_proxy.gateway import CHAT, answer, ask
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


def test_triton_in_its_own_protocol_is_left_alone_but_for_the_token() -> None:
    """Weakness 45."""
    provider = {**TRITON, "protocol": "original"}
    outcome = ask(provider, {"text_input": "Hi"}, answer({"text_output": "Ho"}), path="/v2/models/m/generate")
    assert (outcome.sent_headers[":path"], outcome.sent) == ("/v2/models/m/generate", {"text_input": "Hi"})
    assert outcome.sent_headers["authorization"] == "Bearer t-1"
    assert outcome.json == {"text_output": "Ho"}
