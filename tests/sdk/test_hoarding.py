"""What a plugin may leave with its host is limited, natively as in Wasm: it gets an error, and the host goes on."""

from __future__ import annotations

import pytest
from tests.sdk.driving import Start, request

from proxywasm.wire import LimitError, MetricKind
from proxywasm_host.services import HostServices, Limits

LIMITS = Limits(
    properties=2000,
    shared_data=10_000,
    metrics=5,
    metric_name=95,
    callouts=6,
    callout_size=6000,
    redis_services=3,
)

ERRORS = {
    "properties": "LimitError: the property 'kept.",
    "plugin properties": "LimitError: the property 'kept-",
    "values": "9 LimitError: the shared data 'key-9' is not set: all shared data would take 10050 bytes, more than the "
    "10000 that are allowed",
    "growth": "10 LimitError: the shared data 'key' is not set: all shared data would take 10103 bytes",
    "metrics": "5 LimitError: the metric 'metric-5' is not defined: there are 5, more are not allowed",
    "metric name": "4 LimitError: the metric 'mmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmm'... is not defined: "
    "its name has 120 characters, more than the 95 that are allowed",
    "calls": "4 HttpCallError: call-outs that wait would take ",
    "small calls": "6 HttpCallError: 6 call-outs of this plugin wait for answers, more are not allowed",
    "redis services": "3 RedisCallError: ",
    "binary call": "0 HttpCallError: ",
}


@pytest.mark.parametrize("what", ERRORS)
def test_a_plugin_that_leaves_too_much_gets_an_error_and_lives_on(start: Start, what: str) -> None:
    runner = start("hoard", {"what": what}, HostServices(limits=LIMITS))
    first = request(runner)
    assert first.local_reply is not None
    assert ERRORS[what] in first.local_reply.body.decode()
    assert not runner.lost
    second = request(runner)
    assert second.local_reply is not None, "the instance serves the next stream"


def test_an_answer_that_is_too_large_to_cross_costs_its_stream_and_not_the_instance(start: Start) -> None:
    runner = start("pour", {})
    reply = request(runner).local_reply
    assert reply is not None
    assert reply.status in {200, 500}, "natively nothing crosses"
    assert not runner.lost
    assert request(runner, little="1").local_reply is None


def test_the_properties_of_a_stream_go_with_it(start: Start) -> None:
    runner = start("hoard", {"what": "properties"}, HostServices(limits=LIMITS))
    answers = []
    for _ in range(3):
        stream = request(runner)
        assert stream.local_reply is not None
        answers.append(stream.local_reply.body)
        assert runner.services.get_property(stream.id, ("kept", "0")) == b""
        stream.close()
        assert runner.services.get_property(stream.id, ("kept", "0")) is None
    assert "would take 20" in answers[0].decode()
    assert [answer.split()[0] for answer in answers] == [answers[0].split()[0]] * 3, "each has all the room"


def test_an_answered_call_makes_room_for_another(start: Start) -> None:
    runner = start("hoard", {"what": "calls"}, HostServices(limits=LIMITS))
    request(runner)
    calls = runner.services.take_calls()
    assert len(calls) == 4
    request(runner)
    assert runner.services.take_calls() == []
    for call in calls:
        runner.http_call_response(call.id, [], b"")
    request(runner)
    assert len(runner.services.take_calls()) == 4


def test_a_metric_stays_within_64_bits_and_not_below_0(start: Start) -> None:
    reply = request(start("sink")).local_reply
    assert reply is not None
    assert reply.body == b"0 True"


def test_what_the_host_says_of_a_stream_is_not_limited() -> None:
    services = HostServices(limits=Limits(properties=1000))
    services.open_stream(1, {("given",): b"x" * 5000})
    services.note_property(1, ("noted",), b"x" * 5000)
    with pytest.raises(LimitError, match="those of stream 1 would take"):
        services.set_property(1, ("own",), b"")
    services.set_property(1, ("given",), b"less")
    assert services.get_property(1, ("given",)) == b"less"


def test_a_full_store_takes_a_smaller_value_in_place_of_another() -> None:
    services = HostServices(limits=Limits(shared_data=1000))
    assert services.set_shared_data("a", b"x" * 899, 0)
    with pytest.raises(LimitError):
        services.set_shared_data("b", b"", 0)
    assert services.set_shared_data("a", b"x" * 700, 0)
    assert services.set_shared_data("b", b"", 0)
    services.shared_data.delete("a")
    assert services.set_shared_data("c", b"x" * 700, 0)


def test_a_metric_that_is_there_is_found_when_there_is_no_room_for_more() -> None:
    services = HostServices(limits=Limits(metrics=1))
    number = services.define_metric(MetricKind.COUNTER, "a")
    with pytest.raises(LimitError):
        services.define_metric(MetricKind.GAUGE, "a")
    assert services.define_metric(MetricKind.COUNTER, "a") == number
