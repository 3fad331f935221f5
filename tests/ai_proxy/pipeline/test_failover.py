"""`failover`: tokens that fail are not used until they work again, in all instances of the plugin."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from tests.ai_proxy.converting import SAMPLES, STREAMING
from tests.ai_proxy.gateway import Json, refusal

from ai_proxy import plugin
from ai_proxy.config.settings.reliability import FailoverSettings
from ai_proxy.credentials.token_health import Health
from ai_proxy.credentials.tokens import Tokens, fnv1a_32
from ai_proxy.wire import apis
from proxywasm_host.testing import TestHost, chat_request, chat_response, request, response, sse_response

FAILOVER: Json = {
    "enabled": True, "failureThreshold": 2, "successThreshold": 2, "healthCheckModel": "hc",
    "healthCheckInterval": 1000,
}  # fmt: skip
OPENAI: Json = {"type": "openai", "apiTokens": ["k1", "k2"], "failover": FAILOVER}
OK = chat_response("Hi")
BAD = response(500, json={"error": {"message": "down"}})


def host_of(**changes: Any) -> TestHost:
    return TestHost(plugin, config(**changes))


def config(**changes: Any) -> Json:
    return {"provider": {**OPENAI, **changes}}


def used(host: TestHost, count: int = 4, **headers: str) -> set[str]:
    """The tokens of some successful requests."""
    return {ask(host, OK, **headers) for _ in range(count)}


def ask(host: TestHost, answer: Any, **headers: str) -> str:
    stream = host.roundtrip(chat_request("Hi", headers={k.replace("_", "-"): v for k, v in headers.items()}), answer)
    return stream.upstream.headers["authorization"].removeprefix("Bearer ")


def break_first(host: TestHost) -> None:
    """Makes k1 fail until it is unhealthy."""
    for _ in range(8):
        stream = host.request(chat_request("Hi"))
        first = stream.upstream.headers["authorization"] == "Bearer k1"
        stream.respond(BAD if first else OK)
        stream.finish()


def test_tokens_take_turns() -> None:
    host = host_of(failover={})
    assert [ask(host, OK) for _ in range(4)] == ["k1", "k2", "k1", "k2"]


def test_a_token_is_left_out_after_so_many_failures_in_a_row() -> None:
    host = host_of()
    break_first(host)
    assert used(host) == {"k2"}
    assert not host.pending


def test_a_success_between_failures_resets_the_count() -> None:
    host = host_of(apiTokens=["k1"])
    for answer in (BAD, OK, BAD, OK, BAD):
        ask(host, answer)
    host.advance(2)
    assert not host.calls, "it has never been out of order"


@pytest.mark.parametrize("stream", [False, True])
def test_errors_in_answers_of_status_200_count_as_the_status_that_they_mean(stream: bool) -> None:
    sample = SAMPLES[STREAMING[0]]
    document, *_ = sample.error
    host = TestHost(plugin, {"provider": {**sample.config, "apiTokens": ["k1"], "failover": FAILOVER}})
    for _ in range(2):
        answer = sse_response([document]) if stream else response(json=document)
        host.roundtrip(chat_request("Hi", stream=stream), answer)
    host.advance(1)
    assert len(host.calls) == 1


def test_statuses_that_do_not_count() -> None:
    host = host_of(apiTokens=["k1"], failover={**FAILOVER, "failoverOnStatus": ["429"]})
    for _ in range(3):
        ask(host, BAD)
    host.advance(2)
    assert not host.calls


def test_a_token_comes_back_after_so_many_good_checks_in_a_row() -> None:
    host = host_of()
    break_first(host)
    outcomes = []
    for answer in (OK, BAD, OK, OK):
        host.advance(1)
        call = host.next_call()
        assert (call.headers["authorization"], call.path) == ("Bearer k1", "/v1/chat/completions")
        assert call.json()["model"] == "hc"
        call.answer(answer)
        outcomes.append("k1" in used(host))
    assert outcomes == [False, False, False, True]
    host.advance(5)
    assert not host.pending, "it is not checked any more"


def test_failing_checks_become_rarer() -> None:
    host = host_of()
    break_first(host)
    host.answer_calls(BAD)
    host.advance(100)
    assert 5 < len(host.calls) < 15


def test_a_check_whose_answer_is_an_error_with_status_200_has_failed() -> None:
    host = host_of()
    break_first(host)
    host.answer_calls(response(json={"error": {"message": "no"}}))
    host.advance(3)
    assert used(host) == {"k2"}


def test_if_all_tokens_are_unhealthy_one_is_used_anyway() -> None:
    host = host_of(apiTokens=["k1"])
    for _ in range(3):
        ask(host, BAD)
    assert used(host) == {"k1"}
    host.advance(5)
    assert not host.calls, "a request that is answered shows that it works"


def test_all_instances_share_health_and_one_of_them_checks() -> None:
    host = host_of()
    break_first(host)
    other = host.another_instance()
    assert used(other) == {"k2"}
    host.answer_calls(OK)
    other.answer_calls(OK)
    host.advance(1)
    assert len(host.calls) + len(other.calls) == 1
    host.advance(2)
    assert "k1" in used(other)
    assert "k1" in used(host)


def test_a_new_instance_or_configuration_forgets_nothing() -> None:
    """Weakness 30."""
    host = host_of()
    break_first(host)
    assert used(host.another_instance(config(timeout=1000))) == {"k2"}


@pytest.mark.parametrize(
    "change", [{"apiTokens": ["k1", "k2", "k3"]}, {"id": "b"}, {"providerDomain": "b.example.com"}]
)
def test_providers_that_differ_have_separate_health(change: Json) -> None:
    """Weakness 29: two routes of one type must not share a list of tokens."""
    host = host_of()
    break_first(host)
    assert "k1" in used(host.another_instance(config(**change)), 6)


def test_neither_shared_data_nor_a_log_has_a_token() -> None:
    host = host_of(apiTokens=["sk-secret-1"])
    for _ in range(3):
        ask(host, BAD)
    host.advance(1)
    assert all(b"secret" not in value for value in host.shared_data.values())
    assert "secret" not in "\n".join([*host.shared_data, *host.messages])


def test_damaged_shared_data_counts_as_empty() -> None:
    host = host_of()
    break_first(host)
    (name,) = host.shared_data
    for value in (b"{", b"[]", b'{"down":[],"failures":7}', b'{"down":{"x":1}}', b"\xff"):
        host.shared_data[name] = value
        assert used(host, 2) == {"k1", "k2"}
        host.advance(2)


def test_a_consumer_keeps_its_token_with_failover_too() -> None:
    """Weakness 33; only while it works."""
    tokens = [f"k{index}" for index in range(5)]
    host = host_of(apiTokens=tokens)

    def token(answer: Any = OK) -> str:
        sent = request("POST", "/v1/responses", {"x-mse-consumer": "ann"}, json={"model": "m", "input": "x"})
        return str(host.roundtrip(sent, answer).upstream.headers["authorization"]).removeprefix("Bearer ")

    home = tokens[fnv1a_32(b"ann") % 5]
    assert {token() for _ in range(5)} == {home}
    assert [token(BAD), token(BAD)] == [home, home]
    away = {token() for _ in range(5)}
    assert len(away) == 1
    assert away != {home}


def test_consumers_choose_the_token_for_stateful_apis_only() -> None:
    several = Tokens(("a", "b", "c"))
    assert len({several.pick(apis.FILES, "ann") for _ in range(9)}) == 1
    assert len({several.pick(apis.CHAT, "ann") for _ in range(9)}) == 3
    assert Tokens(()).pick(apis.CHAT, None) == ""


def test_health_checks_need_a_model() -> None:
    provider = {**OPENAI, "failover": {"enabled": True}}
    assert "healthCheckModel" in refusal({"provider": provider})
    assert TestHost(plugin, {"provider": {**OPENAI, "failover": {"enabled": False}}})


def test_failures_are_counted_by_compare_and_swap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two instances that count at the same moment count two."""
    store: dict[str, tuple[bytes, int]] = {}
    meddle = threading.Event()

    def get(key: str) -> Any:
        from proxywasm.shared_data import SharedValue  # noqa: PLC0415

        return SharedValue(*store[key]) if key in store else None

    def update(key: str, function: Any) -> bytes:
        if not meddle.is_set():
            meddle.set()
            function(None)  # lost: another one was faster
            other.failed("t", 500, "c")
        value: bytes = function(store[key][0] if key in store else None)
        store[key] = value, 1
        return value

    monkeypatch.setattr("proxywasm.shared_data.get", get)
    monkeypatch.setattr("proxywasm.shared_data.update", update)
    settings = FailoverSettings(failure_threshold=2)
    one, other = (Health(settings, ("t",), ("x",)) for _ in range(2))
    one.failed("t", 500, "c")
    assert one.down() == {"t"}
