"""Any text that a plugin hands to its host crosses, or is a `ValueError`, and no instance is lost.

It is the same natively and in Wasm. So is what comes from outside.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tests.bundle import BEHAVIOURS, become
from tests.sdk.behaviours.any_text import WAYS
from tests.sdk.driving import START_NS

from proxywasm.adapters.native import load_plugin
from proxywasm.testing import PluginHosts
from proxywasm.wire import ConfigError, Fields, LogLevel, PluginFailure, Program
from proxywasm_host.services import HostServices, Limits, LogRecord
from proxywasm_host.services.frozen_clock import frozen_program
from proxywasm_host.stream import Runner
from proxywasm_host.wasm.component import ComponentProgram
from proxywasm_host.wasm.engine import Component

PHASES = ["request headers", "request body", "answer", "response headers", "response body", "done"]
HALF = "\ud83d"
BYTE = "caf\udce9"
ODD = [HALF, BYTE, f"{BYTE}{HALF}", "\udcc3\udca9", "\0", "a\r\nb: c", "", "A", "é", "\u212a", "a b", ":status", "1000"]

texts = st.text(
    st.one_of(st.characters(exclude_categories=()), st.sampled_from([*"\0\r\n:/ A", "\ud83d", "\udce9", "\udc80"])),
    max_size=6,
)


REQUEST = [(":method", "POST"), (":scheme", "https"), (":authority", "example.com"), (":path", "/")]
RESPONSE = [(":status", "200"), ("content-type", "text/plain")]


def to_do(way: str, phase: str, text: str) -> str:
    return json.dumps([way, phase, text])


class Side:
    """One flavour: an instance, and what its host sees of it."""

    def __init__(self, start: Callable[[HostServices], Program], **config: str) -> None:
        self._logs: list[LogRecord] = []
        self.services = HostServices(start_ns=START_NS, on_log=self._logs.append, limits=Limits(metrics=10**6))
        self.program = start(self.services)
        self.program.configure(json.dumps({"do": "any text", **config}), LogLevel.INFO)
        self.runner = Runner(self.program, self.services)

    def exchange(self, request: Fields, response: Fields, answer: Fields) -> dict[str, Any]:
        """Everything that the host gets to see."""
        services, runner = self.services, self.runner
        stream = runner.open()
        stream.request_headers(request, False)
        stream.request_body(b"request", True)
        calls = services.take_calls()
        for call in calls:
            runner.http_call_response(call.id, answer, b"answer")
        stream.response_headers(response, False)
        stream.response_body(b"response", True)
        redis = services.take_redis_calls()
        stream.close()
        calls += services.take_calls()
        keys = services.shared_data.keys()
        for key in keys:
            services.shared_data.delete(key)
        return {
            "events": stream.take(),
            "reply": stream.local_reply,
            "calls": [(call.cluster, call.headers, call.body) for call in calls],
            "Redis": [(call.query, call.settings) for call in redis],
            "shared data": keys,
            "metrics": services.metrics.snapshot(),
            "logs": self.logs(),
        }

    def logs(self) -> list[tuple[LogLevel, str]]:
        """Those since the last time."""
        logs = [(record.level, without_frames(record.message)) for record in self._logs]
        self._logs.clear()
        return logs


def without_frames(message: str) -> str:
    """A traceback without its lines of code, whose files lie elsewhere in a component."""
    if not message.startswith("Traceback"):
        return message
    return "\n".join([line for line in message.split("\n") if not line.startswith("  ")])


@dataclass
class Pair:
    """The same plugin natively and in Wasm."""

    native: Side
    wasm: Side

    def exchange(self, request: Fields, response: Fields = RESPONSE, answer: Fields = RESPONSE) -> dict[str, Any]:
        """What comes of it, which is the same in both."""
        seen = self.native.exchange(request, response, answer)
        assert self.wasm.exchange(request, response, answer) == seen
        assert not self.wasm.runner.lost
        return seen

    def do(self, way: str, text: str, phase: str = "request headers") -> dict[str, Any]:
        return self.exchange([*REQUEST, ("do", to_do(way, phase, text))])


def native(services: HostServices) -> Program:
    return frozen_program(load_plugin(BEHAVIOURS), services)


@pytest.fixture(scope="module")
def wasm(component: Component) -> Callable[[HostServices], Program]:
    def start(services: HostServices) -> Program:
        program: Program = become(ComponentProgram(component, services, reproducible=True), BEHAVIOURS)
        return program

    return start


@pytest.fixture(scope="module")
def pair(wasm: Callable[[HostServices], Program]) -> Pair:
    return Pair(Side(native), Side(wasm))


# From the plugin to its host.


@pytest.mark.parametrize("way", WAYS)
def test_odd_text_crosses_or_is_an_error_of_its_line(pair: Pair, way: str) -> None:
    kinds = {"raise": ["LookupError"], "status": ["proxywasm.errors.RuleError"]}.get(way, ["ValueError"])
    for text in ODD:
        for level, message in pair.do(way, text)["logs"]:
            if level >= LogLevel.ERROR:
                kind = message.split("\n")[1].partition(": ")[0]
                assert kind in kinds or kind.startswith("proxywasm.wire."), (text, message)
                assert "codec can't encode" not in message


@settings(max_examples=300)
@given(st.sampled_from([*WAYS]), texts, st.sampled_from(PHASES))
@example("header's name", "\U00011f3e", PHASES[0])  # known to newer versions of Unicode only
@example("header's name", ":\U00011f3e", PHASES[0])
def test_any_text_crosses_in_any_phase(pair: Pair, way: str, text: str, phase: str) -> None:
    pair.do(way, text, phase)


WHAT_BECOMES_OF_IT: dict[str, Callable[[dict[str, Any]], Any]] = {
    "log": lambda seen: seen["logs"][0][1],
    "print": lambda seen: seen["logs"][0][1].split(" ")[0],
    "raise": lambda seen: seen["logs"][0][1].partition("LookupError: ")[2],
    "header": lambda seen: dict(seen["events"][0].fields)["x-set"],
    "reply": lambda seen: dict(seen["reply"].headers)["x"],
    "call": lambda seen: dict(seen["calls"][0][1])["x"],
    "reply's body": lambda seen: seen["reply"].body.decode(),
    "call's body": lambda seen: seen["calls"][0][2].decode(),
    "event": lambda seen: seen["reply"].body.decode()[6:-2],
    "details": lambda seen: seen["reply"].details,
    "shared data": lambda seen: seen["shared data"][0],
    "cluster": lambda seen: seen["calls"][0][0].rpartition("|")[2],
    "Redis": lambda seen: seen["Redis"][0][0].split(b"\r\n")[-2].decode(),
    "Redis user": lambda seen: seen["Redis"][0][1].password,
}
"""How to find it in what the host sees."""


@pytest.mark.parametrize("way", WHAT_BECOMES_OF_IT)
def test_a_lone_surrogate_becomes_what_the_table_says(pair: Pair, way: str) -> None:
    """The table of docs/sdk.md."""
    found = WHAT_BECOMES_OF_IT[way]
    header = way in ("header", "reply", "call")
    assert found(pair.do(way, HALF)) == r"\ud83d"
    assert found(pair.do(way, BYTE)) == (BYTE if header else r"caf\udce9")
    assert found(pair.do(way, BYTE + HALF)) == (BYTE + r"\ud83d" if header else r"caf\udce9\ud83d")
    assert found(pair.do(way, "é")) == "é"


def test_so_does_the_name_of_a_metric(pair: Pair) -> None:
    assert pair.do("metric", f"{BYTE}{HALF}")["metrics"][r"caf\udce9\ud83d"] > 0


def test_a_path_of_a_call_out_is_escaped(pair: Pair) -> None:
    fields = dict(pair.do("call's path", f"{BYTE}{HALF}")["calls"][0][1])
    assert fields[":path"] == r"/caf%E9%5Cud83d?caf%E9%5Cud83d"


REFUSED = {
    "header": ["a\r", "\n", "\0"],
    "header's name": ["", "a b", "é", "a:b", "a\n", "\u212a", HALF, BYTE],
    "pseudo-header": ["status", "protocol", "", "é"],
    "path": ["a b", "\t", "\x7f"],
    "method": ["", "a b", "é"],
    "authority": ["", "a b", "a/b", "\r\n"],
    "reply's name": ["", ":status", ":path", "a b"],
    "call's name": ["", ":status", ":protocol", "a b"],
    "call's method": ["", "GET /"],
    "property": ["\0"],
    "shared data": ["\0"],
    "metric": ["\0"],
    "details": ["\0"],
    "cluster": ["\0"],
    "foreign function": ["\0"],
}


@pytest.mark.parametrize(("way", "text"), [(way, text) for way, each in REFUSED.items() for text in each])
def test_what_cannot_be_sent_is_a_value_error(pair: Pair, way: str, text: str) -> None:
    seen = pair.do(way, text)
    assert seen["reply"].status == 500
    assert "\nValueError: " in seen["logs"][0][1]


@pytest.mark.parametrize("text", ["99", "1000", "100", "600", "2e2", " 200", "", "\u0662\u0660\u0660", HALF])
def test_a_status_has_three_digits_and_ends_a_response(pair: Pair, text: str) -> None:
    seen = pair.do("status", text, "response headers")
    assert seen["reply"].status == 500
    assert "ValueError: header ':status'" in seen["logs"][2][1]


@pytest.mark.parametrize("text", ["201", "404", "599"])
def test_other_statuses_can_be_set(pair: Pair, text: str) -> None:
    assert pair.do("status", text, "response headers")["events"][2].fields[0] == (":status", text)


def test_upper_case_is_lowered(pair: Pair) -> None:
    assert pair.do("header's name", "X-Upper")["events"][0].fields[-1] == ("x-upper", "v")
    assert ("x-upper", "v") in pair.do("call's name", "X-Upper")["calls"][0][1]
    assert pair.do("reply's name", "X-Upper")["reply"].headers == [("x-upper", "v")]


# From the host to the plugin.


def as_text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


values = st.one_of(st.binary(max_size=6).map(as_text), texts)
names = st.one_of(st.sampled_from(["x", "X-Y", "", "a b", ":path", ":odd", "é", BYTE, HALF, "a\0", "a\n"]), texts)


@settings(max_examples=200)
@given(names, values, st.sampled_from(["request", "response", "answer"]))
def test_whatever_arrives_arrives_alike(pair: Pair, name: str, value: str, where: str) -> None:
    messages = {"request": REQUEST, "response": RESPONSE, "answer": RESPONSE}
    messages[where] = [*messages[where], (name, value)]
    do = ("do", to_do("value", "answer", ""))
    pair.exchange([*messages["request"], do], messages["response"], messages["answer"])


def test_bytes_that_are_no_utf_8_are_seen_as_in_envoy(pair: Pair) -> None:
    do = ("do", to_do("value", "answer", ""))
    odd = ("x", BYTE)
    seen = pair.exchange([*REQUEST, do, odd], [*RESPONSE, odd], [*RESPONSE, odd])
    assert (
        len([message for _, message in seen["logs"] if r"('x', 'caf\\udce9')" in message or ascii(odd) in message]) == 3
    )
    assert odd in seen["events"][0].fields


@pytest.mark.parametrize(
    "odd", [("x", "a\0b"), ("x", "a\r\nb: c"), ("a b", "x"), ("", "x"), (":odd", "x"), (":status", "2")]
)
def test_what_http_does_not_allow_never_reaches_the_plugin(pair: Pair, odd: tuple[str, str]) -> None:
    """In Envoy the codecs refuse it: 400 to a client, 502 instead of a response, no answer to a call-out."""
    do = ("do", to_do("value", "answer", ""))
    seen = pair.exchange([*REQUEST, do, odd])
    assert (seen["reply"].status, len(seen["logs"])) == (400, 1)
    seen = pair.exchange([*REQUEST, ("do", to_do("value", "done", ""))], [odd])
    assert (seen["reply"].status, len(seen["logs"])) == (502, 1)
    seen = pair.exchange([*REQUEST, do], RESPONSE, [*RESPONSE, odd])
    assert seen["logs"][1][1] == "answered []"
    assert seen["reply"] is None


@pytest.mark.parametrize("half", ["native", "wasm"])
def test_a_program_is_not_lost_with_what_cannot_cross(pair: Pair, half: str) -> None:
    program = getattr(pair, half).program
    for name, value in (("x", "\0"), ("\0", "x")):
        with pytest.raises(ValueError, match="NUL"):
            program.on_request_headers(10**6, [("x", "y"), (name, value)], True)
    assert program.on_done(10**6) is None


# The configuration, and ticks.


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(texts)
@example(HALF)
@example(BYTE)
def test_a_configuration_with_any_text_is_read_or_refused_alike(
    wasm: Callable[[HostServices], Program], text: str
) -> None:
    def outcome(start: Callable[[HostServices], Program], config: str) -> str:
        services = HostServices(start_ns=START_NS)
        try:
            start(services).configure(config, LogLevel.INFO)
        except (ConfigError, PluginFailure) as error:
            return f"{type(error).__name__}: {without_frames(str(error))}"
        return str(services.get_property(0, ("plugin_id",)))

    for document in ({"_plugin_id_": text}, {"refuse": True, "text": text}, {"raise": True, "text": text}):
        config = json.dumps({"do": "any text", **document}, ensure_ascii=False)
        assert outcome(native, config) == outcome(wasm, config)


def test_a_tick_that_raises_any_text_is_logged(wasm: Callable[[HostServices], Program]) -> None:
    for start in (native, wasm):
        side = Side(start, tick=HALF)
        side.runner.tick()
        assert side.logs() == [(LogLevel.ERROR, "Traceback (most recent call last):\nLookupError: \\ud83d")]


# In every flavour.


def test_every_gateway_agrees(plugin_host: PluginHosts) -> None:
    host = plugin_host("behaviours", {"do": "any text"}, tolerate_failures=True)
    for text in (HALF, BYTE, "é"):
        stream = host.request(headers={"do": to_do("header", "request headers", text), "x-odd": BYTE})
        assert stream.upstream.headers["x-set"] == text.replace(HALF, r"\ud83d")
        assert stream.upstream.headers["x-odd"] == BYTE
        stream = host.request(headers={"do": to_do("log", "request headers", text)})
        assert stream.logs[0].message == text.replace(HALF, r"\ud83d").replace(BYTE, r"caf\udce9")
        stream = host.request(headers={"do": to_do("reply's body", "request headers", text)})
        assert stream.downstream.text == text.replace(HALF, r"\ud83d").replace(BYTE, r"caf\udce9")
        for way in ("property", "shared data", "raise", "metric", "cluster", "foreign function"):
            host.request(headers={"do": to_do(way, "request headers", text)})
    stream = host.request(headers={"do": to_do("status", "response headers", "99")})
    stream.respond()
    assert stream.downstream.status == 500
