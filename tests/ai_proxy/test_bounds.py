"""Bodies at the limits fit into `memory` and `call_time`, or are refused.

`-m exhaustive` goes through all providers, APIs and kinds of bodies, in half an hour.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.ai_proxy.converting import TRANSCRIPTS
from tests.ai_proxy.gateway import Json
from tests.ai_proxy.mutations import recorded
from tests.ai_proxy.natives import CLAUDE, GEMINI, RECORDED
from tests.ai_proxy.worst_bodies import MARK, V, calls, chat, dense, padded, result, user, worst_answers
from tests.ai_proxy.worst_requests import ALL, CASES, HEAVY, JSON, OPENAI, WORST, headers

from ai_proxy.wire import limits
from benchmarks.lowering.counting import CountingGateway
from proxywasm.wire import Fields, LogLevel, Outcome, ReplaceRequestBody, ReplaceResponseBody, SendLocalReply
from proxywasm_host.recordings.exchange import load
from proxywasm_host.services import HostServices
from proxywasm_host.wasm.component import ComponentProgram
from proxywasm_host.wasm.engine import Component
from proxywasm_host.wasm.limits import DEFAULT_LIMITS

CHAT, MESSAGES, FORM = "/v1/chat/completions", "/v1/messages", "/v1/images/edits"
SAMPLE = [
    (TRANSCRIPTS[0], CHAT, "a text with an emoji"),
    ("gemini", MESSAGES, "a text in the input of a tool"),
    ("gemini", "/v1/embeddings", "texts"),
    ("openai", FORM, "an image without ASCII"),
]
"""Of each protocol and API what takes most."""


def configuration(name: str) -> str:
    """The provider gets another model than the client names, so that no body goes on as it came."""
    config, model = ALL[name]
    return json.dumps({"provider": {**config, "modelMapping": {"*": model}}})


def fields(path: str) -> Fields:
    return [(":scheme", "http"), (":method", "POST"), (":path", path), (":authority", "a"), *headers(path).items()]


# Memory.

UNHURRIED = replace(DEFAULT_LIMITS, call_time=600)
"""Memory as it is by default. Time is not measured but counted, below."""


class Instance:
    """One instance that handles one request after another."""

    def __init__(self, code: Component, config: str) -> None:
        self.services = HostServices()
        self.program = ComponentProgram(code, self.services, limits=UNHURRIED)
        self.program.configure(config, LogLevel.INFO)
        self._requests = 0

    def ask(self, path: str, body: bytes) -> Outcome:
        """Raises if the instance is lost, or the plugin fails."""
        if self._requests:
            self.program.on_done(self._requests)
        self._requests += 1
        self.program.on_request_headers(self._requests, fields(path), False)
        return self.program.on_request_body(self._requests, body, True)

    def answer(self, body: bytes) -> Outcome:
        """To all calls of the plugin; what it does after the last one."""
        outcome: Outcome = None
        for call in self.services.take_calls():
            outcome = self.program.on_http_call_response(call.id, [(":status", "200")], body)
        return outcome


def served(outcome: Outcome) -> bool:
    """It is sent, or refused with 4xx; anything else is a fault."""
    if isinstance(outcome, list):
        for command in outcome:
            if isinstance(command, SendLocalReply):
                assert command.value.status in {400, 413}
                return False
    return True


def body_of(outcome: Outcome) -> bytes:
    assert isinstance(outcome, list)
    return next(command.value for command in outcome if isinstance(command, ReplaceRequestBody))


@pytest.mark.parametrize(("name", "path", "kind"), SAMPLE)
def test_a_body_at_the_bound_fits_into_the_memory_of_an_instance(
    name: str, path: str, kind: str, ai_proxy_code: Component
) -> None:
    instance = Instance(ai_proxy_code, configuration(name))
    body = WORST[path][kind]("m")
    assert len(body_of(instance.ask(path, body))) > len(body) / 2
    if kind == "a text with an emoji":
        before = instance.program.memory
        assert served(instance.ask(path, body))
        assert instance.program.memory == before, "the answer to the first is given back before the second"
    instance.program.close()


@pytest.mark.exhaustive
@pytest.mark.parametrize(("name", "path"), CASES)
def test_each_heavy_body_at_the_bound_fits_into_the_memory_of_an_instance(
    name: str, path: str, ai_proxy_code: Component
) -> None:
    """The others are seen in a module for Envoy, below, which takes a little less."""
    for kind in HEAVY & WORST[path].keys():
        instance = Instance(ai_proxy_code, configuration(name))
        served(instance.ask(path, WORST[path][kind]("m")))
        instance.program.close()


def with_images(count: int, text: str) -> Json:
    images = [{"type": "image_url", "image_url": {"url": f"https://a.example/{n}"}} for n in range(count)]
    return chat("m", user([*images, {"type": "text", "text": text}]))


def test_files_at_their_bound_fit_beside_a_body_at_its_bound(ai_proxy_code: Component) -> None:
    instance = Instance(ai_proxy_code, json.dumps({"provider": GEMINI}))
    file = b"\xff" * (limits.FETCHED_FILES // 4)
    instance.ask(CHAT, padded(with_images(4, MARK), "a", "😀"))
    assert not served(instance.answer(file)), "together they are more than a body may become"
    half = dense(with_images(4, "a" * (limits.BODY // 2)))
    instance.ask(CHAT, half)
    assert len(body_of(instance.answer(file))) > len(half) + limits.FETCHED_FILES
    instance.ask(CHAT, half)
    assert not served(instance.answer(file + b"\xff"))


def test_a_context_file_at_its_bound_fits_beside_a_body_at_its_bound(ai_proxy_code: Component) -> None:
    context = {"fileUrl": "http://files.example.com/a.txt", "serviceName": "files.dns", "servicePort": 80}
    instance = Instance(ai_proxy_code, json.dumps({"provider": {**CLAUDE, "context": context}}))
    text = "😀".encode() * (limits.CONTEXT_FILE // 4)
    body = padded(chat("m", user(MARK)), "a", "😀")
    instance.ask(CHAT, body)
    assert len(body_of(instance.answer(text))) > len(body) + limits.CONTEXT_FILE


KEY = b"sk-test-abcdef-1"


@pytest.mark.exhaustive
def test_an_answer_at_the_bound_with_a_credential_is_replaced(ai_proxy_code: Component) -> None:
    """Without ASCII it is twice as large on the way to the host."""
    instance = Instance(ai_proxy_code, json.dumps({"provider": {**OPENAI, "apiTokens": [KEY.decode()]}}))
    instance.ask("/v1/embeddings", b'{"model":"m","input":"a"}')
    instance.program.on_response_headers(1, [(":status", "200"), *JSON.items()], False)
    body = b'{"' + b"\xff" * (limits.UNPARSED_ANSWER - len(KEY) - 4) + KEY + b'"}'
    outcome = instance.program.on_response_body(1, body, True)
    assert isinstance(outcome, list)
    (sent,) = [command.value for command in outcome if isinstance(command, ReplaceResponseBody)]
    assert sent == body.replace(KEY, b"***")


# What a request says once, and a service wants to hear with each of many things.


def test_a_name_that_is_repeated_for_each_result_of_a_tool_does_not_multiply_a_body(ai_proxy_code: Component) -> None:
    instance = Instance(ai_proxy_code, configuration("gemini"))
    call = calls(1)
    call["tool_calls"][0]["function"]["name"] = "f" * 1_000_000
    given = dense(chat("m", user("a"), call, *[result(0)] * 10_000))
    assert len(body_of(instance.ask(CHAT, given))) < 2 * len(given), "names are shortened to what the service accepts"


def test_a_model_that_is_repeated_for_each_text_does_not_multiply_a_body(ai_proxy_code: Component) -> None:
    instance = Instance(ai_proxy_code, json.dumps({"provider": GEMINI}))
    assert not served(instance.ask("/v1/embeddings", dense({"model": "m" * 2000, "input": ["a"] * (V - 99)})))
    assert served(instance.ask("/v1/embeddings", dense({"model": "m" * 2000, "input": ["a"] * 2048})))


# Time.

INSTRUCTIONS = 20e9
"""Of WebAssembly, that an instance carries out within `call_time`: a fast machine takes a third of it."""


def count(module: Path, name: str, path: str, kind: str) -> int:
    gateway = CountingGateway(module, configuration(name))
    before = gateway.executed
    gateway.exchange(fields(path), WORST[path][kind]("m"), [(":status", "500")], [b"{}"])
    work = gateway.executed - before
    _assert_unharmed(gateway)
    gateway.close()
    return work


def _assert_unharmed(gateway: CountingGateway) -> None:
    assert [line for line in gateway.log if "Traceback" in line] == []
    assert gateway.memory <= DEFAULT_LIMITS.memory


@pytest.mark.slow
@pytest.mark.envoy
@pytest.mark.parametrize(("name", "path", "kind"), SAMPLE[:1])
def test_a_body_at_the_bound_takes_no_longer_than_a_call_may(
    name: str, path: str, kind: str, ai_proxy_module: Path
) -> None:
    assert count(ai_proxy_module, name, path, kind) < INSTRUCTIONS


@pytest.mark.exhaustive
@pytest.mark.envoy
@pytest.mark.parametrize(("name", "path"), CASES)
def test_each_body_at_the_bound_takes_no_longer_than_a_call_may(name: str, path: str, ai_proxy_module: Path) -> None:
    found = {kind: count(ai_proxy_module, name, path, kind) for kind in WORST[path]}
    assert {kind: work for kind, work in found.items() if work >= INSTRUCTIONS} == {}


# The same of answers.

CONFIGURATIONS = {one.name: one.config for file in sorted(RECORDED.glob("*/*.json")) for one in load(file)}
ANSWERS = {protocol: next(iter(found.values())) for protocol, found in recorded(streams=False).items()}


def answered(module: Path, protocol: str) -> Iterator[tuple[str, int]]:
    """Instructions by what there is in plenty in the answer."""
    one = ANSWERS[protocol]
    for what, body in worst_answers(json.loads(one.answer)):
        gateway = CountingGateway(module, CONFIGURATIONS[one.name])
        before = gateway.executed
        response = [(":status", "200"), *JSON.items()]
        _, received = gateway.exchange(fields(one.path), json.dumps(one.body).encode(), response, [body])
        work = gateway.executed - before
        _assert_unharmed(gateway)
        gateway.close()
        assert received != body
        yield what, work


@pytest.mark.slow
@pytest.mark.envoy
def test_an_answer_at_the_bound_takes_no_longer_than_a_call_may(ai_proxy_module: Path) -> None:
    assert max(work for _, work in answered(ai_proxy_module, "anthropic.service")) < INSTRUCTIONS


@pytest.mark.exhaustive
@pytest.mark.envoy
@pytest.mark.parametrize("protocol", ANSWERS)
def test_each_answer_at_the_bound_takes_no_longer_than_a_call_may(protocol: str, ai_proxy_module: Path) -> None:
    assert {what: work for what, work in answered(ai_proxy_module, protocol) if work >= INSTRUCTIONS} == {}
