"""The host's services: clusters, call-outs and their deadlines, properties, foreign functions."""

from __future__ import annotations

import pytest

from proxywasm.wire import ForeignFunctionError, HttpCallError, LogLevel, MetricKind, RedisCallError
from proxywasm_host.services import SAMPLES, HostServices, Limits, LogRecord

HEADERS = [(":method", "GET"), (":path", "/"), (":authority", "a")]


def test_only_known_clusters_can_be_called() -> None:
    services = HostServices(clusters={"a"})
    assert services.http_call(1, "a", HEADERS, b"", 100) == 1
    with pytest.raises(HttpCallError, match="no such cluster: 'b'"):
        services.http_call(1, "b", HEADERS, b"", 100)
    services.redis_init("a?db=1", "", "", 100)
    with pytest.raises(RedisCallError, match="no such cluster: 'b'"):
        services.redis_init("b?db=1", "", "", 100)


@pytest.mark.parametrize("missing", [0, 1, 2])
def test_a_call_needs_its_pseudo_headers(missing: int) -> None:
    headers = [pair for index, pair in enumerate(HEADERS) if index != missing]
    with pytest.raises(HttpCallError, match=f"no {HEADERS[missing][0]}"):
        HostServices().http_call(1, "a", headers, b"", 100)


def test_a_redis_service_has_to_be_introduced() -> None:
    services = HostServices()
    with pytest.raises(RedisCallError, match="the Redis service 'a' was not initialised"):
        services.redis_call(1, "a", b"")


def test_unanswered_calls_are_overdue_at_their_deadline() -> None:
    services = HostServices(start_ns=0)
    services.redis_init("r", "", "", 50)
    http, redis = services.http_call(1, "a", HEADERS, b"", 100), services.redis_call(2, "r", b"")
    assert services.overdue_calls() == []
    services.clock.advance(50)
    assert services.overdue_calls() == [(redis, True)]
    assert services.waits(1)
    services.finish_call(http)
    services.clock.advance(50)
    assert services.overdue_calls() == [(redis, True)]
    assert not services.waits(1)
    assert services.take_calls() == [], "a call that was answered before it was sent is not sent"


def test_too_many_call_outs_are_refused_until_one_is_answered_or_its_stream_ends() -> None:
    services = HostServices(limits=Limits(callouts=2))
    services.redis_init("r", "", "", 50)
    http, _ = services.http_call(1, "a", HEADERS, b"", 100), services.redis_call(2, "r", b"")
    refusal = "^2 call-outs of this plugin wait for answers, more are not allowed$"
    with pytest.raises(HttpCallError, match=refusal):
        services.http_call(1, "a", HEADERS, b"", 100)
    with pytest.raises(RedisCallError, match=refusal):
        services.redis_call(2, "r", b"")
    services.finish_call(http)
    services.redis_call(3, "r", b"")
    services.close_stream(2)
    services.http_call(1, "a", HEADERS, b"", 100)
    with pytest.raises(HttpCallError, match=refusal):
        services.http_call(1, "a", HEADERS, b"", 100)


def test_messages_that_nobody_takes_are_kept_for_a_while() -> None:
    services = HostServices(limits=Limits(log_records=3))
    for number in range(5):
        services.log(LogLevel.INFO, 0, str(number))
    assert [record.message for record in services.logs] == ["2", "3", "4"]
    taken: list[LogRecord] = []
    services = HostServices(on_log=taken.append)
    services.log(LogLevel.INFO, 0, "heard")
    assert [record.message for record in taken] == ["heard"]
    assert services.logs == []


def test_the_plugins_own_properties_are_seen_by_every_stream_and_overridden_by_its_own() -> None:
    services = HostServices()
    services.open_stream(1, {("b",): b"stream"})
    services.set_property(0, ("a",), b"plugin")
    services.set_property(0, ("b",), b"plugin")
    assert services.get_property(1, ("a",)) == b"plugin"
    assert services.get_property(1, ("b",)) == b"stream"
    services.close_stream(1)
    services.set_property(1, ("a",), b"nobody")
    assert services.get_property(1, ("a",)) == b"plugin"


def test_a_foreign_function_that_is_not_there_or_does_not_understand_is_an_error() -> None:
    services = HostServices()
    with pytest.raises(ForeignFunctionError, match="no function 'f'"):
        services.call_foreign_function("f", b"")
    with pytest.raises(ForeignFunctionError, match="a number of 8 bytes, got 3"):
        services.call_foreign_function("set_global_max_requests_per_io_cycle", b"abc")


def test_a_log_line_says_who_says_it() -> None:
    assert str(LogRecord(LogLevel.WARN, 0, "m", "p")) == "[warn] [p] [plugin] m"
    assert str(LogRecord(LogLevel.INFO, 3, "m", "p 1", "r")) == "[info] [p 1] [stream 3] [r] m"


def test_a_histogram_keeps_its_latest_samples_and_the_sum_of_all() -> None:
    services = HostServices()
    number = services.define_metric(MetricKind.HISTOGRAM, "seconds")
    for value in range(SAMPLES + 5):
        services.record_metric(number, value)
    histogram = services.metrics[number]
    assert list(histogram.samples) == list(range(5, SAMPLES + 5))
    assert (histogram.count, histogram.total) == (SAMPLES + 5, sum(range(SAMPLES + 5)))
