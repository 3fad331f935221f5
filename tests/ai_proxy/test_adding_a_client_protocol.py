"""docs/adding-a-client-protocol.md works as written, and its protocol works with services of all kinds."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.ai_proxy.gateway import NATIVE, Json, answer, events
from tests.ai_proxy.guide import DOCS, Guide, Step, inner_imports, python_blocks

from ai_proxy.protocols.clients import CLIENTS, Clients
from ai_proxy.wire import apis
from ai_proxy.wire.apis import Route
from proxywasm_host.building.build import build
from proxywasm_host.recordings.bodies import join, parse_events
from proxywasm_host.recordings.compare import judge
from proxywasm_host.recordings.exchange import Exchange, Message, load
from proxywasm_host.recordings.replay import Session, native_session, replay, replay_responses, wasm_session
from proxywasm_host.wasm.engine import Engine

ROOT = DOCS.parent
GUIDE = Guide.read("adding-a-client-protocol.md")
WITHOUT_ROWS, WITH_ROW = GUIDE.steps
OPENAI: Json = {"type": "openai", "apiTokens": ["key-1"]}
CLAUDE: Json = {"type": "claude", "apiTokens": ["key-1"]}
USAGE: Json = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}


def sse(*documents: Any) -> bytes:
    return b"".join(b"data: " + json.dumps(document).encode() + b"\n\n" for document in documents)


def openai(delta: Json, reason: str | None = None, **more: Any) -> Json:
    return {"id": "c-1", "choices": [{"index": 0, "delta": delta, "finish_reason": reason}], **more}


def qwen(text: str, reason: str, total: int) -> Json:
    choice = {"message": {"role": "assistant", "content": text}, "finish_reason": reason}
    counts = {"input_tokens": 1, "output_tokens": total - 1, "total_tokens": total}
    return {"output": {"choices": [choice]}, "usage": counts, "request_id": "r-1"}


def claude(kind: str, **more: Any) -> Json:
    return {"type": kind, **more}


TEXT = {"type": "text", "text": ""}
SERVICES: dict[str, tuple[Json, bytes, bytes]] = {
    "openai": (
        OPENAI,
        json.dumps({
            "id": "c-1", "usage": USAGE,
            "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hé"}, "finish_reason": "stop"}],
        }).encode(),
        sse(openai({"role": "assistant", "content": "H"}), openai({"content": "é"}), openai({}, "stop"),
            {"id": "c-1", "choices": [], "usage": USAGE}) + b"data: [DONE]\n\n",
    ),
    "qwen": (
        NATIVE,
        json.dumps(qwen("Hé", "stop", 3)).encode(),
        sse(qwen("H", "null", 2), qwen("é", "stop", 3)),
    ),
    "claude": (
        CLAUDE,
        json.dumps({
            "id": "m-1", "type": "message", "role": "assistant", "content": [{"type": "text", "text": "Hé"}],
            "stop_reason": "end_turn", "usage": {"input_tokens": 1, "output_tokens": 2},
        }).encode(),
        sse(
            claude("message_start", message={"id": "m-1", "usage": {"input_tokens": 1, "output_tokens": 0}}),
            claude("content_block_start", index=0, content_block=TEXT),
            claude("content_block_delta", index=0, delta={"type": "text_delta", "text": "H"}),
            claude("content_block_delta", index=0, delta={"type": "text_delta", "text": "é"}),
            claude("content_block_stop", index=0),
            claude("message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": 2}),
            claude("message_stop"),
        ),
    ),
}  # fmt: skip
"""Each with a whole answer and a stream that say the same."""
services = pytest.mark.parametrize("service", SERVICES)
EXPECTED = [("word", {"word": "H"}), ("word", {"word": "é"}), ("silence", {"because": "stop", "tokens": 3})]


@pytest.fixture(scope="module")
def modules(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimpleNamespace]:
    """The page's files, imported as its reader would import them."""
    folder = tmp_path_factory.mktemp("guide")
    WITH_ROW.write(folder)
    names = ("my_proxy", "parrot")
    sys.path.insert(0, str(folder))
    try:
        yield SimpleNamespace(folder=folder, **{name: importlib.import_module(name) for name in names})
    finally:
        sys.path.remove(str(folder))
        for name in names:
            sys.modules.pop(name, None)


@pytest.fixture(scope="module", params=["native", pytest.param("wasm", marks=pytest.mark.exhaustive)])
def parrot(request: pytest.FixtureRequest, modules: SimpleNamespace) -> Session:
    if request.param == "native":
        return native_session(modules.my_proxy.plugin)
    return wasm_session(Engine(optimize=False).load(build(modules.folder / "my_proxy.py").path))


def exchange(service: str, response: Message, **more: Any) -> Exchange:
    fields = [(":scheme", "https"), (":authority", "gateway.example"), (":path", "/any/parrot/v1/say"),
              (":method", "POST"), ("content-type", "application/json")]  # fmt: skip
    body = json.dumps({"model": "m", "lines": ["Hi"], **more}).encode()
    config = json.dumps({"provider": SERVICES[service][0]})
    return Exchange("parrot", config, Message(fields, (body,)), response)


def status(result: Json) -> int:
    reply = result["local_reply"]
    return int(reply["status"] if reply else dict(result["downstream"]["headers"])[":status"])


def document(result: Json) -> Json:
    found: Json = json.loads(join((result["local_reply"] or result["downstream"])["body"]))
    return found


def parrot_events(result: Json) -> list[tuple[str, Json]]:
    return [(name, json.loads(data)) for data, name in parse_events(join(result["downstream"]["body"]))]


# The page.


@pytest.mark.parametrize("step", GUIDE.steps, ids=["clients only", "with a row"])
def test_the_commands_of_the_page_succeed(step: Step, tmp_path: Path) -> None:
    done = step.run(tmp_path, "--native")
    assert done.returncode == 0, done.stdout + done.stderr
    recordings = [name for name in step.files if name.endswith(".json")]
    assert f"{len(recordings)} same" in done.stdout


def test_the_exchanges_of_the_page_come_out_as_recorded(parrot: Session, modules: SimpleNamespace) -> None:
    for file in sorted(modules.folder.glob("*.json")):
        for one in load(file):
            verdict = judge(replay(one, parrot), one)
            assert verdict.passed, "\n".join(map(str, verdict.differences))


def test_what_the_page_links_to_is_there() -> None:
    GUIDE.check_links()


def _examples() -> Iterator[Any]:
    for page in [*sorted(DOCS.glob("*.md")), *sorted(ROOT.glob("*.md"))]:
        for number, code in enumerate(python_blocks(page.read_text(encoding="utf-8"))):
            yield pytest.param(code, id=f"{page.name} {number}")
    for file in sorted((ROOT / "examples").glob("*.py")):
        yield pytest.param(file.read_text(encoding="utf-8"), id=file.name)


@pytest.mark.parametrize("code", [*_examples()])
def test_examples_import_nothing_of_ai_proxy_but_what_is_public(code: str) -> None:
    assert inner_imports(code) == []


# Its protocol.


@services
def test_a_whole_answer_is_what_the_service_says(service: str, parrot: Session) -> None:
    result = replay(exchange(service, answer(SERVICES[service][1])), parrot)
    assert document(result) == {"said": "Hé", "because": "stop", "tokens": 3}


@services
def test_a_stream_says_the_same_wherever_it_is_cut(service: str, parrot: Session) -> None:
    data = SERVICES[service][2]
    one = exchange(service, events(data, b""), stream=True)
    assert parrot_events(replay(one, parrot)) == EXPECTED
    cuts = [[data[:cut], data[cut:], b""] for cut in range(1, len(data))]
    cuts.append([*(data[place : place + 1] for place in range(len(data))), b""])
    results = replay_responses(one, parrot, (Message(events().headers, tuple(cut)) for cut in cuts))
    for cut, result in zip(cuts, results, strict=True):
        assert parrot_events(result) == EXPECTED, cut


@services
def test_a_stream_that_ends_too_early_ends_with_a_squawk(service: str, parrot: Session) -> None:
    half = SERVICES[service][2].partition(rb"\u00e9")[0]
    whole_events = half[: half.rindex(b"\n\n") + 2]
    *words, (name, squawk) = parrot_events(replay(exchange(service, events(whole_events, b""), stream=True), parrot))
    assert words == EXPECTED[:1]
    assert (name, squawk["status"]) == ("squawk", 502)
    assert "closed the stream" in squawk["squawk"]


@services
@pytest.mark.parametrize("stream", [False, True])
def test_an_error_of_the_service_has_the_format_of_the_client(service: str, stream: bool, parrot: Session) -> None:
    failure = {"type": "error", "error": {"type": "rate_limit_error", "message": "slow down"}}
    if service == "qwen":
        failure = {"code": "Throttling", "message": "slow down", "request_id": "r"}
    result = replay(exchange(service, answer(failure, 429), stream=stream), parrot)
    assert status(result) == 429
    assert document(result) == {"squawk": "slow down", "status": 429}


@services
def test_a_request_that_makes_no_sense_is_refused_in_the_format_of_the_client(service: str, parrot: Session) -> None:
    result = replay(exchange(service, answer({}), lines=[1]), parrot)
    assert result["upstream"] is None
    assert status(result) == 400
    assert document(result) == {"squawk": "lines must be a non-empty array of strings", "status": 400}


# Registering.


def client(**other: Any) -> Any:
    return SimpleNamespace(**{"chat_api": "x/chat", "apis": {"x/chat"}, "paths": {"/x": "x/chat"}, **other})


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"apis": {"x/chat", apis.MESSAGES}}, "two client protocols claim 'anthropic/v1/messages'"),
        ({"chat_api": "x/other"}, "chat_api must be one of apis, got 'x/other'"),
        ({"paths": {"x": "x/chat"}}, "paths must lead from a path to one of apis, got 'x': 'x/chat'"),
        ({"paths": {"/x": apis.CHAT}}, "paths must lead from a path to one of apis, got '/x': 'openai/v1/chatcompl"),
    ],
)
def test_protocols_that_contradict_themselves_or_others_are_refused(other: Json, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Clients((*CLIENTS, client(**other)))


def test_two_protocols_with_one_path_are_refused() -> None:
    second = client(chat_api="y/chat", apis={"y/chat"}, paths={"/x": "y/chat"})
    with pytest.raises(ValueError, match="two client protocols claim '/x'"):
        Clients((*CLIENTS, client(), second))


def test_of_several_ends_of_a_path_the_longest_counts() -> None:
    paths = {"/v1/messages": "x/chat", "/x/v1/messages": "x/more"}
    clients = Clients((*CLIENTS, client(apis={"x/chat", "x/more"}, paths=paths)))
    for path, api in ({**paths, "/a/x/v1/messages?q=1": "x/more", "/a/v1/messages": "x/chat"}).items():
        assert clients.route(path) == Route(api)
    assert clients.plain["/v1/messages"] == Route("x/chat")
    assert clients.route("/v1/files/f").api == apis.RETRIEVE_FILE
