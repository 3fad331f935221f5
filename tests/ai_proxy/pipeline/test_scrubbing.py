"""Credentials that a service repeats are masked: in headers, redirections, unconverted answers and all framings."""

from __future__ import annotations

import json

import pytest
from tests.ai_proxy.gateway import Json, Outcome, answer, ask

from proxywasm_host.recordings.exchange import Message

KEY = "sk-leaving/Ab+9=x8w7v6u5t4s3r2q1p0"
IN_A_NAME = "sk-Of-Characters-That-Names-May-Have"
OPENAI: Json = {"type": "openai", "apiTokens": [KEY]}
CLAUDE: Json = {"type": "claude", "apiTokens": [KEY]}
CHAT: Json = {"model": "m", "messages": [{"role": "user", "content": "Hi"}], "max_tokens": 9}
pytestmark = pytest.mark.usefixtures("both_ways")

ESCAPED = "".join(f"\\u{ord(char):04x}" for char in KEY)
PASSED: dict[str, tuple[Json, str]] = {
    "messages": (CLAUDE, "/v1/messages"),
    "unknown path": (OPENAI, "/v1/what/ever"),
    "responses": (OPENAI, "/v1/responses"),
    "original": ({**OPENAI, "protocol": "original"}, "/v1/chat/completions"),
    "claude, original": ({**CLAUDE, "protocol": "original"}, "/v1/messages"),
    "generic": ({"type": "generic", "apiTokens": [KEY]}, "/x"),
    "bedrock, original": (
        {"type": "bedrock", "awsRegion": "r", "apiTokens": [KEY], "protocol": "original"},
        "/model/x",
    ),
}


def length_of(outcome: Outcome) -> int | None:
    length = outcome.headers.get("content-length")
    return None if length is None else int(length)


@pytest.mark.parametrize("status", [200, 400, 503])
@pytest.mark.parametrize("written", [KEY, ESCAPED, KEY.replace("/", "\\/")])
@pytest.mark.parametrize("what", PASSED)
def test_an_answer_that_passes_is_searched(what: str, written: str, status: int) -> None:
    provider, path = PASSED[what]
    body = f'{{"error": {{"message": "wrong key {written}, sorry"}}}}'.encode()
    outcome = ask(provider, CHAT, answer(body, status), path=path)
    assert outcome.status == status
    assert "wrong key ***, sorry" in json.dumps(outcome.json)
    assert length_of(outcome) in {None, len(outcome.raw)}
    assert KEY not in outcome.logs


@pytest.mark.parametrize("what", PASSED)
def test_an_answer_without_a_credential_is_not_touched(what: str) -> None:
    provider, path = PASSED[what]
    body = b'{"a": "\\u0041 \\/ 100% sk-leaving"}\n'
    outcome = ask(provider, CHAT, answer(body), path=path)
    assert outcome.raw == body
    assert length_of(outcome) in {None, len(body)}


@pytest.mark.parametrize("written", [KEY, ESCAPED])
@pytest.mark.parametrize("what", PASSED)
def test_a_stream_that_passes_is_searched_wherever_it_is_cut(what: str, written: str) -> None:
    provider, path = PASSED[what]
    body = (
        f'event: a\ndata: {{"text": "{written}"}}\n\ndata: {{"text": "message_stop response.completed"}}\n\n'.encode()
    )
    chunks = tuple(body[at : at + 7] for at in range(0, len(body), 7))
    response = Message([(":status", "200"), ("content-type", "text/event-stream; charset=utf-8")], chunks)
    outcome = ask(provider, {**CHAT, "stream": True}, response, path=path)
    assert outcome.raw == b'event: a\ndata: {"text": "***"}\n\ndata: {"text": "message_stop response.completed"}\n\n'


@pytest.mark.parametrize("body", [b"<p>moved</p>", None])
@pytest.mark.parametrize("name", ["location", "refresh"])
@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages", "/v1/files/f", "/else"])
@pytest.mark.parametrize("written", [KEY, KEY.replace("/", "%2F").replace("+", "%2B").replace("=", "%3d")])
def test_no_redirection_has_a_credential(written: str, path: str, name: str, body: bytes | None) -> None:
    response = answer(body, 307, **{name: f"https://elsewhere.example/?key={written}"})
    outcome = ask(OPENAI, CHAT, response, path=path)
    assert outcome.status == 502
    assert name not in outcome.headers
    error = outcome.json["error"]
    assert error["message"] == "the upstream redirects to an address with a credential of the gateway in it"
    assert (outcome.json.get("type") == "error") == path.endswith("/messages")


@pytest.mark.parametrize("kind", ["application/json", "application/octet-stream", "image/png"])
@pytest.mark.parametrize("coding", ["gzip", "identity", "?"])
@pytest.mark.parametrize("what", PASSED)
def test_an_error_is_searched_or_replaced_by_one_with_its_status(what: str, coding: str, kind: str) -> None:
    """Services repeat keys in errors with any content type and encoding."""
    provider, path = PASSED[what]
    body = f'{{"error": {{"message": "wrong key {KEY}"}}}}'.encode()
    outcome = ask(provider, CHAT, answer(body, 401, content_type=kind, content_encoding=coding), path=path)
    assert outcome.status == 401
    assert KEY not in outcome.raw.decode()
    assert "content-encoding" not in outcome.headers or coding == "identity"
    assert "status 401" in outcome.raw.decode() or "wrong key ***" in outcome.raw.decode()


@pytest.mark.parametrize("status", [600, 999])
@pytest.mark.parametrize("what", [*PASSED, "chat"])
def test_no_client_gets_an_undefined_status(what: str, status: int) -> None:
    """Also not with an error in the client's own format."""
    provider, path = PASSED.get(what, (OPENAI, "/v1/chat/completions"))
    outcome = ask(provider, CHAT, answer({"error": {"message": "no", "type": "x"}}, status), path=path)
    assert outcome.status == 502
    assert outcome.json["error"]["message"] == "no"
    assert ask(provider, CHAT, answer(None, status), path=path).status == 502


def test_other_redirections_are_passed_on() -> None:
    outcome = ask(OPENAI, CHAT, answer(b"", 307, location="https://elsewhere.example/?key=other"))
    assert (outcome.status, outcome.headers["location"]) == (307, "https://elsewhere.example/?key=other")


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/models", "/else"])
@pytest.mark.parametrize("status", [200, 404])
def test_headers_have_no_credential(path: str, status: int) -> None:
    fields = [
        (":status", str(status)),
        ("content-type", "application/json"),
        ("x-debug", f"authorization: Bearer {KEY}"),
        ("set-cookie", "a=b"),
        ("set-cookie", f"key={KEY}"),
        ("www-authenticate", f'Bearer realm="{KEY.replace("/", "%2F")}"'),
        ("x-" + IN_A_NAME.lower(), "as a name"),
        ("x-" + IN_A_NAME.lower().replace("-", "%2d"), "as a name that is escaped"),
    ]
    outcome = ask({**OPENAI, "apiTokens": [KEY, IN_A_NAME]}, CHAT, Message(fields, (b"{}",)), path=path)
    got = (outcome.result["local_reply"] or outcome.result["downstream"])["headers"]
    assert KEY.lower() not in str(got).lower()
    assert not any("as a name" in value for _, value in got)
    assert outcome.status == status
    assert [value for name, value in got if name in {"x-debug", "set-cookie"}] == [
        "authorization: Bearer ***",
        "a=b",
        "key=***",
    ]


def test_an_image_that_is_text_is_looked_at() -> None:
    outcome = ask(OPENAI, CHAT, answer(f"<svg>{KEY}</svg>".encode(), content_type="image/svg+xml"), path="/else")
    assert outcome.raw == b"<svg>***</svg>"


def test_binary_answers_are_left_alone() -> None:
    sound = b"\xff\xfb" + KEY.encode()
    outcome = ask(
        OPENAI, {"model": "t", "input": "x"}, answer(sound, content_type="audio/mpeg"), path="/v1/audio/speech"
    )
    assert outcome.raw == sound


def test_a_large_answer_is_not_kept_until_it_is_complete() -> None:
    """It loses its `content-length`, which is not known before the end."""
    chunks = (b"x" * 600_000, f' "{KEY[:9]}'.encode(), f'{KEY[9:]}" '.encode(), b"y" * 600_000)
    outcome = ask(
        OPENAI, None, answer(chunks, content_type="application/jsonl"), path="/v1/files/f/content", method="GET"
    )
    assert outcome.raw == b"x" * 600_000 + b' "***" ' + b"y" * 600_000
    assert length_of(outcome) is None


def test_without_configured_credentials_answers_are_not_read() -> None:
    outcome = ask(
        {"type": "openai"}, CHAT, answer(b'{"a": 1}'), path="/else", headers=[("authorization", f"Bearer {KEY}")]
    )
    assert outcome.raw == b'{"a": 1}'


def event(text: str, spaces: bool) -> bytes:
    """A chunk as services write it, some with spaces; the text is JSON already."""
    chunk = '{"id":"c","choices":[{"index":0,"delta":{"content":"TEXT"},"finish_reason":null}]}'
    chunk = chunk.replace(":", ": ") if spaces else chunk
    return f"data: {chunk.replace('TEXT', text)}\n\n".encode()


END = b'data: {"id":"c","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n', b"data: [DONE]\n\n"


@pytest.mark.parametrize("spaces", [False, True])
@pytest.mark.parametrize("place", range(1, 30, 3))
@pytest.mark.parametrize("written", [KEY, "".join(f"\\u{ord(letter):04x}" for letter in KEY)], ids=["plain", "escaped"])
def test_the_middle_of_a_stream_is_looked_at_too(place: int, written: str, spaces: bool) -> None:
    """Also in events that differ only in their content, so that only the content is searched."""
    texts = [f"{number % 10}" * (1 + number % 4) for number in range(30)]
    given, expected = ([event(text, spaces) for text in texts] for _ in range(2))
    given[place], expected[place] = event(written, spaces), event("***", spaces)
    response = Message([(":status", "200"), ("content-type", "text/event-stream")], (*given, *END))
    outcome = ask(OPENAI, {**CHAT, "stream": True}, response)
    assert outcome.raw == b"".join((*expected, *END))


def test_an_error_between_such_events_ends_the_stream() -> None:
    """It has the same beginning and end as they do."""
    error = event('x"}}],"error":{"message":"no"},"more":[{"delta":{"content":"y', False)
    chunks = event("a", False), event("b", False), error
    response = Message([(":status", "200"), ("content-type", "text/event-stream")], (*chunks, b""))
    assert ask(OPENAI, {**CHAT, "stream": True}, response).raw == b"".join(chunks)
