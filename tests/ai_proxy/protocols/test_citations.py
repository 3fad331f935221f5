"""Web pages that an answer cites reach clients of every protocol, in whole answers and in streams."""

from __future__ import annotations

import json
from typing import Any

import pytest
from anthropic.types import Message as ClaudeMessage
from anthropic.types import RawContentBlockDeltaEvent
from openai.types.chat import ChatCompletion
from tests.ai_proxy import responses_grammar
from tests.ai_proxy.converting import sse as event_of
from tests.ai_proxy.gateway import Json, Outcome, answer, ask, events
from tests.ai_proxy.natives import BEDROCK, CLAUDE, GEMINI, VERTEX
from tests.ai_proxy.protocols.bedrock.test_aws_event_stream import frame, header

from ai_proxy.wire import limits
from ai_proxy_testing.answers import answer_problems, stream_problems
from proxywasm_host.recordings.exchange import Message

MODEL = "m"
PAGE, OTHER = "https://a.example/1", "https://b.example/2"
TEXT = "Ö is blue. So it is."
"""Its first letter has two bytes."""
FIRST, SECOND = (0, 10), (11, 20)
"""The sentences."""

PATHS = {"chat": "/v1/chat/completions", "messages": "/v1/messages", "responses": "/v1/responses"}
BODIES: dict[str, Json] = {
    "chat": {"messages": [{"role": "user", "content": "Hi"}]},
    "messages": {"max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]},
    "responses": {"input": "Hi"},
}


def sse(*documents: Json) -> list[bytes]:
    return [event_of(one) for one in documents]


def bedrock_frame(kind: str, document: Json) -> bytes:
    return frame(json.dumps(document).encode(), header(":event-type", kind))


def ask_as(client: str, provider: Json, response: Any, *, stream: bool, **more: Any) -> Outcome:
    body = {"model": MODEL, "stream": stream, **BODIES[client], **more}
    outcome = ask(provider, body, response, path=PATHS[client])
    assert outcome.status == 200, outcome.raw
    return outcome


def cited(client: str, outcome: Outcome, *, stream: bool) -> list[Json]:
    """What the client gets of the sources. Fails for an answer that its SDK would not read."""
    return READERS[client](outcome, stream)


def of_chat(outcome: Outcome, stream: bool) -> list[Json]:
    if not stream:
        assert answer_problems("openai", outcome.json) == []
        message = ChatCompletion.model_validate(outcome.json).choices[0].message
        assert message.content is not None
        return [one["url_citation"] for one in outcome.json["choices"][0]["message"].get("annotations", [])]
    assert stream_problems("openai", outcome.data) == []
    deltas = [one["delta"] for data in outcome.data[:-1] for one in json.loads(data)["choices"]]
    return [one["url_citation"] for delta in deltas for one in delta.get("annotations", [])]


def of_messages(outcome: Outcome, stream: bool) -> list[Json]:
    if not stream:
        assert answer_problems("anthropic", outcome.json) == []
        ClaudeMessage.model_validate(outcome.json)
        return [one for block in outcome.json["content"] for one in block.get("citations", [])]
    assert stream_problems("anthropic", outcome.data) == []
    deltas = [one for one in map(json.loads, outcome.data) if one["type"] == "content_block_delta"]
    citations = [one for one in deltas if one["delta"]["type"] == "citations_delta"]
    for one in citations:
        RawContentBlockDeltaEvent.model_validate(one)
    return [one["delta"]["citation"] for one in citations]


def of_responses(outcome: Outcome, stream: bool) -> list[Json]:
    final = responses_grammar.stream([json.loads(one) for one in outcome.data]) if stream else outcome.json
    responses_grammar.response(final)
    return [
        {name: value for name, value in one.items() if name != "type"}
        for item in final["output"] if item["type"] == "message"
        for part in item["content"] for one in part["annotations"]
    ]  # fmt: skip


READERS = {"chat": of_chat, "messages": of_messages, "responses": of_responses}


def url_citation(url: str, place: tuple[int, int], title: str = "", **more: Any) -> Json:
    return {"url": url, "title": title, "start_index": place[0], "end_index": place[1], **more}


def expected(client: str, *citations: Json) -> list[Json]:
    """The same citations as this client has them."""
    if client == "messages":
        seen = {one["url"]: one for one in citations}
        return [
            {"type": "web_search_result_location", "url": url, "title": one["title"] or None,
             "cited_text": one.get("content", ""), "encrypted_index": ""}
            for url, one in seen.items()
        ]  # fmt: skip
    names = ("content",) if client == "responses" else ()
    return [{name: value for name, value in one.items() if name not in names} for one in citations]


each_client = pytest.mark.parametrize("client", PATHS)
whole_and_stream = pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])


def openai_answer(stream: bool, *, message: Json, **beside: Any) -> Any:
    """An answer in OpenAI's protocol. In a stream the annotations come with the last text, fields beside at the end."""
    head = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": MODEL}
    if not stream:
        choice = {"index": 0, "message": {"role": "assistant", "content": TEXT, **message}, "finish_reason": "stop"}
        return answer({**head, **beside, "choices": [choice]})
    deltas = [{"role": "assistant", "content": TEXT[:12]}, {"content": TEXT[12:], **message}]
    chunks = [{**head, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas]
    chunks.append({**head, **beside, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    return events(*sse(*chunks), b"data: [DONE]\n\n")


SERVICE: Json = {"type": "moonshot", "apiTokens": ["k"]}
CITATIONS = [url_citation(PAGE, FIRST, "A", content="The sky"), url_citation(OTHER, SECOND)]


@pytest.mark.parametrize("client", ["messages", "responses"])
@whole_and_stream
@pytest.mark.parametrize("nested", [True, False], ids=["nested", "flat"])
def test_annotations_of_openais_chats(client: str, stream: bool, nested: bool) -> None:
    kind = "url_citation"
    given = [{"type": kind, kind: one} if nested else {"type": kind, **one} for one in CITATIONS]
    outcome = ask_as(client, SERVICE, openai_answer(stream, message={"annotations": given}), stream=stream)
    assert cited(client, outcome, stream=stream) == expected(client, *CITATIONS)


@pytest.mark.parametrize("field", ["search_results", "citations", "web_search"])
@pytest.mark.parametrize("client", ["messages", "responses"])
@whole_and_stream
def test_sources_that_the_text_names_by_their_numbers(client: str, stream: bool, field: str) -> None:
    titles = ["A", "B", "C"] if field != "citations" else ["", "", ""]
    urls = [PAGE, OTHER, "https://c.example/3"]
    listed: list[Any] = list(urls)
    if field == "search_results":
        listed = [{"title": title, "url": url} for title, url in zip(titles, urls, strict=True)]
    elif field == "web_search":
        listed = [{"title": title, "link": url, "refer": f"ref_{number}"}
                  for number, (title, url) in enumerate(zip(titles, urls, strict=True), 1)]  # fmt: skip
    mark = "[ref_2]" if field == "web_search" else "[2]"
    text = f"It is{mark} so{mark}.[9]"
    message: Json = {"content": text} if not stream else {"content": f"{text}"}
    response = openai_answer(stream, message=message, **{field: listed})
    outcome = ask_as(client, SERVICE, response, stream=stream)
    if client == "messages":
        pairs = list(zip(urls, titles, strict=True))
        assert cited(client, outcome, stream=stream) == expected(
            client, *(url_citation(url, (0, 0), title) for url, title in pairs)
        )
        return
    before = len(TEXT[:12]) if stream else 0
    places = [(before + 5, before + 5 + len(mark)), (before + 8 + len(mark), before + 8 + 2 * len(mark))]
    found = [url_citation(OTHER, place, titles[1]) for place in places]
    assert cited(client, outcome, stream=stream) == found


SCRIPT = "javascript:alert(1)"
NO_PAGES: dict[str, tuple[Json, Json]] = {
    "annotations": ({"annotations": [{"type": "url_citation", "url_citation": url_citation(SCRIPT, FIRST)}]}, {}),
    "search_results": ({}, {"search_results": [{"title": "A", "url": SCRIPT}]}),
    "citations": ({}, {"citations": [SCRIPT]}),
    "web_search": ({}, {"web_search": [{"title": "A", "link": SCRIPT, "refer": "ref_1"}]}),
}


@pytest.mark.parametrize("field", NO_PAGES)
@pytest.mark.parametrize("client", ["messages", "responses"])
@whole_and_stream
def test_what_is_no_page_is_not_cited(client: str, stream: bool, field: str) -> None:
    message, more = NO_PAGES[field]
    response = openai_answer(stream, message={**message, "content": "So [1] or [ref_1]."}, **more)
    outcome = ask_as(client, SERVICE, response, stream=stream)
    assert cited(client, outcome, stream=stream) == []
    assert SCRIPT not in outcome.raw.decode()


PERPLEXITY: Json = {"type": "perplexity", "apiTokens": ["k"]}
SEARCHED: Json = {
    "citations": [PAGE],
    "search_results": [
        {"title": "A", "url": PAGE, "snippet": "The sky", "date": "2026-01-01", "last_updated": None, "source": "web"}
    ],
    "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3, "search_context_size": "low",
              "citation_tokens": 4, "num_search_queries": 1, "cost": {"total_cost": 0.006}},
}  # fmt: skip
"""Beside the choices of Perplexity's answers. Source: perplexity-node, `StreamChunk` and `UsageInfo`."""


@whole_and_stream
def test_clients_of_openai_get_all_that_perplexity_says_beside_the_choices(stream: bool) -> None:
    response = openai_answer(stream, message={}, **SEARCHED)
    usage = {"stream_options": {"include_usage": True}} if stream else {}
    outcome = ask_as("chat", PERPLEXITY, response, stream=stream, **usage)
    assert outcome.sent_headers[":path"] == "/chat/completions"
    documents = [json.loads(data) for data in outcome.data[:-1]] if stream else [outcome.json]
    assert {name: documents[-1][name] for name in SEARCHED} == SEARCHED


@whole_and_stream
def test_clients_of_anthropic_get_perplexitys_sources_as_citations(stream: bool) -> None:
    outcome = ask_as("messages", PERPLEXITY, openai_answer(stream, message={}, **SEARCHED), stream=stream)
    assert cited("messages", outcome, stream=stream) == expected("messages", CITATIONS[0])


def claude_answer(stream: bool) -> Any:
    page = {"type": "web_search_result_location", "url": PAGE, "title": "A", "cited_text": "The sky",
            "encrypted_index": "Eo8B"}  # fmt: skip
    document = {"type": "char_location", "cited_text": "x", "document_index": 0, "document_title": "d",
                "start_char_index": 0, "end_char_index": 1}  # fmt: skip
    texts = [(TEXT[:10], [page, document]), (TEXT[10:], [])]
    usage = {"input_tokens": 1, "output_tokens": 1}
    head: Json = {"id": "msg_1", "type": "message", "role": "assistant", "model": MODEL, "usage": usage}
    if not stream:
        blocks = [{"type": "text", "text": text, "citations": found or None} for text, found in texts]
        return answer({**head, "content": blocks, "stop_reason": "end_turn"})
    sent: list[Json] = [{"type": "message_start", "message": {**head, "content": []}}]
    for index, (text, found) in enumerate(texts):
        block = {"type": "text", "text": "", "citations": []}
        deltas = [{"type": "citations_delta", "citation": one} for one in found] + [
            {"type": "text_delta", "text": text}
        ]
        sent.append({"type": "content_block_start", "index": index, "content_block": block})
        sent += [{"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas]
        sent.append({"type": "content_block_stop", "index": index})
    sent.append({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 1}})
    return events(*sse(*sent, {"type": "message_stop"}))


@pytest.mark.parametrize("client", ["chat", "responses"])
@whole_and_stream
def test_citations_of_claude_belong_to_their_block(client: str, stream: bool) -> None:
    outcome = ask_as(client, CLAUDE, claude_answer(stream), stream=stream)
    assert cited(client, outcome, stream=stream) == expected(client, CITATIONS[0])


def google_answer(stream: bool) -> Any:
    chunks = [{"web": {"uri": PAGE, "title": "A"}}, {"web": {"uri": OTHER, "title": ""}}, {"image": {}}]
    # In bytes.
    supports = [
        {"segment": {"endIndex": 11, "text": TEXT[:10]}, "groundingChunkIndices": [0, 7, 2]},
        {"segment": {"startIndex": 12, "endIndex": 21, "text": TEXT[11:]}, "groundingChunkIndices": [1]},
        {"segment": {"startIndex": 12, "endIndex": 3}, "groundingChunkIndices": [1]},  # No place.
    ]
    metadata = {"groundingChunks": chunks, "groundingSupports": supports, "webSearchQueries": ["sky"]}
    ends: Json = {"finishReason": "STOP", "groundingMetadata": metadata}
    if not stream:
        return answer({"candidates": [{"content": {"role": "model", "parts": [{"text": TEXT}]}, **ends}]})
    pieces: list[Json] = [
        {"content": {"parts": [{"text": TEXT[:3]}]}},
        {"content": {"parts": [{"text": TEXT[3:]}]}, **ends},
    ]
    return events(*sse(*({"candidates": [piece]} for piece in pieces)))


@pytest.mark.parametrize("provider", [GEMINI, VERTEX], ids=["gemini", "vertex"])
@whole_and_stream
def test_a_web_search_of_google_and_its_pages(provider: Json, stream: bool) -> None:
    asked = {"model": "gemini-2.5-flash", "web_search_options": {}}
    outcome = ask_as("chat", provider, google_answer(stream), stream=stream, **asked)
    assert outcome.sent["tools"] == [{"googleSearch": {}}]
    assert cited("chat", outcome, stream=stream) == [url_citation(PAGE, FIRST, "A"), url_citation(OTHER, SECOND)]


def test_the_text_of_a_search_is_held_up_to_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "HELD_TEXT", len(TEXT) - 1)
    answers = google_answer(True)
    assert "too long" in ask_as("chat", GEMINI, answers, stream=True, web_search_options={}).data[-1]
    assert ask_as("chat", GEMINI, answers, stream=True).data[-1] == "[DONE]"


def test_google_does_not_search_beside_functions() -> None:
    tool = {"type": "function", "function": {"name": "f"}}
    outcome = ask_as("chat", GEMINI, google_answer(False), stream=False, web_search_options={}, tools=[tool])
    assert [[*tool] for tool in outcome.sent["tools"]] == [["function_declarations"]]
    assert "web_search_options dropped" in outcome.logs


def test_a_web_search_of_claude() -> None:
    place = {"type": "approximate", "approximate": {"country": "CH", "city": "Basel"}}
    options = {"web_search_options": {"search_context_size": "low", "user_location": place}}
    tool = {"type": "web_search_20250305", "name": "web_search"}
    sent = ask_as("chat", CLAUDE, claude_answer(False), stream=False, **options).sent
    assert sent["tools"] == [{**tool, "user_location": {"type": "approximate", "city": "Basel", "country": "CH"}}]


@pytest.mark.parametrize(
    "tool",
    [
        {"type": "function", "function": {"name": "web_search", "parameters": {"type": "object", "properties": {}}}},
        {"type": "web_search_20250305", "name": "web_search", "max_uses": 2},
    ],
)
def test_a_tool_of_the_clients_with_the_name_of_claudes_search_comes_first(tool: Json) -> None:
    """Names of tools must be unique."""
    sent = ask_as("chat", CLAUDE, claude_answer(False), stream=False, tools=[tool], web_search_options={}).sent
    assert [one["name"] for one in sent["tools"]] == ["web_search"]
    assert sent["tools"][0].keys() & {"input_schema", "max_uses"}


def bedrock_answer(stream: bool) -> Any:
    page = {
        "title": "A",
        "location": {"web": {"url": PAGE, "domain": "a.example"}},
        "sourceContent": [{"text": "The sky"}],
    }
    document = {"title": "d", "location": {"documentPage": {"documentIndex": 0, "start": 1, "end": 2}}}
    usage = {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2}
    if not stream:
        cited_block = {"citationsContent": {"content": [{"text": TEXT[:10]}], "citations": [page, document]}}
        message = {"role": "assistant", "content": [cited_block, {"text": TEXT[10:]}]}
        return answer({"output": {"message": message}, "stopReason": "end_turn", "usage": usage})
    deltas = [(0, {"text": TEXT[:4]}), (0, {"text": TEXT[4:10]}), (0, {"citation": page}), (0, {"citation": document}),
              (1, {"text": TEXT[10:]})]  # fmt: skip
    frames: list[bytes] = [bedrock_frame("messageStart", {"role": "assistant"})]
    frames += [
        bedrock_frame("contentBlockDelta", {"contentBlockIndex": at, "delta": delta}) for at, delta in deltas[:4]
    ]
    frames.append(bedrock_frame("contentBlockStop", {"contentBlockIndex": 0}))
    frames.append(bedrock_frame("contentBlockDelta", {"contentBlockIndex": 1, "delta": deltas[4][1]}))
    frames.append(bedrock_frame("messageStop", {"stopReason": "end_turn"}))
    frames.append(bedrock_frame("metadata", {"usage": usage}))
    return Message([(":status", "200"), ("content-type", "application/vnd.amazon.eventstream")], tuple(frames))


@each_client
@whole_and_stream
@pytest.mark.parametrize("mode", ["passthrough", "concat"])
def test_citations_of_bedrock_and_their_text(client: str, stream: bool, mode: str) -> None:
    provider = {**BEDROCK, "reasoningContentMode": mode}
    outcome = ask_as(client, provider, bedrock_answer(stream), stream=stream, model="amazon.nova-pro-v1:0")
    assert cited(client, outcome, stream=stream) == expected(client, CITATIONS[0])
    if client == "chat" and not stream:
        assert outcome.json["choices"][0]["message"]["content"] == TEXT


def cohere_answer(stream: bool) -> Any:
    document = {"id": "doc:0", "title": "A", "snippet": "The sky", "url": PAGE}
    citation = {"start": FIRST[0], "end": FIRST[1], "text": TEXT[:10], "type": "TEXT_CONTENT",
                "sources": [{"type": "document", "id": "doc:0", "document": document},
                            {"type": "tool", "id": "t", "tool_output": {"a": "b"}}]}  # fmt: skip
    if not stream:
        message = {"role": "assistant", "content": [{"type": "text", "text": TEXT}], "citations": [citation]}
        return answer({"id": "1", "finish_reason": "COMPLETE", "message": message})
    sent: list[Json] = [
        {"type": "message-start", "id": "1"},
        {"type": "content-delta", "index": 0, "delta": {"message": {"content": {"text": TEXT}}}},
        {"type": "citation-start", "index": 0, "delta": {"message": {"citations": citation}}},
        {"type": "citation-end", "index": 0},
        {"type": "message-end", "delta": {"finish_reason": "COMPLETE"}},
    ]
    return events(*sse(*sent))


@each_client
@whole_and_stream
def test_citations_of_coheres_documents_with_an_address(client: str, stream: bool) -> None:
    provider = {"type": "cohere", "apiTokens": ["k"]}
    outcome = ask_as(client, provider, cohere_answer(stream), stream=stream)
    assert cited(client, outcome, stream=stream) == expected(client, CITATIONS[0])


@pytest.mark.parametrize("provider", [CLAUDE, BEDROCK, VERTEX], ids=["claude", "bedrock", "vertex"])
def test_citations_of_another_service_do_not_go_to_anthropic(provider: Json) -> None:
    """Its own come back as they were; those with an empty `encrypted_index` are of another service."""
    page = {"type": "web_search_result_location", "url": PAGE, "title": "A", "cited_text": "x"}
    own, foreign = {**page, "encrypted_index": "Eo8B"}, {**page, "encrypted_index": ""}
    said = [
        {"type": "text", "text": "a", "citations": [own, foreign]},
        {"type": "text", "text": "b", "citations": [foreign]},
    ]
    turns = [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": said},
        {"role": "user", "content": "?"},
    ]
    body = {"model": "anthropic.claude-sonnet-4-5", "max_tokens": 9, "messages": turns}
    paths = ["/v1/messages", "/v1/messages/count_tokens"] if provider is CLAUDE else ["/v1/messages"]
    for path in paths:
        sent = ask(provider, body, path=path).sent
        assert [block["citations"] for block in sent["messages"][1]["content"]] == [[own], None]


def test_a_page_that_is_cited_too_often_is_an_error() -> None:
    """Each number in a text would repeat the address."""
    far = f"https://a.example/{'x' * 100_000}"
    response = openai_answer(False, message={"content": "[1]" * 10_000}, citations=[far])
    outcome = ask(SERVICE, {"model": MODEL, "input": "Hi"}, response, path="/v1/responses")
    assert outcome.status == 502
    assert "too many citations" in outcome.error["message"]
