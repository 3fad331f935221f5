"""What a plugin may leave with its host is limited, natively as in Wasm: it gets an error, and the host goes on."""

from __future__ import annotations

import pytest
from tests.sdk.driving import Start, request

from proxywasm.wire import LimitError, LogLevel, MetricKind
from proxywasm_host.services import HostServices, Limits
from proxywasm_host.stream import Runner

LIMITS = Limits(
    properties=2000,
    shared_data=10_000,
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


def counted(runner: Runner) -> dict[str, int]:
    """What the plugin did is answered in any case: no metric costs a client its request."""
    stream = request(runner)
    assert stream.local_reply is not None
    assert stream.local_reply.status == 200, runner.services.logs
    return runner.services.metrics.snapshot()


def warnings(runner: Runner) -> list[str]:
    return [record.message for record in runner.services.logs if record.level >= LogLevel.WARN]


def test_labels_divide_a_metric(start: Start) -> None:
    runner = start("count without end", {"tenants": 2})
    assert counted(runner) == {
        "requests.tenant.t0": 3,
        "requests.tenant.t1": 1,
        "requests.tenant.new": 2,
        "requests.tenant.other": 2,  # a value that is too long
        "requests.tenant.%5Cud83d": 2,
        "requests.tenant.%E9%20%2F%3A%C3%A9": 2,
        "requests.tenant.a%2Eb": 2,
        "last.tenant.last": 4,
    }
    assert set(runner.services.metrics.histograms()) == {"sizes.tenant.t0.kind.k%2Ek", "sizes.tenant.t1.kind.k%2Ek"}
    (warning,) = warnings(runner)
    assert warning.startswith("some metrics are not counted, the first is 'nnn")
    assert warning.endswith("its name has 2000 characters, more than the 1024 that are allowed")


def test_more_values_of_labels_than_there_is_room_for_are_counted_together(start: Start) -> None:
    runner = start("count without end", {"tenants": 600})
    first = counted(runner)
    assert len(first) + len(runner.services.metrics.histograms()) == 1000 + 3
    assert first["requests.tenant.other"] == 100 + 5 * 2
    assert first["last.tenant.other"] == 4
    assert counted(runner)["requests.tenant.t0"] == 6
    assert [line.partition(",")[0] for line in warnings(runner)] == [
        "new values of labels are counted as 'other'",
        "some metrics are not counted",
    ]


def test_metrics_beyond_what_the_host_keeps_are_not_counted(start: Start) -> None:
    runner = start("count without end", {"tenants": 3, "names": 30}, HostServices(limits=Limits(metrics=20)))
    metrics = counted(runner)
    assert metrics["requests.tenant.t0"] == 3
    assert len(metrics) + len(runner.services.metrics.histograms()) == 20
    assert "last.tenant.last" not in metrics
    assert "more are not allowed" in warnings(runner)[0]


def test_an_instance_has_a_bound_of_its_own_for_hosts_without_one(start: Start) -> None:
    limits = Limits(metrics=10_000, metric_name=10_000)
    runner = start("count without end", {"tenants": 0, "names": 2500}, HostServices(limits=limits))
    assert len(counted(runner)) == 2000


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
