"""DeepL: requests and answers."""

from __future__ import annotations

import json

from tests.ai_proxy.gateway import CHAT, STREAM, answer, ask
from tests.ai_proxy.protocols.deepl.sample import DEEPL


def test_deepl_makes_a_stream_of_a_whole_answer() -> None:
    document = {"translations": [{"detected_source_language": "EN", "text": "Hallo"}, {"text": "Welt"}]}
    outcome = ask(DEEPL, STREAM, answer(document))
    assert outcome.headers["content-type"] == "text/event-stream"
    assert outcome.data[-1] == "[DONE]"
    assert [json.loads(item)["choices"][0]["index"] for item in outcome.data[:-1]] == [0, 0, 1, 1]


def test_deepl_models_choose_the_host() -> None:
    assert ask(DEEPL, CHAT).sent_headers[":authority"] == "api.deepl.com"
    assert ask({**DEEPL, "modelMapping": {"*": "Free"}}, CHAT).sent_headers[":authority"] == "api-free.deepl.com"
    assert ask({**DEEPL, "providerDomain": "d.example.com"}, CHAT).sent_headers[":authority"] == "d.example.com"
    assert ask({**DEEPL, "modelMapping": {}}, CHAT).status == 404
    assert ask(DEEPL, {**CHAT, "messages": [{"role": "system", "content": "x"}]}).status == 400


def test_deepl_gets_its_own_parameters() -> None:
    sent = ask(DEEPL, {**CHAT, "source_lang": "EN", "formality": "more"}).sent
    assert (sent["source_lang"], sent["formality"]) == ("EN", "more")


def test_deepl_gets_no_empty_context() -> None:
    messages = [{"role": "system", "content": ""}, {"role": "user", "content": "Hi"}]
    assert "context" not in ask(DEEPL, {**CHAT, "messages": messages}).sent
