"""Who may go on, what an answer costs, and what administrators can do."""

from __future__ import annotations

import datetime
import json
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxywasm import ConfigError
from proxywasm.testing import PluginHosts, TestHost, TestStream

ADMIN = {"admin_consumer": "admin"}
CHAT = "/v1/chat/completions"
ANSWER = {"model": "m", "choices": [], "usage": {"prompt_tokens": 20, "completion_tokens": 10, "total_tokens": 30}}
PRICES = {"m": {"input": 2.5, "output": 10}, "gpt-*": {"input": 1, "output": 1}, "*": {"input": 100, "output": 100}}


def ask(host: TestHost, consumer: str = "alice", path: str = CHAT) -> TestStream:
    return host.request("POST", path, {"x-mse-consumer": consumer, "content-type": "application/json"}, body="{}")


def answer(stream: TestStream, body: object = ANSWER, status: int = 200) -> TestStream:
    stream.respond(status, {"content-type": "application/json"}, body=json.dumps(body))
    return stream


def call(host: TestHost, kind: str, form: str, consumer: str = "admin") -> TestStream:
    return host.request("POST", f"{CHAT}/quota/{kind}", {"x-mse-consumer": consumer}, body=form)


def left(host: TestHost, consumer: str = "alice") -> float:
    stream = host.request("GET", f"{CHAT}/quota?consumer={quote(consumer)}", {"x-mse-consumer": "admin"})
    assert stream.downstream.status == 200, stream.downstream.text
    found: dict[str, Any] = stream.downstream.json()
    assert found["consumer"] == consumer
    value: float = found["quota"]
    return value


def test_the_way_of_higress(plugin_host: PluginHosts) -> None:
    host = plugin_host("ai_quota", ADMIN)
    assert left(host) == 0
    assert ask(host).downstream.status == 429
    assert call(host, "refresh", "consumer=alice&quota=100").downstream.text == "refresh quota successful"
    assert left(host) == 100
    assert answer(ask(host)).downstream.status == 200
    assert left(host) == 70
    assert call(host, "delta", "consumer=alice&value=-50").downstream.text == "delta quota successful"
    assert left(host) == 20
    assert answer(ask(host)).downstream.status == 200
    assert left(host) == -10
    assert ask(host).downstream.status == 429
    assert left(host, "bob") == 0


def test_a_refusal_is_in_the_clients_protocol_and_is_not_tried_again(plugin_host: PluginHosts) -> None:
    host = plugin_host("ai_quota", ADMIN)
    openai = ask(host).downstream
    assert openai.headers["x-should-retry"] == "false"
    assert (openai.json()["error"]["type"], openai.json()["error"]["code"]) == ("insufficient_quota",) * 2
    anthropic = ask(host, path="/v1/messages").downstream
    assert anthropic.json()["error"]["type"] == "rate_limit_error"


@pytest.mark.parametrize("path", [f"{CHAT}/quota?consumer=alice", f"{CHAT}/quota/refresh", f"{CHAT}/quota/delta"])
def test_only_the_administrator_may_use_the_paths(plugin_host: PluginHosts, path: str) -> None:
    host = plugin_host("ai_quota", {**ADMIN, "monthly": {"*": 5}})
    stream = host.request("POST", path, {"x-mse-consumer": "alice"}, body="consumer=alice&quota=9&value=9")
    assert stream.downstream.status == 403
    assert left(host) == 5


def test_without_a_consumer_nobody_is_let_in(plugin_host: PluginHosts) -> None:
    host = plugin_host("ai_quota", {**ADMIN, "monthly": {"*": 5}})
    assert host.request("POST", CHAT, body="{}").downstream.status == 401
    assert host.request("GET", f"{CHAT}/quota?consumer=alice").downstream.status == 401
    assert host.request("GET", "/v1/models").upstream


@pytest.mark.parametrize(
    "form",
    ["", "consumer=alice", "quota=5&value=5", "consumer=&quota=5&value=5", "consumer=alice&quota=x&value=x",
     "consumer=alice&quota=1.5&value=1.5", f"consumer=alice&quota={10**30}&value={10**30}",
     f"consumer={'a' * 201}&quota=1&value=1", "consumer=alice&quota=nan&value=inf", "&" * 100, "\xff"],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["refresh", "delta"])
def test_a_form_that_is_wrong_changes_nothing(plugin_host: PluginHosts, kind: str, form: str) -> None:
    host = plugin_host("ai_quota", {**ADMIN, "monthly": {"alice": 5}})
    assert call(host, kind, form).downstream.status == 400
    assert left(host) == 5


def test_a_form_that_is_too_large_is_refused(plugin_host: PluginHosts) -> None:
    host = plugin_host("ai_quota", ADMIN)
    assert call(host, "refresh", "consumer=alice&quota=5&" + "x" * 10_000).downstream.status == 413


def test_names_may_be_unicode(plugin_host: PluginHosts) -> None:
    host = plugin_host("ai_quota", ADMIN)
    call(host, "refresh", "consumer=%E6%9D%8E%E9%9B%B7&quota=40")
    assert answer(ask(host, "李雷")).downstream.status == 200
    assert left(host, "李雷") == 10


def test_money_is_counted_by_the_price_of_the_model(plugin_host: PluginHosts) -> None:
    host = plugin_host("ai_quota", {**ADMIN, "unit": "money", "prices": PRICES, "monthly": {"*": 1}})
    answer(ask(host))
    assert left(host) == 1 - (20 * 2.5 + 10 * 10) / 1e6
    answer(ask(host, "bob"), {**ANSWER, "model": "gpt-9"})
    assert left(host, "bob") == 1 - 30 / 1e6
    answer(ask(host, "carol"), {**ANSWER, "model": "unheard-of"})
    assert left(host, "carol") == 1 - 3000 / 1e6
    assert call(host, "refresh", "consumer=bob&quota=0.5").downstream.status == 200
    assert left(host, "bob") == 0.5
    assert call(host, "refresh", "consumer=bob&quota=0.0000001").downstream.status == 400


@pytest.mark.parametrize("absurd", [-1, 10**30, "many", None])
def test_absurd_usage_is_no_gift_and_no_fine(plugin_host: PluginHosts, absurd: object) -> None:
    host = plugin_host("ai_quota", {**ADMIN, "monthly": {"*": 1000}})
    usage = {"prompt_tokens": absurd, "completion_tokens": absurd, "total_tokens": absurd}
    answer(ask(host), {**ANSWER, "usage": usage})
    assert 900 < left(host) <= 1000


def test_an_error_of_the_service_costs_nothing(plugin_host: PluginHosts) -> None:
    host = plugin_host("ai_quota", {**ADMIN, "monthly": {"*": 1000}, "reserve": 400})
    answer(ask(host), {"error": {"message": "no"}}, 500)
    assert left(host) == 1000


def test_a_reservation_is_taken_at_once_and_settled_at_the_end(plugin_host: PluginHosts) -> None:
    host = plugin_host("ai_quota", {**ADMIN, "monthly": {"*": 1000}, "reserve": 400})
    first, second = ask(host), ask(host)
    assert left(host) == 200
    third = ask(host)
    assert left(host) == -200
    assert ask(host).downstream.status == 429
    for stream in (first, second, third):
        answer(stream)
    assert left(host) == 1000 - 3 * 30


def test_a_client_that_leaves_pays_for_what_was_seen(plugin_host: PluginHosts) -> None:
    host = plugin_host("ai_quota", {**ADMIN, "monthly": {"*": 1000}, "reserve": 400})
    stream = ask(host)
    stream.response_headers(200, {"content-type": "text/event-stream"})
    for _ in range(20):
        stream.response_body(b'data: {"choices": [{"delta": {"content": "word"}}]}\n\n')
    stream.finish()
    assert 950 <= left(host) <= 990


@pytest.mark.not_in_envoy("the clock has to be moved")
def test_a_budget_is_renewed_when_a_month_begins_in_the_time_zone(plugin_host: PluginHosts) -> None:
    start = datetime.datetime(2026, 3, 31, 21, 59, 50, tzinfo=datetime.UTC)  # ten seconds before April in Berlin
    config = {**ADMIN, "monthly": {"alice": 30}, "time_zone": "Europe/Berlin"}
    host = plugin_host("ai_quota", config, start=start)
    answer(ask(host))
    refused = ask(host).downstream
    assert (refused.status, refused.headers["retry-after"]) == (429, "10")
    assert "2026-03-31T22:00:00Z" in refused.json()["error"]["message"]
    host.advance(seconds=9)
    assert ask(host).downstream.status == 429
    host.advance(seconds=1)
    assert left(host) == 30
    assert ask(host).upstream


@pytest.mark.not_in_envoy("the clock has to be moved")
def test_what_began_in_the_month_before_does_not_touch_the_new_budget(plugin_host: PluginHosts) -> None:
    start = datetime.datetime(2026, 3, 31, 23, 59, 55, tzinfo=datetime.UTC)
    host = plugin_host("ai_quota", {**ADMIN, "monthly": {"*": 1000}, "reserve": 400}, start=start)
    old = ask(host)
    host.advance(seconds=10)
    new = ask(host)
    assert left(host) == 600
    answer(old)
    assert left(host) == 600
    answer(new)
    assert left(host) == 970


@pytest.mark.not_in_envoy("the clock has to be moved")
def test_a_clock_that_goes_back_over_the_end_of_a_month_renews_nothing(plugin_host: PluginHosts) -> None:
    start = datetime.datetime(2026, 4, 1, 0, 0, 5, tzinfo=datetime.UTC)
    host = plugin_host("ai_quota", {**ADMIN, "monthly": {"*": 30}}, start=start)
    answer(ask(host))
    for seconds in (-10, 10, -40 * 24 * 3600, 40 * 24 * 3600):
        host.advance(seconds=seconds)
        assert ask(host).downstream.status == 429
    host.advance(seconds=30 * 24 * 3600)
    assert left(host) == 30


@pytest.mark.not_in_envoy("Envoy refuses headers of this size")
def test_a_name_longer_than_names_are_is_no_consumer_s_and_is_not_kept(plugin_host: PluginHosts) -> None:
    host = plugin_host("ai_quota", {**ADMIN, "monthly": {"*": 30}})
    assert ask(host, "a" * 2**20).downstream.status == 431
    assert ask(host, "a" * 200_000).downstream.status == 401
    assert ask(host, "a" * 201).downstream.status == 401
    assert ask(host, "a" * 200).upstream
    assert not [key for key in host.shared_data if len(key) > 1000]


def test_all_workers_count_together(plugin_host: PluginHosts) -> None:
    host = plugin_host("ai_quota", {**ADMIN, "monthly": {"*": 100}})
    other = host.another_instance()
    answer(ask(host))
    answer(ask(other))
    assert left(host) == left(other) == 40


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({}, "admin_consumer: is required"),
        ({**ADMIN, "unit": "money"}, "prices: is required: tokens are counted in money by them"),
        ({**ADMIN, "unit": "money", "prices": {"m": PRICES["m"]}}, "prices: must have a price for `*`"),
        ({**ADMIN, "time_zone": "Berlin"}, "time_zone: there is no time zone 'Berlin'"),
        ({**ADMIN, "monthly": {"alice": 1.5}}, "monthly.alice: must be a whole number of tokens, got 1.5"),
        ({**ADMIN, "monthly": {"alice": -1}}, "monthly.alice: must be at least 0"),
        ({**ADMIN, "admin_path": "quota"}, "admin_path: must be a path such as /quota"),
        ({**ADMIN, "unit": "money", "prices": {"*": {"input": -1, "output": 1}}}, "prices.*.input: must be at least 0"),
    ],
)
def test_what_is_wrong_is_said(config: dict[str, Any], expected: str) -> None:
    with pytest.raises(ConfigError) as refused:
        TestHost("plugins/ai_quota", config)
    assert expected in str(refused.value)


STEPS = st.lists(st.tuples(st.sampled_from(["ask", "finish", "refresh", "delta"]), st.integers(-500, 500)), max_size=25)


@given(STEPS, st.sampled_from([0, 100]))
def test_the_balance_is_that_of_a_plain_model(steps: list[tuple[str, int]], reserve: int) -> None:
    with TestHost("plugins/ai_quota", {**ADMIN, "monthly": {"*": 300}, "reserve": reserve}) as host:
        balance, running = 300, list[TestStream]()
        for what, number in steps:
            if what == "ask":
                stream = ask(host)
                assert bool(stream.upstream) == (balance > 0)
                if balance > 0:
                    balance -= reserve
                    running.append(stream)
            elif what == "finish" and running:
                made = abs(number) + 1
                usage = {"prompt_tokens": 7, "completion_tokens": made, "total_tokens": 7 + made}
                answer(running.pop(0), {**ANSWER, "usage": usage})
                balance += reserve - 7 - made
            elif what == "refresh":
                call(host, "refresh", f"consumer=alice&quota={number}")
                balance = number
            elif what == "delta":
                call(host, "delta", f"consumer=alice&value={number}")
                balance += number
            assert left(host) == balance
